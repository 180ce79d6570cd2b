// Shoal announces to opentracker: one seeds, one gets, found through nothing but that tracker; leaving is told.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { get, startGet } from '../harness/jobs.ts';
import { startOpentracker } from '../harness/opentracker.ts';
import { needs } from '../harness/programs.ts';
import { digest, eventually, randomFile, runShoal, temporaryDirectory } from '../harness/shoal.ts';

it('meets its peers there and takes its leave', needs('opentracker'), async () => {
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), 3_000_000);
  const draft = join(directory, 'draft.torrent');
  const made = await runShoal(['create', path, '-o', draft]);
  assert.equal(made.ended.code, 0, made.stderr);
  const shown = await runShoal(['show', draft, '--json']);
  const infoHash = String(shown.events.find((event) => typeof event.infoHash === 'string')?.infoHash);
  const opentracker = await startOpentracker([infoHash]);
  const torrent = join(directory, 'film.torrent');
  await runShoal(['create', path, '-o', torrent, '--tracker', opentracker.url]);

  const seed = await startGet(torrent, path, { trackers: [opentracker.url], args: ['--seed'] });
  await eventually(async () => (await opentracker.scrape(infoHash)).complete === 1, 'the seed is announced');
  const done = await get(torrent, join(directory, 'copy.mkv'), { trackers: [opentracker.url] });
  assert.equal(await digest(done.path), await digest(path));
  await seed.kill('SIGINT');
  assert.deepEqual(await opentracker.scrape(infoHash), { complete: 0, incomplete: 0 });
});
