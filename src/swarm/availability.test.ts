import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../base/bitfield.ts';
import { Availability, TOP_PRIORITY, USUAL_PRIORITY } from './availability.ts';

const PIECES = 12;

test('the order is right after any sequence of changes', () => {
  const step = fc.record({
    kind: fc.constantFrom('gain', 'gain', 'lose', 'want', 'unwant', 'priorities', 'join', 'leave'),
    piece: fc.nat(PIECES - 1),
    numbers: fc.array(fc.nat(7), { minLength: PIECES, maxLength: PIECES }),
    sorted: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.array(fc.boolean(), { minLength: PIECES, maxLength: PIECES }),
      (steps, wanted) => {
        const availability = new Availability(
          PIECES,
          (piece) => wanted[piece]!,
          () => 0.5,
        );
        const copies = new Array<number>(PIECES).fill(0);
        const priorities = new Array<number>(PIECES).fill(USUAL_PRIORITY);
        const missing = new Set([...wanted.keys()].filter((piece) => wanted[piece]));
        for (const { kind, piece, numbers, sorted } of steps) {
          const field = new Bitfield(PIECES);
          for (const [other, number] of numbers.entries()) if (number > 3) field.add(other);
          if (kind === 'gain') {
            copies[piece]!++;
            availability.peerHas(piece);
          } else if (kind === 'lose') {
            if (copies[piece] === 0) continue;
            copies[piece]!--;
            availability.peerLost(piece);
          } else if (kind === 'want') {
            missing.add(piece);
            availability.want(piece);
          } else if (kind === 'unwant') {
            missing.delete(piece);
            availability.unwant(piece);
          } else if (kind === 'priorities') {
            for (const [other, number] of numbers.entries()) priorities[other] = number;
            availability.setPriorities(Uint8Array.from(numbers));
          } else if (kind === 'join') {
            for (let other = field.next(0); other >= 0; other = field.next(other + 1)) copies[other]!++;
            availability.peerJoined(field);
          } else {
            for (let other = field.next(0); other >= 0; other = field.next(other + 1))
              if (copies[other] === 0) field.delete(other);
            for (let other = field.next(0); other >= 0; other = field.next(other + 1)) copies[other]!--;
            availability.peerLeft(field);
          }
          if (!sorted) continue;
          availability.checkInvariant();
          const open = [...missing].filter((other) => priorities[other]! > 0);
          assert.equal(availability.wanted, open.length);
          const order: number[] = [];
          for (let level = 0; level < TOP_PRIORITY; level++)
            order.push(...availability.order.subarray(availability.levelStart(level), availability.levelEnd(level)));
          assert.deepEqual(new Set(order), new Set(open));
          const rank = (other: number): number => (TOP_PRIORITY - priorities[other]!) * 1000 + copies[other]!;
          for (let i = 1; i < order.length; i++) assert.ok(rank(order[i - 1]!) <= rank(order[i]!));
          for (let other = 0; other < PIECES; other++) assert.equal(availability.copies(other), copies[other]);
        }
      },
    ),
  );
});

test('more copies than there are buckets are all the same', () => {
  const availability = new Availability(
    3,
    () => true,
    () => 0,
  );
  availability.sort();
  for (let i = 0; i < 300; i++) availability.peerHas(1);
  for (let i = 0; i < 200; i++) availability.peerHas(2);
  availability.checkInvariant();
  assert.equal(availability.bucket(1), availability.bucket(2));
  for (let i = 0; i < 250; i++) availability.peerLost(1);
  availability.checkInvariant();
  assert.equal(availability.copies(1), 50);
  assert.ok(availability.bucket(1) < availability.bucket(2));
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

test('a skipped piece is open to nobody until it is wanted again', () => {
  const availability = new Availability(
    3,
    () => true,
    () => 0,
  );
  availability.setPriorities(Uint8Array.of(0, 4, 9));
  assert.deepEqual(
    [0, 1, 2].map((piece) => availability.isOpen(piece)),
    [false, true, true],
  );
  assert.equal(availability.priority(2), TOP_PRIORITY);
  availability.unwant(0);
  availability.want(0);
  availability.checkInvariant();
  assert.equal(availability.wanted, 2);
  availability.setPriorities(Uint8Array.of(1, 4, 4));
  assert.equal(availability.isOpen(0), true);
});
