import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { encodeLatin1, encodeUtf8 } from '../base/utf8.ts';
import { decodeDict, encode } from './bencode.ts';
import { decodeEntry, type Entry, entryBytes, MAX_RECORD_LENGTH, type SignedRecord } from './entry.ts';

const PREFIX = encodeLatin1('shoal-entry-v1\0');

function hexOf(bytes: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array) => Array.from(array, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const name = fc
  .string({ minLength: 1, maxLength: 80, unit: 'binary' })
  .filter((text) => text.isWellFormed() && encodeUtf8(text).length <= 255);
const chain = fc.oneof(
  fc.constant({ seq: 1, prev: '' }),
  fc.record({ seq: fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }), prev: hexOf(32) }),
);
const head = fc
  .tuple(fc.record({ publisher: hexOf(32), name, timestamp: count }), chain)
  .map(([fields, links]) => ({ ...fields, ...links }));
const entry: fc.Arbitrary<Entry> = fc
  .tuple(head, count, hexOf(20), fc.array(fc.webUrl({ validSchemes: ['http', 'https'] }), { maxLength: 8 }))
  .map(([fields, size, infoHash, trackers]) => ({ type: 'file', ...fields, size, infoHash, trackers }));
const record: fc.Arbitrary<SignedRecord> = fc.oneof(
  entry,
  head.map((fields) => ({ type: 'remove' as const, ...fields })),
);

const example: Entry = {
  type: 'file',
  publisher: 'ab'.repeat(32),
  name: 'Größe.iso',
  seq: 2,
  prev: 'cd'.repeat(32),
  size: 1234,
  infoHash: 'ef'.repeat(20),
  timestamp: 1_700_000_000,
  trackers: ['http://tracker.example:7070'],
};

function refuses(bytes: Uint8Array, reason: string): void {
  assert.throws(
    () => decodeEntry(bytes),
    (error) => {
      assert.ok(error instanceof ShoalError, String(error));
      assert.equal(error.code, 'ERR_SIGNATURE');
      assert.equal(error.reason, reason, error.message);
      return true;
    },
  );
}

test('a record goes through its signed bytes and back', () => {
  fc.assert(
    fc.property(record, (value) => {
      assert.deepEqual(decodeEntry(entryBytes(value)), value);
    }),
  );
});

test('two different records never have the same signed bytes', () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      const same = Buffer.compare(entryBytes(a), entryBytes(b)) === 0;
      assert.equal(same, JSON.stringify(a, Object.keys(a).sort()) === JSON.stringify(b, Object.keys(b).sort()));
    }),
  );
});

test('the signed bytes are these, for ever', () => {
  const text = Buffer.from(entryBytes(example)).toString('latin1');
  const raw = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');
  assert.equal(
    text,
    `shoal-entry-v1\0d3:ih120:${raw('ef'.repeat(20))}4:name${encodeUtf8('Größe.iso').length}:${Buffer.from('Größe.iso').toString('latin1')}` +
      `4:prev32:${raw('cd'.repeat(32))}3:pub32:${raw('ab'.repeat(32))}3:seqi2e4:sizei1234e8:trackersl27:http://tracker.example:7070e` +
      `2:tsi1700000000e4:type4:filee`,
  );
});

test('whatever the bytes, decoding ends with a record or a coded error', () => {
  const bytes = entryBytes(example);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const changed = bytes.slice();
      changed[at] = byte;
      try {
        const value = decodeEntry(changed);
        // Then it is a record like any other, and differs from the example unless the changed field is an unknown one now.
        assert.deepEqual(decodeEntry(entryBytes(value)), value);
      } catch (error) {
        assert.ok(error instanceof ShoalError, String(error));
        assert.equal(error.code, 'ERR_SIGNATURE');
      }
    }),
    { numRuns: 2000 },
  );
  for (let end = 0; end < bytes.length; end++)
    assert.throws(() => decodeEntry(bytes.slice(0, end)), { code: 'ERR_SIGNATURE' });
});

test('fields of later versions are ignored and their bytes survive', () => {
  const fields = decodeDict(entryBytes(example).subarray(PREFIX.length));
  fields.set('root', new Uint8Array(32));
  fields.set('tags', [encodeUtf8('music')]);
  const bytes = concatBytes([PREFIX, encode(fields)]);
  assert.deepEqual(decodeEntry(bytes), example);
});

test('what is not canonical, too long or without the prefix is refused', () => {
  const body = entryBytes(example).subarray(PREFIX.length);
  refuses(body, 'no_prefix');
  refuses(concatBytes([encodeLatin1('shoal-entry-v2\0'), body]), 'no_prefix');
  refuses(concatBytes([PREFIX, body, encodeLatin1('x')]), 'not_canonical');
  refuses(concatBytes([PREFIX, encodeLatin1('d4:type4:file3:seqi1ee')]), 'not_canonical');
  refuses(concatBytes([PREFIX, encodeLatin1('d3:seqi01ee')]), 'not_canonical');
  refuses(concatBytes([PREFIX, encodeLatin1('le')]), 'not_canonical');
  refuses(concatBytes([PREFIX, new Uint8Array(MAX_RECORD_LENGTH)]), 'too_long');
});

test('each field is held to its range, when signing and when reading', () => {
  const bad: Record<string, unknown>[] = [
    { publisher: 'ab' },
    { publisher: 'AB'.repeat(32) },
    { name: '' },
    { name: 'x'.repeat(256) },
    { name: '\ud800' },
    { seq: 0 },
    { seq: 1 },
    { seq: 1.5 },
    { seq: -1 },
    { prev: '' },
    { prev: 'cd'.repeat(20) },
    { size: -1 },
    { infoHash: 'ef'.repeat(32) },
    { timestamp: -5 },
    { trackers: ['udp://tracker.example'] },
    { trackers: ['javascript:alert(1)'] },
    { trackers: new Array(9).fill('http://a') },
  ];
  for (const change of bad) {
    const value = { ...example, ...change };
    assert.throws(() => entryBytes(value), { code: 'ERR_SIGNATURE', reason: 'bad_field' }, JSON.stringify(change));
  }
  const fields = decodeDict(entryBytes(example).subarray(PREFIX.length));
  const wrong: [string, string | number | bigint | Uint8Array | undefined][] = [
    ['seq', 0],
    ['seq', 2n ** 60n],
    ['seq', '2'],
    ['size', -1],
    ['ih1', new Uint8Array(32)],
    ['pub', new Uint8Array(31)],
    ['prev', new Uint8Array(0)],
    ['name', new Uint8Array([0xff])],
    ['ts', undefined],
    ['trackers', 'http://a'],
  ];
  for (const [key, value] of wrong) {
    const changed = new Map<string, never>(fields as Map<string, never>);
    if (value === undefined) changed.delete(key);
    else changed.set(key, value as never);
    refuses(concatBytes([PREFIX, encode(changed)]), 'bad_field');
  }
  fields.set('type', encodeUtf8('rename'));
  refuses(concatBytes([PREFIX, encode(fields)]), 'unknown_type');
});
