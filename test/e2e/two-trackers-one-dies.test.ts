// Published to two trackers, one of which is killed: the entry is listed, found and fetched through the other.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { get, share } from '../harness/jobs.ts';
import { digest, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

it('lists, merges and gets through the one that lives', async () => {
  const [doomed, living] = [await startTracker(), await startTracker()];
  const both = [doomed.url, living.url];
  const words = both.flatMap((url) => ['--tracker', url]);
  const directory = await temporaryDirectory();
  const film = await randomFile(join(directory, 'film.mkv'), 5_000_000);
  const song = await randomFile(join(directory, 'song.ogg'), 300_000);
  await share(film, { trackers: both });
  await share(song, { trackers: [living.url] });

  const merged = await runShoal(['list', '--json', ...words]);
  assert.equal(merged.ended.code, 0, merged.stderr);
  assert.deepEqual(
    merged
      .all('entry')
      .map((entry) => entry.name)
      .sort(),
    ['film.mkv', 'song.ogg'],
  );

  await doomed.process.kill('SIGKILL');
  const rest = await runShoal(['list', '--json', ...words]);
  assert.equal(rest.ended.code, 0, rest.stderr);
  assert.deepEqual(
    rest
      .all('entry')
      .map((entry) => entry.name)
      .sort(),
    ['film.mkv', 'song.ogg'],
  );
  const done = await get('film.mkv', join(directory, 'copy.mkv'), { trackers: both });
  assert.equal(await digest(done.path), await digest(film));
});
