// The answering side against queries as clients and attackers write them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeLatin1 } from '../../base/utf8.ts';
import { DEFAULT_NUMWANT, MAX_NUMWANT, parseAnnounceQuery } from './http-server.ts';
import { percentDecode, percentEncode } from './query.ts';

const HASH = 'info_hash=aaaaaaaaaaaaaaaaaaaa';
const PEER = 'peer_id=-qB4650-bbbbbbbbbbbb';
const WHOLE = `${HASH}&${PEER}&port=6881&uploaded=1&downloaded=2&left=3`;

function read(query: string) {
  const request = parseAnnounceQuery(query);
  assert.ok(!('failure' in request), 'failure' in request ? request.failure : '');
  return request;
}

function failure(query: string): string {
  const request = parseAnnounceQuery(query);
  assert.ok('failure' in request, 'accepted');
  return request.failure;
}

test('a plain announce is read with its defaults', () => {
  assert.deepEqual(read(WHOLE), {
    infoHash: '61'.repeat(20),
    peerId: encodeLatin1('-qB4650-bbbbbbbbbbbb'),
    port: 6881,
    uploaded: 1,
    downloaded: 2,
    left: 3,
    event: '',
    numwant: DEFAULT_NUMWANT,
    compact: true,
    noPeerId: false,
    key: '',
  });
});

test('counters may be absent, huge or negative', () => {
  const bare = `${HASH}&${PEER}&port=1`;
  assert.equal(read(bare).left, Number.MAX_SAFE_INTEGER);
  assert.equal(read(bare).uploaded, 0);
  assert.equal(read(`${bare}&left=9223372036854775807`).left, Number.MAX_SAFE_INTEGER);
  assert.equal(read(`${bare}&left=-1`).left, Number.MAX_SAFE_INTEGER);
  assert.equal(read(`${bare}&left=0`).left, 0);
  assert.equal(read(`${bare}&left=1e3`).left, Number.MAX_SAFE_INTEGER);
});

test('numwant is clamped', () => {
  assert.equal(read(`${WHOLE}&numwant=0`).numwant, 0);
  assert.equal(read(`${WHOLE}&numwant=-1`).numwant, DEFAULT_NUMWANT);
  assert.equal(read(`${WHOLE}&numwant=2147483648`).numwant, MAX_NUMWANT);
});

test('events are the known ones; port 0 goes with stopped only', () => {
  for (const event of ['started', 'completed', 'stopped', 'paused'])
    assert.equal(read(`${WHOLE}&event=${event}`).event, event);
  assert.equal(read(`${WHOLE}&event=empty`).event, '');
  const port0 = `${HASH}&${PEER}&port=0`;
  assert.match(failure(port0), /port/);
  assert.equal(read(`${port0}&event=stopped`).port, 0);
});

test('addresses a client claims are not even read', () => {
  const request = read(`${WHOLE}&ip=1.2.3.4&ipv4=1.2.3.4:80&ipv6=%3A%3A1&ipv6=%3A%3A2&ip=9.9.9.9`);
  assert.ok(!JSON.stringify(request).includes('1.2.3.4'));
});

test('the form, the key, the tracker id and the session', () => {
  const request = read(`${WHOLE}&compact=0&no_peer_id=1&key=%C3%A9k&trackerid=%FF%00&session=a_B-9`);
  assert.equal(request.compact, false);
  assert.equal(request.noPeerId, true);
  assert.equal(request.key, 'ék');
  assert.equal(request.trackerId, '\xff\x00');
  assert.equal(request.session, 'a_B-9');
  assert.equal(read(`${WHOLE}&session=${encodeURIComponent("x' OR 1")}`).session, undefined);
  assert.equal(read(`${WHOLE}&session=${'x'.repeat(129)}`).session, undefined);
  assert.equal(read(`${WHOLE}&trackerid=${'x'.repeat(257)}`).trackerId, undefined);
  assert.equal(read(`${WHOLE}&key=${'k'.repeat(500)}`).key.length, 64);
});

test('what is missing, double or malformed is named', () => {
  assert.match(failure(''), /info_hash/);
  assert.match(failure(PEER), /info_hash/);
  assert.match(failure(`${HASH}a&${PEER}&port=1`), /info_hash/);
  assert.match(failure(`info_hash=%zz${'a'.repeat(19)}&${PEER}&port=1`), /info_hash/);
  assert.match(failure(`${HASH}&${HASH}&${PEER}&port=1`), /one info_hash/);
  assert.match(failure(`${HASH}&port=1`), /peer_id/);
  assert.match(failure(`${HASH}&${PEER}`), /port/);
  assert.match(failure(`${HASH}&${PEER}&port=65536`), /port/);
  assert.match(failure(`${HASH}&${PEER}&port=-1`), /port/);
  assert.match(failure(`${WHOLE}&x=${'y'.repeat(2048)}`), /too long/);
});

test('unknown and repeated keys are borne, the first value counts', () => {
  const request = read(`&&=&x&${WHOLE}&left=99&supportcrypto=1&corrupt=0&redundant=0&left=7&%zz=%zz&`);
  assert.equal(request.left, 3);
});

test('any text is a request or a failure, never an exception', () => {
  const part = fc.oneof(fc.constantFrom(HASH, PEER, 'port=80', 'event=stopped', '&', '=', '%', '%4'), fc.string());
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12, size: 'max' }), (parts) => {
      const request = parseAnnounceQuery(parts.join('&'));
      if ('failure' in request) assert.ok(request.failure.length > 0);
      else assert.equal(request.peerId.length, 20);
    }),
    { numRuns: 500 },
  );
});

test('percent encoding is undone exactly, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60, size: 'max' }), (bytes) => {
      const text = percentEncode(bytes);
      assert.match(text, /^[A-Za-z0-9%._~-]*$/);
      assert.deepEqual(percentDecode(text), bytes);
    }),
  );
  assert.deepEqual(percentDecode('+%2b%2B'), encodeLatin1('+++'));
  for (const bad of ['%', '%4', '%4g', '%%41', 'ā']) assert.equal(percentDecode(bad), undefined);
});
