// Stopping politely and going on: Ctrl-C and SIGTERM keep everything, foreign data on disk is recognised, missing and
// changed data is noticed, and what is not ours is not touched.

import assert from 'node:assert/strict';
import { appendFile, copyFile, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { makeFolder } from '../harness/content.ts';
import { get, lastHave, share, startGet } from '../harness/jobs.ts';
import {
  digest,
  digestTree,
  randomFile,
  startTracker,
  type TestTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

const SIZE = 8 << 20;

describe('resume', () => {
  let trackers: string[];
  let tracker: TestTracker;
  let film: string;
  let album: string;

  before(async () => {
    tracker = await startTracker();
    trackers = [tracker.url];
    const directory = await temporaryDirectory();
    film = await randomFile(join(directory, 'film.mkv'), SIZE);
    album = await makeFolder(join(directory, 'album'), 30);
    await share([film, album], { trackers, args: ['--piece-length', '64K'] });
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`goes on after ${signal}, which ends it with ${code}`, async () => {
      const state = await temporaryDirectory('state');
      const destination = join(await temporaryDirectory(), 'copy.mkv');
      const first = await startGet('film.mkv', destination, { trackers, state, args: ['--down', '2M'] });
      await first.event('progress', (event) => Number(event.have) > SIZE / 8);
      first.child.kill(signal);
      assert.equal(await first.code(), code);
      const promised = lastHave(first);
      const done = await get('film.mkv', destination, { trackers, state });
      assert.ok(done.reused >= promised, `reused ${done.reused}, promised ${promised}`);
      assert.ok(done.reused < SIZE);
      assert.equal(await digest(destination), await digest(film));
    });
  }

  it('has nothing to fetch when everything is there, with or without its state', async () => {
    const directory = await temporaryDirectory();
    const destination = join(directory, 'copy.mkv');
    await copyFile(film, destination);
    const state = await temporaryDirectory('state');
    for (let round = 0; round < 2; round++) {
      const done = await get('film.mkv', destination, { trackers, state });
      assert.equal(done.reused, SIZE);
      assert.equal(done.downloaded, 0);
    }
  });

  it('refuses a destination that holds something else, and takes what matches with --overwrite', async () => {
    const destination = join(await temporaryDirectory(), 'copy.mkv');
    const mixed = await readFile(film);
    mixed.fill(0, SIZE / 2, SIZE / 2 + 100_000);
    await writeFile(destination, mixed);
    const refused = await startGet('film.mkv', destination, { trackers });
    assert.equal(await refused.code(), 1);
    assert.equal((await refused.event('error')).code, 'ERR_DESTINATION');
    assert.deepEqual(await readFile(destination), mixed, 'untouched');
    const done = await get('film.mkv', destination, { trackers, args: ['--overwrite'] });
    assert.ok(done.reused >= SIZE - 100_000 - 2 * 65_536 && done.reused < SIZE, `reused ${done.reused}`);
    assert.equal(await digest(destination), await digest(film));
  });

  it('fetches again what vanished, what changed and what was cut off in a folder', async () => {
    const destination = join(await temporaryDirectory(), 'copy');
    const state = await temporaryDirectory('state');
    const first = await get('album', destination, { trackers, state });
    const names = [...(await digestTree(destination)).keys()].filter(
      (name) => name.includes('0.') || name.includes('0 '),
    );
    assert.ok(names.length >= 3);
    await rm(join(destination, names[0]!));
    const changed = await open(join(destination, names[1]!), 'r+');
    await changed.write(Buffer.from('not what it was'), 0, 15, 1000);
    await changed.close();
    await appendFile(join(destination, names[2]!), 'longer than it was');
    const done = await get('album', destination, { trackers, state, args: ['--overwrite'] });
    assert.ok(done.downloaded > 0 && done.downloaded < first.size, `fetched ${done.downloaded} of ${first.size}`);
    assert.deepEqual(await digestTree(destination), await digestTree(album));
  });

  it('recognises pieces that came from elsewhere while it was away', async () => {
    const state = await temporaryDirectory('state');
    const destination = join(await temporaryDirectory(), 'copy.mkv');
    const first = await startGet('film.mkv', destination, { trackers, state, args: ['--down', '2M'] });
    await first.event('progress', (event) => Number(event.have) > SIZE / 8);
    await first.kill('SIGKILL');
    for (const name of await readdir(dirname(destination))) await rm(join(dirname(destination), name));
    await copyFile(film, destination);
    const done = await get('film.mkv', destination, { trackers, state });
    assert.equal(done.reused, SIZE);
    assert.equal(done.downloaded, 0);
  });
});
