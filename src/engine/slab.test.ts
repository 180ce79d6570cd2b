import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { HashPool } from '../io/disk/hash-pool.ts';
import { Slab, type SlabShare } from './slab.ts';

const MIB = 1024 * 1024;

function makeSlab(t: TestContext, pages: number): Slab {
  const pool = new HashPool({ size: 1 });
  t.after(() => pool.close());
  return new Slab(pages * MIB, pool);
}

function takeAll(share: SlabShare): number[] {
  const taken: number[] = [];
  while (share.free > 0) taken.push(share.take());
  assert.equal(share.take(), -1);
  return taken;
}

test('places of every torrent lie in the slab, whole, in one page, and never over one another', (t) => {
  const lengths = [16_384, 65_536, 100_000, 700_000, MIB];
  fc.assert(
    fc.property(
      fc.array(fc.record({ who: fc.nat(4), give: fc.boolean(), which: fc.nat() }), { maxLength: 300 }),
      (steps) => {
        const slab = makeSlab(t, 6);
        const shares = lengths.map((length) => slab.open(length));
        const held: number[][] = shares.map(() => []);
        for (const { who, give, which } of steps) {
          const share = shares[who]!;
          const mine = held[who]!;
          if (give && mine.length > 0) share.give(mine.splice(which % mine.length, 1)[0]!);
          else {
            const possible = share.free > 0;
            const offset = share.take();
            assert.equal(offset >= 0, possible, '`free` says whether `take` gives');
            if (possible) mine.push(offset);
          }
        }
        const ranges = held.flatMap((mine, who) => mine.map((offset) => [offset, offset + lengths[who]!] as const));
        ranges.sort((a, b) => a[0] - b[0]);
        for (const [i, [start, end]] of ranges.entries()) {
          assert.ok(start >= (ranges[i - 1]?.[1] ?? 0) && end <= 6 * MIB);
          assert.equal(Math.floor(start / MIB), Math.floor((end - 1) / MIB));
        }
        for (const share of shares) share.close();
      },
    ),
    { numRuns: 100 },
  );
});

test('a page is kept for every torrent that has none', (t) => {
  const slab = makeSlab(t, 8);
  const [greedy, late] = [slab.open(MIB), slab.open(MIB)];
  assert.equal(takeAll(greedy).length, 7);
  assert.equal(takeAll(late).length, 1);
});

test('a torrent that comes when all is taken gets the first page that is given back', (t) => {
  const slab = makeSlab(t, 4);
  const greedy = slab.open(MIB / 2);
  const held = takeAll(greedy);
  assert.equal(held.length, 8);
  const late = slab.open(MIB);
  assert.equal(late.free, 0);
  // Half a page is free, but who has several must let one go first.
  greedy.give(held.pop()!);
  assert.equal(greedy.free, 0);
  greedy.give(held.pop()!);
  assert.equal(late.free, 1);
  assert.ok(late.take() >= 0);
});

test('more torrents than pages take turns', (t) => {
  const slab = makeSlab(t, 4);
  const shares = Array.from({ length: 9 }, () => slab.open(MIB));
  const served = new Map<SlabShare, number>();
  const held = new Map<SlabShare, number>();
  for (let round = 0; round < 90; round++) {
    for (const share of shares) {
      if (share.free === 0) continue;
      held.set(share, share.take());
      served.set(share, (served.get(share) ?? 0) + 1);
    }
    // Each round one of them, always the same one first, is done with what it has and would take again at once.
    const [[share, offset]] = held as unknown as [[SlabShare, number]];
    held.delete(share);
    share.give(offset);
  }
  for (const share of shares) assert.ok((served.get(share) ?? 0) >= 5, `served ${served.get(share)} times`);
});

test('what a torrent that ends had is there for the others', (t) => {
  const slab = makeSlab(t, 4);
  const [first, second] = [slab.open(MIB), slab.open(16_384)];
  takeAll(first);
  first.close();
  first.close();
  assert.equal(first.free, 0);
  assert.equal(takeAll(second).length, 256);
  second.close();
  const again = slab.open(MIB);
  assert.equal(takeAll(again).length, 4);
});
