import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../base/crc32c.ts';
import { parseAddress } from '../base/endpoint.ts';
import { OwnAddress, rankAddresses } from './peer-rank.ts';

function rank(a: string, b: string, portA = 1, portB = 2): number {
  return rankAddresses(parseAddress(a)!, portA, parseAddress(b)!, portB);
}

/** CRC-32C of groups of hex digits. */
function crcOf(hex: string): number {
  return crc32c(Buffer.from(hex.replaceAll(':', ''), 'hex'));
}

test('the examples of BEP 40', () => {
  assert.equal(rank('123.213.32.10', '98.76.54.32'), 0xec2d7224);
  assert.equal(rank('98.76.54.32', '123.213.32.10'), 0xec2d7224);
  assert.equal(rank('123.213.32.10', '123.213.32.234'), 0x99568189);
});

test('the masks of IPv4: /16 by /16, inside one two bytes, inside a /24 all, and ports on one host', () => {
  assert.equal(rank('1.2.255.255', '1.3.255.255'), crcOf('01025555:01035555'));
  assert.equal(rank('1.2.3.255', '1.2.4.255'), crcOf('01020355:01020455'));
  assert.equal(rank('1.2.3.4', '1.2.3.255'), crcOf('01020304:010203ff'));
  assert.equal(rank('1.2.3.4', '1.2.3.4', 0x1f90, 0x1ae1), crcOf('1ae1:1f90'));
});

test('the masks of IPv6: six bytes, and one more with each byte in common from /48 on', () => {
  const f = 'ffff:ffff';
  assert.equal(
    rank(`2a00:1:2:ffff:${f}:${f}`, `2a00:1:3:ffff:${f}:${f}`),
    crcOf('2a000001000255555555555555555555:2a000001000355555555555555555555'),
  );
  assert.equal(
    rank(`2a00:1:2:1ff:${f}:${f}`, `2a00:1:2:2ff:${f}:${f}`),
    crcOf('2a000001000201555555555555555555:2a000001000202555555555555555555'),
  );
  assert.equal(
    rank(`2a00:1:2:101:${f}:${f}`, `2a00:1:2:102:${f}:${f}`),
    crcOf('2a000001000201015555555555555555:2a000001000201025555555555555555'),
  );
  assert.equal(rank('::1', '::1', 5, 6), crcOf('0005:0006'));
});

test('both ends compute the same', () => {
  const address = fc
    .constantFrom(4, 16)
    .chain((length) =>
      fc.tuple(
        fc.uint8Array({ minLength: length, maxLength: length }),
        fc.uint8Array({ minLength: length, maxLength: length }),
      ),
    );
  fc.assert(
    fc.property(address, fc.nat(65_535), fc.nat(65_535), ([a, b], p, q) => {
      assert.equal(rankAddresses(a, p, b, q), rankAddresses(b, q, a, p));
    }),
  );
});

const remote = (text: string) => parseAddress(text)!;

test('our own address is what most say, one voice each, the latest count', () => {
  const own = new OwnAddress();
  assert.deepEqual(own.seenBy(remote('9.9.9.9')), new Uint8Array(4));
  assert.equal(own.told('8.8.8.1', Uint8Array.of(6, 6, 6, 6)), true);
  assert.equal(own.told('8.8.8.1', Uint8Array.of(6, 6, 6, 6)), false);
  assert.equal(own.told('8.8.8.2', Uint8Array.of(1, 2, 3, 4)), false);
  assert.equal(own.told('8.8.8.3', Uint8Array.of(1, 2, 3, 4)), true);
  assert.deepEqual(own.seenBy(remote('9.9.9.9')), Uint8Array.of(1, 2, 3, 4));
  assert.deepEqual(own.seenBy(remote('2a00::1')), new Uint8Array(16));
  for (let i = 0; i < 60; i++) own.told(`8.8.4.${i}`, Uint8Array.of(5, 5, 5, 5));
  for (let i = 0; i < 20; i++) own.told(`8.8.5.${i}`, Uint8Array.of(7, 7, 7, 7));
  assert.deepEqual(own.seenBy(remote('9.9.9.9')), Uint8Array.of(7, 7, 7, 7), 'an address can change');
});

test('who speaks again is among the latest', () => {
  const own = new OwnAddress();
  own.told('8.8.8.1', Uint8Array.of(1, 2, 3, 4));
  own.told('8.8.8.2', Uint8Array.of(1, 2, 3, 4));
  for (let i = 0; i < 30; i++) own.told(`8.8.4.${i}`, Uint8Array.of(9, 9, 9, i));
  own.told('8.8.8.1', Uint8Array.of(1, 2, 3, 4));
  own.told('8.8.8.2', Uint8Array.of(1, 2, 3, 4));
  for (let i = 0; i < 30; i++) own.told(`8.8.5.${i}`, Uint8Array.of(7, 7, 7, i));
  assert.deepEqual(own.seenBy(remote('9.9.9.9')), Uint8Array.of(1, 2, 3, 4));
});

test('near and far see us at different addresses', () => {
  const own = new OwnAddress();
  own.told('192.168.1.5', Uint8Array.of(192, 168, 1, 2));
  own.told('9.9.9.9', Uint8Array.of(1, 2, 3, 4));
  for (const i of [1, 2, 3])
    assert.equal(own.told(`9.9.9.${i}`, Uint8Array.of(10, 0, 0, 1)), false, 'nobody out there can see that');
  assert.equal(own.told('no address', Uint8Array.of(7, 7, 7, 7)), false);
  assert.deepEqual(own.seenBy(remote('192.168.1.9')), Uint8Array.of(192, 168, 1, 2));
  assert.deepEqual(own.seenBy(remote('8.8.8.8')), Uint8Array.of(1, 2, 3, 4));
});

test('a rank is that of the addresses, and 0 for what is none', () => {
  const own = new OwnAddress();
  own.told('9.9.9.9', Uint8Array.of(123, 213, 32, 10));
  assert.equal(own.rank(1, { host: '98.76.54.32', port: 2 }), 0xec2d7224);
  assert.equal(own.rank(1, { host: 'example', port: 2 }), 0);
});
