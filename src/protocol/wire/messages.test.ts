// Each message written and read back, and what a reader must refuse.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../../base/bitfield.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { ShoalError } from '../../base/errors.ts';
import { allowedFastSet } from './fast.ts';
import {
  decodeBitfield,
  decodeBlock,
  decodeHave,
  decodeIndex,
  decodePort,
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeKeepAlive,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSignal,
  encodeSuggest,
  MESSAGE,
  readUint32,
} from './messages.ts';

function reasonOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof ShoalError) return error.reason;
    throw error;
  }
  return 'accepted';
}

test('the bytes of each message are those of the BEPs', () => {
  assert.equal(toHex(encodeKeepAlive()), '00000000');
  assert.equal(toHex(encodeSignal(MESSAGE.choke)), '0000000100');
  assert.equal(toHex(encodeSignal(MESSAGE.notInterested)), '0000000103');
  assert.equal(toHex(encodeHave(258)), '000000050400000102');
  assert.equal(toHex(encodeRequest(1, 16384, 16384)), '0000000d06000000010000400000004000');
  assert.equal(toHex(encodeCancel(1, 0, 2)), '0000000d08000000010000000000000002');
  assert.equal(toHex(encodePiece(9, 3, Uint8Array.of(0xaa, 0xbb))), '0000000b070000000900000003aabb');
  assert.equal(toHex(encodePort(6881)), '00000003091ae1');
  assert.equal(toHex(encodeSuggest(7)), '000000050d00000007');
  assert.equal(toHex(encodeHaveAll()), '000000010e');
  assert.equal(toHex(encodeHaveNone()), '000000010f');
  assert.equal(toHex(encodeReject(1, 0, 2)), '0000000d10000000010000000000000002');
  assert.equal(toHex(encodeAllowedFast(7)), '000000051100000007');
  assert.equal(toHex(encodeExtended(2, Uint8Array.of(1))), '00000003140201');
  const field = new Bitfield(10);
  field.add(0);
  field.add(9);
  assert.equal(toHex(encodeBitfield(field)), '00000003058040');
});

test('index, block and bitfield payloads come back as they went', () => {
  const uint32 = fc.nat(0xffffffff);
  fc.assert(
    fc.property(uint32, uint32, uint32, fc.integer({ min: 1, max: 5000 }), (piece, begin, length, size) => {
      assert.equal(decodeHave(encodeHave(piece), 5, 9), piece);
      assert.equal(decodeIndex(encodeAllowedFast(piece), 5, 9), piece);
      for (const [id, encode] of [
        [MESSAGE.request, encodeRequest],
        [MESSAGE.cancel, encodeCancel],
        [MESSAGE.reject, encodeReject],
      ] as const) {
        const bytes = encode(piece, begin, length);
        assert.equal(readUint32(bytes, 0), bytes.length - 4);
        assert.deepEqual(decodeBlock(id, bytes, 5, bytes.length), { piece, begin, length });
      }
      const field = new Bitfield(size);
      for (let i = 0; i < size; i++) if ((piece ^ (i * 2654435761)) % 3 === 0) field.add(i);
      const bytes = encodeBitfield(field);
      const read = decodeBitfield(bytes, 5, bytes.length, size);
      assert.deepEqual([...read.bytes], [...field.bytes]);
      assert.equal(read.count, field.count);
    }),
  );
});

test('what is out of form or range is refused by name', () => {
  const have = encodeHave(10);
  assert.equal(
    reasonOf(() => decodeHave(have, 5, 9, 10)),
    'invalid_have',
  );
  assert.equal(
    reasonOf(() => decodeHave(have, 5, 9, 11)),
    'accepted',
  );
  assert.equal(decodeHave(encodeHave(0x80000000), 5, 9), 0x80000000);
  assert.equal(
    reasonOf(() => decodeHave(have, 5, 8)),
    'invalid_have',
  );
  const field = encodeBitfield(Bitfield.full(10));
  assert.equal(
    reasonOf(() => decodeBitfield(field, 5, 7, 17)),
    'invalid_bitfield_size',
  );
  assert.equal(
    reasonOf(() => decodeBitfield(field, 5, 7, 8)),
    'invalid_bitfield_size',
  );
  assert.equal(
    reasonOf(() => decodeBitfield(field, 5, 7, 9)),
    'invalid_bitfield',
  );
  assert.equal(
    reasonOf(() => decodeBitfield(field, 5, 7, 10)),
    'accepted',
  );
  assert.equal(
    reasonOf(() => decodeBlock(MESSAGE.request, have, 5, 9)),
    'invalid_request',
  );
  assert.equal(
    reasonOf(() => decodeBlock(MESSAGE.cancel, have, 5, 9)),
    'invalid_cancel',
  );
  assert.equal(
    reasonOf(() => decodeBlock(MESSAGE.reject, have, 5, 9)),
    'invalid_reject',
  );
  assert.equal(
    reasonOf(() => decodePort(encodePort(0), 5, 7)),
    'invalid_dht_port',
  );
  assert.equal(decodePort(encodePort(51413), 5, 7), 51413);
});

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest());

test('the allowed-fast set is the one BEP 6 prints', () => {
  const infoHash = 'aa'.repeat(20);
  const address = Uint8Array.of(80, 4, 4, 200);
  const seven = [1059, 431, 808, 1217, 287, 376, 1188];
  assert.deepEqual(allowedFastSet(infoHash, address, 1313, sha1, 7), seven);
  assert.deepEqual(allowedFastSet(infoHash, address, 1313, sha1, 9), [...seven, 353, 508]);
});

test('an allowed-fast set never outgrows the torrent and is shared by a network', () => {
  const infoHash = '0123456789abcdef0123456789abcdef01234567';
  assert.deepEqual(allowedFastSet(infoHash, Uint8Array.of(1, 2, 3, 4), 3, sha1).sort(), [0, 1, 2]);
  assert.deepEqual(
    allowedFastSet(infoHash, Uint8Array.of(1, 2, 3, 4), 5000, sha1),
    allowedFastSet(infoHash, Uint8Array.of(1, 2, 3, 99), 5000, sha1),
  );
  const v6 = fromHex('20010db8000000010000000000000001')!;
  const neighbour = fromHex('20010db800000001ffff000000000001')!;
  assert.deepEqual(allowedFastSet(infoHash, v6, 5000, sha1), allowedFastSet(infoHash, neighbour, 5000, sha1));
});
