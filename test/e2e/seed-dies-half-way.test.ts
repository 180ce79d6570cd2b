// A seed is killed in the middle of a download: as long as the data exists among the rest, the download goes on and ends.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { lastHave, seed, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, eventually, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 24 << 20;

it('goes on with the other seed', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const doomed = await share(path, { trackers, args: ['--up', '6M', '--piece-length', '128K'] });
  await seed('film.mkv', path, { trackers, args: ['--up', '6M'] });

  const get = await startGet('film.mkv', join(directory, 'copy.mkv'), { trackers });
  const half = await get.event('progress', (event) => Number(event.have) > SIZE / 3);
  assert.ok(Number(half.have) < SIZE, 'not over before the kill');
  await doomed.process.kill('SIGKILL');
  const done = await untilDone(get);
  assert.equal(await digest(done.path), await digest(path));
  assert.ok(
    done.peers.some((peer) => peer.address.endsWith(`:${doomed.port}`) && peer.bytes > 0),
    'it had given some',
  );
});

it('completes among peers of whom none has everything', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const only = await share(path, { trackers, args: ['--up', '6M', '--piece-length', '128K'] });
  // peers that give slowly to each other stay incomplete until every piece has left the seed
  const gets = await Promise.all(
    [1, 2, 3].map((n) =>
      startGet('film.mkv', join(directory, `copy-${n}.mkv`), { trackers, args: ['--seed', '--verbose', '--up', '2M'] }),
    ),
  );
  await eventually(() => {
    const pieces = new Set(gets.flatMap((get) => get.all('piece').map((event) => event.index)));
    return pieces.size === SIZE / (128 << 10);
  }, 'every piece has left the seed');
  assert.ok(
    gets.some((get) => lastHave(get) < SIZE),
    'somebody still lacks something',
  );
  await only.process.kill('SIGKILL');
  for (const done of await Promise.all(gets.map((get) => untilDone(get, 120_000))))
    assert.equal(await digest(done.path), await digest(path));
});
