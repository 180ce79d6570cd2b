// Who gets a place and who loses it when there are not enough.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeExtensionHandshake } from '../../src/protocol/wire/extension.ts';
import { encodeExtended, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { ConnectionBudget } from '../../src/swarm/connection-budget.ts';
import { giveWay } from '../../src/swarm/swarm-eviction.ts';
import type { SwarmState } from '../../src/swarm/swarm-state.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

const HOSTS = Array.from({ length: 40 }, (_, i) => `${30 + i}.1.2.3`);

/** Hosts by the rank of a connection with them, the lowest first. */
function ranked(net: LoneSwarm): string[] {
  const rank = (host: string): number => net.swarm.view.own.rank(net.swarm.view.options.port, { host, port: 1 });
  return HOSTS.toSorted((a, b) => rank(a) - rank(b));
}

function find(net: LoneSwarm, ...hosts: string[]): void {
  net.swarm.handle({ type: 'peersFound', endpoints: hosts.map((host) => ({ host, port: 5000 })) }, net.now);
  net.settle();
}

function isRefusal(result: HandPeer | string): result is string {
  return typeof result === 'string';
}

function tellOwn(hand: HandPeer, ...yourIp: number[]): void {
  const messages = new Map<string, number>();
  hand.say(encodeExtended(0, encodeExtensionHandshake({ messages, yourIp: Uint8Array.from(yourIp) })));
}

test('a full house takes in who ranks higher for the lowest of those with whom nothing passes', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 3 } });
  const hosts = ranked(net);
  // All have what we want and choke us; one of them gives.
  const [low, middle, giver] = [hosts[10]!, hosts[20]!, hosts[5]!].map((host) => net.connect({ host }));
  for (const hand of [low!, middle!]) {
    hand.offer();
    hand.signal(MESSAGE.choke);
  }
  giver!.offer();
  for (let i = 0; i < 7; i++) {
    giver!.answer(1);
    net.pass(10_000);
  }
  assert.equal(net.tryConnect({ host: hosts[9]! }), 'enough peers are connected', 'it ranks lower than all of them');
  assert.equal(isRefusal(net.tryConnect({ host: hosts[15]! })), false);
  assert.match(low!.closed ?? '', /place/);
  assert.equal(isRefusal(net.tryConnect({ host: hosts[12]! })), true, 'it would have to replace somebody better');
  assert.equal(isRefusal(net.tryConnect({ host: hosts[30]! })), false);
  assert.match(middle!.closed ?? '', /place/, 'the other one has only just come');
  assert.equal(net.tryConnect({ host: hosts[39]! }), 'enough peers are connected');
  assert.equal(giver!.closed, undefined);
  assert.equal(net.swarm.view.peers.size, 3);
});

test('rank does not cost anybody a place who is asked for something or asks for it', () => {
  const net = new LoneSwarm({ have: (piece) => piece === 0, swarm: { maxPeers: 2 } });
  const hosts = ranked(net);
  const slow = net.connect({ host: hosts[0]! });
  const asking = net.connect({ host: hosts[1]! });
  slow.offer();
  asking.signal(MESSAGE.interested);
  net.pass(12_000);
  asking.say(Uint8Array.of(0, 0, 0, 13, MESSAGE.request, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0));
  assert.equal(asking.peer.uploads.count, 1);
  for (let i = 0; i < 7; i++) {
    slow.peer.snubbed = false;
    net.pass(9_000);
  }
  slow.peer.snubbed = false;
  assert.ok(slow.peer.requests.count > 0 && slow.peer.movedAt < net.now - 60_000);
  assert.equal(net.tryConnect({ host: hosts[39]! }), 'enough peers are connected');
  slow.peer.snubbed = true;
  assert.equal(isRefusal(net.tryConnect({ host: hosts[39]! })), false);
  assert.match(slow.closed ?? '', /place/);
});

test('who has only this moment come to want something, or to have what we want, is not taken for useless', () => {
  const has = (hand: HandPeer) => hand.say(Uint8Array.of(0, 0, 0, 5, MESSAGE.have, 0, 0, 0, 0));
  for (const wants of [(hand: HandPeer) => hand.signal(MESSAGE.interested), has]) {
    const net = new LoneSwarm({ swarm: { maxPeers: 1 } });
    const hosts = ranked(net);
    const hand = net.connect({ host: hosts[30]! });
    net.pass(70_000);
    wants(hand);
    assert.equal(net.tryConnect({ host: hosts[10]! }), 'enough peers are connected');
    assert.equal(
      isRefusal(net.tryConnect({ host: hosts[35]! })),
      false,
      'nothing has passed, and that one ranks higher',
    );
  }
});

test('whoever must make room is not dialled at once', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 1 } });
  const [low, , high] = ranked(net);
  find(net, low!);
  net.connect({ host: low!, port: 5000, dialled: `${low}:5000` });
  net.swarm.dialEnded();
  net.pass(61_000);
  const second = net.connect({ host: high! });
  second.leave();
  net.pass(59_000);
  assert.deepEqual(net.dials, [`${low}:5000`]);
  net.pass(3_000);
  assert.deepEqual(net.dials, [`${low}:5000`, `${low}:5000`]);
});

test('one connection to a global address, unless more are allowed; on this machine as many as come', () => {
  const net = new LoneSwarm();
  net.connect({ host: '8.8.4.4' });
  assert.equal(net.tryConnect({ host: '8.8.4.4' }), 'others are connected from its address');
  net.connect({ host: '8.8.4.5' });
  net.connect({ host: '2a00::1' });
  assert.equal(net.tryConnect({ host: '2a00::1' }), 'others are connected from its address');
  for (const host of ['127.0.0.1', '::1', 'fe80::1', 'fd00::1', '192.168.3.4'])
    for (let i = 0; i < 3; i++) net.connect({ host });
  const two = new LoneSwarm({ swarm: { perAddress: 2 } });
  two.connect({ host: '8.8.4.4' });
  two.connect({ host: '8.8.4.4' });
  assert.equal(two.tryConnect({ host: '8.8.4.4' }), 'others are connected from its address');
});

test('a host that comes back replaces its own silent connection, and keeps its record', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 1 } });
  const old = net.connect({ host: '8.8.4.4', peerId: 'before' });
  old.peer.reputation.unsettled = 1;
  net.pass(29_000, false);
  assert.equal(net.tryConnect({ host: '8.8.4.4', peerId: 'after' }), 'others are connected from its address');
  net.pass(2_000, false);
  const again = net.connect({ host: '8.8.4.4', peerId: 'after' });
  assert.match(old.closed ?? '', /silent/);
  assert.equal(again.peer.suspicion, 1, 'a new peer id does not clear it');
  assert.equal(net.swarm.view.peers.size, 1);
  assert.equal(net.tryConnect({ host: '8.8.4.4', peerId: 'third' }), 'others are connected from its address');
});

test('an address is free again when its connection has ended', () => {
  const net = new LoneSwarm();
  net.connect({ host: '8.8.4.4' }).leave();
  const second = net.connect({ host: '8.8.4.4' });
  find(net, '8.8.4.4');
  net.pass(60_000);
  assert.deepEqual(net.dials, [], 'nobody is dialled there meanwhile');
  second.leave();
  net.pass(20_000);
  assert.deepEqual(net.dials, ['8.8.4.4:5000']);
});

test('who has been of no use for ten minutes goes when others wait, and stays when nobody does', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 2 } });
  net.pass(100_000);
  const a = net.connect({ host: '8.8.4.4' });
  const b = net.connect({ host: '8.8.4.5' });
  net.pass(590_000);
  b.signal(MESSAGE.interested);
  find(net, '9.9.9.9');
  net.pass(5_000);
  assert.equal(a.closed, undefined);
  net.pass(8_000);
  assert.match(a.closed ?? '', /no use/);
  assert.equal(b.closed, undefined);
  assert.deepEqual(net.dials, ['9.9.9.9:5000']);
  const lonely = new LoneSwarm({ swarm: { maxPeers: 2 } });
  const c = lonely.connect({ host: '8.8.4.4' });
  lonely.connect({ host: '8.8.4.5' });
  lonely.pass(700_000);
  assert.equal(c.closed, undefined);
});

test('now and then the least useful of a full house makes room for those who wait', () => {
  const net = new LoneSwarm({ have: () => true, swarm: { maxPeers: 50 } });
  const [lowest, second, third, ...others] = ranked(net);
  const hands = others.map((host) => net.connect({ host }));
  for (const port of Array(13).keys()) hands.push(net.connect({ host: '127.0.0.1', port: 7000 + port }));
  for (const hand of hands) hand.signal(MESSAGE.interested);
  const gone = (): HandPeer[] => hands.filter(({ closed }) => closed !== undefined);
  net.pass(299_000);
  assert.equal(net.tryConnect({ host: lowest! }), 'enough peers are connected');
  net.pass(2_000);
  assert.equal(gone().length, 2, 'a twenty-fifth of them');
  for (const { closed } of gone()) assert.match(closed!, /others wait/);
  for (const host of [second!, third!]) net.connect({ host });
  net.pass(300_000);
  assert.equal(gone().length, 2, 'nobody was turned away since');
});

test('turnover spares who gives what is wanted and who has only just come', () => {
  const net = new LoneSwarm({ pieces: 200, swarm: { maxPeers: 3 } });
  const giver = net.connect({ host: '8.8.4.4' });
  giver.offer();
  for (let i = 0; i < 28; i++) {
    giver.answer(1);
    net.pass(10_000);
  }
  const idle = net.connect({ host: '8.8.4.5' });
  const fresh = net.connect({ host: '8.8.4.6' });
  for (const hand of [idle, fresh]) hand.signal(MESSAGE.interested);
  find(net, '9.9.9.9');
  for (let i = 0; i < 3; i++) {
    giver.answer(1);
    net.pass(10_000);
  }
  assert.deepEqual(
    [giver, idle, fresh].map(({ closed }) => closed),
    [undefined, undefined, undefined],
  );
  for (let i = 0; i < 30; i++) {
    giver.answer(1);
    net.pass(10_000);
  }
  assert.equal(giver.closed, undefined);
  assert.equal([idle, fresh].filter(({ closed }) => closed !== undefined).length, 1);
});

test('two torrents of a session share its places: the second one is let in', () => {
  const budget = new ConnectionBudget({ maxConnections: 4 });
  const rich = new LoneSwarm({ swarm: { budget } });
  const poor = new LoneSwarm({ swarm: { budget } });
  const hosts = ranked(rich);
  const hands = hosts.slice(0, 4).map((host) => rich.connect({ host }));
  assert.equal(rich.tryConnect({ host: '9.9.9.9' }), 'the session has enough connections');
  poor.connect({ host: '8.8.4.4' });
  rich.settle();
  assert.match(hands[0]!.closed ?? '', /another torrent/, 'the lowest rank');
  poor.connect({ host: '8.8.4.5' });
  rich.settle();
  assert.equal(poor.tryConnect({ host: '8.8.4.6' }), 'the session has enough connections');
  assert.equal(budget.connected, 4);
  for (const hand of [...rich.peers, ...poor.peers]) hand.leave();
  assert.equal(budget.connected, 0);
});

test('of those with whom something passes the slowest makes room for another torrent', () => {
  const budget = new ConnectionBudget({ maxConnections: 4 });
  const rich = new LoneSwarm({ swarm: { budget } });
  const poor = new LoneSwarm({ swarm: { budget } });
  const hands = ranked(rich)
    .slice(0, 4)
    .map((host) => rich.connect({ host }));
  const [giver] = hands;
  giver!.offer();
  for (let i = 0; i < 3; i++) {
    giver!.answer(1);
    rich.pass(1_000);
  }
  poor.connect({ host: '8.8.4.4' });
  rich.settle();
  assert.equal(giver!.closed, undefined, 'the lowest rank, but it gives');
  assert.match(hands[1]!.closed ?? '', /another torrent/);
});

test('a torrent whose connections are all ending has none to give up', () => {
  const net = new LoneSwarm();
  net.connect({ host: '8.8.4.4' }).peer.leaving = true;
  assert.equal(giveWay(net.swarm.view as SwarmState, net.now), false);
});

test('what others see of us decides the rank of connections, also of those we have', () => {
  const net = new LoneSwarm();
  const hand = net.connect({ host: '98.76.54.32' });
  const before = hand.peer.rank;
  tellOwn(hand, 123, 213, 32, 10);
  net.pass(1_100);
  assert.equal(hand.peer.rank, 0xec2d7224);
  assert.notEqual(before, hand.peer.rank);
  tellOwn(hand, 10, 0, 0, 1);
  net.pass(1_100);
  assert.equal(hand.peer.rank, 0xec2d7224);
  find(net, '9.9.9.9', '123.213.32.234');
  assert.equal(net.connect({ host: '123.213.32.234' }).peer.rank, 0x99568189);
});

test('peers are told their address', () => {
  const net = new LoneSwarm();
  for (const [host, bytes] of [
    ['8.8.4.4', [8, 8, 4, 4]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ] as const) {
    const { said } = net.connect({ host });
    const { payload } = said.find(({ id }) => id === MESSAGE.extended)!;
    assert.ok(Buffer.from(payload).includes(Buffer.from([...Buffer.from(`6:yourip${bytes.length}:`), ...bytes])), host);
  }
});
