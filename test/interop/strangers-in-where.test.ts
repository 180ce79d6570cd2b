// aria2 and libtorrent announce to the Shoal tracker of a published torrent, and `where` shows both with their clients.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { startAria2 } from '../harness/aria2.ts';
import { share, torrentFile } from '../harness/jobs.ts';
import { Libtorrent } from '../harness/libtorrent.ts';
import { freePort } from '../harness/ports.ts';
import { needs } from '../harness/programs.ts';
import { eventually, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

it('shows them by address and client', needs('aria2', 'libtorrent'), async () => {
  const tracker = await startTracker();
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 1 << 20);
  const shared = await share(path, { trackers: [tracker.url] });
  const torrent = join(await temporaryDirectory(), 'entry.torrent');
  await writeFile(torrent, await torrentFile(tracker.url, shared.name));
  const port = await freePort();
  startAria2({ source: torrent, directory: dirname(path), port, seed: true });
  const libtorrent = await Libtorrent.start();
  await libtorrent.add({ torrent, save: dirname(path), seed: true });

  const peers = await eventually(async () => {
    const where = await runShoal(['where', shared.name, '--json', '--tracker', tracker.url]);
    assert.equal(where.ended.code, 0, where.stderr);
    const rows = where.all('peer');
    return rows.length >= 3 && rows;
  }, 'three peers in where');
  const clientAt = (at: number) => String(peers.find((peer) => String(peer.address).endsWith(`:${at}`))?.client);
  assert.match(clientAt(port), /aria2/i);
  assert.match(clientAt(libtorrent.port), /libtorrent/i);
  assert.match(clientAt(shared.port), /shoal/i);
  await libtorrent.quit();
  await eventually(async () => {
    const where = await runShoal(['where', shared.name, '--json', '--tracker', tracker.url]);
    return where.all('peer').length === 2;
  }, 'libtorrent is gone after it said so');
});
