// A process to be killed: writes a sample torrent piece by piece, in mixed order, and prints each piece once it is
// reported as written. Argument: the destination. The sample is the one of src/io/disk/resume.test.ts.

import { HashPool } from '../../src/io/disk/hash-pool.ts';
import { Storage } from '../../src/io/disk/storage.ts';
import { makeSample, range, SampleSlab } from './sample-torrent.ts';

const PIECE = 16384;
const sample = makeSample('crash', PIECE, [
  { path: 'a', length: PIECE * 20 + 77 },
  { path: 'b/c', length: PIECE * 30 + 1 },
  { path: 'd', length: PIECE * 30 },
]);
const pool = new HashPool({ size: 1 });
const { storage } = await Storage.open({ metainfo: sample.metainfo, path: process.argv[2]!, pool });
const slab = new SampleSlab(sample, pool);
const waiting = range(sample.pieceCount).sort((a, b) => ((a * 37) % 81) - ((b * 37) % 81));
await Promise.all(
  range(3).map(async () => {
    for (let piece = waiting.pop(); piece !== undefined; piece = waiting.pop()) {
      await slab.commitAll(storage, [piece]);
      // Synchronous, so that what is printed had been written before and nothing that was printed is lost.
      process.stdout.write(`${piece}\n`);
    }
  }),
);
// Whoever reads the lines may be slower than this; it is killed in any case, or ends when nobody listens any more.
process.stdin.resume();
