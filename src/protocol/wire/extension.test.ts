// Extension handshakes and metadata messages: there and back, and every hostile field of the table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../base/bytes.ts';
import { ShoalError } from '../../base/errors.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import { encode } from '../bencode.ts';
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodeUploadOnly,
  type ExtensionHandshake,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  encodeUploadOnly,
  MAX_METADATA_SIZE,
  metadataPieceCount,
  metadataPieceLength,
} from './extension.ts';

test('a handshake comes back as it went', () => {
  const handshake: ExtensionHandshake = {
    messages: new Map([
      ['ut_metadata', 3],
      ['ut_pex', 1],
      ['lt_donthave', 0],
    ]),
    client: 'Shoal 0.1.0 ∿',
    requestQueue: 500,
    port: 6881,
    yourIp: Uint8Array.of(10, 0, 0, 7),
    metadataSize: 31235,
    uploadOnly: true,
  };
  assert.deepEqual(decodeExtensionHandshake(encodeExtensionHandshake(handshake)), handshake);
  assert.deepEqual(decodeExtensionHandshake(encodeLatin1('de')), { messages: new Map() });
});

test('hostile fields are dropped or clamped', () => {
  const read = (fields: Parameters<typeof encode>[0]) => decodeExtensionHandshake(encode(fields));
  const nothing = { messages: new Map() };
  for (const size of [0, -1, 3_000_000_000, MAX_METADATA_SIZE + 1, 'x'])
    assert.deepEqual(read({ metadata_size: size }), nothing);
  for (const port of [0, 65536, -5, 2n ** 62n]) assert.deepEqual(read({ p: port }), nothing);
  for (const yourip of [new Uint8Array(5), new Uint8Array(0), 7]) assert.deepEqual(read({ yourip }), nothing);
  assert.deepEqual(read({ reqq: 0 }), nothing);
  assert.equal(read({ reqq: 10_000_000 }).requestQueue, 2048);
  assert.equal(read({ upload_only: 0 }).uploadOnly, false);
  assert.deepEqual(read({ m: 'x' }), nothing);
  assert.deepEqual(
    read({ m: { a: 1, b: 256, c: -1, d: 'x', e: 1, f: 0, g: 0, h: 255 } }).messages,
    new Map([
      ['a', 1],
      ['f', 0],
      ['g', 0],
      ['h', 255],
    ]),
  );
  const many = Object.fromEntries(Array.from({ length: 255 }, (_, i) => [`x${i}`, i + 1]));
  assert.equal(read({ m: many }).messages.size, 64);
  assert.equal(read({ m: { __proto__x: 1, constructor: 2 } }).messages.get('constructor'), 2);
});

test('a client name is cut and cleaned', () => {
  const name = (v: string | Uint8Array) => decodeExtensionHandshake(encode({ v })).client;
  assert.equal(name('x'.repeat(60_000)), 'x'.repeat(64));
  assert.equal(name('\u{1f41f}'.repeat(100)), '\u{1f41f}'.repeat(64));
  assert.equal(name('evil\x1b[2J\u202egpj\u200b\r\n'), 'evil[2Jgpj');
  assert.equal(name(Uint8Array.of(0x61, 0xff, 0x62)), 'a\ufffdb');
});

test('what is no bounded, shallow dictionary is refused', () => {
  const deep = `d1:a${'l'.repeat(12)}${'e'.repeat(12)}e`;
  for (const bytes of ['', 'i1e', 'le', 'd1:a', 'spam', deep])
    assert.throws(
      () => decodeExtensionHandshake(encodeLatin1(bytes)),
      (error) => error instanceof ShoalError && error.code === 'ERR_WIRE' && error.reason === 'invalid_extended',
      bytes,
    );
  const long = encode({ v: new Uint8Array(70_000) });
  assert.throws(() => decodeExtensionHandshake(long), /invalid_extended/);
});

test('no bytes make the handshake reader fail in another way', () => {
  const letters = fc.constantFrom(...['d', 'l', 'i', 'e', '1:m', '1:p', '4:reqq', '1:v', '0', '1', '9', '-', ':', 'é']);
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 30, size: 'max' }), (parts) => {
      try {
        decodeExtensionHandshake(encodeLatin1(parts.join('')));
      } catch (error) {
        assert.ok(error instanceof ShoalError && error.reason === 'invalid_extended', String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('metadata messages come back as they went', () => {
  const size = fc.integer({ min: 1, max: 200_000 });
  fc.assert(
    fc.property(size, fc.nat(), fc.nat(255), (totalSize, seed, fill) => {
      const piece = seed % metadataPieceCount(totalSize);
      const data = new Uint8Array(metadataPieceLength(totalSize, piece)).fill(fill);
      for (const message of [
        { type: 'request', piece } as const,
        { type: 'reject', piece } as const,
        { type: 'data', piece, totalSize, data } as const,
      ])
        assert.deepEqual(decodeMetadataMessage(encodeMetadataMessage(message)), message);
    }),
  );
});

test('the pieces of metadata make up the whole', () => {
  for (const size of [1, 16383, 16384, 16385, 5 * 16384]) {
    let sum = 0;
    for (let piece = 0; piece < metadataPieceCount(size); piece++) sum += metadataPieceLength(size, piece);
    assert.equal(sum, size);
  }
});

test('a metadata message out of form or range is nothing', () => {
  const message = (head: Parameters<typeof encode>[0], data = 0) =>
    decodeMetadataMessage(concatBytes([encode(head), new Uint8Array(data)]));
  assert.equal(decodeMetadataMessage(new Uint8Array(0)), undefined);
  assert.equal(decodeMetadataMessage(encodeLatin1('le')), undefined);
  for (const piece of [-1, 2 ** 31, 1024, 'x']) assert.equal(message({ msg_type: 0, piece }), undefined);
  assert.equal(message({ msg_type: 3, piece: 0 }), undefined);
  assert.equal(message({ piece: 0 }), undefined);
  assert.equal(message({ msg_type: 0 }), undefined);
  assert.deepEqual(message({ msg_type: 0, piece: 1023, extra: 'ignored' }), { type: 'request', piece: 1023 });
  assert.equal(message({ msg_type: 1, piece: 0 }, 100), undefined, 'data without a total');
  for (const total_size of [0, -1, MAX_METADATA_SIZE + 1])
    assert.equal(message({ msg_type: 1, piece: 0, total_size }, 100), undefined);
  assert.equal(message({ msg_type: 1, piece: 0, total_size: 100 }, 99), undefined);
  assert.equal(message({ msg_type: 1, piece: 0, total_size: 100 }, 101), undefined);
  assert.equal(message({ msg_type: 1, piece: 1, total_size: 16384 }, 0), undefined, 'a piece behind the end');
  assert.notEqual(message({ msg_type: 1, piece: 1, total_size: 16484 }, 100), undefined);
});

test('upload_only and lt_donthave come back as they went, and nothing else is taken for them', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.boolean(), fc.uint8Array({ maxLength: 8 }), (piece, flag, bytes) => {
      assert.equal(decodeDontHave(encodeDontHave(piece)), piece);
      assert.equal(decodeUploadOnly(encodeUploadOnly(flag)), flag);
      if (bytes.length !== 1) assert.equal(decodeUploadOnly(bytes), undefined);
      if (bytes.length !== 4)
        assert.throws(
          () => decodeDontHave(bytes),
          (error) => error instanceof ShoalError && error.reason === 'invalid_dont_have',
        );
    }),
  );
});
