import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 12 });

test('hexadecimal goes both ways, in either case, and nothing else passes for it', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      assert.equal(toHex(value), Buffer.from(value).toString('hex'));
      assert.deepEqual(fromHex(toHex(value)), value);
      assert.deepEqual(fromHex(toHex(value).toUpperCase()), value);
    }),
  );
  for (const text of ['0', 'abc', '0g', ' 00', '0x00', '00\n', '٣٣']) assert.equal(fromHex(text), undefined, text);
});

test('order and equality are those of Buffer', () => {
  const near = fc.array(fc.constantFrom(0, 1, 255), { maxLength: 4 }).map((values) => Uint8Array.from(values));
  fc.assert(
    fc.property(near, near, (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
    }),
  );
});

test('parts are joined in order into fresh bytes', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      assert.deepEqual(concatBytes(parts), new Uint8Array(Buffer.concat(parts)));
    }),
  );
});
