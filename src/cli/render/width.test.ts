import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fit, pad, width } from './width.ts';

test('cells of Latin, East Asian, combining and emoji text', () => {
  assert.equal(width('abc'), 3);
  assert.equal(width('größe'), 5);
  assert.equal(width('o\u0308'), 1);
  assert.equal(width('音楽'), 4);
  assert.equal(width('ﾊﾝｶｸ'), 4);
  assert.equal(width('한글'), 4);
  assert.equal(width('🎵a'), 3);
  assert.equal(width('█▓▒░'), 4);
});

test('cutting never splits a wide character and marks the cut', () => {
  assert.equal(fit('abcdef', 4), 'abc…');
  assert.equal(fit('音楽会場', 5), '音楽…');
  assert.equal(fit('音楽会場', 6), '音楽…');
  assert.equal(fit('音楽会場', 8), '音楽会場');
  assert.equal(fit('abc', 0), '');
});

test('padding gives exactly the cells asked for, on the side asked for', () => {
  assert.equal(pad('ab', 4), 'ab  ');
  assert.equal(pad('7', 3, 'right'), '  7');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, cells) => {
      assert.equal(width(pad(text, cells)), cells);
    }),
  );
});
