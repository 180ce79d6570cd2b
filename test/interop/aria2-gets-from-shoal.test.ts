// aria2 downloads what Shoal shares: one file and a folder, by the .torrent file that the tracker hands out.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { startAria2 } from '../harness/aria2.ts';
import { makeFolder } from '../harness/content.ts';
import { share, torrentFile } from '../harness/jobs.ts';
import { freePort } from '../harness/ports.ts';
import { needs } from '../harness/programs.ts';
import { digest, digestTree, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

async function getWithAria2(trackerUrl: string, name: string): Promise<string> {
  const directory = await temporaryDirectory('aria2');
  const source = join(directory, 'entry.torrent');
  await writeFile(source, await torrentFile(trackerUrl, name));
  const into = join(directory, 'into');
  await mkdir(into);
  const aria2 = startAria2({ source, directory: into, port: await freePort() });
  assert.equal(await aria2.code(), 0, aria2.stdout);
  return into;
}

it('gets one file', needs('aria2'), async () => {
  const tracker = await startTracker();
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 12_345_678);
  await share(path, { trackers: [tracker.url] });
  const into = await getWithAria2(tracker.url, 'film.mkv');
  assert.equal(await digest(join(into, 'film.mkv')), await digest(path));
});

it('gets a folder', needs('aria2'), async () => {
  const tracker = await startTracker();
  const folder = await makeFolder(join(await temporaryDirectory(), 'album'), 40);
  await share(folder, { trackers: [tracker.url] });
  const into = await getWithAria2(tracker.url, 'album');
  assert.deepEqual(await digestTree(join(into, 'album')), await digestTree(folder));
});
