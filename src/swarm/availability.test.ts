import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Availability } from './availability.ts';

const PIECES = 12;

test('the order of rarity is right after any sequence of changes', () => {
  const step = fc.record({ kind: fc.constantFrom('gain', 'lose', 'want', 'unwant'), piece: fc.nat(PIECES - 1) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.array(fc.boolean(), { minLength: PIECES, maxLength: PIECES }),
      (steps, wanted) => {
        const availability = new Availability(
          PIECES,
          (piece) => wanted[piece]!,
          () => 0.5,
        );
        const copies = new Array<number>(PIECES).fill(0);
        const expected = new Set([...wanted.keys()].filter((piece) => wanted[piece]));
        for (const { kind, piece } of steps) {
          if (kind === 'gain') {
            copies[piece]!++;
            availability.peerHas(piece);
          } else if (kind === 'lose') {
            if (copies[piece] === 0) continue;
            copies[piece]!--;
            availability.peerLost(piece);
          } else if (kind === 'want') {
            expected.add(piece);
            availability.want(piece);
          } else {
            expected.delete(piece);
            availability.unwant(piece);
          }
          availability.checkInvariant();
          const order = [...availability.order.subarray(0, availability.wanted)];
          assert.deepEqual(new Set(order), expected);
          assert.equal(order.length, expected.size);
          for (let i = 1; i < order.length; i++) assert.ok(copies[order[i - 1]!]! <= copies[order[i]!]!);
          const shared = order.findIndex((candidate) => copies[candidate]! > 0);
          assert.equal(availability.firstShared, shared < 0 ? order.length : shared);
        }
      },
    ),
  );
});

test('a seed counts for every piece without touching any', () => {
  const availability = new Availability(
    3,
    () => true,
    () => 0,
  );
  availability.seeds++;
  availability.peerHas(1);
  assert.deepEqual(
    [0, 1, 2].map((piece) => availability.copies(piece)),
    [1, 2, 1],
  );
});
