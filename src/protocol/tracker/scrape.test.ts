// Both sides of a scrape against each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../base/bytes.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import { encode } from '../bencode.ts';
import { encodeFailure } from './http-server.ts';
import {
  encodeScrapeReply,
  MAX_SCRAPE_HASHES,
  parseScrapeQuery,
  parseScrapeReply,
  type SwarmCounts,
  scrapeUrl,
  scrapeUrlOf,
} from './scrape.ts';

const hash = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex);
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

test('the scrape URL follows from the announce URL (BEP 48)', () => {
  assert.equal(scrapeUrlOf('http://e.com/announce'), 'http://e.com/scrape');
  assert.equal(scrapeUrlOf('http://e.com/x/announce'), 'http://e.com/x/scrape');
  assert.equal(scrapeUrlOf('http://e.com/announce.php'), 'http://e.com/scrape.php');
  assert.equal(scrapeUrlOf('http://e.com/announce?x=2%3A4'), 'http://e.com/scrape?x=2%3A4');
  assert.equal(scrapeUrlOf('http://e.com/a'), undefined);
  assert.equal(scrapeUrlOf('http://e.com/announce?x=2/4'), 'http://e.com/scrape?x=2/4');
  assert.equal(scrapeUrlOf('http://e.com/x%64announce'), undefined);
  assert.equal(scrapeUrlOf('nonsense'), undefined);
  assert.equal(scrapeUrl('http://e.com/announce', []), undefined);
});

test('the hashes asked for are the hashes read, each once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(hash, { minLength: 1, maxLength: MAX_SCRAPE_HASHES }), (hashes) => {
      const url = scrapeUrl('http://e.com/announce?k=v', hashes)!;
      const query = url.slice(url.indexOf('?') + 1);
      assert.deepEqual(parseScrapeQuery(query), { infoHashes: hashes });
      assert.deepEqual(parseScrapeQuery(`${query}&${query}`), { infoHashes: hashes });
    }),
  );
});

test('too many hashes are cut, a malformed one refuses the scrape, none is an empty list', () => {
  const hashes = Array.from({ length: 120 }, (_, i) => i.toString(16).padStart(40, '0'));
  const query = hashes.map((text) => `info_hash=${text.replace(/../g, '%$&')}`).join('&');
  assert.deepEqual(parseScrapeQuery(query), { infoHashes: hashes.slice(0, MAX_SCRAPE_HASHES) });
  assert.ok('failure' in parseScrapeQuery('info_hash=short'));
  assert.ok('failure' in parseScrapeQuery('x'.repeat(20_000)));
  assert.deepEqual(parseScrapeQuery('a=b'), { infoHashes: [] });
});

test('the counts sent are the counts read', () => {
  const counts = fc
    .record(
      { complete: count, incomplete: count, downloaded: count, downloaders: count },
      { requiredKeys: ['complete', 'incomplete', 'downloaded'] },
    )
    .map((record): SwarmCounts => ({ ...record }));
  const swarms = fc.uniqueArray(fc.tuple(hash, counts), { maxLength: 20, selector: ([key]) => key });
  fc.assert(
    fc.property(swarms, fc.option(fc.nat(86400), { nil: undefined }), (list, seconds) => {
      const read = parseScrapeReply(encodeScrapeReply(list, seconds));
      assert.deepEqual(read.swarms, new Map(list));
      assert.equal(read.minInterval, seconds === undefined ? undefined : seconds * 1000);
    }),
  );
});

test('hostile replies are bounded', () => {
  assert.equal(parseScrapeReply(encodeFailure('no')).failure, 'no');
  const files = new Map<string, Record<string, number>>();
  for (let i = 0; i < 500; i++) files.set(String(i).padStart(20, '0'), { complete: -1, incomplete: 5 });
  files.set('short', { complete: 1 });
  const read = parseScrapeReply(encode({ files, flags: { min_request_interval: 2 ** 50 } }));
  assert.equal(read.swarms.size, MAX_SCRAPE_HASHES);
  assert.equal(read.minInterval, 86_400_000);
  assert.deepEqual([...read.swarms.values()][0], { complete: 0, incomplete: 5, downloaded: 0 });
  assert.equal(parseScrapeReply(encode({ files: 'x' })).swarms.size, 0);
  assert.throws(() => parseScrapeReply(encodeLatin1('<html>')), /not bencoded/);
});
