import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { encodePiece } from '../protocol/wire/messages.ts';
import { FramePool } from './frame-pool.ts';

const length = fc.oneof(fc.constant(BLOCK_LENGTH), fc.integer({ min: 1, max: BLOCK_LENGTH }));

test('a frame is the piece messages one after the other, and its gaps are where the payloads belong', () => {
  const pool = new FramePool();
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.nat(1_000_000),
      fc.array(length, { minLength: 1, maxLength: 64 }),
      (piece, begin, lengths) => {
        const bytes = lengths.reduce((sum, each) => sum + each, 0);
        const payload = Uint8Array.from({ length: bytes }, (_, i) => i * 31 + (i >> 8));
        const run = { piece, begin, lengths, bytes };
        const frame = pool.take();
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

test('a frame is used again, and only a few idle ones are kept', () => {
  const pool = new FramePool();
  const frames = Array.from({ length: 20 }, () => pool.take());
  assert.equal(new Set(frames).size, 20);
  for (const frame of frames) pool.give(frame);
  const again = new Set(Array.from({ length: 20 }, () => pool.take()));
  assert.equal(frames.filter((frame) => again.has(frame)).length, 8);
});
