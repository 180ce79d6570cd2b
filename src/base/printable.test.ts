import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable } from './printable.ts';

test('ordinary text of any script is left alone', () => {
  for (const text of ['plain name.iso', 'größe', '音楽 01', 'قائمة', 'नमस्ते', '👩‍👩‍👧 family', 'می‌خواهم', 'C:\\x', ''])
    assert.equal(printable(text), text);
});

test('terminal escapes, line breaks, direction changes and invisible characters are shown', () => {
  assert.equal(printable('\x1b[2Jgone'), '\\x1b[2Jgone');
  assert.equal(printable('\x9b31mred'), '\\x9b31mred');
  assert.equal(printable('a\r\nb\tc\0'), 'a\\x0d\\x0ab\\x09c\\x00');
  assert.equal(printable('photo\u202egpj.exe'), 'photo\\u{202e}gpj.exe');
  assert.equal(printable('a\u200bb\ufeffc\u2066d\u2028e'), 'a\\u{200b}b\\u{feff}c\\u{2066}d\\u{2028}e');
  assert.equal(printable('\ud800x'), '\\u{d800}x');
  assert.equal(printable('\u{e0041}'), '\\u{e0041}');
});

test('whatever goes in, no control character and no line break comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printable(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      assert.equal(printable(shown), shown);
    }),
  );
});
