import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { encodePiece } from '../protocol/wire/messages.ts';
import { type Frame, FramePool } from './frame-pool.ts';

const length = fc.oneof(fc.constant(BLOCK_LENGTH), fc.integer({ min: 1, max: BLOCK_LENGTH }));

test('a frame is the piece messages one after the other, and its gaps are where the payloads belong', () => {
  const pool = new FramePool(0);
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.nat(1_000_000),
      fc.array(length, { minLength: 1, maxLength: 64 }),
      (piece, begin, lengths) => {
        const bytes = lengths.reduce((sum, each) => sum + each, 0);
        const payload = Uint8Array.from({ length: bytes }, (_, i) => i * 31 + (i >> 8));
        const run = { piece, begin, lengths, bytes };
        const frame = pool.take(bytes)!;
        let at = 0;
        const gaps = frame.lay(run);
        assert.deepEqual(
          gaps.map((gap) => gap.length),
          lengths,
        );
        // As the disk does: all gaps are filled in order.
        for (const gap of gaps) {
          gap.set(payload.subarray(at, at + gap.length));
          at += gap.length;
        }
        const messages: Uint8Array[] = [];
        at = 0;
        for (const each of lengths) {
          messages.push(encodePiece(piece, begin + at, payload.subarray(at, at + each)));
          at += each;
        }
        assert.equal(Buffer.compare(frame.bytes(run), Buffer.concat(messages)), 0);
        pool.give(frame);
      },
    ),
    { numRuns: 60 },
  );
});

const MIB = 1024 * 1024;

test('a frame is used again, and who asks for little is given little', () => {
  const pool = new FramePool(64 * MIB);
  const frames = [1, BLOCK_LENGTH, 5 * BLOCK_LENGTH, 64 * BLOCK_LENGTH].map((payload) => pool.take(payload)!);
  assert.deepEqual(
    frames.map(({ size }) => Math.floor(size / BLOCK_LENGTH)),
    [1, 1, 8, 64],
  );
  for (const frame of frames) pool.give(frame);
  assert.equal(pool.take(2 * BLOCK_LENGTH), frames[2]);
  assert.equal(pool.take(9 * BLOCK_LENGTH), frames[3]);
});

test('many requests for a few bytes each fit into the smallest frame', () => {
  const lengths = Array.from({ length: 64 }, () => 256);
  const run = { piece: 0, begin: 0, lengths, bytes: BLOCK_LENGTH };
  const frame = new FramePool(0).take(BLOCK_LENGTH)!;
  assert.equal(frame.lay(run).length, 64);
  assert.equal(frame.bytes(run).length, BLOCK_LENGTH + 64 * 13);
});

test('all frames together stay within their memory, idle ones make room, and who waited is told in turn', () => {
  const pool = new FramePool(4 * MIB);
  const large = [0, 1, 2].map(() => pool.take(MIB)!);
  assert.equal(pool.take(MIB), undefined);
  const small: Frame[] = [];
  for (let frame = pool.take(1); frame !== undefined; frame = pool.take(1)) small.push(frame);
  const held = [...large, ...small].reduce((sum, { size }) => sum + size, 0);
  assert.ok(held <= 4 * MIB && held > 4 * MIB - 2 * BLOCK_LENGTH, `${held} bytes are held`);
  const told: string[] = [];
  pool.whenGiven(() => {
    told.push('first');
    pool.whenGiven(() => told.push('again'));
  });
  pool.whenGiven(() => told.push('second'));
  for (const frame of small) pool.give(frame);
  assert.deepEqual(told, ['first', 'second', 'again']);
  // Less than a large one is free, until idle small ones go.
  pool.give(large[0]!);
  assert.equal(pool.take(MIB), large[0]);
  pool.give(large[1]!);
  const again: Frame[] = [];
  for (let frame = pool.take(1); frame !== undefined; frame = pool.take(1)) again.push(frame);
  assert.ok(again.length > 2 * small.length, 'the large one that was idle made room for small ones');
});
