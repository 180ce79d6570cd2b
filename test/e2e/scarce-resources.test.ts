// Little is left to the process: 64 descriptors for hundreds of torrents, a small heap at full speed. It goes on, more slowly.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { FULL, get, seed, share } from '../harness/jobs.ts';
import { digest, randomFile, spawnShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const TORRENTS = FULL ? 500 : 100;

it('serves hundreds of torrents with 64 descriptors', async () => {
  const tracker = await startTracker();
  const folder = join(await temporaryDirectory(), 'many');
  await mkdir(folder);
  const paths: string[] = [];
  for (let index = 0; index < TORRENTS; index++)
    paths.push(await randomFile(join(folder, `file-${index}`), 40_000 + index));
  const words = ['share', ...paths, '--json', '--listen', '127.0.0.1:0', '--tracker', tracker.url];
  const sharing = await spawnShoal(words, { wrap: ['prlimit', '--nofile=64'] });
  await sharing.until(() => sharing.all('sharing').length === TORRENTS, 'all shared', 600_000);
  // several at once, from torrents that were opened first, last and between
  const chosen = Array.from({ length: 12 }, (_, i) => Math.floor((i * (TORRENTS - 1)) / 11));
  const into = await temporaryDirectory();
  for (let at = 0; at < chosen.length; at += 4)
    await Promise.all(
      chosen.slice(at, at + 4).map(async (index) => {
        const done = await get(`file-${index}`, `${into}/`, { trackers: [tracker.url] });
        assert.equal(await digest(done.path), await digest(paths[index]!));
      }),
    );
  assert.equal(sharing.ended, undefined, sharing.failure('ended').message);
  assert.deepEqual(sharing.all('error'), []);
});

it('fetches at full speed with a heap of 192 MiB', async () => {
  const trackers = [(await startTracker()).url];
  const size = (FULL ? 1024 : 256) << 20;
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), size);
  const env = { NODE_OPTIONS: '--max-old-space-size=192' };
  const shared = await share(path, { trackers, env });
  await seed('film.mkv', path, { trackers, env });
  const done = await get(shared.magnet, join(await temporaryDirectory(), 'copy.mkv'), { trackers, env });
  assert.equal(done.downloaded - done.wasted, size);
  assert.equal(await digest(done.path), await digest(path));
});
