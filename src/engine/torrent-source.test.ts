import assert from 'node:assert/strict';
import test from 'node:test';
import { mergeTiers, resolveSource } from './torrent-source.ts';

const HASH = 'ab'.repeat(20);

test('a magnet link names what it can', () => {
  const source = resolveSource(`magnet:?xt=urn:btih:${HASH}&dn=film&tr=http%3A%2F%2Fa%2Fannounce&x.pe=127.0.0.1:6881`);
  assert.equal(source.infoHash, HASH);
  assert.equal(source.name, 'film');
  assert.equal(source.metainfo, undefined);
  assert.deepEqual(source.trackers, [['http://a/announce']]);
  assert.deepEqual(source.peers, [{ host: '127.0.0.1', port: 6881 }]);
  assert.equal(resolveSource(`MAGNET:?xt=urn:btih:${HASH}`).name, HASH);
});

test('what is neither a magnet link nor a torrent is refused by name', () => {
  assert.throws(() => resolveSource('film.torrent'), { code: 'ERR_MAGNET', message: /film\.torrent/ });
  assert.throws(() => resolveSource(Buffer.from('no torrent')), /^ShoalError/);
});

test('tiers are joined in order, each tracker once', () => {
  assert.deepEqual(mergeTiers([['a', 'b'], []], [['b'], ['c', 'a', 'd']], [['e', 'e']]), [
    ['a', 'b'],
    ['c', 'd'],
    ['e'],
  ]);
});
