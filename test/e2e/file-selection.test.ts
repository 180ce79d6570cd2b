// Some of the files of a torrent, by the command line: fetched alone, and chosen while a daemon fetches them.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { drive, startDaemon, untilState } from '../harness/daemon-process.ts';
import { get, type Shared, share, startGet, untilDone } from '../harness/jobs.ts';
import {
  digestTree,
  randomFile,
  runShoal,
  type ShoalEvent,
  spawnShoal,
  startTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

/** In the order of the metadata. */
const NAMES = ['1.flac', '2.flac', 'art/back.jpg', 'art/cover.jpg'];
const SIZE = 300_000;

describe('some files of a torrent', () => {
  let shared: Shared;
  let trackers: string[];
  let originals: Map<string, string>;

  before(async () => {
    const { url } = await startTracker();
    trackers = [url];
    const album = join(await temporaryDirectory('album'), 'album');
    for (const name of NAMES) await randomFile(join(album, name), SIZE, name);
    originals = await digestTree(album);
    shared = await share(album, { trackers, args: ['--piece-length', '16K'] });
  });

  /** What is under its final name, and that it is right. */
  const whole = async (folder: string): Promise<string[]> => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => NAMES.includes(name)).sort();
    const digests = await digestTree(folder);
    for (const name of names) assert.equal(digests.get(name), originals.get(name), name);
    return names;
  };

  it('are all that get fetches, by number, pattern or link, and more the next time', async () => {
    const state = await temporaryDirectory('state');
    const into = join(await temporaryDirectory('get'), 'album');
    const done = await get('album', into, { trackers, state, args: ['--files', '0', '--files', '*cover*'] });
    assert.deepEqual(await whole(into), ['1.flac', 'art/cover.jpg']);
    assert.ok(done.downloaded >= 2 * SIZE && done.downloaded < 3 * SIZE, `${done.downloaded} bytes`);
    assert.equal(done.have, done.downloaded);
    const link = await get(`${shared.magnet}&so=2`, into, { trackers, state });
    assert.deepEqual(await whole(into), ['1.flac', 'art/back.jpg', 'art/cover.jpg']);
    assert.equal(link.reused, done.downloaded);
    const rest = await get(`${shared.magnet}&so=2`, into, { trackers, state, args: ['--files', '*'] });
    assert.equal(rest.have, 4 * SIZE);
    assert.deepEqual(await whole(into), NAMES);
    const none = await startGet('album', join(into, '..', 'none'), { trackers, args: ['--files', '*.ogg'] });
    assert.equal(await none.code(), 2);
    assert.match(String((await none.event('error')).message), /\*\.ogg means none of the 4 files of album/);
  });

  it('are chosen and ranked while a daemon has the torrent', async () => {
    const directory = await temporaryDirectory('daemon');
    const daemon = await startDaemon(trackers, directory);
    const priorities = (files: ShoalEvent[]) => files.map(({ priority }) => priority);
    await drive(daemon, 'add', 'album', '--tracker', trackers[0]!, '--files', 'art', '--files', '0');
    await untilState(daemon, 'album', 'seeding');
    const into = join(daemon.downloads, 'album');
    assert.deepEqual(await whole(into), ['1.flac', 'art/back.jpg', 'art/cover.jpg']);
    assert.deepEqual(priorities(await drive(daemon, 'files', 'album')), ['normal', 'skip', 'normal', 'normal']);
    const changed = await drive(
      daemon,
      'files',
      'album',
      '--only',
      '0-1',
      '--skip',
      '0',
      '--high',
      '*.flac',
      '--low',
      '3',
    );
    assert.deepEqual(
      priorities(changed),
      ['high', 'high', 'skip', 'low'],
      'in the order of the flags, whatever stands where',
    );
    await untilState(daemon, 'album', 'seeding');
    assert.deepEqual(await whole(into), NAMES);
    const wrong = await runShoal(['files', 'album', '--skip', '*.ogg'], { state: daemon.state });
    assert.equal(wrong.ended.code, 1);
    const table = await runShoal(['files', 'album'], { state: daemon.state });
    assert.match(table.stdout, /^NO +FILE +SIZE +HAVE +PRIORITY\n +0 +1\.flac +293 KiB +100% +high\n/);
  });

  it('are what a get asks of a daemon, which goes on wanting what it wanted', async () => {
    const daemon = await startDaemon(trackers, await temporaryDirectory('daemon'));
    const { state, downloads } = daemon;
    const into = join(downloads, 'album');
    const gets = async (...words: string[]) => {
      const args = ['get', 'album', '-o', `${downloads}/`, '--json', '--tracker', trackers[0]!, ...words];
      const command = await spawnShoal(args, { state });
      assert.equal(await command.code(), 0, command.stderr);
      return untilDone(command);
    };
    const alone = await gets('--files', '3');
    assert.ok(alone.downloaded >= SIZE && alone.downloaded < 2 * SIZE);
    assert.deepEqual(await whole(into), ['art/cover.jpg']);
    await drive(daemon, 'add', 'album', '--tracker', trackers[0]!, '--files', '3');
    await untilState(daemon, 'album', 'seeding');
    await gets('--files', '0');
    assert.deepEqual(await whole(into), ['1.flac', 'art/cover.jpg']);
    assert.deepEqual(
      (await drive(daemon, 'files', 'album')).map(({ priority }) => priority),
      ['normal', 'skip', 'skip', 'normal'],
    );
    await gets();
    assert.deepEqual(await whole(into), NAMES);
  });
});
