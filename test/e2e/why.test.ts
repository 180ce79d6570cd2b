// `shoal why` beside a running `shoal get`: a limit, a slow seed, nobody there, and nothing known; after the end; and of a
// daemon's torrents.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { drive, startDaemon, untilState } from '../harness/daemon-process.ts';
import { share, startGet, untilDone } from '../harness/jobs.ts';
import {
  eventually,
  randomFile,
  runShoal,
  type ShoalEvent,
  startTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

const SIZE = 12 << 20;

interface Why extends ShoalEvent {
  running: boolean;
  dominant: string;
  advice: string;
  shares: Record<string, number>;
  ended?: string;
}

async function why(state: string, words: readonly string[] = []): Promise<Why | undefined> {
  const asked = await runShoal(['why', ...words, '--json'], { state });
  return asked.all('why')[0] as Why | undefined;
}

/** Asks again and again until the download's time went into this state most. */
function untilDominant(state: string, dominant: string): Promise<Why> {
  return eventually(async () => {
    const found = await why(state);
    return found?.dominant === dominant && found;
  }, `"${dominant}" as what it waits for most`);
}

it('says that a limit holds it back, and still says so when it was stopped', async () => {
  const { url } = await startTracker();
  const directory = await temporaryDirectory();
  const file = await randomFile(join(directory, 'film.mkv'), SIZE);
  const shared = await share(file, { trackers: [url] });
  const get = await startGet('film.mkv', join(directory, 'copy'), { trackers: [url], args: ['--down', '300K'] });
  const found = await untilDominant(get.state, 'limited');
  assert.equal(found.running, true);
  assert.match(found.advice, /^The limit --down \(300 KiB\/s\) held it back \d+% of the time: raise it\.$/);

  const text = await runShoal(['why', 'film.mkv'], { state: get.state });
  assert.equal(text.ended.code, 0);
  assert.match(text.stdout, /held back by a limit +\d+%/);
  assert.match(text.stdout, new RegExp(`127\\.0\\.0\\.1:${shared.port} .*held back by a limit`));

  get.signal('SIGINT');
  assert.equal(await get.code(), 130);
  const after = await why(get.state, [shared.infoHash]);
  assert.deepEqual([after?.running, after?.ended, after?.dominant], [false, 'stopped', 'limited']);
});

it('says that the peer is slow, and that a finished download is done', async () => {
  const { url } = await startTracker();
  const directory = await temporaryDirectory();
  const file = await randomFile(join(directory, 'film.mkv'), 2 << 20);
  await share(file, { trackers: [url], args: ['--up', '200K'] });
  const get = await startGet('film.mkv', join(directory, 'copy'), { trackers: [url] });
  const found = await untilDominant(get.state, 'peerSlow');
  assert.match(found.advice, /^The one peer is slow, \d+% of the time: find more or faster peers/);
  await untilDone(get);
  assert.equal(await get.code(), 0);
  const after = await why(get.state);
  assert.deepEqual([after?.running, after?.ended, after?.dominant], [false, 'done', 'peerSlow']);
});

it('says that nobody is there', async () => {
  const directory = await temporaryDirectory();
  const file = await randomFile(join(directory, 'film.mkv'), 1 << 20);
  const torrent = join(directory, 'film.torrent');
  assert.equal((await runShoal(['create', file, '-o', torrent])).ended.code, 0);
  const get = await startGet(torrent, join(directory, 'copy'), { trackers: [] });
  const found = await untilDominant(get.state, 'noPeers');
  assert.match(found.advice, /^No peers were known \d+% of the time: add a tracker or a peer/);
});

it('says what to do when nothing is known', async () => {
  const asked = await runShoal(['why', 'film.mkv', '--json']);
  assert.equal(asked.ended.code, 1);
  assert.equal(asked.all('error')[0]?.code, 'ERR_NOT_FOUND');
  assert.match(String(asked.all('error')[0]?.message), /no download of "film\.mkv" is known in .*--state/);
});

it('tells of a torrent of the daemon that does not run why it does not', async () => {
  const tracker = await startTracker();
  const directory = await temporaryDirectory('daemon');
  const film = await randomFile(join(directory, 'film.mkv'), 3_000_000);
  await share(film, { trackers: [tracker.url], args: ['--up', '100K'] });
  const daemon = await startDaemon([tracker.url], directory, ['--active-downloads', '1']);
  await drive(daemon, 'add', 'film.mkv', '--tracker', tracker.url);
  await drive(daemon, 'add', `magnet:?xt=urn:btih:${'e'.repeat(40)}&dn=later`);
  const ask = async (name: string) => (await why(daemon.state, [name])) as (Why & { state?: string }) | undefined;
  const running = await eventually(async () => {
    const found = await ask('film.mkv');
    return found?.running === true && found;
  }, 'a download of the daemon to be explained');
  assert.equal(String(running.infoHash).length, 40);
  assert.equal((await ask('later'))?.state, 'queued');
  assert.match((await ask('later'))!.advice, /--active-downloads/);
  await drive(daemon, 'pause', 'film.mkv');
  await untilState(daemon, 'film.mkv', 'paused');
  assert.match((await ask('film.mkv'))!.advice, /paused; shoal resume/);
});
