// One torrent's announces to real HTTP trackers on loopback: what they hear, when they hear it, what comes of it.

import assert from 'node:assert/strict';
import http from 'node:http';
import type net from 'node:net';
import { after, test } from 'node:test';
import type { Endpoint } from '../../base/endpoint.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  encodeAnnounceReply,
  encodeFailure,
  parseAnnounceQuery,
} from '../../protocol/tracker/http-server.ts';
import type { TrackerStatus } from '../types.ts';
import { Announcer, type AnnouncerOptions, type AnnounceStats } from './announcer.ts';
import { TrackerClient } from './tracker-client.ts';

const INFO_HASH = '0123456789abcdef0123456789abcdef01234567';
const PEER = Uint8Array.of(127, 0, 0, 1, 0x1a, 0xe1);

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

/** Settles when `condition` holds; the generous limit is for slow machines. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > limit) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

type Behaviour = (request: AnnounceRequest) => Partial<AnnounceAnswer> | Uint8Array | 'silence';

/** A tracker that writes down what it hears. `port` restarts one where it was. */
class Tracker {
  readonly heard: AnnounceRequest[] = [];
  behave: Behaviour;
  #server: http.Server | undefined;
  #port = 0;

  constructor(behave: Behaviour = () => ({})) {
    this.behave = behave;
    cleanups.push(() => this.die());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get events(): string[] {
    return this.heard.map((request) => request.event);
  }

  async live(): Promise<this> {
    const server = http.createServer((request, response) => {
      const [path, query] = request.url!.split('?');
      assert.equal(path, '/announce');
      const asked = parseAnnounceQuery(query!);
      assert.ok(!('failure' in asked));
      this.heard.push(asked);
      const answer = this.behave(asked);
      if (answer === 'silence') return;
      if (answer instanceof Uint8Array) response.end(answer);
      else
        response.end(
          encodeAnnounceReply({
            interval: 1800,
            complete: 1,
            incomplete: 2,
            downloaded: 0,
            peers: PEER,
            compact: true,
            ...answer,
          }),
        );
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as net.AddressInfo).port;
    return this;
  }

  die(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

interface Running {
  announcer: Announcer;
  found: { endpoints: readonly Endpoint[]; url: string }[];
  statuses: TrackerStatus[];
  stats: AnnounceStats;
}

function announce(tiers: string[][], options: Partial<AnnouncerOptions> = {}): Running {
  const client = new TrackerClient({ leastInterval: 100, stopTimeout: 300 });
  cleanups.push(() => client.close());
  const found: Running['found'] = [];
  const statuses: TrackerStatus[] = [];
  const stats: AnnounceStats = { uploaded: 1, downloaded: 2, left: 3 };
  const announcer = new Announcer({
    infoHash: INFO_HASH,
    peerId: encodeLatin1('-SH0100-abcdefghijkl'),
    port: 6881,
    key: 'thekey',
    tiers,
    stats: () => stats,
    onPeers: (endpoints, url) => found.push({ endpoints, url }),
    onStatus: (status) => statuses.push(status),
    client,
    ...options,
  });
  cleanups.push(() => void announcer.stop());
  return { announcer, found, statuses, stats };
}

test('started, completed, stopped: each heard once, with the numbers of the moment', async () => {
  const tracker = await new Tracker(() => ({ trackerId: 'id\xff' })).live();
  const { announcer, found, stats } = announce([[tracker.url]], {
    session: (url) => (url === `${tracker.url}/announce` ? 'my-session' : undefined),
  });
  announcer.start();
  await until(() => found.length === 1, 'peers');
  assert.deepEqual(found[0], { endpoints: [{ host: '127.0.0.1', port: 6881 }], url: `${tracker.url}/announce` });
  Object.assign(stats, { uploaded: 10, downloaded: 20, left: 0 });
  announcer.update('completed');
  await until(() => found.length === 2, 'the answer to completed');
  await announcer.stop();
  assert.deepEqual(tracker.events, ['started', 'completed', 'stopped']);
  const [started, completed, stopped] = tracker.heard;
  assert.equal(started!.infoHash, INFO_HASH);
  assert.deepEqual([started!.uploaded, started!.downloaded, started!.left, started!.key], [1, 2, 3, 'thekey']);
  assert.equal(started!.session, 'my-session');
  assert.equal(started!.trackerId, undefined);
  assert.deepEqual([completed!.uploaded, completed!.downloaded, completed!.left], [10, 20, 0]);
  assert.equal(completed!.trackerId, 'id\xff');
  assert.equal(stopped!.numwant, 0);
});

test('regular announces follow at the interval of the tracker', async () => {
  const tracker = await new Tracker(() => ({ interval: 0 })).live();
  const { announcer } = announce([[tracker.url]]);
  announcer.start();
  await until(() => tracker.heard.length >= 4, 'four announces');
  await announcer.stop();
  assert.deepEqual(tracker.events.slice(0, 3), ['started', '', '']);
  assert.equal(tracker.events.at(-1), 'stopped');
});

test('every tier has one tracker that knows; the next of a tier steps in; the status tells', async () => {
  const dead = await new Tracker().live();
  dead.die();
  const [a, b] = [await new Tracker().live(), await new Tracker().live()];
  const { announcer } = announce([[dead.url, a.url], [`${b.url}/announce`]], { random: () => 0.999 });
  announcer.start();
  await until(() => a.heard.length === 1 && b.heard.length === 1, 'both announces');
  await until(() => announcer.statuses().every((status) => status.lastAnswer > 0 || status.failure), 'the statuses');
  const [first, second, third] = announcer.statuses();
  assert.equal(first!.url, `${dead.url}/announce`);
  assert.equal(first!.tier, 0);
  assert.match(first!.failure!, /connection refused/);
  assert.equal(first!.lastAnswer, 0);
  assert.deepEqual([second!.tier, second!.failure, second!.seeds, second!.peers], [0, undefined, 1, 2]);
  assert.ok(Math.abs(second!.lastAnswer - Date.now()) < 60_000);
  assert.equal(third!.tier, 1);
  await announcer.stop();
  assert.deepEqual(a.events, ['started', 'stopped']);
  assert.deepEqual(b.events, ['started', 'stopped']);
});

test('a tracker that comes up a moment later is found, and its failure forgotten', async () => {
  const tracker = await new Tracker().live();
  tracker.die();
  const { announcer, statuses } = announce([[tracker.url]]);
  announcer.start();
  await until(() => statuses.length >= 1, 'the first failure');
  assert.match(statuses[0]!.failure!, /connection refused/);
  await tracker.live();
  await until(() => tracker.heard.length === 1, 'the announce after the restart');
  await until(() => announcer.statuses()[0]!.failure === undefined, 'the status');
  assert.deepEqual(tracker.events, ['started']);
  await announcer.stop();
});

test('a refusal is shown escaped and obeyed', async () => {
  const tracker = await new Tracker(() => encodeFailure('go\x1b[2J away', { retryIn: 'never' })).live();
  const { announcer, statuses, found } = announce([[tracker.url]]);
  announcer.start();
  await until(() => statuses.length === 1, 'the refusal');
  assert.equal(statuses[0]!.failure, 'the tracker refuses: go\\x1b[2J away');
  announcer.needPeers();
  await announcer.stop();
  assert.deepEqual(tracker.events, ['started'], 'a tracker that refused us is not told that we leave');
  assert.deepEqual(found, []);
});

test('UDP trackers are passed over with a clear status', async () => {
  const tracker = await new Tracker().live();
  const { announcer } = announce([['udp://127.0.0.1:9', tracker.url]], { random: () => 0.999 });
  announcer.start();
  await until(() => tracker.heard.length === 1, 'the next tracker of the tier');
  assert.match(announcer.statuses()[0]!.failure!, /UDP trackers are not supported yet/);
  await announcer.stop();
});

test('a torrent that is upload-only announces paused', async () => {
  const tracker = await new Tracker().live();
  const { announcer, found, stats } = announce([[tracker.url]]);
  stats.upload_only = true;
  announcer.start();
  await until(() => found.length === 1, 'the first answer');
  stats.upload_only = false;
  announcer.needPeers();
  await until(() => found.length === 2, 'the second answer');
  stats.upload_only = true;
  announcer.needPeers();
  await until(() => found.length === 3, 'the third answer');
  Object.assign(stats, { left: 0 });
  announcer.update('completed');
  await until(() => found.length === 4, 'the fourth answer');
  await announcer.stop();
  assert.deepEqual(tracker.events, ['paused', '', 'paused', 'completed', 'stopped']);
});

test('a torrent that is told to pause announces it once', async () => {
  const tracker = await new Tracker().live();
  const { announcer, found } = announce([[tracker.url]]);
  announcer.start();
  await until(() => found.length === 1, 'the first answer');
  announcer.update('paused');
  announcer.update('paused');
  await until(() => found.length === 2, 'the second answer');
  await announcer.stop();
  assert.deepEqual(tracker.events, ['started', 'paused', 'stopped']);
});

test('leaving waits for nobody who is silent, and gives up what is under way', async () => {
  const [silent, knowing] = [await new Tracker(() => 'silence').live(), await new Tracker().live()];
  const { announcer, found } = announce([[silent.url], [knowing.url]]);
  announcer.start();
  await until(() => found.length === 1 && silent.heard.length === 1, 'both announces');
  const before = performance.now();
  await Promise.all([announcer.stop(), announcer.stop()]);
  assert.ok(performance.now() - before < 3000);
  assert.deepEqual(knowing.events, ['started', 'stopped']);
  assert.deepEqual(silent.events, ['started', 'stopped'], 'it may know us');
  announcer.needPeers();
  announcer.update('completed');
  assert.deepEqual(knowing.events, ['started', 'stopped']);
});

test('leaving before anything was announced says nothing', async () => {
  const tracker = await new Tracker().live();
  const { announcer } = announce([[tracker.url]]);
  await announcer.stop();
  announcer.start();
  assert.deepEqual(tracker.events, []);
});

test('trackers can be added on the way', async () => {
  const [a, b] = [await new Tracker().live(), await new Tracker().live()];
  const { announcer, found } = announce([[a.url]]);
  announcer.start();
  announcer.addTrackers([[`${a.url}/announce`, b.url]]);
  await until(() => found.length === 2, 'both answers');
  assert.deepEqual(
    announcer.statuses().map(({ url, tier }) => [url, tier]),
    [
      [`${a.url}/announce`, 0],
      [`${b.url}/announce`, 1],
    ],
  );
  await announcer.stop();
  assert.deepEqual(
    [a.events, b.events],
    [
      ['started', 'stopped'],
      ['started', 'stopped'],
    ],
  );
});
