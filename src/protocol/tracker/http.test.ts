// The two sides of the HTTP announce against each other, and the asking side against hostile replies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../base/bytes.ts';
import { formatAddress } from '../../base/endpoint.ts';
import { ShoalError } from '../../base/errors.ts';
import { decodeLatin1, encodeLatin1 } from '../../base/utf8.ts';
import { encode } from '../bencode.ts';
import {
  type AnnounceEvent,
  type AnnounceParameters,
  announceUrl,
  announceUrlOf,
  MAX_REPLY_PEERS,
  parseAnnounceReply,
} from './http.ts';
import { encodeAnnounceReply, encodeFailure, MAX_NUMWANT, parseAnnounceQuery } from './http-server.ts';

const INFO_HASH = '00ff2f3f26253d2b20c3a9414243444546474849';
const PEER_ID = encodeLatin1('-SH0100-&=%+\x00\xff?#/ z!');
const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

function query(url: string): string {
  return url.slice(url.indexOf('?') + 1);
}

test('what a client asks is what the tracker reads', () => {
  const parameters = fc.record<AnnounceParameters>(
    {
      infoHash: twenty.map(toHex),
      peerId: twenty,
      port: fc.integer({ min: 1, max: 65535 }),
      uploaded: count,
      downloaded: count,
      left: count,
      event: fc.constantFrom<AnnounceEvent>('started', 'completed', 'stopped', 'paused', ''),
      numwant: fc.nat(MAX_NUMWANT),
      key: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-composite' }).filter((key) => key.length <= 64),
      trackerId: fc.uint8Array({ minLength: 1, maxLength: 30 }).map(decodeLatin1),
      session: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
    },
    { requiredKeys: ['infoHash', 'peerId', 'port', 'uploaded', 'downloaded', 'left', 'event'] },
  );
  const base = fc.constantFrom(
    'http://t:7070/announce',
    'http://t/announce?passkey=a%26b',
    'http://t/a?',
    'http://t/a?x&',
  );
  fc.assert(
    fc.property(parameters, base, (asked, announce) => {
      const url = announceUrl(announce, asked);
      assert.match(url, /^[\x21-\x7e]+$/);
      assert.ok(!url.includes('#'));
      const { numwant = 50, key = '', ...rest } = asked;
      assert.deepEqual(parseAnnounceQuery(query(url)), { ...rest, numwant, key, compact: true, noPeerId: true });
    }),
    { numRuns: 300 },
  );
});

test('bytes that mean something in a URL survive', () => {
  const url = announceUrl('http://t/announce', {
    infoHash: INFO_HASH,
    peerId: PEER_ID,
    port: 1,
    uploaded: 1.5,
    downloaded: -1,
    left: Number.POSITIVE_INFINITY,
    event: '',
  });
  assert.equal(
    url,
    'http://t/announce?info_hash=%00%FF%2F%3F%26%25%3D%2B%20%C3%A9ABCDEFGHI&peer_id=-SH0100-%26%3D%25%2B%00%FF%3F%23%2F%20z%21' +
      '&port=1&uploaded=1&downloaded=0&left=9007199254740991&compact=1&no_peer_id=1',
  );
});

test('announce URLs from what people type', () => {
  assert.equal(announceUrlOf('http://host:7070'), 'http://host:7070/announce');
  assert.equal(announceUrlOf(' http://[::1]:7070/ '), 'http://[::1]:7070/announce');
  assert.equal(announceUrlOf('https://host?key=1'), 'https://host/announce?key=1');
  assert.equal(announceUrlOf('http://host/announce'), 'http://host/announce');
  assert.equal(announceUrlOf('http://host/x/announce.php?k=1'), 'http://host/x/announce.php?k=1');
  assert.equal(announceUrlOf('udp://host:6969'), 'udp://host:6969/announce');
  assert.equal(announceUrlOf('nonsense'), 'nonsense');
});

/** Addresses a tracker may hand out, as (address bytes, port). */
const peer4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((a) => Uint8Array.from(a));
const peer6 = fc.uint8Array({ minLength: 14, maxLength: 14 }).map((tail) => Uint8Array.of(0x20, 0x01, ...tail));
const port = fc.integer({ min: 1, max: 65535 });

function records(peers: readonly (readonly [Uint8Array, number])[], width: number): Uint8Array {
  const bytes = new Uint8Array(peers.length * (width + 2));
  peers.forEach(([address, port], i) => {
    bytes.set(address, i * (width + 2));
    bytes[i * (width + 2) + width] = port >> 8;
    bytes[i * (width + 2) + width + 1] = port & 255;
  });
  return bytes;
}

test('what a tracker answers is what the client reads, compact and long', () => {
  const key = ([address, port]: readonly [Uint8Array, number]) => `${toHex(address)}:${port}`;
  const peers4 = fc.uniqueArray(fc.tuple(peer4, port), { maxLength: 30, selector: key, size: 'max' });
  const peers6 = fc.uniqueArray(fc.tuple(peer6, port), { maxLength: 30, selector: key, size: 'max' });
  const counts = fc.record({ complete: count, incomplete: count, downloaded: count });
  const extras = fc.record(
    {
      trackerId: fc.uint8Array({ maxLength: 20 }).map(decodeLatin1),
      warning: fc.string({ maxLength: 20 }),
      externalIp: fc.oneof(peer4, peer6),
      minInterval: fc.integer({ min: 60, max: 21600 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(peers4, peers6, counts, extras, fc.boolean(), (four, six, swarm, extra, compact) => {
      const bytes = encodeAnnounceReply({
        interval: 1800,
        ...swarm,
        ...extra,
        peers: records(four, 4),
        peers6: records(six, 16),
        compact,
      });
      const read = parseAnnounceReply(bytes);
      const expected = [...four, ...six].map(([address, port]) => ({ host: formatAddress(address), port }));
      assert.deepEqual(read.peers, expected);
      assert.equal(read.interval, 1_800_000);
      assert.equal(read.minInterval, extra.minInterval === undefined ? undefined : extra.minInterval * 1000);
      assert.deepEqual(
        [read.complete, read.incomplete, read.downloaded],
        [swarm.complete, swarm.incomplete, swarm.downloaded],
      );
      assert.equal(read.trackerId, extra.trackerId);
      assert.equal(read.warning, extra.warning);
      assert.equal(read.externalIp, extra.externalIp && formatAddress(extra.externalIp));
      assert.equal(read.failure, undefined);
    }),
    { numRuns: 200 },
  );
});

test('an empty swarm still has its peers key, and keys are in order', () => {
  const text = decodeLatin1(
    encodeAnnounceReply({
      interval: 60,
      complete: 0,
      incomplete: 1,
      downloaded: 2,
      peers: new Uint8Array(0),
      compact: true,
    }),
  );
  assert.equal(text, 'd8:completei0e10:downloadedi2e10:incompletei1e8:intervali60e5:peers0:e');
  assert.throws(
    () =>
      encodeAnnounceReply({
        interval: 60,
        complete: 0,
        incomplete: 0,
        downloaded: 0,
        peers: new Uint8Array(7),
        compact: true,
      }),
    RangeError,
  );
});

test('a failure carries its advice', () => {
  assert.deepEqual(
    parseAnnounceReply(encodeFailure('go <b>away</b>', { retryIn: 5, interval: 120, minInterval: 90 })),
    {
      failure: 'go <b>away</b>',
      retryIn: 300_000,
      interval: 120_000,
      minInterval: 90_000,
      peers: [],
    },
  );
  assert.equal(parseAnnounceReply(encodeFailure('x', { retryIn: 'never' })).retryIn, 'never');
  assert.equal(parseAnnounceReply(encode({ 'failure reason': 'x', 'retry in': 7 })).retryIn, 420_000);
  assert.equal(parseAnnounceReply(encode({ 'failure reason': 'x', 'retry in': 'soon' })).retryIn, undefined);
  assert.equal(parseAnnounceReply(encode({ 'failure reason': 'x', 'retry in': 99999999 })).retryIn, 86_400_000);
});

test('intervals are kept within a minute and six hours', () => {
  const interval = (value: number | string, limits?: { leastInterval: number }) =>
    parseAnnounceReply(encode({ interval: value, peers: '' }), limits).interval;
  assert.equal(interval(0), 60_000);
  assert.equal(interval(1), 60_000);
  assert.equal(interval(1, { leastInterval: 500 }), 1000);
  assert.equal(interval(2 ** 40), 21_600_000);
  assert.equal(interval(-5), 1_800_000);
  assert.equal(interval('60'), 1_800_000);
});

test('peers nobody can reach are left out', () => {
  const bytes = (...quads: number[][]) => Uint8Array.from(quads.flat());
  const compact = bytes(
    [0, 0, 0, 0, 1, 1],
    [224, 0, 0, 1, 1, 1],
    [255, 255, 255, 255, 1, 1],
    [1, 2, 3, 4, 0, 0],
    [1, 2, 3, 4, 0, 7],
    [1, 2, 3, 4, 0, 7],
  );
  assert.deepEqual(parseAnnounceReply(encode({ peers: compact })).peers, [{ host: '1.2.3.4', port: 7 }]);
  const mapped = new Uint8Array(18).fill(255, 10, 12);
  mapped.set([9, 8, 7, 6, 0, 5], 12);
  assert.deepEqual(parseAnnounceReply(encode({ peers: '', peers6: mapped })).peers, [{ host: '9.8.7.6', port: 5 }]);
  const list = [
    { ip: '1.2.3.4', port: 70000 },
    { ip: 'tracker.example', port: 80 },
    { ip: '0177.0.0.1', port: 80 },
    { ip: '::1', port: 80, 'peer id': PEER_ID },
    { ip: '5.6.7.8', port: 80, 'peer id': 'short' },
    { port: 80 },
    'spam',
  ];
  const read = parseAnnounceReply(
    encode({ peers: list, peers6: records([[Uint8Array.of(0x20, 1, ...new Uint8Array(14)), 9]], 16) }),
  );
  assert.deepEqual(read.peers, [
    { host: '::1', port: 80 },
    { host: '5.6.7.8', port: 80 },
    { host: '2001::', port: 9 },
  ]);
  assert.deepEqual(read.peerIds?.[0], PEER_ID);
  assert.equal(read.peerIds?.[1], undefined);
  assert.equal(read.peerIds?.length, 3);
});

test('no reply brings more peers than we take', () => {
  const many = new Uint8Array(6 * 10_000);
  for (let i = 0; i < 10_000; i++) many.set([1, 1, i >> 8, i & 255, 1, 1], 6 * i);
  assert.equal(parseAnnounceReply(encode({ peers: many })).peers.length, MAX_REPLY_PEERS);
});

test('what is no announce reply is refused by name', () => {
  const reason = (bytes: Uint8Array) => {
    try {
      parseAnnounceReply(bytes);
    } catch (error) {
      if (error instanceof ShoalError && error.code === 'ERR_TRACKER_REPLY') return error.reason;
      throw error;
    }
    return 'accepted';
  };
  assert.equal(reason(encodeLatin1('<html>404</html>')), 'not_bencoded');
  assert.equal(reason(new Uint8Array(0)), 'not_bencoded');
  assert.equal(reason(encodeLatin1('le')), 'not_bencoded');
  assert.equal(reason(encodeLatin1(`d1:a${'l'.repeat(9)}${'e'.repeat(9)}e`)), 'not_bencoded');
  assert.equal(reason(encode({ peers: new Uint8Array(7) })), 'bad_peers');
  assert.equal(reason(encode({ peers: '', peers6: new Uint8Array(6) })), 'bad_peers');
  assert.equal(reason(encodeLatin1('de')), 'accepted');
});

test('no bytes make the reply reader fail in another way', () => {
  const parts = [
    'd',
    'l',
    'e',
    'i5e',
    '5:peers',
    '6:peers6',
    '8:interval',
    '6:abcdef',
    '2:ip',
    '7:1.2.3.4',
    '4:port',
    'i-1e',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 20, size: 'max' }), (chosen) => {
      try {
        const reply = parseAnnounceReply(encodeLatin1(`d${chosen.join('')}e`));
        assert.ok(reply.interval >= 60_000);
      } catch (error) {
        assert.ok(error instanceof ShoalError && error.code === 'ERR_TRACKER_REPLY', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
