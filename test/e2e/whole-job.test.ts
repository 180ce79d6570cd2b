// The main job on real input: a file and a folder of hundreds of files shared by name, listed, and fetched by name from
// several peers at once, every byte compared. The full version takes 1 GiB and 800 files.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { makeFolder } from '../harness/content.ts';
import { FULL, get, seed, share } from '../harness/jobs.ts';
import { digest, digestTree, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

/** Bytes that are asked of one peer at most. */
const QUEUE = 512 * 16_384;

it('shares, lists and gets a file and a folder by name', async () => {
  const size = FULL ? 1 << 30 : 64 << 20;
  const count = FULL ? 800 : 300;
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const film = await randomFile(join(directory, 'film.mkv'), size);
  const album = await makeFolder(join(directory, 'album'), count, FULL ? 4_000_000 : 100_000);
  await share([film, album], { trackers });
  for (let other = 0; other < 2; other++)
    await Promise.all([seed('film.mkv', film, { trackers }), seed('album', album, { trackers })]);

  const listed = await runShoal(['list', '--json', '--tracker', tracker.url]);
  assert.deepEqual(
    listed.all('entry').map(({ name, seeds }) => ({ name, seeds })),
    [
      { name: 'album', seeds: 3 },
      { name: 'film.mkv', seeds: 3 },
    ],
  );

  const filmDone = await get('film.mkv', `${join(directory, 'into')}/`, { trackers });
  assert.equal(filmDone.path, join(directory, 'into', 'film.mkv'));
  assert.equal(await digest(filmDone.path), await digest(film));
  assert.ok(filmDone.peers.filter((peer) => peer.bytes > 0).length >= 2, JSON.stringify(filmDone.peers));
  // Blocks may come twice in the end game, and of a peer that a busy machine held up: what one queue holds, from each.
  assert.ok(filmDone.wasted < Math.max(size / 8, 3 * QUEUE), `wasted ${filmDone.wasted}`);
  await rm(filmDone.path);

  const albumDone = await get('album', `${join(directory, 'into')}/`, { trackers });
  assert.deepEqual(await digestTree(albumDone.path), await digestTree(album));
});
