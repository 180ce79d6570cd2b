import assert from 'node:assert/strict';
import test from 'node:test';
import { BanList } from './ban-list.ts';
import { type CandidateOptions, Candidates, MAX_AT_ONE_ADDRESS, MAX_CANDIDATES, SOURCE } from './candidates.ts';

const { user, tracker, itself } = SOURCE;
const local = (port: number) => ({ host: '127.0.0.1', port });
const DAY = 24 * 3_600_000;

function make(options: Partial<CandidateOptions> = {}): Candidates {
  return new Candidates({ bans: new BanList(), ...options });
}

/** Global addresses of hosts of their own. */
function far(i: number) {
  return { host: `${30 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1`, port: 1000 };
}

/** Keys of all that may be dialled now, in order. */
function takeAll(candidates: Candidates, now: number, skipSeeds = false): string[] {
  const keys: string[] = [];
  for (let next = candidates.take(now, skipSeeds); next !== undefined; next = candidates.take(now, skipSeeds))
    keys.push(next.key);
  return keys;
}

test('a candidate is dialled once, and again only after a growing wait', () => {
  const candidates = make();
  assert.equal(candidates.add(local(1000), 0, tracker), true);
  assert.equal(candidates.add(local(1000), 0, tracker), false);
  assert.equal(takeAll(candidates, 0).length, 1);
  assert.equal(takeAll(candidates, 0).length, 0);
  candidates.dialFailed('127.0.0.1:1000', 0);
  assert.equal(candidates.hasReady(1999, false), false);
  assert.equal(takeAll(candidates, 1999).length, 0);
  assert.equal(candidates.hasReady(2000, false), true);
  assert.equal(takeAll(candidates, 2000).length, 1);
  candidates.dialFailed('127.0.0.1:1000', 2000);
  assert.equal(takeAll(candidates, 5999).length, 0);
  assert.equal(takeAll(candidates, 6000).length, 1);
  candidates.keepBusy('127.0.0.1:1000', 6000);
  assert.equal(takeAll(candidates, 100_000).length, 0, 'it is connected');
  candidates.disconnected('127.0.0.1:1000', 100_000, false);
  assert.equal(takeAll(candidates, 102_999).length, 0);
  assert.equal(takeAll(candidates, 103_000).length, 1);
  candidates.dialFailed('127.0.0.1:1000', 103_000);
  assert.equal(takeAll(candidates, 105_000).length, 1, 'what failed before it was connected is forgotten');
});

test('the order: who failed less, whom the user named, who is near, who was tried longest ago, source, rank', () => {
  const ranks = new Map([
    ['30.0.1.1', 1],
    ['30.0.2.1', 2],
    ['30.0.3.1', 3],
  ]);
  const candidates = make({ rank: ({ host }) => ranks.get(host) ?? 0 });
  candidates.add(far(9), 0, user);
  assert.deepEqual(takeAll(candidates, 0), ['30.0.9.1:1000']);
  candidates.dialFailed('30.0.9.1:1000', 0);
  candidates.add(far(8), 0, tracker);
  assert.deepEqual(takeAll(candidates, 0), ['30.0.8.1:1000']);
  candidates.disconnected('30.0.8.1:1000', 500, false);
  candidates.add(far(3), 5000, itself);
  candidates.add(far(1), 5000, tracker);
  candidates.add(far(2), 5000, tracker);
  candidates.add(local(7), 5000, tracker);
  candidates.add(far(4), 5000, user);
  assert.deepEqual(takeAll(candidates, 5000), [
    '30.0.4.1:1000',
    '127.0.0.1:7',
    '30.0.2.1:1000',
    '30.0.1.1:1000',
    '30.0.3.1:1000',
    '30.0.8.1:1000',
    '30.0.9.1:1000',
  ]);
});

test('ranks that change change the order', () => {
  let sign = 1;
  const candidates = make({ rank: ({ host }) => sign * Number(host.split('.')[2]) });
  for (const i of [1, 2, 3, 4]) candidates.add(far(i), 0, tracker);
  assert.equal(candidates.take(0, false)?.endpoint.host, '30.0.4.1');
  sign = -1;
  candidates.rerank();
  assert.deepEqual(takeAll(candidates, 0), ['30.0.1.1:1000', '30.0.2.1:1000', '30.0.3.1:1000']);
});

test('who never answers is given up, and tried once more when a tracker names it again', () => {
  const candidates = make();
  const [key] = ['30.0.1.1:1000'];
  candidates.add(far(1), 0, tracker);
  let now = 0;
  const tries = (until: number): number => {
    let count = 0;
    for (; now < until; now += 1000) {
      const next = candidates.take(now, false);
      if (next === undefined) continue;
      count++;
      candidates.dialFailed(next.key, now);
    }
    return count;
  };
  assert.equal(tries(DAY), 6);
  candidates.add(far(1), now, itself);
  assert.equal(tries(now + DAY), 0, 'what it says of itself is no reason');
  candidates.add(far(1), now, tracker);
  assert.equal(tries(now + DAY), 1);
  candidates.connected(far(1), now);
  candidates.disconnected(key!, now, false);
  assert.ok(tries(now + 3600_000) > 12, 'who was a peer is missed for longer');
  assert.ok(tries(now + DAY) < 300);
  assert.equal(tries(now + DAY), 0, 'but not for ever');
});

test('whom the user named is never given up', () => {
  const candidates = make();
  candidates.add(local(1), 0, user);
  for (let now = 0, i = 0; i < 50; i++, now += 300_000) {
    assert.equal(takeAll(candidates, now).length, 1);
    candidates.dialFailed('127.0.0.1:1', now);
  }
});

test('who is banned is not taken up', () => {
  const bans = new BanList();
  const candidates = make({ bans });
  bans.add('127.0.0.1', 1000, 'aa', '', 0);
  bans.add('8.8.4.4', 5, 'bb', '', 0);
  assert.equal(candidates.add(local(1000), 0, tracker), false);
  assert.equal(candidates.add(local(1001), 0, tracker), true);
  assert.equal(candidates.add({ host: '8.8.4.4', port: 7 }, 0, tracker), false);
  candidates.add(local(1002), 0, tracker);
  bans.add('127.0.0.1', 1001, 'cc', '', 0);
  assert.deepEqual(takeAll(candidates, 0), ['127.0.0.1:1002'], 'nor dialled when it is banned later');
  assert.equal(candidates.size, 1);
});

test('our own address is never dialled again', () => {
  const candidates = make();
  candidates.add(local(1), 0, tracker);
  candidates.isSelf('127.0.0.1:1');
  assert.equal(candidates.add(local(1), 0, tracker), false);
  assert.equal(candidates.size, 0);
  assert.deepEqual(takeAll(candidates, 0), []);
});

test('room is bounded and made by dropping what failed most, never what the user gave', () => {
  const candidates = make();
  candidates.add({ host: '192.0.2.1', port: 1 }, 0, user);
  for (let i = 1; i < MAX_CANDIDATES; i++) candidates.add(far(i), 0, tracker);
  assert.equal(candidates.size, MAX_CANDIDATES);
  assert.equal(candidates.add(far(5000), 0, tracker), false);
  assert.equal(candidates.take(0, false)?.key, '192.0.2.1:1');
  candidates.dialFailed('192.0.2.1:1', 0);
  const [once, twice] = [candidates.take(0, false)!.key, candidates.take(0, false)!.key];
  candidates.dialFailed(once, 0);
  candidates.dialFailed(twice, 0);
  candidates.dialFailed(twice, 0);
  assert.equal(candidates.add(far(5001), 0, tracker), true);
  candidates.disconnected(twice, 0, false);
  assert.equal(candidates.add(far(5002), 0, tracker), true, 'the other one that had failed made room');
  assert.equal(candidates.add(far(5003), 0, tracker), false);
  assert.equal(candidates.size, MAX_CANDIDATES);
  assert.equal(candidates.add(far(5004), 0, user), true);
  assert.equal(takeAll(candidates, 1_000_000).includes('192.0.2.1:1'), true);
});

test('one connection to a global address, others there wait; on this machine there may be many', () => {
  const candidates = make();
  const host = '8.8.4.4';
  candidates.add({ host, port: 1 }, 0, tracker);
  candidates.add({ host, port: 2 }, 0, tracker);
  candidates.add(local(1), 0, tracker);
  candidates.add(local(2), 0, tracker);
  assert.deepEqual(takeAll(candidates, 0), ['127.0.0.1:1', '127.0.0.1:2', '8.8.4.4:1']);
  candidates.seated(host, 1);
  candidates.connected({ host, port: 1 }, 0);
  assert.deepEqual(takeAll(candidates, 60_000), []);
  candidates.seated(host, -1);
  candidates.disconnected('8.8.4.4:1', 60_000, false);
  assert.deepEqual(takeAll(candidates, 80_000), ['8.8.4.4:2']);
  candidates.dialFailed('8.8.4.4:2', 80_000);
  assert.deepEqual(takeAll(candidates, 100_000), ['8.8.4.4:1']);
  const several = make({ perAddress: 2 });
  for (const port of [1, 2, 3]) several.add({ host, port }, 0, tracker);
  assert.equal(takeAll(several, 0).length, 2);
});

test('an attempt at an address ends with its candidate', () => {
  const candidates = make();
  const host = '8.8.4.4';
  for (const port of [1, 2]) candidates.add({ host, port }, 0, tracker);
  assert.equal(candidates.take(0, false)?.key, '8.8.4.4:1');
  candidates.isSelf('8.8.4.4:1');
  assert.deepEqual(takeAll(candidates, 0), ['8.8.4.4:2']);
});

test('many ports of one global address are not all remembered, unless the user gave them', () => {
  const candidates = make();
  for (let port = 1; port <= 100; port++) candidates.add({ host: '8.8.4.4', port }, 0, tracker);
  assert.equal(candidates.size, MAX_AT_ONE_ADDRESS);
  assert.equal(candidates.add({ host: '8.8.4.4', port: 101 }, 0, user), true);
  for (let port = 1; port <= 100; port++) candidates.add(local(port), 0, tracker);
  assert.equal(candidates.size, MAX_AT_ONE_ADDRESS + 101);
  candidates.forget({ host: '8.8.4.4', port: 1 });
  candidates.forget({ host: '8.8.4.4', port: 2 });
  assert.equal(candidates.add({ host: '8.8.4.4', port: 102 }, 0, tracker), true);
});

test('one address has one spelling', () => {
  const candidates = make();
  candidates.add({ host: '2A00:0:0::1', port: 1 }, 0, tracker);
  assert.equal(candidates.add({ host: '2a00::1', port: 1 }, 0, tracker), false);
  assert.deepEqual(candidates.take(0, false)?.endpoint, { host: '2a00::1', port: 1 });
  candidates.connected({ host: '2a00::0:1', port: 1 }, 0);
  assert.equal(candidates.size, 1);
  assert.equal(candidates.add({ host: '::ffff:8.8.4.4', port: 1 }, 0, tracker), true);
  assert.equal(candidates.take(0, false)?.key, '8.8.4.4:1');
  candidates.forget({ host: '2a00:0::1', port: 1 });
  candidates.forget({ host: '::ffff:808:404', port: 1 });
  assert.equal(candidates.size, 0);
  candidates.add({ host: 'fe80::1%eth0', port: 1 }, 0, tracker);
  assert.equal(candidates.take(0, false)?.endpoint.host, 'fe80::1%eth0', 'without its zone it is no address');
});

test('a seed is not dialled by a seed', () => {
  const candidates = make();
  candidates.add(local(1), 0, tracker);
  assert.equal(takeAll(candidates, 0).length, 1);
  candidates.disconnected('127.0.0.1:1', 0, true);
  assert.deepEqual(takeAll(candidates, 10_000, true), []);
  assert.equal(candidates.hasReady(10_000, true), false);
  assert.equal(candidates.hasReady(10_000, false), true);
  assert.equal(takeAll(candidates, 10_000).length, 1);
});
