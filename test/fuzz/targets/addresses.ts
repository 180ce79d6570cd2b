// Addresses, against what the platform takes for one; magnet links; the flags and units that people type.

import assert from 'node:assert/strict';
import net from 'node:net';
import {
  classifyAddress,
  formatAddress,
  formatEndpoint,
  parseAddress,
  parseHostPort,
} from '../../../src/base/endpoint.ts';
import { parseRate, parseSeconds, parseSize } from '../../../src/base/quantity.ts';
import { resolveSettings, SETTINGS, type SettingName } from '../../../src/cli/settings.ts';
import { splitWords } from '../../../src/cli/shell/tokenizer.ts';
import { formatMagnet, parseMagnet } from '../../../src/protocol/magnet.ts';
import { accept, type FuzzTarget, note, utf8 } from '../oracle.ts';

const notGlobal = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  notGlobal.addSubnet(address, bits, 'ipv4');
  notGlobal.addSubnet(`::ffff:${address}`, 96 + bits, 'ipv6');
  notGlobal.addSubnet(`64:ff9b::${address}`, 96 + bits, 'ipv6');
}
for (const [address, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  notGlobal.addSubnet(address, bits, 'ipv6');

export const addresses: FuzzTarget = {
  name: 'addresses',
  maxLength: 4096,
  seeds: [
    Buffer.from('00000000000000000000ffff7f000001', 'hex'),
    ...utf8(
      '1.2.3.4',
      '127.0.0.1:80',
      '[::1]:6881',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'fe80::1%eth0',
      '0177.0.0.1',
      '127.1',
      '2130706433',
      '::1.2.3.4',
      '1:2:3:4:5:6:7:8',
      ':80',
      'host.example:1',
      '[fc00::]:1',
      '172.31.0.1',
    ),
  ],
  tokens: utf8(
    '::',
    ':',
    '.',
    '[',
    ']',
    '%',
    'ffff',
    '127',
    '0',
    '10.',
    '192.168.',
    'fe80',
    '64:ff9b::',
    '::ffff:',
    ':65535',
  ),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('latin1');
    const address = parseAddress(text);
    const zoned = text.includes('%') && text.includes(':');
    if (!zoned)
      assert.equal(address !== undefined, net.isIP(text) !== 0, `${JSON.stringify(text)}: not what the platform says`);
    if (address !== undefined) {
      const formatted = formatAddress(address);
      assert.deepEqual(parseAddress(formatted), address);
      assert.equal(net.isIP(formatted), address.length === 4 ? 4 : 6);
      const kind = classifyAddress(address);
      note(kind);
      const family = address.length === 4 ? 'ipv4' : 'ipv6';
      if (notGlobal.check(formatted, family)) assert.notEqual(kind, 'global', `${formatted} passed for global`);
    }
    for (const [length, start] of [
      [4, 0],
      [16, 0],
    ] as const)
      if (bytes.length >= start + length) {
        const raw = bytes.slice(start, start + length);
        const kind = classifyAddress(raw);
        if (notGlobal.check(formatAddress(raw), length === 4 ? 'ipv4' : 'ipv6')) assert.notEqual(kind, 'global');
        assert.deepEqual(
          parseAddress(formatAddress(raw)),
          parseAddress(formatAddress(parseAddress(formatAddress(raw))!)),
        );
      }
    const endpoint = parseHostPort(text);
    if (endpoint === undefined) return;
    note('endpoint');
    assert.ok(endpoint.port >= 0 && endpoint.port <= 65535);
    assert.deepEqual(parseHostPort(formatEndpoint(endpoint)), endpoint);
  },
};

/** One text made of `count`. */
function many(count: number, make: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => make(i)).join('');
}

const HASH = 'xt=urn:btih:0123456789abcdef0123456789abcdef01234567';

export const magnets: FuzzTarget = {
  name: 'magnet',
  seeds: utf8(
    `magnet:?${HASH}&x.pe=1.2.3.4:0`,
    `magnet:?${HASH}`,
    `magnet:?${HASH}&dn=a+b%20c&tr=http%3A%2F%2Ft%2Fa&tr.1=udp://u:1&x.pe=1.2.3.4:5&x.pe=[::1]:6&xl=7&so=0,2-4`,
    'magnet:?xt=urn:btih:CI2FM6EQVPG66ARUKZ4JBK6N54ASGRLH&dn=%FF%FE%ud800',
    'MAGNET:?XT=URN:BTMH:1220aa&x.pe=localhost:1',
    `magnet:?${HASH}${many(300, (i) => `&x.pe=1.2.${i >> 8}.${i & 255}:5`)}${many(300, (i) => `&tr=http://t${i}/a`)}`,
    `magnet:?${HASH}&dn=a${'%F0%9D%92%B3'.repeat(600)}`,
  ),
  tokens: utf8(
    '&',
    '=',
    'xt=',
    'urn:btih:',
    'urn:btmh:',
    'dn=',
    'tr=',
    'x.pe=',
    'xl=',
    'so=',
    '%',
    '%00',
    '+',
    '[::1]:1',
    '\ud800',
  ),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const magnet = accept('ERR_MAGNET', () => parseMagnet(text));
    if (magnet === undefined) return;
    assert.match(magnet.infoHash, /^[0-9a-f]{40}$/);
    assert.ok(magnet.trackers.length <= 256 && magnet.peers.length <= 256);
    assert.ok(magnet.name === undefined || magnet.name.isWellFormed());
    assert.ok(magnet.peers.every(({ port }) => port > 0 && port < 65536));
    assert.deepEqual(parseMagnet(formatMagnet(magnet)), magnet, 'it does not come back');
  },
};

export const flags: FuzzTarget = {
  name: 'flags',
  maxLength: 4096,
  seeds: utf8(
    '512',
    '16K',
    '1.5G',
    '10MiB',
    '500K/s',
    '0',
    '90s',
    '5m',
    '2h',
    '0.0.0.0:6881',
    '[::]:0',
    ':7070',
    'true',
    'off',
    'debug',
    'http://10.0.0.5:7070',
    '*.tmp',
    'get "a b" c\\ d',
    "it's",
    '9007199254740993',
    '999999999999999T',
  ),
  tokens: utf8(
    'K',
    'M',
    'G',
    'T',
    'iB',
    '/s',
    's',
    'm',
    'h',
    '.',
    ' ',
    '-',
    'http://',
    ':',
    '"',
    "'",
    '\\',
    '\0',
    'NaN',
    'e9',
  ),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    for (const parse of [parseSize, parseRate, parseSeconds]) {
      const value = parse(text);
      if (value === undefined) continue;
      note(parse.name);
      assert.ok(Number.isFinite(value) && value >= 0, `${parse.name} gave ${value}`);
      if (parse !== parseSeconds) assert.ok(Number.isSafeInteger(value));
    }
    for (const name of Object.keys(SETTINGS) as SettingName[]) {
      const found = accept('ERR_USAGE', () => resolveSettings('get', [name], { [name]: text }, {}, undefined));
      if (found !== undefined) assert.notEqual(found[name], undefined, name);
      accept('ERR_CONFIG', () =>
        resolveSettings('get', [name], {}, { [`SHOAL_${name.toUpperCase()}`]: text }, undefined),
      );
    }
    const words = accept('ERR_USAGE', () => splitWords(text));
    if (words === undefined) return;
    const quoted = words.map((word) => `"${word.replace(/["\\]/g, '\\$&')}"`).join(' ');
    assert.deepEqual(splitWords(quoted), words);
  },
};
