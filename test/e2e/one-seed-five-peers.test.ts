// One seed, five peers that begin at the same time: all get the same bytes, and they get much of it from each other.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { FULL, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

it('spreads a file from one seed to five peers', async () => {
  const size = (FULL ? 256 : 32) << 20;
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), size);
  const shared = await share(path, { trackers, args: ['--up', FULL ? '40M' : '8M', '--piece-length', '256K'] });

  const gets = await Promise.all(
    [1, 2, 3, 4, 5].map((n) => startGet('film.mkv', join(directory, `copy-${n}.mkv`), { trackers, args: ['--seed'] })),
  );
  const dones = await Promise.all(gets.map((get) => untilDone(get, 240_000)));

  const wanted = await digest(path);
  let fromSeed = 0;
  let fromPeers = 0;
  for (const done of dones) {
    assert.equal(await digest(done.path), wanted);
    assert.equal(done.size, size);
    for (const { address, bytes } of done.peers)
      if (address.endsWith(`:${shared.port}`)) fromSeed += bytes;
      else fromPeers += bytes;
  }
  assert.ok(fromSeed >= size, 'every byte came from the seed at least once');
  assert.ok(fromPeers > fromSeed, `peers gave ${fromPeers} bytes, the seed ${fromSeed}`);
});
