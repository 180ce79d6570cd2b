// libtorrent downloads what Shoal shares: one file and a folder, by .torrent file and by magnet link (metadata from Shoal).

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { makeFolder } from '../harness/content.ts';
import { type Shared, share, torrentFile } from '../harness/jobs.ts';
import { Libtorrent } from '../harness/libtorrent.ts';
import { needs } from '../harness/programs.ts';
import { digest, digestTree, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

async function getWithLibtorrent(shared: Shared, tracker: string, by: 'file' | 'magnet'): Promise<string> {
  const save = await temporaryDirectory('libtorrent');
  const peer = await Libtorrent.start();
  if (by === 'magnet') assert.equal(await peer.add({ magnet: shared.magnet, save }), shared.infoHash);
  else {
    const torrent = join(await temporaryDirectory(), 'entry.torrent');
    await writeFile(torrent, await torrentFile(tracker, shared.name));
    assert.equal(await peer.add({ torrent, save }), shared.infoHash);
  }
  await peer.finished(shared.infoHash);
  await peer.quit();
  return join(save, shared.name);
}

for (const by of ['file', 'magnet'] as const) {
  it(`gets one file by ${by}`, needs('libtorrent'), async () => {
    const tracker = await startTracker();
    const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 12_345_678);
    const shared = await share(path, { trackers: [tracker.url] });
    assert.equal(await digest(await getWithLibtorrent(shared, tracker.url, by)), await digest(path));
  });

  it(`gets a folder by ${by}`, needs('libtorrent'), async () => {
    const tracker = await startTracker();
    const folder = await makeFolder(join(await temporaryDirectory(), 'album'), 40);
    const shared = await share(folder, { trackers: [tracker.url] });
    assert.deepEqual(await digestTree(await getWithLibtorrent(shared, tracker.url, by)), await digestTree(folder));
  });
}
