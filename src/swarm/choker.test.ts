import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../test/sim/net.ts';
import { CHOKE_ROUND, type ChokerOptions, type ChokerPeer, chooseUnchoked } from './choker.ts';

function peer(id: number, values: Partial<ChokerPeer> = {}): ChokerPeer {
  return {
    id,
    interested: true,
    choked: true,
    snubbed: false,
    fresh: false,
    since: 100_000,
    fixed: false,
    given: 0,
    taken: 0,
    served: 0,
    barren: 0,
    progress: 0,
    ...values,
  };
}

const downloading: ChokerOptions = {
  slots: 4,
  seeding: false,
  seedChoker: 'round-robin',
  scarce: true,
  round: 0,
  optimistic: new Set(),
  pieceLength: 1000,
};
const seeding: ChokerOptions = { ...downloading, seeding: true, scarce: false };

/** Ids of those who are served, the optimistic ones apart. */
function served(peers: readonly ChokerPeer[], options: ChokerOptions, random = (): number => 0): number[] {
  const { unchoked, optimistic } = chooseUnchoked(peers, options, random);
  return [...unchoked].filter((id) => !optimistic.has(id)).sort((a, b) => a - b);
}

test('with spare slots every interested peer is served and nobody else', () => {
  const peers = [peer(0), peer(1), peer(2, { interested: false })];
  for (const options of [downloading, seeding])
    assert.deepEqual([...chooseUnchoked(peers, options, () => 0).unchoked].sort(), [0, 1]);
});

test('while downloading, those who gave most are served, plus one by chance', () => {
  const peers = Array.from({ length: 10 }, (_, id) =>
    peer(id, { given: id * 1000, since: 100_000 - id * CHOKE_ROUND }),
  );
  const { unchoked, optimistic } = chooseUnchoked(peers, downloading, () => 0);
  assert.deepEqual([...unchoked].slice(0, 3), [9, 8, 7]);
  assert.deepEqual([...optimistic], [0]);
  assert.equal(unchoked.size, 4);
});

test('a fifth of the slots is optimistic', () => {
  const peers = Array.from({ length: 40 }, (_, id) => peer(id, { given: id }));
  const { unchoked, optimistic } = chooseUnchoked(peers, { ...downloading, slots: 20 }, () => 0);
  assert.deepEqual([unchoked.size, optimistic.size], [20, 4]);
});

test('who gave nothing gets what is spare, but nothing that would be taken from those who gave', () => {
  const peers = [peer(0, { given: 5 }), ...Array.from({ length: 5 }, (_, i) => peer(i + 1))];
  assert.equal(chooseUnchoked(peers, downloading, () => 0).unchoked.size, 2, 'one who gave, one by chance');
  assert.equal(chooseUnchoked(peers, { ...downloading, scarce: false }, () => 0).unchoked.size, 4);
  const nobodyGave = peers.slice(1);
  assert.equal(chooseUnchoked(nobodyGave, downloading, () => 0).unchoked.size, 4, 'nothing to judge by yet');
});

test('a peer that owes us blocks is served by the optimistic slot alone', () => {
  const peers = [peer(0, { given: 9000, snubbed: true }), peer(1, { given: 1 }), peer(2, { given: 2 }), peer(3)];
  assert.deepEqual(served(peers, { ...downloading, slots: 3 }), [1, 2]);
});

test('the optimistic slot stays for three rounds and then goes to somebody else', () => {
  const peers = Array.from({ length: 6 }, (_, id) => peer(id, { given: 100 - id }));
  const options = { ...downloading, slots: 3 };
  const draw = (round: number, before: ReadonlySet<number>, lot: number): number[] => [
    ...chooseUnchoked(peers, { ...options, round, optimistic: before }, () => lot).optimistic,
  ];
  const first = new Set(draw(0, new Set(), 0));
  assert.equal(first.size, 1);
  assert.deepEqual(draw(1, first, 0.99), [...first]);
  assert.deepEqual(draw(2, first, 0.99), [...first]);
  assert.notDeepEqual(draw(3, first, 0), [...first]);
});

test('the optimistic slot goes to who has waited longest, and a newcomer has three lots', () => {
  const peers = [
    peer(0, { given: 9 }),
    peer(1, { since: 90_000 }),
    peer(2, { since: 20_000, fresh: true }),
    peer(3, { since: 40_000 }),
  ];
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) {
    const { optimistic } = chooseUnchoked(peers, { ...downloading, slots: 2 }, () => i / 1000);
    counts[[...optimistic][0]!]!++;
  }
  assert.deepEqual(counts, [0, 400, 600, 0], 'two peers with a lot, one with three');
});

test('who took and gave nothing back waits longer for the next optimistic slot, and gets it in the end', () => {
  const options = { ...downloading, slots: 2 };
  const rounds = (barren: number): number => {
    for (let waited = 0; waited < 100; waited++) {
      const peers = [peer(0, { given: 9 }), peer(1, { barren, since: waited * CHOKE_ROUND })];
      if (chooseUnchoked(peers, options, () => 0).unchoked.has(1)) return waited;
    }
    return -1;
  };
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map(rounds), [0, 3, 6, 9, 12, 12, 12]);
});

test('at a seed a turn lasts for more than 20 pieces and more than a minute; then who has waited longest is next', () => {
  const peers = [
    peer(0, { choked: false, served: 20_001, since: 60_001 }),
    peer(1, { choked: false, served: 20_001, since: 50_000 }),
    peer(2, { choked: false, served: 20_000, since: 600_000 }),
    peer(3, { since: 30_000 }),
    peer(4, { since: 40_000 }),
  ];
  assert.deepEqual(served(peers, { ...seeding, slots: 4 }), [1, 2, 4]);
});

test('a seed can serve those who take fastest', () => {
  const peers = Array.from({ length: 5 }, (_, id) => peer(id, { taken: id }));
  assert.deepEqual(served(peers, { ...seeding, seedChoker: 'fastest', slots: 3 }), [3, 4]);
});

test('against leeches a seed serves those at the beginning and at the end', () => {
  const peers = [0.5, 0.02, 0.4, 0.99, 0.7].map((progress, id) => peer(id, { progress }));
  assert.deepEqual(served(peers, { ...seeding, seedChoker: 'anti-leech', slots: 3 }), [1, 3]);
});

test('slots by rate: each could take 2 KiB a second times their number, five to fifty', () => {
  const slots = (...rates: number[]): number => {
    const peers = rates.map((rate, id) => peer(id, { taken: rate * 10 }));
    return chooseUnchoked(peers, { ...seeding, slots: 'rate' }, () => 0).slots;
  };
  assert.equal(slots(), 5);
  assert.equal(slots(2048 * 48), 6);
  assert.equal(slots(2048 * 50, 2048 * 50), 10);
  assert.equal(slots(2048 * 49, 2048 * 50), 9);
  assert.equal(slots(1e9, 1e9), 50);
});

const anyPeers = fc.array(
  fc.record({
    interested: fc.boolean(),
    choked: fc.boolean(),
    snubbed: fc.boolean(),
    fresh: fc.boolean(),
    fixed: fc.boolean(),
    since: fc.nat(200_000),
    given: fc.nat(3),
    taken: fc.nat(1_000_000),
    served: fc.nat(50_000),
    barren: fc.nat(6),
    progress: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 30 },
);
const anyOptions = fc.record({
  slots: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant('rate' as const)),
  seeding: fc.boolean(),
  seedChoker: fc.constantFrom('round-robin' as const, 'fastest' as const, 'anti-leech' as const),
  scarce: fc.boolean(),
  round: fc.nat(5),
  optimistic: fc.uniqueArray(fc.nat(29), { maxLength: 3 }).map((ids) => new Set(ids)),
  pieceLength: fc.constant(1000),
});

test('never more slots than allowed, nobody who is not interested, nobody twice in a round, and the same by the same chance', () => {
  fc.assert(
    fc.property(anyPeers, anyOptions, fc.nat(), (values, options, seed) => {
      const peers = values.map((value, id) => peer(id, value));
      const { unchoked, optimistic, slots } = chooseUnchoked(peers, options, seededRandom(seed));
      const kept = peers.filter((one) => one.interested && one.fixed && !one.choked);
      assert.ok(unchoked.size <= Math.max(slots, kept.length));
      for (const one of kept) assert.ok(unchoked.has(one.id), 'choked again within a round');
      for (const id of optimistic) assert.ok(unchoked.has(id));
      for (const id of unchoked) {
        const one = peers[id]!;
        assert.ok(one.interested);
        assert.ok(!(one.fixed && one.choked), 'unchoked again within a round');
      }
      assert.deepEqual(chooseUnchoked(peers, options, seededRandom(seed)), { unchoked, optimistic, slots });
      const waiting = peers.filter((one) => one.interested && !one.fixed && !unchoked.has(one.id));
      if (options.seeding && waiting.length > 0) assert.ok(unchoked.size >= slots, 'a slot is left unused');
    }),
    { numRuns: 1000 },
  );
});
