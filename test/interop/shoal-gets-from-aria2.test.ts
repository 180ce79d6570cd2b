// Shoal downloads what aria2 seeds, one file and a folder: aria2 announces to an open Shoal tracker, Shoal finds it there.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { startAria2 } from '../harness/aria2.ts';
import { makeFolder } from '../harness/content.ts';
import { get } from '../harness/jobs.ts';
import { freePort } from '../harness/ports.ts';
import { needs } from '../harness/programs.ts';
import { digest, digestTree, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

/** Seeds `path` with aria2, gets it with Shoal, and returns where it went. */
async function getFromAria2(path: string): Promise<string> {
  const tracker = await startTracker({ args: ['--open'] });
  const directory = await temporaryDirectory();
  const source = join(directory, 'made.torrent');
  const made = await runShoal(['create', path, '-o', source, '--tracker', tracker.url]);
  assert.equal(made.ended.code, 0, made.stderr);
  startAria2({ source, directory: dirname(path), port: await freePort(), seed: true });
  const done = await get(source, `${join(directory, 'into')}/`, { trackers: [tracker.url] });
  assert.deepEqual(
    done.peers.map((peer) => peer.client.split(/[ /]/)[0]?.toLowerCase()),
    ['aria2'],
  );
  assert.equal(done.peers[0]!.bytes, done.size);
  return done.path;
}

it('gets one file', needs('aria2'), async () => {
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 12_345_678);
  assert.equal(await digest(await getFromAria2(path)), await digest(path));
});

it('gets a folder', needs('aria2'), async () => {
  const folder = await makeFolder(join(await temporaryDirectory(), 'album'), 40);
  assert.deepEqual(await digestTree(await getFromAria2(folder)), await digestTree(folder));
});
