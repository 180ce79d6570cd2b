import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { QuotaNode, UNIT } from './quota.ts';

const BURST = (rate: number): number => Math.max(rate / 4, UNIT + rate / 10);

interface Pass {
  at: number;
  bytes: number;
  leaf: QuotaNode;
}

/** Lets go on who may, until nobody may. Returns the milliseconds until somebody may again. */
function drain(root: QuotaNode, now: number, passed: (leaf: QuotaNode, bytes: number) => void): number {
  for (let guard = 0; guard < 100_000; guard++) {
    const turn = root.next(now);
    if (turn === undefined) return Number.POSITIVE_INFINITY;
    if (typeof turn === 'number') return turn;
    passed(turn.leaf, turn.bytes);
  }
  throw new Error('this never ends');
}

/** Leaves that always want more: what each got in so many milliseconds, looked at every `step`. */
function race(
  root: QuotaNode,
  wants: ReadonlyMap<QuotaNode, number>,
  milliseconds: number,
  step = 5,
  from = 0,
): Map<QuotaNode, number> {
  const got = new Map([...wants.keys()].map((leaf) => [leaf, 0]));
  for (const [leaf, bytes] of wants) leaf.ask(bytes);
  for (let now = from; now <= from + milliseconds; now += step) {
    drain(root, now, (leaf, bytes) => {
      got.set(leaf, got.get(leaf)! + bytes);
      leaf.ask(wants.get(leaf)!);
    });
    root.checkInvariant();
  }
  for (const leaf of wants.keys()) leaf.withdraw();
  return got;
}

const rate = fc.oneof(fc.constant(0), fc.integer({ min: 20_000, max: 50_000_000 }));

test('at every node, over any time, no more passes than its rate and one burst', () => {
  fc.assert(
    fc.property(
      fc.array(rate, { minLength: 9, maxLength: 9 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 5 }), fc.nat(3)), {
        minLength: 30,
        maxLength: 120,
      }),
      (rates, steps) => {
        const root = new QuotaNode(undefined, rates[0]!, 0);
        const torrents = [new QuotaNode(root, rates[1]!, 0), new QuotaNode(root, rates[2]!, 0)];
        const leaves = [3, 4, 5, 6, 7, 8].map((at) => new QuotaNode(torrents[at % 2], rates[at]!, 0));
        const passes: Pass[] = [];
        let now = 0;
        for (const [wait, who, kind] of steps) {
          const leaf = leaves[who]!;
          if (!leaf.waiting) leaf.ask(1 + ((wait * 7919) % 100_000));
          drain(root, now, (granted, bytes) => {
            // Some give a part of it back at once.
            const back = kind === 1 ? Math.floor(bytes / 3) : 0;
            if (back > 0) granted.take(-back, now);
            passes.push({ at: now, bytes: bytes - back, leaf: granted });
          });
          root.checkInvariant();
          now += wait;
        }
        const nodes = [
          { node: root, below: leaves },
          ...torrents.map((node, t) => ({ node, below: leaves.filter((_, at) => (at + 3) % 2 === t) })),
          ...leaves.map((node) => ({ node, below: [node] })),
        ];
        for (const { node, below } of nodes) {
          if (node.rate === 0) continue;
          const own = passes.filter((pass) => below.includes(pass.leaf));
          for (let first = 0; first < own.length; first++) {
            let sum = 0;
            for (let last = first; last < own.length; last++) {
              sum += own[last]!.bytes;
              const most = ((own[last]!.at - own[first]!.at) * node.rate) / 1000 + BURST(node.rate);
              assert.ok(sum <= most + 1, `${sum} bytes passed where ${most} may`);
            }
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('no quota is lost while somebody waits, however late he is called', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50_000, max: 50_000_000 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 20, maxLength: 200 }),
      fc.integer({ min: 1, max: 6 }),
      (limit, waits, count) => {
        const root = new QuotaNode(undefined, limit, 0);
        const leaves = Array.from({ length: count }, () => new QuotaNode(root, 0, 0));
        const portion = Math.max(UNIT, limit / 10);
        for (const leaf of leaves) leaf.ask(portion);
        let now = 0;
        let passed = 0;
        for (const wait of waits) {
          now += wait;
          drain(root, now, (leaf, bytes) => {
            passed += bytes;
            leaf.ask(portion);
          });
        }
        const most = (now * limit) / 1000;
        assert.ok(passed <= most + 1 && passed > most - portion - 1, `${passed} of ${most} bytes in ${now} ms`);
      },
    ),
  );
});

test('the time that is told is when the next one may go on, not earlier and hardly later', () => {
  const root = new QuotaNode(undefined, 1_000_000, 0);
  const leaf = new QuotaNode(root, 0, 0);
  leaf.ask(50_000);
  assert.equal(drain(root, 0, assert.fail), 50);
  assert.ok(drain(root, 49, assert.fail) > 0.9);
  assert.deepEqual(root.next(50), { leaf, bytes: 50_000 });
  assert.equal(root.next(50), undefined);
});

test('those who always want more share a node evenly, whatever their portions', () => {
  const root = new QuotaNode(undefined, 10_000_000, 0);
  const wants = new Map([16_397, 32_000, 100_000, 262_144].map((bytes) => [new QuotaNode(root, 0, 0), bytes]));
  const got = [...race(root, wants, 10_000).values()];
  const total = got.reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(total > 99_500_000 && total <= 102_500_000, `${total}`);
  for (const bytes of got) assert.ok(Math.abs(bytes - total / 4) <= 2 * 262_144, `${got}`);
});

test('a node is shared by those below it, not by the number of their peers', () => {
  const root = new QuotaNode(undefined, 4_000_000, 0);
  const small = new QuotaNode(root, 0, 0);
  const large = new QuotaNode(root, 0, 0);
  const one = new QuotaNode(small, 0, 0);
  const many = Array.from({ length: 9 }, () => new QuotaNode(large, 0, 0));
  const got = race(root, new Map([one, ...many].map((leaf) => [leaf, 20_000])), 10_000);
  assert.ok(Math.abs(got.get(one)! - 20_000_000) < 500_000, `${got.get(one)}`);
  for (const leaf of many) assert.ok(Math.abs(got.get(leaf)! - 20_000_000 / 9) < 100_000, `${got.get(leaf)}`);
});

test('who is held up by a limit of its own, or wants little, leaves the rest to the others', () => {
  const root = new QuotaNode(undefined, 3_000_000, 0);
  const slow = new QuotaNode(root, 200_000, 0);
  const [first, second, modest] = [1, 2, 3].map(() => new QuotaNode(root, 0, 0));
  const got = new Map([slow, first!, second!, modest!].map((leaf) => [leaf, 0]));
  for (const leaf of [slow, first!, second!]) leaf.ask(30_000);
  for (let now = 0; now <= 10_000; now += 5) {
    if (now % 100 === 0 && !modest!.waiting) modest!.ask(10_000);
    drain(root, now, (leaf, bytes) => {
      got.set(leaf, got.get(leaf)! + bytes);
      if (leaf !== modest) leaf.ask(30_000);
    });
  }
  const near = (leaf: QuotaNode, bytes: number) =>
    assert.ok(Math.abs(got.get(leaf)! - bytes) < 200_000, `${[...got.values()]}`);
  near(slow, 2_000_000);
  near(modest!, 1_000_000);
  near(first!, 13_500_000);
  near(second!, 13_500_000);
});

test('who comes back after a while is served at once, and has nothing saved up on the others', () => {
  const root = new QuotaNode(undefined, 1_000_000, 0);
  const steady = new QuotaNode(root, 0, 0);
  const visitor = new QuotaNode(root, 0, 0);
  race(root, new Map([[steady, 20_000]]), 60_000);
  const both = new Map([steady, visitor].map((leaf) => [leaf, 20_000]));
  const got = race(root, both, 2_000, 5, 60_005);
  assert.ok(Math.abs(got.get(visitor)! - got.get(steady)!) <= 40_000, `${[...got.values()]}`);
});

test('who hangs elsewhere now does not pay there for what it had before', () => {
  const before = new QuotaNode(undefined, 50_000_000, 0);
  const mover = new QuotaNode(before, 0, 0);
  race(before, new Map([[mover, 1_000_000]]), 10_000);
  const after = new QuotaNode(undefined, 1_000_000, 10_000);
  const other = new QuotaNode(after, 0, 10_000);
  mover.moveTo(after);
  const got = race(after, new Map([mover, other].map((leaf) => [leaf, 20_000])), 2_000, 5, 10_000);
  assert.ok(Math.abs(got.get(mover)! - got.get(other)!) <= 40_000, `${[...got.values()]}`);
});

test('what is given back can be used by others, and counts for nobody', () => {
  const root = new QuotaNode(undefined, 1_000_000, 0);
  const wasteful = new QuotaNode(root, 0, 0);
  const other = new QuotaNode(root, 0, 0);
  const got = new Map([wasteful, other].map((leaf) => [leaf, 0]));
  for (const leaf of got.keys()) leaf.ask(40_000);
  for (let now = 0; now <= 20_000; now += 5)
    drain(root, now, (leaf, bytes) => {
      if (leaf === wasteful) leaf.take(-36_000, now);
      got.set(leaf, got.get(leaf)! + (leaf === wasteful ? bytes - 36_000 : bytes));
      leaf.ask(40_000);
    });
  const total = got.get(wasteful)! + got.get(other)!;
  assert.ok(total > 19_900_000 && total <= 20_250_000, `${total}`);
  assert.ok(Math.abs(got.get(wasteful)! - got.get(other)!) < 100_000, `${[...got.values()]}`);
});

test('what passed unasked is paid back before anybody goes on', () => {
  const root = new QuotaNode(undefined, 100_000, 0);
  const leaf = new QuotaNode(root, 0, 0);
  leaf.take(50_000, 0);
  assert.equal(leaf.mayPass(0), false);
  leaf.ask(10_000);
  assert.equal(root.next(0), 600);
  assert.ok(typeof root.next(600) === 'object');
});

test('overhead slows data down by half at most, and passes like data where there is no data', () => {
  const root = new QuotaNode(undefined, 100_000, 0);
  const leaf = new QuotaNode(root, 0, 0);
  let got = 0;
  leaf.ask(UNIT);
  for (let now = 0; now <= 10_000; now += 10) {
    leaf.takeOverhead(5_000);
    drain(root, now, (_leaf, bytes) => {
      got += bytes;
      leaf.ask(UNIT);
    });
  }
  assert.ok(got > 480_000 && got <= 520_000, `${got}`);
});

test('a limit below what is asked for grants what it can save up', () => {
  const root = new QuotaNode(undefined, 10_000, 0);
  const leaf = new QuotaNode(root, 0, 0);
  leaf.ask(1_000_000);
  const wait = drain(root, 0, assert.fail);
  assert.deepEqual(root.next(Math.ceil(wait)), { leaf, bytes: UNIT + 1_000 });
});

test('limits come and go while somebody waits', () => {
  const root = new QuotaNode(undefined, 0, 0);
  const middle = new QuotaNode(root, 0, 0);
  const leaf = new QuotaNode(middle, 0, 0);
  assert.equal(leaf.limited, false);
  assert.equal(leaf.mayPass(0), true);
  assert.equal(leaf.share(0), Number.POSITIVE_INFINITY);
  middle.setRate(50_000, 1_000_000);
  assert.equal(leaf.limited, true);
  leaf.ask(20_000);
  assert.equal(root.next(1_000_000), 400, 'a time without a limit saves nothing up');
  middle.setRate(100_000, 1_000_000);
  assert.equal(root.next(1_000_000), 200);
  middle.setRate(0, 1_000_001);
  assert.deepEqual(root.next(1_000_001), { leaf, bytes: 20_000 });
  assert.equal(leaf.limited, false);
});

test('a debt does not grow longer with a lower limit, and is paid back sooner with a higher one', () => {
  const root = new QuotaNode(undefined, 1_000_000, 0);
  const leaf = new QuotaNode(root, 0, 0);
  leaf.take(1_000_000, 0);
  leaf.ask(1);
  assert.ok(Math.abs(Number(root.next(0)) - 1_000) < 1);
  root.setRate(10_000, 0);
  assert.ok(Math.abs(Number(root.next(0)) - 1_000) < 1);
  root.setRate(100_000, 0);
  assert.ok(Math.abs(Number(root.next(0)) - 100) < 1);
});

test('a subtree that hangs elsewhere takes its queue along, and no limit of its old place', () => {
  const root = new QuotaNode(undefined, 50_000, 0);
  const lan = new QuotaNode(root, 0, 0);
  const near = new QuotaNode(lan, 0, 0);
  const far = new QuotaNode(root, 0, 0);
  near.ask(20_000);
  far.ask(20_000);
  lan.moveTo(undefined);
  root.checkInvariant();
  assert.equal(near.limited, false);
  assert.deepEqual(lan.next(0), { leaf: near, bytes: 20_000 });
  assert.equal(root.next(0), 400);
  near.ask(20_000);
  lan.moveTo(root);
  root.checkInvariant();
  assert.equal(near.limited, true);
  assert.equal(root.next(0), 400);
  far.moveTo(undefined);
  root.checkInvariant();
  assert.deepEqual(root.next(400), { leaf: near, bytes: 20_000 });
  assert.equal(root.next(400), undefined, 'who left waits no more');
});

test('a share is the rate over those who used it lately', () => {
  const root = new QuotaNode(undefined, 900_000, 0);
  const leaves = [1, 2, 3, 4].map(() => new QuotaNode(root, 0, 0));
  for (let now = 0; now < 5_000; now += 100) for (const leaf of leaves.slice(0, 3)) leaf.take(1_000, now);
  assert.equal(leaves[0]!.share(5_000), 300_000);
  assert.equal(leaves[3]!.share(5_000), 300_000);
  leaves[0]!.take(1_000, 6_000);
  assert.equal(leaves[0]!.share(7_100), 900_000);
});
