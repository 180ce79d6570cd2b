// Both sides of the HTTP tracker protocol, and what a tracker signs and keeps.

import assert from 'node:assert/strict';
import { Check } from 'typebox/value';
import { replyGuards } from '../../../src/api/reply-guards.ts';
import { routes } from '../../../src/api/routes.ts';
import { classifyAddress, parseAddress } from '../../../src/base/endpoint.ts';
import { decodeEntry, entryBytes, MAX_RECORD_LENGTH } from '../../../src/protocol/entry.ts';
import { announceUrl, MAX_REPLY_PEERS, parseAnnounceReply } from '../../../src/protocol/tracker/http.ts';
import {
  encodeAnnounceReply,
  encodeFailure,
  MAX_NUMWANT,
  parseAnnounceQuery,
} from '../../../src/protocol/tracker/http-server.ts';
import {
  encodeScrapeReply,
  MAX_SCRAPE_HASHES,
  parseScrapeQuery,
  parseScrapeReply,
} from '../../../src/protocol/tracker/scrape.ts';
import { parseRecord } from '../../../src/registry/saved-record.ts';
import { accept, type FuzzTarget, latin, note, utf8 } from '../oracle.ts';

const HASH = 'ab'.repeat(20);
const KEY = 'cd'.repeat(32);
const PEERS = Uint8Array.of(1, 2, 3, 4, 5, 6, 9, 8, 7, 6, 5, 4);

export const announceReply: FuzzTarget = {
  name: 'announce-reply',
  seeds: [
    encodeAnnounceReply({ interval: 1800, complete: 1, incomplete: 2, downloaded: 3, peers: PEERS, compact: true }),
    encodeAnnounceReply({
      interval: 60,
      complete: 1,
      incomplete: 2,
      downloaded: 3,
      peers: PEERS,
      compact: false,
      trackerId: 'x',
      warning: 'w',
      minInterval: 5,
    }),
    encodeFailure('no', { retryIn: 5 }),
    ...latin(
      'd14:failure reason2:no8:retry ini0ee',
      'd14:failure reason2:no8:retry in9:999999999e',
      'd5:peersld2:ip7:1.2.3.47:peer id20:xxxxxxxxxxxxxxxxxxxx4:porti80eeee',
      `d5:peers0:6:peers618:${'a'.repeat(18)}e`,
    ),
  ],
  tokens: latin(
    '5:peers',
    '6:peers6',
    '8:interval',
    '12:min interval',
    '14:failure reason',
    '8:retry in',
    '5:never',
    '10:tracker id',
    '11:external ip',
    '2:ip',
    '4:port',
    '7:peer id',
    'd',
    'l',
    'e',
    'i0e',
    'i-1e',
    '0:',
  ),
  fuzz(bytes) {
    const reply = accept('ERR_TRACKER_REPLY', () => parseAnnounceReply(bytes));
    if (reply === undefined) return;
    note(`${reply.peers.length} ${Object.keys(reply).join()}`);
    assert.ok(reply.interval >= 60_000 && reply.interval <= 21_600_000);
    assert.ok(reply.minInterval === undefined || (reply.minInterval >= 60_000 && reply.minInterval <= 21_600_000));
    assert.ok(reply.peers.length <= MAX_REPLY_PEERS);
    const seen = new Set<string>();
    for (const { host, port } of reply.peers) {
      const address = parseAddress(host);
      assert.ok(address !== undefined && port > 0 && port < 65536);
      assert.ok(!['unspecified', 'multicast'].includes(classifyAddress(address)), host);
      assert.ok(!seen.has(`${host} ${port}`), 'a peer twice');
      seen.add(`${host} ${port}`);
    }
    assert.ok(reply.peerIds === undefined || reply.peerIds.length === reply.peers.length);
    if (typeof reply.retryIn === 'number') assert.ok(reply.retryIn >= 60_000 && reply.retryIn <= 86_400_000);
  },
};

export const announceQuery: FuzzTarget = {
  name: 'announce-query',
  seeds: utf8(
    `info_hash=${'%ab'.repeat(20)}&peer_id=-qB4650-bbbbbbbbbbbb&port=6881&uploaded=1&downloaded=2&left=3`,
    `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&event=started&numwant=500&compact=0&key=%C3%A9&trackerid=%ff&session=abc&no_peer_id=1`,
    'info_hash=%&peer_id=&port=0',
  ),
  tokens: utf8(
    '&',
    '=',
    '%',
    '%00',
    '%zz',
    'info_hash=',
    'peer_id=',
    'port=',
    'left=',
    'event=stopped',
    'numwant=',
    'key=',
    'ip=',
    'é',
    '+',
  ),
  fuzz(bytes) {
    const query = Buffer.from(bytes).toString('utf8');
    const request = parseAnnounceQuery(query);
    if ('failure' in request) {
      note(request.failure.replace(/[0-9]+/g, '#'));
      assert.ok(encodeFailure(request.failure).length < 1000);
      return;
    }
    note(`taken ${request.event}`);
    assert.match(request.infoHash, /^[0-9a-f]{40}$/);
    assert.equal(request.peerId.length, 20);
    // Who leaves need not be reachable.
    assert.ok(request.port > 0 || (request.port === 0 && request.event === 'stopped'));
    assert.ok(request.port < 65536 && request.numwant <= MAX_NUMWANT);
    for (const count of [request.uploaded, request.downloaded, request.left])
      assert.ok(Number.isSafeInteger(count) && count >= 0);
    const { compact, noPeerId, key, ...parameters } = request;
    const url = announceUrl('http://t/announce', key === '' ? parameters : { ...parameters, key });
    const again = parseAnnounceQuery(url.slice(url.indexOf('?') + 1));
    assert.ok('failure' in again ? url.length > 2048 : again.infoHash === request.infoHash);
    if ('failure' in again) return;
    assert.deepEqual({ ...again, compact, noPeerId }, { ...request, key: again.key });
  },
};

export const scrape: FuzzTarget = {
  name: 'scrape',
  seeds: [
    encodeScrapeReply([[HASH, { complete: 1, incomplete: 2, downloaded: 3 }]], 60),
    ...utf8(`info_hash=${'a'.repeat(20)}&info_hash=${'%00'.repeat(20)}`, 'info_hash=short', ''),
    Buffer.from(Array.from({ length: 150 }, (_, i) => `info_hash=${String(i).padStart(20, '0')}`).join('&')),
    encodeScrapeReply(
      Array.from({ length: 150 }, (_, i) => [
        String(i).padStart(40, '0'),
        { complete: 1, incomplete: 2, downloaded: 3 },
      ]),
    ),
  ],
  tokens: latin(
    'info_hash=',
    '&',
    '%',
    '5:files',
    '20:',
    '8:complete',
    '10:incomplete',
    '10:downloaded',
    '11:downloaders',
    '5:flags',
    '20:min_request_interval',
    'd',
    'e',
    'i-1e',
    'i1e',
  ),
  fuzz(bytes) {
    const query = parseScrapeQuery(Buffer.from(bytes).toString('latin1'));
    if ('infoHashes' in query) {
      note(`query ${query.infoHashes.length}`);
      assert.ok(query.infoHashes.length <= MAX_SCRAPE_HASHES);
      assert.ok(query.infoHashes.every((hash) => /^[0-9a-f]{40}$/.test(hash)));
      assert.equal(new Set(query.infoHashes).size, query.infoHashes.length);
    }
    const reply = accept('ERR_TRACKER_REPLY', () => parseScrapeReply(bytes));
    if (reply === undefined) return;
    note(`reply ${reply.swarms.size}`);
    assert.ok([...reply.swarms.keys()].every((hash) => /^[0-9a-f]{40}$/.test(hash)));
    assert.ok(reply.swarms.size <= MAX_SCRAPE_HASHES);
    const again = parseScrapeReply(encodeScrapeReply(reply.swarms));
    assert.deepEqual(again.swarms, reply.swarms);
  },
};

const head = { publisher: KEY, name: 'größe.iso', seq: 2, prev: KEY, timestamp: 1_700_000_000 };

/** The same dictionary with its first key at the end. */
function outOfOrder(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const first = /\0d(.*?)(?=4:prev)/s.exec(text)![1]!;
  return Buffer.from(`${text.replace(first, '').slice(0, -1)}${first}e`, 'latin1');
}

export const entry: FuzzTarget = {
  name: 'catalog-entry',
  seeds: [
    entryBytes({ type: 'file', ...head, size: 5, infoHash: HASH, trackers: ['http://t/announce'] }),
    entryBytes({ type: 'remove', ...head }),
    entryBytes({ type: 'file', ...head, seq: 1, prev: '', size: 0, infoHash: HASH, trackers: [] }),
    outOfOrder(entryBytes({ type: 'remove', ...head })),
  ],
  tokens: latin(
    '3:ih1',
    '4:name',
    '4:prev',
    '3:pub',
    '3:seq',
    '4:size',
    '8:trackers',
    '2:ts',
    '4:type',
    '4:file',
    '6:remove',
    'shoal-entry-v1\0',
    'i-1e',
    'e',
    'l',
    'd',
  ),
  fuzz(bytes) {
    const record = accept('ERR_SIGNATURE', () => decodeEntry(bytes));
    if (record === undefined) return;
    assert.ok(bytes.length <= MAX_RECORD_LENGTH);
    const again = entryBytes(record);
    assert.deepEqual(decodeEntry(again), record);
    // Fields of a later version are ignored, and there is no other way to be longer.
    assert.ok(again.length <= bytes.length);
    if (again.length === bytes.length)
      assert.deepEqual(Buffer.from(again), Buffer.from(bytes), 'two spellings of one record');
  },
};

export const savedRegistry: FuzzTarget = {
  name: 'saved-registry',
  seeds: utf8(
    '["shoal-registry",1]',
    `["session","${'a'.repeat(32)}","${KEY}","7f000001"]`,
    `["swarm","${HASH}",5,[["7f000001",80,"${'61'.repeat(20)}",7,3,1000,5,""]]]`,
    `["pieces","${'a'.repeat(32)}","${HASH}",20,"*"]`,
    `["pieces","${'a'.repeat(32)}","${HASH}",8,"ff"]`,
  ),
  tokens: utf8(
    '[',
    ']',
    ',',
    '"',
    '-1',
    '1e999',
    'null',
    '"*"',
    '"swarm"',
    '"pieces"',
    '"session"',
    '{"__proto__":1}',
    '1048577',
  ),
  fuzz(bytes) {
    const saved = parseRecord(Buffer.from(bytes).toString('utf8'));
    note(saved?.kind ?? 'refused');
    if (saved?.kind === 'swarm')
      assert.ok(saved.peers.every(({ port, left }) => port > 0 && port < 65536 && left >= 0));
    if (saved?.kind === 'pieces') assert.ok(saved.pieces.count <= saved.pieces.size);
  },
};

const summary = {
  name: 'n',
  publisher: KEY,
  seq: 1,
  size: 2,
  infoHash: HASH,
  files: 1,
  published: 3,
  seeds: 0,
  peers: 0,
};

export const replies: FuzzTarget = {
  name: 'tracker-json',
  seeds: utf8(
    JSON.stringify({ files: [summary], total: 1, next: 'x' }),
    JSON.stringify({ versions: [summary] }),
    JSON.stringify({ session: 'a'.repeat(32), every: 10, lease: 30 }),
    JSON.stringify({
      infoHash: HASH,
      pieceCount: 1,
      complete: 1,
      partial: 0,
      unknown: 0,
      min: 1,
      missing: 0,
      histogram: [{ copies: 1, pieces: 1 }],
      rarest: [],
    }),
    JSON.stringify({ seq: 0, hash: '', entry: '', signature: '' }),
  ),
  tokens: utf8(
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    'null',
    '-1',
    '1e400',
    '"__proto__":{"x":1}',
    '"files":',
    '"total":',
    'true',
    '[[[[[[[',
  ),
  fuzz(bytes) {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch {
      return;
    }
    for (const [name, guard] of Object.entries(replyGuards)) {
      if (!guard(value)) continue;
      note(name);
      // Written by hand for clients without a schema library: what passes is what the schema says, or more.
      const { reply } = routes[name as keyof typeof replyGuards];
      assert.ok(Check(reply, value), `${name} is not what its schema says`);
    }
  },
};
