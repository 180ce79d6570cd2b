import assert from 'node:assert/strict';
import test from 'node:test';
import { BanList } from './ban-list.ts';
import { Candidates, MAX_CANDIDATES } from './candidates.ts';

const local = (port: number) => ({ host: '127.0.0.1', port });

test('a candidate is dialled once, and again only after a growing wait', () => {
  const candidates = new Candidates(new BanList());
  assert.equal(candidates.add(local(1000), 0), true);
  assert.equal(candidates.add(local(1000), 0), false);
  assert.equal(candidates.take(5, 0, false).length, 1);
  assert.equal(candidates.take(5, 0, false).length, 0);
  candidates.dialFailed('127.0.0.1:1000', 0);
  assert.equal(candidates.take(5, 1999, false).length, 0);
  assert.equal(candidates.take(5, 2000, false).length, 1);
  candidates.dialFailed('127.0.0.1:1000', 2000);
  assert.equal(candidates.take(5, 5999, false).length, 0);
  assert.equal(candidates.take(5, 6000, false).length, 1);
});

test('who is banned is not taken up', () => {
  const bans = new BanList();
  const candidates = new Candidates(bans);
  bans.add('127.0.0.1', 1000, 'aa', '', 0);
  bans.add('8.8.4.4', 5, 'bb', '', 0);
  assert.equal(candidates.add(local(1000), 0), false);
  assert.equal(candidates.add(local(1001), 0), true);
  assert.equal(candidates.add({ host: '8.8.4.4', port: 7 }, 0), false);
});

test('our own address is never dialled again', () => {
  const candidates = new Candidates(new BanList());
  candidates.add(local(1), 0);
  candidates.isSelf('127.0.0.1:1');
  assert.equal(candidates.add(local(1), 0), false);
  assert.equal(candidates.size, 0);
});

test('room is bounded and made by dropping what failed, never what the user gave', () => {
  const candidates = new Candidates(new BanList());
  candidates.add({ host: '192.0.2.1', port: 1 }, 0, true);
  for (let i = 1; i < MAX_CANDIDATES; i++) candidates.add({ host: '198.51.100.1', port: i }, 0);
  assert.equal(candidates.size, MAX_CANDIDATES);
  assert.equal(candidates.add({ host: '198.51.100.2', port: 1 }, 0), false);
  candidates.dialFailed('192.0.2.1:1', 0);
  candidates.dialFailed('198.51.100.1:7', 0);
  assert.equal(candidates.add({ host: '198.51.100.2', port: 1 }, 0), true);
  assert.equal(candidates.add({ host: '198.51.100.3', port: 1 }, 0), false);
  assert.equal(candidates.size, MAX_CANDIDATES);
});

test('a seed is not dialled by a seed', () => {
  const candidates = new Candidates(new BanList());
  candidates.add(local(1), 0);
  candidates.take(1, 0, false);
  candidates.disconnected('127.0.0.1:1', 0, true);
  assert.equal(candidates.take(1, 10_000, true).length, 0);
  assert.equal(candidates.take(1, 10_000, false).length, 1);
});
