import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import {
  type AddressClass,
  classifyAddress,
  formatAddress,
  formatEndpoint,
  parseAddress,
  parseHostPort,
  parseIpv4,
  parseIpv6,
} from './endpoint.ts';

const four = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Groups of zeros are what makes IPv6 text hard. */
const sixteen = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])));

/** The browser's own idea of the shortest text. */
function referenceText(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

test('IPv4 text goes both ways', () => {
  fc.assert(
    fc.property(four, (bytes) => {
      assert.ok(isIPv4(formatAddress(bytes)));
      assert.deepEqual(parseAddress(formatAddress(bytes)), bytes);
    }),
  );
});

test('IPv6 text is canonical (RFC 5952) and comes back', () => {
  fc.assert(
    fc.property(sixteen, (bytes) => {
      const text = formatAddress(bytes);
      assert.equal(text, referenceText(bytes));
      assert.deepEqual(parseIpv6(text), bytes);
      assert.deepEqual(parseIpv6(text.toUpperCase()), bytes);
    }),
  );
});

test('what is an address is what the system takes for one', () => {
  const piece = fc.constantFrom('::', ':', '0', '1', 'ffff', '10000', '01', '256', '.', '1.2.3.4', '%eth0', 'g', ' ');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
      (text) => {
        assert.equal(parseIpv4(text) !== undefined, isIPv4(text), text);
        if (!/%|^$/.test(text)) assert.equal(parseIpv6(text) !== undefined, isIPv6(text), text);
      },
    ),
    { numRuns: 5000 },
  );
  for (const odd of ['127.1', '0177.0.0.1', '0x7f.1', '2130706433', '1.2.3.4.', '١.2.3.4', '1.2.3', '', 'localhost'])
    assert.equal(parseAddress(odd), undefined, odd);
});

test('an IPv4-mapped address is the IPv4 address', () => {
  assert.deepEqual(parseAddress('::ffff:127.0.0.1'), Uint8Array.of(127, 0, 0, 1));
  assert.deepEqual(parseAddress('::ffff:7f00:1'), Uint8Array.of(127, 0, 0, 1));
  assert.deepEqual(parseAddress('0:0:0:0:0:FFFF:127.0.0.1'), Uint8Array.of(127, 0, 0, 1));
  assert.deepEqual(parseAddress('fe80::1%eth0'), parseIpv6('fe80::1'));
});

const classes: [string, AddressClass][] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.1.2.3', 'private'],
  ['172.15.0.1', 'global'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'global'],
  ['192.168.0.1', 'private'],
  ['192.169.0.1', 'global'],
  ['100.63.255.255', 'global'],
  ['100.64.0.1', 'private'],
  ['100.128.0.1', 'global'],
  ['169.254.169.254', 'link-local'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'multicast'],
  ['8.8.8.8', 'global'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
  ['::ffff:10.0.0.1', 'private'],
  ['fc00::1', 'private'],
  ['fdff::1', 'private'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'global'],
  ['ff02::1', 'multicast'],
  ['2001:db8::1', 'global'],
  ['64:ff9b::127.0.0.1', 'loopback'],
  ['64:ff9b::8.8.8.8', 'global'],
  ['2002:7f00:1::1', 'loopback'],
  ['2002:808:808::', 'global'],
  ['::192.168.0.1', 'private'],
];
for (const [text, expected] of classes)
  test(`${text} is ${expected}`, () => {
    assert.equal(classifyAddress(parseAddress(text)!), expected);
    const six = parseIpv6(text);
    if (six !== undefined) assert.equal(classifyAddress(six), expected, 'as 16 bytes, the way a tracker sends them');
  });

test('an endpoint goes both ways as text', () => {
  const host = fc.oneof(
    four.map(formatAddress),
    sixteen.map(formatAddress),
    fc.constantFrom('localhost', 'a-b.example'),
  );
  fc.assert(
    fc.property(host, fc.nat(65535), (name, port) => {
      assert.deepEqual(parseHostPort(formatEndpoint({ host: name, port })), { host: name, port });
    }),
  );
  assert.deepEqual(parseHostPort(':80'), { host: '', port: 80 });
  for (const bad of [
    '',
    '80',
    'host',
    'host:',
    'host:65536',
    'host:-1',
    'host:1x',
    '::1:80',
    '[::1]',
    '[name]:80',
    '[]:1',
  ])
    assert.equal(parseHostPort(bad), undefined, bad);
});
