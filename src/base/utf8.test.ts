import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeLatin1, decodeUtf8, encodeLatin1, encodeUtf8, isUtf8 } from './utf8.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Bytes among which broken sequences are frequent. */
const bytes = fc.uint8Array({ maxLength: 40 });
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0x9f, 0xa0, 0xed, 0xef),
      fc.constantFrom(0xf0, 0x8f, 0x90, 0xf4, 0xf5, 0xff),
      fc.nat(255),
    ),
    { maxLength: 12 },
  )
  .map((values) => Uint8Array.from(values));

function isValid(candidate: Uint8Array): boolean {
  try {
    strict.decode(candidate);
    return true;
  } catch {
    return false;
  }
}

test('encoding is what TextEncoder does, unpaired surrogates and all', () => {
  const encoder = new TextEncoder();
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  );
  fc.assert(
    fc.property(text, (value) => assert.deepEqual(encodeUtf8(value), encoder.encode(value))),
    { numRuns: 500 },
  );
});

test('what is valid is decided and decoded as TextDecoder does; what is not never passes', () => {
  fc.assert(
    fc.property(fc.oneof(bytes, nearlyUtf8, fc.string({ unit: 'binary' }).map(encodeUtf8)), (value) => {
      const valid = isValid(value);
      assert.equal(isUtf8(value), valid);
      if (valid) assert.equal(decodeUtf8(value), decoder.decode(value));
      else assert.match(decodeUtf8(value), /\ufffd/);
      // A bad sequence is one U+FFFD there and one a byte here; everything around it is the same.
      const collapsed = (text: string): string => text.replace(/\ufffd+/g, '\ufffd');
      assert.equal(collapsed(decodeUtf8(value)), collapsed(decoder.decode(value)));
    }),
    { numRuns: 2000 },
  );
});

test('every code point comes back, surrogates as U+FFFD', () => {
  for (let code = 0; code <= 0x10ffff; code += code < 0x3000 || (code > 0xd700 && code < 0xe100) ? 1 : 251) {
    const text = String.fromCodePoint(code);
    const expected = code >= 0xd800 && code <= 0xdfff ? '\ufffd' : text;
    assert.equal(decodeUtf8(encodeUtf8(text)), expected);
  }
});

test('latin-1 is one character per byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(encodeLatin1(decodeLatin1(all)), all);
  assert.equal(decodeLatin1(all), Buffer.from(all).toString('latin1'));
});
