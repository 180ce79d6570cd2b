// Four peers, each with its own quarter of the pieces and no seed anywhere: together they have everything, so all complete.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { startGet, untilDone } from '../harness/jobs.ts';
import { digest, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const PIECE = 65_536;
const SIZE = 16 * 1_000_000 + 4321;

it('completes four quarters from each other', async () => {
  const tracker = await startTracker({ args: ['--open'] });
  const directory = await temporaryDirectory();
  const original = await randomFile(join(directory, 'film.mkv'), SIZE);
  const torrent = join(directory, 'film.torrent');
  const made = await runShoal(['create', original, '-o', torrent, '--tracker', tracker.url, '--piece-length', '64K']);
  assert.equal(made.ended.code, 0, made.stderr);

  const bytes = await readFile(original);
  const owned = [0, 0, 0, 0];
  const gets = await Promise.all(
    owned.map(async (_, quarter) => {
      const mine = Buffer.alloc(SIZE);
      for (let piece = 0; piece * PIECE < SIZE; piece++) {
        if (piece % 4 !== quarter) continue;
        owned[quarter]! += bytes.copy(mine, piece * PIECE, piece * PIECE, (piece + 1) * PIECE);
      }
      const destination = join(directory, `peer-${quarter}.mkv`);
      await writeFile(destination, mine);
      return await startGet(torrent, destination, { trackers: [tracker.url], args: ['--overwrite', '--seed'] });
    }),
  );
  const dones = await Promise.all(gets.map((get) => untilDone(get, 120_000)));

  const wanted = createHash('sha256').update(bytes).digest('hex');
  for (const [quarter, done] of dones.entries()) {
    assert.equal(await digest(done.path), wanted);
    assert.equal(done.reused, owned[quarter], 'its own quarter was kept');
    assert.equal(done.peers.filter((peer) => peer.bytes > 0).length, 3, 'each of the others gave something');
  }
});
