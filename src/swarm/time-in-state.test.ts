import assert from 'node:assert/strict';
import test from 'node:test';
import { LoneSwarm } from '../../test/sim/lone-swarm.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';

/** The state with the most time. */
function dominant(times: Readonly<Record<string, number | undefined>>): string | undefined {
  return Object.entries(times).sort(([, a], [, b]) => b! - a!)[0]?.[0];
}

/** Three seconds of ticks; `each` happens before every tick. */
function watch(net: LoneSwarm, each: () => void = () => undefined): void {
  for (let i = 0; i < 30; i++) {
    each();
    net.pass(100);
  }
}

function whole(net: LoneSwarm): string | undefined {
  return dominant(net.swarm.view.times.read());
}

test('nobody known, and somebody being dialled', () => {
  const alone = new LoneSwarm();
  watch(alone);
  assert.equal(whole(alone), 'noPeers');
  const calling = new LoneSwarm();
  calling.swarm.handle({ type: 'peersFound', endpoints: [{ host: '10.0.0.1', port: 1 }] }, calling.now);
  watch(calling);
  assert.equal(whole(calling), 'dialling');
});

test('metadata, checking and a full disk', () => {
  const magnet = new LoneSwarm({ magnet: true });
  magnet.connect();
  watch(magnet);
  assert.equal(whole(magnet), 'metadata');
  const full = new LoneSwarm();
  full.connect().offer();
  full.swarm.pause(true, full.now);
  watch(full);
  assert.equal(whole(full), 'diskFull');
});

test('a peer that chokes us, one that has nothing we lack, and both', () => {
  const net = new LoneSwarm();
  const poor = net.connect();
  poor.offer([]);
  watch(net);
  assert.equal(whole(net), 'nobodyHas');
  assert.equal(dominant(poor.peer.downTimes.read()), 'nothingWanted');
  const choking = net.connect();
  choking.offer();
  choking.signal(MESSAGE.choke);
  for (let i = 0; i < 3; i++) watch(net);
  assert.equal(whole(net), 'choked');
  assert.equal(dominant(choking.peer.downTimes.read()), 'choked');
});

test('a slow peer, one that sends nothing more, and a good one', () => {
  const slow = new LoneSwarm({ pieces: 64 });
  const peer = slow.connect();
  peer.offer();
  watch(slow, () => peer.answer(1));
  assert.equal(whole(slow), 'peerSlow');
  assert.equal(dominant(peer.peer.downTimes.read()), 'peerSlow');

  const gone = new LoneSwarm({ pieces: 64, swarm: { snubAfter: 500 } });
  gone.connect().offer();
  watch(gone);
  assert.equal(whole(gone), 'snubbed');

  const good = new LoneSwarm({ pieces: 1024, slots: 1024 });
  const fast = good.connect();
  fast.offer();
  watch(good, () => fast.answer(16));
  assert.equal(whole(good), 'receiving');
});

test('a limit, seen although the socket is read now and then', () => {
  const net = new LoneSwarm({ pieces: 64 });
  const peer = net.connect();
  peer.offer();
  watch(net, () => {
    peer.answer(1);
    peer.peer.wasHeld = true;
  });
  assert.equal(whole(net), 'limited');
});

test('no place in memory, and pieces that wait for the disk', () => {
  const net = new LoneSwarm({ pieces: 16, slots: 4 });
  net.autoCommit = false;
  const peer = net.connect();
  peer.offer();
  while (peer.answer() > 0);
  watch(net);
  assert.equal(whole(net), 'disk');

  const hashing = new LoneSwarm({ pieces: 16, slots: 4 });
  hashing.autoCommit = false;
  const fast = hashing.connect();
  fast.offer();
  while (fast.answer() > 0);
  let spent = 0;
  watch(hashing, () => {
    spent += 60;
    hashing.swarm.storageTook(spent, spent / 2, hashing.now);
  });
  assert.equal(whole(hashing), 'hash');
  // The hashes have come, and now nothing comes any more.
  const silent = (): void => watch(hashing, () => hashing.swarm.storageTook(spent, spent / 2 + 1, hashing.now));
  silent();
  silent();
  assert.ok(hashing.swarm.view.times.read().disk! > 2_900, 'a disk that does not answer is no hash');

  const held = new LoneSwarm({ pieces: 16, slots: 2 });
  const first = held.connect();
  first.offer([0, 1, 2, 3]);
  const second = held.connect();
  second.offer([8, 9]);
  watch(held);
  assert.equal(dominant(second.peer.downTimes.read()), 'noMemory');
});

test('a newcomer that waits for its first hash, and one whose pieces are asked of others', () => {
  const net = new LoneSwarm({ pieces: 256, slots: 256 });
  net.autoCommit = false;
  const peer = net.connect();
  peer.offer();
  while (peer.answer() > 0);
  net.pass(100);
  assert.equal(dominant(peer.peer.downTimes.read()), 'trial');
});

test('uploads: nobody interested, all choked, nothing asked for', () => {
  const net = new LoneSwarm({ have: () => true, swarm: { uploadSlots: 1 } });
  const idle = net.connect();
  const served = net.connect();
  const waiting = net.connect();
  served.signal(MESSAGE.interested);
  waiting.signal(MESSAGE.interested);
  for (let i = 0; i < 5; i++) net.pass(100);
  assert.equal(dominant(idle.peer.upTimes.read()), 'notInterested');
  assert.equal(dominant(served.peer.upTimes.read()), 'askedForNothing');
  assert.equal(dominant(waiting.peer.upTimes.read()), 'choked');
  for (const state of ['limited', 'disk', 'socketFull'] as const) {
    served.peer.sending = state;
    for (let i = 0; i < 20; i++) net.pass(1_000);
    assert.ok(served.peer.upTimes.read()[state]! > 1_000, state);
  }
  assert.equal(whole(net), 'complete');
});
