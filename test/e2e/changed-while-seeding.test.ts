// The file that is seeded is cut, replaced or written to while others fetch it: from then on nothing of it is sent, not one
// bad block ever, and whoever was fetching gets the rest elsewhere.

import assert from 'node:assert/strict';
import { copyFile, open, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lastHave, seed, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 16 << 20;
const PIECE = 65536;

const CHANGES: Record<string, (path: string) => Promise<void>> = {
  'is cut': (path) => truncate(path, SIZE / 4),
  'is replaced by another': async (path) => {
    await randomFile(`${path}.other`, SIZE, 'other');
    await rename(`${path}.other`, path);
  },
  'is flipped in every piece': async (path) => {
    const file = await open(path, 'r+');
    for (let at = 7; at < SIZE; at += PIECE) {
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      await file.write(Buffer.of(buffer[0]! ^ 1), 0, 1, at);
    }
    await file.close();
  },
};

describe('a file that is changed while it is seeded', { concurrency: 3 }, () => {
  for (const [what, change] of Object.entries(CHANGES))
    it(`gives no bad block when it ${what}`, async () => {
      const trackers = [(await startTracker()).url];
      const folder = await temporaryDirectory();
      const path = await randomFile(join(folder, 'film.mkv'), SIZE, 'film');
      const good = join(await temporaryDirectory(), 'film.mkv');
      await copyFile(path, good);
      const shared = await share(path, { trackers, args: ['--piece-length', '64K'] });
      const run = await startGet(shared.magnet, join(await temporaryDirectory(), 'copy.mkv'), {
        trackers,
        args: ['--down', '4M', '--verbose'],
      });
      await run.until(() => lastHave(run) > SIZE / 8, 'some of it');
      await change(path);
      const warning = await shared.process.event('warning');
      assert.match(
        String(warning.message),
        /film\.mkv has changed on disk; the \d+ pieces in it are not served any more/,
      );
      await seed(shared.magnet, good, { trackers });
      const done = await untilDone(run);
      assert.deepEqual(run.all('badPiece'), []);
      assert.equal(done.peers.length, 2, 'some of it came from each');
      assert.equal(await digest(done.path), await digest(good));
    });
});
