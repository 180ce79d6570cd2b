import assert from 'node:assert/strict';
import test from 'node:test';
import { BAN_LASTS, BanList, MAX_BANS } from './ban-list.ts';

const ID = 'aa'.repeat(20);

test('a ban on a public address covers the whole address in any spelling, and no other', () => {
  const bans = new BanList();
  assert.equal(bans.add('8.8.4.4', 5, ID, 'lied', 0).address, '8.8.4.4');
  assert.equal(bans.covers('8.8.4.4', 6), true);
  assert.equal(bans.covers('::ffff:8.8.4.4', 0), true);
  assert.equal(bans.covers('8.8.4.5', 5, ID), false, 'a peer id is worth nothing where an address is');
  bans.add('2a00::1', 5, ID, '', 0);
  assert.equal(bans.covers('2a00:0:0:0:0:0:0:1', 1), true);
  assert.equal(bans.covers('2a00::2', 5), false);
});

for (const host of ['127.0.0.1', '10.0.0.7', '192.168.1.1', 'fe80::1', '::1', '64:ff9b::7f00:1'])
  test(`a ban on ${host} covers one port and one peer id there`, () => {
    const bans = new BanList();
    bans.add(host, 1000, ID, '', 0);
    assert.equal(bans.covers(host, 1000), true);
    assert.equal(bans.covers(host, 0, ID), true);
    assert.equal(bans.covers(host, 1001, 'bb'.repeat(20)), false);
    assert.equal(bans.covers(host, 0), false);
    assert.equal(bans.covers('172.16.0.9', 1000, ID), false);
  });

test('where nobody knows the port a ban covers the peer id alone', () => {
  const bans = new BanList();
  const { address } = bans.add('127.0.0.1', 0, ID, '', 0);
  assert.equal(bans.covers('127.0.0.1', 0, ID), true);
  assert.equal(address, `127.0.0.1#${ID}`);
  assert.equal(bans.covers('127.0.0.1', 1000), false);
  assert.equal(bans.lift(address), true);
  assert.equal(bans.covers('127.0.0.1', 0, ID), false);
});

test('a lifted ban is gone with its peer ids', () => {
  const bans = new BanList();
  bans.add('10.0.0.1', 7, ID, '', 0);
  assert.equal(bans.lift('10.0.0.1:8'), false);
  assert.equal(bans.lift('10.0.0.1:7'), true);
  assert.equal(bans.covers('10.0.0.1', 7, ID), false);
  assert.equal(bans.size, 0);
});

test('bans of public addresses end, others last as long as the list', () => {
  const bans = new BanList();
  bans.add('8.8.8.8', 1, ID, '', 1_000);
  bans.add('127.0.0.1', 1, ID, '', 1_000);
  bans.expire(1_000 + BAN_LASTS - 1);
  assert.equal(bans.size, 2);
  bans.expire(1_000 + BAN_LASTS);
  assert.deepEqual(
    bans.list().map((ban) => ban.address),
    ['127.0.0.1:1'],
  );
});

test('a ban that is made again lasts longer, and one read from elsewhere does not shorten it', () => {
  const bans = new BanList();
  bans.add('8.8.8.8', 1, ID, 'first', 0);
  bans.add('8.8.8.8', 1, ID, 'second', 500);
  bans.restore({ address: '8.8.8.8', since: 0, until: 100, reason: 'old' });
  bans.expire(BAN_LASTS + 100);
  assert.deepEqual(bans.list(), [{ address: '8.8.8.8', since: 500, until: BAN_LASTS + 500, reason: 'second' }]);
});

test('bans end one after the other', () => {
  const bans = new BanList();
  for (const at of [300, 100, 200]) bans.restore({ address: `8.8.8.${at / 100}`, since: 0, until: at, reason: '' });
  const left = (now: number): number => {
    bans.expire(now);
    return bans.size;
  };
  assert.deepEqual([99, 100, 199, 200, 299, 300].map(left), [3, 2, 2, 1, 1, 0]);
});

test('of two bans that end together the later one counts', () => {
  const bans = new BanList();
  bans.add('8.8.8.8', 1, ID, 'first', 0);
  bans.add('8.8.8.8', 1, ID, 'second', 0);
  assert.equal(bans.list()[0]!.reason, 'second');
});

test('the more bans in a /24 or /64, the less a stranger from there is welcome', () => {
  const bans = new BanList();
  const near = (i: number): string => `203.0.112.${i}`;
  for (let i = 1; i <= 8; i++) {
    const standing = bans.standing(near(99));
    assert.equal(standing, i <= 3 ? 'unknown' : 'suspect', `with ${i - 1} bans`);
    bans.add(near(i), 1, ID, '', 0);
    bans.add(near(i), 2, ID, 'again, which counts once', 0);
  }
  assert.equal(bans.standing(near(99)), 'refused');
  assert.equal(bans.standing('203.0.113.1'), 'unknown');
  bans.lift(near(1));
  assert.equal(bans.standing(near(99)), 'suspect');
  for (let i = 1; i <= 3; i++) bans.add(`2a00:1:2:3::${i}`, 1, ID, '', 0);
  assert.equal(bans.standing('2a00:1:2:3:ffff::1'), 'suspect');
  assert.equal(bans.standing('2a00:1:2:4::1'), 'unknown');
  assert.equal(bans.standing('::ffff:203.0.112.99'), 'suspect', 'in whatever spelling');
});

test('lifted bans leave nothing of a subnet behind', () => {
  const bans = new BanList();
  for (let round = 0; round < 4; round++) {
    for (let i = 1; i <= 2; i++) bans.add(`203.0.112.${i}`, 1, ID, '', 0);
    assert.equal(bans.standing('203.0.112.99'), 'unknown', `in round ${round}`);
    for (let i = 1; i <= 2; i++) bans.lift(`203.0.112.${i}`);
  }
});

test('bans on loopback and private addresses say nothing of their neighbours', () => {
  const bans = new BanList();
  for (let i = 1; i < 100; i++) {
    bans.add('127.0.0.1', i, ID.replace('aa', String(i).padStart(2, '0')), '', 0);
    bans.add('192.168.1.1', i, ID, '', 0);
  }
  assert.equal(bans.standing('127.0.0.1'), 'unknown');
  assert.equal(bans.standing('192.168.1.2'), 'unknown');
});

test('the oldest ban makes room, with all that hangs on it', () => {
  const bans = new BanList();
  bans.add('127.0.0.1', 1, ID, '', 0);
  for (let i = 0; i < MAX_BANS; i++) bans.add(`8.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1, ID, '', 0);
  assert.equal(bans.size, MAX_BANS);
  assert.equal(bans.covers('127.0.0.1', 1, ID), false);
  assert.equal(bans.covers('8.0.0.0', 1), true);
  bans.add('8.0.0.0', 1, ID, 'made again', 0);
  bans.add('9.9.9.9', 1, ID, '', 0);
  assert.equal(bans.covers('8.0.0.0', 1), true, 'it is the newest but one now');
  assert.equal(bans.covers('8.0.0.1', 1), false);
});
