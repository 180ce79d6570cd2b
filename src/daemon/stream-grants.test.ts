import assert from 'node:assert/strict';
import test from 'node:test';
import type { ManagedTorrent } from './managed-torrent.ts';
import { StreamGrants } from './stream-grants.ts';

const HOUR = 3600 * 1000;
const torrent = (): ManagedTorrent => ({}) as ManagedTorrent;

function setUp() {
  const clock = { now: 1000 };
  const gone = new Set<ManagedTorrent>();
  const grants = new StreamGrants(
    (each) => !gone.has(each),
    () => clock.now,
  );
  return { clock, gone, grants };
}

test('an address is for one file, cannot be guessed, and ends', () => {
  const { clock, grants } = setUp();
  const film = { torrent: torrent(), index: 3, name: 'film.mkv', size: 5 };
  const { token, expires } = grants.open(film);
  assert.match(token, /^[\w-]{43}$/);
  assert.notEqual(grants.open(film).token, token);
  assert.deepEqual(grants.find(token), { ...film, expires });
  for (const wrong of ['', token.slice(1), `${token}A`, token.toLowerCase(), '__proto__'])
    assert.equal(grants.find(wrong), undefined, wrong);
  assert.equal(expires, 1000 + 12 * HOUR);
  clock.now = expires - 1;
  assert.notEqual(grants.find(token), undefined);
  clock.now = expires;
  assert.equal(grants.find(token), undefined);
});

test('an address ends with its torrent, and another torrent of the same name does not bring it back', () => {
  const { gone, grants } = setUp();
  const [one, other] = [torrent(), torrent()];
  const first = grants.open({ torrent: one, index: 0, name: 'a', size: 1 });
  const second = grants.open({ torrent: other, index: 0, name: 'a', size: 1 });
  gone.add(one);
  assert.equal(grants.find(first.token), undefined);
  assert.equal(grants.find(second.token)?.torrent, other);
});

test('of very many addresses the oldest go', () => {
  const { grants } = setUp();
  const film = { torrent: torrent(), index: 0, name: 'a', size: 1 };
  const first = grants.open(film);
  const second = grants.open(film);
  for (let count = 2; count < 10_001; count++) grants.open(film);
  assert.equal(grants.find(first.token), undefined);
  assert.notEqual(grants.find(second.token), undefined);
});
