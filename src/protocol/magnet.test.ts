import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { formatMagnet, type Magnet, parseMagnet } from './magnet.ts';

const HASH = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'f'.repeat(40);

function reasonOf(uri: string): string | undefined {
  try {
    parseMagnet(uri);
  } catch (error) {
    assert.ok(error instanceof ShoalError && error.code === 'ERR_MAGNET', `${error}`);
    return error.reason;
  }
  return undefined;
}

describe('magnet links', () => {
  it('reads every part', () => {
    const uri =
      `magnet:?xt=urn:btih:${HASH.toUpperCase()}&dn=caf%C3%A9+%26+more&xl=123&tr=http%3A%2F%2Fa.example%2Fannounce` +
      '&tr.1=udp://b.example:1337&x.pe=10.0.0.1:6881&x.pe=%5B::1%5D:1&x.pe=seed.example:2&so=0,2-4&ws=http://x/&foo';
    assert.deepEqual(parseMagnet(uri), {
      infoHash: HASH,
      name: 'café & more',
      length: 123,
      trackers: ['http://a.example/announce', 'udp://b.example:1337'],
      peers: [
        { host: '10.0.0.1', port: 6881 },
        { host: '::1', port: 1 },
        { host: 'seed.example', port: 2 },
      ],
      selectOnly: '0,2-4',
    });
  });

  it('reads an info-hash in base 32', () => {
    // RFC 4648: the digits of 20 bytes of 0xff and of 'foobarfoobarfoobarfo'.
    assert.equal(parseMagnet(`magnet:?xt=urn:btih:${'7'.repeat(32)}`).infoHash, OTHER);
    const foobar = toHex(new TextEncoder().encode('foobarfoobarfoobarfo'));
    assert.equal(parseMagnet('MAGNET:?xt=urn:btih:mzxw6ytbojtg633cmfzgm33pmjqxeztp').infoHash, foobar);
  });

  const refused: [uri: string, reason: string][] = [
    ['', 'not_a_magnet'],
    ['http://x/', 'not_a_magnet'],
    ['magnet:?', 'missing_hash'],
    ['magnet:?dn=x', 'missing_hash'],
    ['magnet:?xt=urn:sha1:abc', 'missing_hash'],
    [`magnet:?xt=urn:btih:${HASH.slice(1)}`, 'bad_hash'],
    [`magnet:?xt=urn:btih:${HASH}0`, 'bad_hash'],
    [`magnet:?xt=urn:btih:${HASH.slice(1)}g`, 'bad_hash'],
    [`magnet:?xt=urn:btih:${'1'.repeat(32)}`, 'bad_hash'],
    ['magnet:?xt=urn:btih:', 'bad_hash'],
    [`magnet:?xt=urn:btih:${HASH}&xt=urn:btih:${OTHER}`, 'ambiguous_hash'],
    [`magnet:?xt=urn:btmh:1220${'a'.repeat(64)}`, 'v2_only'],
    [`magnet:?xt=urn:btih:${HASH}&dn=${'x'.repeat(1024 * 1024)}`, 'too_large'],
  ];
  for (const [uri, reason] of refused)
    it(`refuses ${uri.slice(0, 60)} as ${reason}`, () => assert.equal(reasonOf(uri), reason));

  it('takes the v1 half of a hybrid and the same hash twice', () => {
    const uri = `magnet:?xt=urn:btmh:1220${'a'.repeat(64)}&xt.1=urn:btih:${HASH}&xt.2=urn:btih:${HASH.toUpperCase()}`;
    assert.equal(parseMagnet(uri).infoHash, HASH);
  });

  it('bounds and filters what a link may name', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `&tr=udp://t${index}:1&x.pe=h${index}:1`).join('');
    const { trackers, peers } = parseMagnet(`magnet:?xt=urn:btih:${HASH}${many}`);
    assert.deepEqual([trackers.length, peers.length, trackers[255]], [256, 256, 'udp://t255:1']);
    const bad =
      '&tr=ftp://a&tr=javascript:1&tr=http://a b&tr=&x.pe=a:0&x.pe=a:70000&x.pe=:5&x.pe=a%20b:1&x.pe=http://a:1&xl=-5&xl=1e3';
    const plain: Magnet = { infoHash: HASH, trackers: [], peers: [] };
    assert.deepEqual(parseMagnet(`magnet:?xt=urn:btih:${HASH}${bad}&so=${'1,'.repeat(600)}`), plain);
    assert.equal(parseMagnet(`magnet:?xt=urn:btih:${HASH}&dn=${'%41'.repeat(5000)}`).name, 'A'.repeat(1024));
    assert.equal(parseMagnet(`magnet:?xt=urn:btih:${HASH}&dn=%zz%4&dn=second`).name, '%zz%4');
  });

  it('keeps markup in a name as text', () => {
    assert.equal(parseMagnet(`magnet:?xt=urn:btih:${HASH}&dn=%3Cb%3Ex%3C/b%3E`).name, '<b>x</b>');
  });

  it('reads back whatever it writes', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    const magnet = fc.record(
      {
        infoHash: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex),
        name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        length: fc.nat(),
        trackers: fc.uniqueArray(fc.webUrl({ withQueryParameters: true }), { maxLength: 5 }),
        peers: fc.uniqueArray(
          fc.record({ host, port: fc.integer({ min: 1, max: 65535 }) }, { noNullPrototype: true }),
          {
            maxLength: 5,
            selector: (peer) => `${peer.host} ${peer.port}`,
          },
        ),
        selectOnly: fc.constantFrom('0', '1,3-5'),
      },
      { requiredKeys: ['infoHash', 'trackers', 'peers'], noNullPrototype: true },
    );
    fc.assert(fc.property(magnet, (value) => assert.deepEqual(parseMagnet(formatMagnet(value)), value)));
  });

  it('answers any text with a magnet or a coded error', () => {
    const part = fc.constantFrom(
      'magnet:?',
      `xt=urn:btih:${HASH}`,
      '&',
      '=',
      'tr',
      'x.pe',
      '%',
      '%ff',
      'udp://a',
      '[',
      '\ud800',
      '\0',
    );
    const link = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 12 }).map((parts) => `magnet:?${parts.join('')}`),
    );
    fc.assert(
      fc.property(link, (uri) => {
        if (reasonOf(uri) === undefined) assert.match(parseMagnet(uri).infoHash, /^[0-9a-f]{40}$/);
      }),
      { numRuns: 1000 },
    );
  });
});
