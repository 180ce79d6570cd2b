// The whole tracker in this process, and peer processes' sessions with it: who is told of whom, what a restart keeps, what
// heals, and how it leaves.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { createClient } from '../api/client.ts';
import { Bitfield } from '../base/bitfield.ts';
import { formatEndpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { publishEntry, unpublishName } from '../engine/catalog-publish.ts';
import { TrackerClient } from '../engine/discovery/tracker-client.ts';
import { TrackerSession } from '../engine/discovery/tracker-session.ts';
import { readTokenFile } from '../http/bearer-token.ts';
import { createIdentity } from '../io/identity.ts';
import { MemoryPins } from '../io/stores/pins.ts';
import { parseMetainfo } from '../protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../protocol/metainfo-build.ts';
import { startTracker, type Tracker, type TrackerOptions } from './server.ts';

const PIECES = 100;
const root = await mkdtemp(join(tmpdir(), 'shoal-server-'));
after(() => rm(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** Runs until the test ends, if it has not been closed before. */
async function run(t: TestContext, options: Partial<TrackerOptions> = {}): Promise<Tracker> {
  const tracker = await startTracker({ listen: { host: '127.0.0.1', port: 0 }, dataDir: newFolder(), ...options });
  t.after(() => tracker.close());
  return tracker;
}

/** A clock that can be turned on. */
class Clock {
  skipped = 0;
  now = (): number => performance.now() + this.skipped;
  epoch = (): number => (Date.now() + this.skipped) / 1000;
}

const publisher = { identity: createIdentity(), pins: new MemoryPins() };

/** Puts a torrent of `PIECES` pieces into the catalog; comes back with its info-hash. */
async function publish(tracker: Tracker, name = 'film.mkv'): Promise<string> {
  const pieces = new Uint8Array(20 * PIECES).fill(name.length);
  const infoBytes = buildInfo({ name, pieceLength: 16384, pieces, files: { length: 16384 * PIECES } });
  const torrentBytes = encodeMetainfo({ infoBytes });
  const metainfo = parseMetainfo(torrentBytes, (bytes) => hash('sha1', bytes, 'buffer'));
  await publishEntry({ ...publisher, trackers: [tracker.url], name, torrentBytes, metainfo });
  return metainfo.infoHash;
}

const plain = new TrackerClient();

async function announce(url: string, infoHash: string, port: number, left: number, session?: string) {
  const peerId = new TextEncoder().encode(`-SH0100-${String(port).padStart(12, '0')}`);
  const reply = await plain.announce(`${url}/announce`, {
    infoHash,
    peerId,
    port,
    uploaded: 0,
    downloaded: 0,
    left,
    event: '',
    key: '1',
    numwant: 50,
    ...(session !== undefined && { session }),
  });
  return { ...reply, told: reply.peers.map(formatEndpoint).sort() };
}

function openSession(t: TestContext, url: string, onOpened?: (id: string) => void): TrackerSession {
  const session = new TrackerSession({
    url: `${url}/announce`,
    port: 6881,
    signer: createIdentity(),
    ...(onOpened !== undefined && { onOpened }),
  });
  t.after(() => session.close());
  return session;
}

async function availability(tracker: Tracker, infoHash: string) {
  return createClient(tracker.url).availability({ params: { infoHash }, query: { rarest: 3 } });
}

async function swarm(tracker: Tracker, infoHash: string) {
  return (await createClient(tracker.url).peers({ params: { infoHash }, query: {} })).swarm;
}

async function failure(action: () => Promise<unknown>): Promise<ShoalError> {
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof ShoalError, String(error));
    return error;
  }
  assert.fail('did not fail');
}

describe('a tracker', () => {
  it('serves what is in its catalog, from the moment it is published until it is taken out', async (t) => {
    const tracker = await run(t);
    const unknown = await announce(tracker.url, 'ab'.repeat(20), 1001, 5);
    assert.match(unknown.failure!, /catalog/);
    const infoHash = await publish(tracker);
    assert.equal((await announce(tracker.url, infoHash, 1001, 0)).failure, undefined);
    assert.deepEqual((await announce(tracker.url, infoHash, 1002, 5)).told, ['127.0.0.1:1001']);
    assert.deepEqual(await createClient(tracker.url).health({}), { status: 'ok', files: 1 });
    const [entry] = (await createClient(tracker.url).list({ query: {} })).files;
    assert.deepEqual([entry?.seeds, entry?.peers], [1, 1]);
    await unpublishName({ ...publisher, trackers: [tracker.url], name: 'film.mkv' });
    assert.match((await announce(tracker.url, infoHash, 1002, 5)).failure!, /catalog/);
    const metrics = await (await fetch(`${tracker.url}/metrics`)).text();
    assert.match(metrics, /^shoal_peers\{role="seed"\} 0$/m);
    assert.match(metrics, /^shoal_announces_total\{outcome="refused"\} 2$/m);
  });

  it('tells clients to give up what its operator removed, until it is published again', async (t) => {
    const dataDir = newFolder();
    const tracker = await run(t, { dataDir });
    const infoHash = await publish(tracker);
    await announce(tracker.url, infoHash, 1001, 0);
    const token = await readTokenFile(join(dataDir, 'admin.token'));
    const operator = createClient(tracker.url, { token });
    await operator.unpublish({ params: { name: 'film.mkv' }, body: null });
    const refused = await announce(tracker.url, infoHash, 1001, 0);
    assert.match(refused.failure!, /^Unregistered torrent/);
    assert.equal(refused.retryIn, 'never');
    await publish(tracker);
    assert.equal((await announce(tracker.url, infoHash, 1001, 0)).failure, undefined);
  });

  it('tells others of a peer on its own host by the address they reached, or the public one', async (t) => {
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    if (outer === undefined) {
      t.skip('this host has loopback only');
      return;
    }
    const tracker = await run(t, { listen: { host: '0.0.0.0', port: 0 }, open: true });
    assert.equal(tracker.url, `http://${outer}:${tracker.port}`);
    await announce(`http://127.0.0.1:${tracker.port}`, 'ab'.repeat(20), 1001, 0);
    assert.deepEqual((await announce(tracker.url, 'ab'.repeat(20), 1002, 5)).told, [`${outer}:1001`]);
    assert.deepEqual(
      (await announce(`http://127.0.0.1:${tracker.port}`, 'ab'.repeat(20), 1003, 5)).told,
      [`${outer}:1002`, '127.0.0.1:1001'].sort(),
    );
    const named = await run(t, {
      listen: { host: '0.0.0.0', port: 0 },
      open: true,
      publicUrl: 'http://198.51.100.7:7070/',
    });
    assert.equal(named.url, 'http://198.51.100.7:7070');
    await announce(`http://127.0.0.1:${named.port}`, 'ab'.repeat(20), 1001, 0);
    const reply = await announce(`http://${outer}:${named.port}`, 'ab'.repeat(20), 1002, 5);
    assert.deepEqual(reply.told, ['198.51.100.7:1001']);
  });

  it('says which port is taken, by whose wish and by whom', async (t) => {
    const first = await run(t);
    const listen = { host: '127.0.0.1', port: first.port };
    const taken = await failure(() => startTracker({ listen, dataDir: newFolder(), listenOrigin: 'SHOAL_LISTEN' }));
    assert.equal(taken.code, 'ERR_LISTEN');
    const owner = process.platform === 'linux' ? ` by process ${process.pid} ` : '';
    assert.ok(taken.message.startsWith(`port ${first.port}, given by SHOAL_LISTEN, is taken${owner}`), taken.message);
    assert.match(taken.message, /choose another with --listen/);
    const elsewhere = await failure(() =>
      startTracker({ listen: { host: '203.0.113.77', port: 0 }, dataDir: newFolder() }),
    );
    assert.equal(elsewhere.code, 'ERR_LISTEN');
    assert.match(elsewhere.message, /203\.0\.113\.77/);
    const url = await failure(() => startTracker({ listen, dataDir: newFolder(), publicUrl: 'ftp://x' }));
    assert.equal(url.code, 'ERR_USAGE');
  });

  it('lets go of everything when it cannot start, and when it stops', async (t) => {
    const dataDir = newFolder();
    const first = await run(t);
    await failure(() => startTracker({ listen: { host: '127.0.0.1', port: first.port }, dataDir }));
    const second = await run(t, { dataDir });
    assert.equal((await failure(() => run(t, { dataDir }))).code, 'ERR_LOCKED');
    const listen = { host: '127.0.0.1', port: second.port };
    const idle = createClient(second.url);
    await idle.health({});
    await second.close();
    await second.close();
    const third = await run(t, { dataDir, listen });
    assert.equal((await createClient(third.url).health({})).status, 'ok');
  });

  it('loses nobody by a restart', async (t) => {
    const dataDir = newFolder();
    const first = await run(t, { dataDir });
    const infoHash = await publish(first);
    await announce(first.url, infoHash, 1001, 0);
    const opened: string[] = [];
    const session = openSession(t, first.url, (id) => opened.push(id));
    const have = new Bitfield(PIECES);
    have.add(7);
    session.track(infoHash, () => have);
    await session.ready();
    await announce(first.url, infoHash, 6881, 50, session.id);
    await session.beat();
    await first.close();

    have.add(8);
    await session.beat();
    assert.equal(session.problem?.code, 'ERR_TRACKER_UNREACHABLE');
    assert.notEqual(session.id, undefined, 'a tracker that is away is no reason to give the session up');

    const second = await run(t, { dataDir, listen: { host: '127.0.0.1', port: first.port } });
    assert.deepEqual((await announce(second.url, infoHash, 1003, 9)).told, ['127.0.0.1:1001', '127.0.0.1:6881']);
    const before = await swarm(second, infoHash);
    assert.deepEqual(
      before.map(({ have: pieces }) => pieces),
      [PIECES, 1, undefined],
    );
    await session.beat();
    assert.equal(session.problem, undefined);
    assert.equal(opened.length, 1);
    assert.equal((await swarm(second, infoHash))[1]?.have, 2, 'what came while it was away, too');
    assert.match(await readFile(join(dataDir, 'registry.jsonl'), 'utf8'), new RegExp(infoHash));
  });

  it('heals by heartbeats and announces when its memory is lost', async (t) => {
    const dataDir = newFolder();
    const first = await run(t, { dataDir });
    const infoHash = await publish(first);
    const opened: string[] = [];
    const session = openSession(t, first.url, (id) => opened.push(id));
    const have = new Bitfield(PIECES);
    have.add(3);
    session.track(infoHash, () => have);
    await session.ready();
    await announce(first.url, infoHash, 6881, 50, session.id);
    await session.beat();
    await first.close();
    await rm(join(dataDir, 'registry.jsonl'));
    const second = await run(t, { dataDir, listen: { host: '127.0.0.1', port: first.port } });
    assert.deepEqual(await swarm(second, infoHash), []);
    await session.beat();
    while (opened.length < 2) await session.beat();
    assert.notEqual(opened[0], opened[1]);
    assert.equal(session.id, opened[1]);
    await announce(second.url, infoHash, 6881, 50, session.id);
    await session.beat();
    const [peer] = await swarm(second, infoHash);
    assert.deepEqual([peer?.session, peer?.have], [true, 1]);
  });

  it('forgets a peer that was killed within 60 seconds, and no other', async (t) => {
    const clock = new Clock();
    const tracker = await run(t, { clock });
    const infoHash = await publish(tracker);
    await announce(tracker.url, infoHash, 1001, 0);
    const killed = createClient(tracker.url);
    const session = openSession(t, tracker.url);
    await session.ready();
    await announce(tracker.url, infoHash, 6881, 0, session.id);
    assert.equal((await killed.availability({ params: { infoHash }, query: {} })).complete, 2);
    clock.skipped = 46_000;
    assert.deepEqual((await announce(tracker.url, infoHash, 1003, 9)).told, ['127.0.0.1:1001']);
    assert.equal((await swarm(tracker, infoHash)).length, 2);
    assert.equal((await availability(tracker, infoHash)).complete, 1);
    clock.skipped = 1_000_000;
    assert.deepEqual((await announce(tracker.url, infoHash, 1003, 9)).told, []);
  });
});

describe('a session', () => {
  it('reports the whole once, then what is new, and the whole again when something was lost', async (t) => {
    const tracker = await run(t);
    const infoHash = await publish(tracker);
    const session = openSession(t, tracker.url);
    const have = new Bitfield(PIECES);
    session.track(infoHash, () => have);
    await session.ready();
    await announce(tracker.url, infoHash, 6881, 50, session.id);
    const step = async (change: () => void): Promise<string | undefined> => {
      change();
      await session.beat();
      assert.equal(session.problem, undefined);
      return (await swarm(tracker, infoHash))[0]?.pieces;
    };
    const now = (): string => Buffer.from(have.bytes).toString('base64');
    assert.equal(await step(() => have.add(50)), now());
    assert.equal(await step(() => [51, 52, 99].forEach((piece) => void have.add(piece))), now());
    assert.equal(await step(() => have.delete(51)), now());
    assert.equal(await step(() => have.fill()), now());
    session.untrack(infoHash);
    await session.beat();
    assert.deepEqual(await swarm(tracker, infoHash), []);
  });

  it('carries many torrents in few heartbeats, and asks nothing of the tracker it need not', async (t) => {
    const tracker = await run(t);
    const infoHash = await publish(tracker);
    const session = openSession(t, tracker.url);
    const have = new Bitfield(PIECES);
    have.add(1);
    for (let i = 0; i < 2500; i++) session.track(i.toString(16).padStart(40, '0'), () => Bitfield.full(8));
    for (let i = 0; i < 2500; i++) session.track(i.toString(16).padStart(40, 'f'), () => new Bitfield(8));
    session.track(infoHash, () => have);
    session.track('ab'.repeat(20), () => undefined);
    await session.ready();
    await announce(tracker.url, infoHash, 6881, 50, session.id);
    const heartbeats = async (): Promise<number> => {
      const text = await (await fetch(`${tracker.url}/metrics`)).text();
      return Number(/^shoal_heartbeats_total\{session="known"\} (\d+)$/m.exec(text)?.[1]);
    };
    await session.beat();
    assert.equal(session.problem, undefined);
    assert.equal((await swarm(tracker, infoHash))[0]?.have, 1);
    assert.equal(await heartbeats(), 3);
    await session.beat();
    assert.equal(await heartbeats(), 4);
  });

  it('leaves politely: its peers are gone at once', async (t) => {
    const tracker = await run(t);
    const infoHash = await publish(tracker);
    const session = openSession(t, tracker.url);
    await session.ready();
    await announce(tracker.url, infoHash, 6881, 50, session.id);
    await session.close();
    assert.equal(session.id, undefined);
    assert.deepEqual(await swarm(tracker, infoHash), []);
    await session.beat();
    assert.equal(session.id, undefined, 'and stays away');
  });

  const serve = async (t: TestContext, listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close().closeAllConnections());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('is asked for once of a tracker that knows none', async (t) => {
    for (const [status, body] of [
      [404, 'Not Found'],
      [405, ''],
      [400, 'd14:failure reason3:bade'],
      [200, 'd14:failure reason3:bade'],
      [200, '<html>'],
      [200, '{"session":5}'],
    ] as const) {
      let asked = 0;
      const url = await serve(t, (request, response) => {
        asked++;
        request.resume();
        response.writeHead(status).end(body);
      });
      const session = openSession(t, url);
      await session.ready();
      assert.equal(session.supported, false, `${status} ${body}`);
      await session.beat();
      await session.ready();
      assert.equal(asked, 1);
      assert.equal(session.id, undefined);
    }
  });

  it('is asked for again of a tracker in trouble, and not waited for', async (t) => {
    const url = await serve(t, (request, response) => {
      request.resume();
      response.writeHead(503).end();
    });
    const session = openSession(t, url);
    await session.ready();
    assert.equal(session.supported, true);
    assert.equal(session.problem?.code, 'ERR_TRACKER_UNREACHABLE');
    const silent = openSession(t, await serve(t, (request) => void request.resume()));
    const started = performance.now();
    await silent.ready();
    assert.ok(performance.now() - started < 8_000);
    const closing = performance.now();
    await silent.close();
    assert.ok(performance.now() - closing < 3_000);
    const dead = openSession(t, 'http://127.0.0.1:1');
    await dead.ready();
    assert.equal(dead.supported, true);
    const other = openSession(t, 'udp://127.0.0.1:1');
    await other.ready();
    assert.equal(other.supported, false);
  });
});
