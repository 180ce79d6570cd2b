// The opening bytes, the feature bits, and the names in peer ids.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../base/bytes.ts';
import { decodeLatin1, encodeLatin1 } from '../../base/utf8.ts';
import { encodeHandshake, parseHandshake, readFeatures } from './handshake.ts';
import { clientName, makePeerId } from './peer-id.ts';

const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });

test('a handshake comes back as it went, with every mix of features', () => {
  const features = fc.record({ extended: fc.boolean(), fast: fc.boolean(), dht: fc.boolean(), v2: fc.boolean() });
  fc.assert(
    fc.property(twenty, twenty, features, (hash, peerId, said) => {
      const bytes = encodeHandshake(toHex(hash), peerId, said);
      assert.equal(bytes.length, 68);
      const read = parseHandshake(bytes);
      assert.equal(read.infoHash, toHex(hash));
      assert.deepEqual(read.peerId, peerId);
      assert.deepEqual(readFeatures(read.reserved), { ...said });
      bytes.fill(0);
      assert.deepEqual(read.peerId, peerId, 'the handshake keeps its own bytes');
    }),
  );
});

test('the feature bits are where BEP 6 and BEP 10 put them', () => {
  const bytes = encodeHandshake('00'.repeat(20), new Uint8Array(20), { extended: true, fast: true, dht: true });
  assert.equal(decodeLatin1(bytes.subarray(0, 20)), '\x13BitTorrent protocol');
  assert.equal(toHex(bytes.subarray(20, 28)), '0000000000100005');
});

test('a wrong info-hash or peer id is never sent', () => {
  assert.throws(() => encodeHandshake('00', new Uint8Array(20)), RangeError);
  assert.throws(() => encodeHandshake('00'.repeat(20), new Uint8Array(19)), RangeError);
});

test('our peer id is printable, ours, and differs each time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 12, maxLength: 12 }),
      (seq) => {
        let at = 0;
        const id = makePeerId(() => seq[at++]!);
        assert.match(decodeLatin1(id), /^-SH0100-[0-9A-Za-z]{12}$/);
      },
    ),
  );
  assert.notDeepEqual(makePeerId(Math.random), makePeerId(Math.random));
});

test('client names are read from the conventions in use', () => {
  const names: [string, string][] = [
    ['-SH0100-abcdefghijkl', 'Shoal 0.1.0'],
    ['-qB4650-abcdefghijkl', 'qBittorrent 4.6.5'],
    ['-TR4060-abcdefghijkl', 'Transmission 4.0.6'],
    ['-LT20B0-abcdefghijkl', 'libtorrent 2.0.11'],
    ['-DE2151-abcdefghijkl', 'Deluge 2.1.5.1'],
    ['-ZZ1234-abcdefghijkl', 'ZZ1234'],
    ['A2-1-36-0-abcdefghij', 'aria2 1.36.0'],
    ['M7-10-5--abcdefghijk', 'BitTorrent 7.10.5'],
    ['\x00\x01garbage-----------', ''],
  ];
  for (const [id, name] of names) assert.equal(clientName(encodeLatin1(id)), name);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), (id) => assert.match(clientName(id), /^[\x20-\x7e]*$/)));
});
