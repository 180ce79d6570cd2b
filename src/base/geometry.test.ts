import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BLOCK_LENGTH, Geometry } from './geometry.ts';

const pieceLength = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 5 * BLOCK_LENGTH }),
  fc.constantFrom(BLOCK_LENGTH, BLOCK_LENGTH - 1, BLOCK_LENGTH + 1, 4 * BLOCK_LENGTH),
);

test('pieces and blocks cover every byte once, whatever the lengths', () => {
  fc.assert(
    fc.property(pieceLength, fc.nat(6), fc.nat(5 * BLOCK_LENGTH), (length, whole, rest) => {
      const total = whole * length + (rest % length);
      const geometry = new Geometry(total, length);
      let at = 0;
      for (let piece = 0; piece < geometry.pieceCount; piece++) {
        assert.equal(geometry.pieceOffset(piece), at);
        let begin = 0;
        const blocks = geometry.blockCount(piece);
        assert.ok(blocks >= 1 && blocks <= geometry.blocksPerPiece);
        for (let block = 0; block < blocks; block++) {
          const size = geometry.blockSize(piece, block);
          assert.ok(size > 0 && size <= BLOCK_LENGTH);
          assert.ok(block === blocks - 1 || size === BLOCK_LENGTH);
          assert.equal(begin, block * BLOCK_LENGTH);
          assert.ok(geometry.contains(piece, begin, size));
          begin += size;
        }
        assert.equal(begin, geometry.pieceSize(piece));
        assert.equal(geometry.contains(piece, 0, begin + 1), false);
        assert.equal(geometry.contains(piece, begin, 1), false);
        at += begin;
      }
      assert.equal(at, total);
      assert.equal(geometry.isPiece(geometry.pieceCount), false);
      assert.equal(geometry.contains(geometry.pieceCount, 0, 1), false);
    }),
  );
});

test('what is no range of a piece is recognised', () => {
  const geometry = new Geometry(100_000, 32_768);
  assert.equal(geometry.pieceCount, 4);
  assert.equal(geometry.pieceSize(3), 100_000 - 3 * 32_768);
  for (const [piece, begin, length] of [
    [-1, 0, 1],
    [0, -1, 1],
    [0, 0, 0],
    [0, 32_767, 2],
    [0, 4_294_967_295, 1],
    [0, 0, 4_294_967_295],
    [2 ** 32 - 1, 0, 1],
    [3, 1_600, 96 + 1],
    [0.5, 0, 1],
    [Number.NaN, 0, 1],
  ] as const)
    assert.equal(geometry.contains(piece, begin, length), false, `${piece}:${begin}+${length}`);
  assert.equal(geometry.contains(3, 1_600, 96), true);
});

test('nothing at all has no pieces', () => {
  const geometry = new Geometry(0, 16_384);
  assert.equal(geometry.pieceCount, 0);
  assert.equal(geometry.isPiece(0), false);
});
