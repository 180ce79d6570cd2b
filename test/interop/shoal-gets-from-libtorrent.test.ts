// Shoal downloads what libtorrent seeds: one file and a folder, torrents made by libtorrent, by .torrent file and by magnet
// link (metadata from libtorrent).

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { makeFolder } from '../harness/content.ts';
import { get } from '../harness/jobs.ts';
import { Libtorrent } from '../harness/libtorrent.ts';
import { needs } from '../harness/programs.ts';
import { digest, digestTree, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

async function getFromLibtorrent(path: string, by: 'file' | 'magnet'): Promise<string> {
  const tracker = await startTracker({ args: ['--open'] });
  const announce = `${tracker.url.replace(/\/$/, '')}/announce`;
  const directory = await temporaryDirectory();
  const torrent = join(directory, 'made.torrent');
  const seed = await Libtorrent.start();
  await seed.create(path, torrent, [announce]);
  const infoHash = await seed.add({ torrent, save: dirname(path), seed: true });
  await seed.process.event('tracker');
  const source = by === 'file' ? torrent : `magnet:?xt=urn:btih:${infoHash}&tr=${encodeURIComponent(announce)}`;
  const done = await get(source, `${join(directory, 'into')}/`, { trackers: [tracker.url] });
  assert.match(done.peers[0]!.client, /libtorrent/i);
  assert.equal(done.infoHash, infoHash);
  await seed.quit();
  return done.path;
}

for (const by of ['file', 'magnet'] as const) {
  it(`gets one file by ${by}`, needs('libtorrent'), async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 12_345_678);
    assert.equal(await digest(await getFromLibtorrent(path, by)), await digest(path));
  });

  it(`gets a folder by ${by}`, needs('libtorrent'), async () => {
    const folder = await makeFolder(join(await temporaryDirectory(), 'album'), 40);
    assert.deepEqual(await digestTree(await getFromLibtorrent(folder, by)), await digestTree(folder));
  });
}
