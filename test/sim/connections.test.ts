// Who is dialled, kept, replaced and dropped.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeExtensionHandshake } from '../../src/protocol/wire/extension.ts';
import { encodeExtended, encodeFrame, encodeHave, encodeKeepAlive, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

const host = '127.0.0.1';

function tellPort(hand: HandPeer, port: number, uploadOnly = false): void {
  hand.say(encodeExtended(0, encodeExtensionHandshake({ messages: new Map(), port, uploadOnly })));
}

function find(net: LoneSwarm, ...ports: number[]): void {
  net.swarm.handle({ type: 'peersFound', endpoints: ports.map((port) => ({ host, port })) }, net.now);
  net.settle();
}

test('a peer that was turned away is dialled again later, and the count of dials stays right', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 1 } });
  net.connect();
  find(net, 5000);
  assert.deepEqual(net.dials, [], 'there is no room');
  const roomy = new LoneSwarm();
  find(roomy, 5000);
  assert.deepEqual(roomy.dials, ['127.0.0.1:5000']);
  assert.equal(roomy.swarm.view.dialling, 1);
  roomy.swarm.handle({ type: 'dialFailed', key: '127.0.0.1:5000' }, roomy.now);
  assert.equal(roomy.swarm.view.dialling, 0);
  roomy.pass(1_900);
  assert.equal(roomy.dials.length, 1);
  roomy.pass(1_200);
  assert.equal(roomy.dials.length, 2);
});

test('a peer that has dialled us itself is not dialled while it stays, and is when it is gone', () => {
  const net = new LoneSwarm();
  find(net, 5000);
  const incoming = net.connect();
  tellPort(incoming, 5000);
  // Our own dial is dropped as the second connection to the same peer.
  net.swarm.handle({ type: 'dialFailed', key: '127.0.0.1:5000' }, net.now);
  net.pass(60_000);
  assert.equal(net.dials.length, 1);
  incoming.leave();
  net.pass(4_000);
  assert.equal(net.dials.length, 2);
});

test('a peer that is known by its connection alone can be found again', () => {
  const net = new LoneSwarm();
  const incoming = net.connect();
  tellPort(incoming, 5000);
  incoming.leave();
  net.pass(4_000);
  assert.deepEqual(net.dials, ['127.0.0.1:5000']);
});

test('what we dialled tells where a peer listens that is connected already', () => {
  const net = new LoneSwarm();
  // Our id is all M: the peer with the greater one keeps the connection it made.
  const incoming = net.connect({ extended: false, peerId: 'ZZ-same' });
  find(net, 5000);
  const refusal = net.tryConnect({ dialled: '127.0.0.1:5000', port: 5000, peerId: 'ZZ-same' });
  assert.ok(refusal === 'connected to this peer already');
  net.swarm.handle({ type: 'dialFailed', key: '127.0.0.1:5000' }, net.now);
  net.pass(60_000);
  assert.equal(net.dials.length, 1);
  incoming.leave();
  net.pass(4_000);
  assert.equal(net.dials.length, 2);
});

test('a peer cannot keep us from dialling others by naming their ports', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 3 } });
  const a = net.connect();
  const b = net.connect();
  const rude = net.connect();
  find(net, 5001, 5002, 5003);
  for (const port of [5000, 5001, 5002, 5003]) tellPort(rude, port);
  a.leave();
  b.leave();
  net.pass(1_000);
  assert.equal(net.dials.length, 2);
});

test('a connection that replaces another leaves the peer known and the room taken once', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 1 } });
  // The peer with the smaller id gives way to the connection we made.
  find(net, 5000);
  const incoming = net.connect({ peerId: '-AA0001-twice' });
  const outgoing = net.tryConnect({ dialled: '127.0.0.1:5000', port: 5000, peerId: '-AA0001-twice' });
  assert.notEqual(typeof outgoing, 'string', String(outgoing));
  assert.match(incoming.closed ?? '', /replaced/);
  net.swarm.dialEnded();
  assert.equal(net.swarm.view.peers.size, 1);
  net.pass(60_000);
  assert.equal(net.dials.length, 1, 'the end of the replaced connection is no reason to dial');
});

test('a full house makes room for a newcomer only by a peer that neither gives nor takes', () => {
  const net = new LoneSwarm({ swarm: { maxPeers: 2 } });
  const useless = net.connect();
  const useful = net.connect();
  useful.offer();
  assert.ok(net.tryConnect() === 'enough peers are connected');
  net.pass(61_000);
  const third = net.tryConnect();
  assert.notEqual(typeof third, 'string');
  assert.match(useless.closed ?? '', /place/);
  assert.equal(useful.closed, undefined);
  assert.equal(net.swarm.view.peers.size, 2);
  assert.ok(net.tryConnect() === 'enough peers are connected');
});

test('nobody is dialled while the disk is checked: there is nothing to tell yet', () => {
  const net = new LoneSwarm({ magnet: true, swarm: { infoBytes: new LoneSwarm().infoBytes } });
  find(net, 5000);
  net.pass(2_000);
  assert.deepEqual(net.dials, []);
  net.activate();
  assert.deepEqual(net.dials, ['127.0.0.1:5000']);
});

test('addresses nobody can dial are not taken up', () => {
  const net = new LoneSwarm();
  find(net, 0, -1, 65_536, 1.5, Number.NaN);
  net.swarm.handle({ type: 'peersFound', endpoints: [{ host: '', port: 5000 }] }, net.now);
  net.pass(1_000);
  assert.deepEqual(net.dials, []);
});

test('an endpoint the user names again is tried at once, whatever failed before', () => {
  const net = new LoneSwarm();
  find(net, 5000);
  for (let i = 0; i < 8; i++) {
    net.pass(300_000, false);
    net.swarm.handle({ type: 'dialFailed', key: '127.0.0.1:5000' }, net.now);
    net.settle();
  }
  const before = net.dials.length;
  find(net, 5000);
  net.pass(14_000);
  assert.equal(net.dials.length, before);
  net.pass(2_000);
  assert.equal(net.dials.length, before + 1, 'a tracker that names it again shortens the wait');
  net.swarm.handle({ type: 'dialFailed', key: '127.0.0.1:5000' }, net.now);
  net.swarm.handle({ type: 'peersFound', endpoints: [{ host, port: 5000 }], pinned: true }, net.now);
  net.settle();
  assert.equal(net.dials.length, before + 2);
});

test('a peer that sends its keep-alive every two minutes stays', () => {
  const net = new LoneSwarm();
  const quiet = net.connect();
  for (let i = 0; i < 5; i++) {
    net.pass(120_500, false);
    quiet.say(encodeKeepAlive());
  }
  assert.equal(quiet.closed, undefined);
  assert.ok(quiet.count(-1) >= 5, 'and hears ours');
  net.pass(185_000, false);
  assert.match(quiet.closed ?? '', /silent/);
});

test('two that both want nothing part, also when the other one says so late', () => {
  const net = new LoneSwarm({ have: () => true });
  const partial = net.connect();
  partial.offer([0]);
  assert.equal(partial.closed, undefined);
  tellPort(partial, 5000, true);
  assert.match(partial.closed ?? '', /everything/);
});

test('interest is told at once, its end when a second has passed, so that it does not flap with each piece', () => {
  const net = new LoneSwarm({ pieces: 40, slots: 8 });
  const peer = net.connect();
  peer.signal(MESSAGE.unchoke);
  for (let piece = 0; piece < 20; piece++) {
    peer.say(encodeHave(piece));
    peer.answerAll();
  }
  assert.equal(peer.count(MESSAGE.interested), 1);
  assert.equal(peer.count(MESSAGE.notInterested), 0);
  net.pass(1_100);
  assert.equal(peer.count(MESSAGE.notInterested), 1);
  peer.say(encodeHave(30));
  assert.equal(peer.count(MESSAGE.interested), 2);
});

test('who paused asks for nothing and wants nothing; afterwards it goes on', () => {
  const net = new LoneSwarm();
  const peer = net.connect();
  peer.offer();
  const asked = peer.owed.length;
  net.swarm.pause(true, net.now);
  net.settle();
  assert.equal(peer.owed.length, 0);
  assert.equal(peer.count(MESSAGE.cancel), asked);
  assert.equal(peer.count(MESSAGE.notInterested), 1);
  net.pass(5_000);
  assert.equal(peer.owed.length, 0);
  net.swarm.pause(false, net.now);
  net.settle();
  assert.equal(peer.count(MESSAGE.interested), 2);
  peer.answerAll();
  assert.equal(net.swarm.view.complete, true);
});

test('a peer that only chokes and unchokes, or only keeps alive, is closed; a lively honest one is not', () => {
  const net = new LoneSwarm();
  const flapping = net.connect();
  flapping.offer([]);
  for (let i = 0; i < 1_500; i++) {
    flapping.signal(MESSAGE.choke);
    flapping.signal(MESSAGE.unchoke);
  }
  assert.equal(flapping.closed, 'too_many_messages');
  const honest = net.connect();
  for (let second = 0; second < 20; second++) {
    for (let i = 0; i < 50; i++) honest.signal(i % 2 === 0 ? MESSAGE.interested : MESSAGE.notInterested);
    net.pass(1_000);
  }
  assert.equal(honest.closed, undefined);
  const chatty = net.connect();
  for (let i = 0; i < 3_000; i++) chatty.say(encodeKeepAlive());
  assert.equal(chatty.closed, 'too_many_messages');
});

test('to who does not understand lt_donthave a lost piece cannot be unsaid, so it has to ask anew', () => {
  const net = new LoneSwarm({ have: (piece) => piece < 4 });
  const peer = net.connect();
  net.swarm.handle({ type: 'piecesLost', pieces: [6] }, net.now);
  net.settle();
  assert.equal(peer.closed, undefined, 'nothing was lost');
  net.swarm.handle({ type: 'piecesLost', pieces: [1, 6] }, net.now);
  net.settle();
  assert.match(peer.closed ?? '', /lost/);
  const again = net.connect();
  const field = again.said.find((message) => message.id === MESSAGE.bitfield)!;
  assert.deepEqual([...field.payload], [0b10110000]);
  again.offer();
  again.answerAll();
  assert.equal(net.swarm.view.complete, true);
});

test('a piece that is lost before it was told of is not told of', () => {
  const net = new LoneSwarm();
  const taker = net.connect();
  const giver = net.connect();
  giver.offer([2]);
  giver.answerAll();
  net.swarm.handle({ type: 'piecesLost', pieces: [2] }, net.now);
  net.swarm.tick(net.now + 100);
  const bytes = taker.peer.out.drain();
  assert.equal(Buffer.from(bytes).includes(Buffer.from(encodeHave(2))), false);
});

test('who serves a torrent without pieces still serves its metadata', () => {
  const net = new LoneSwarm({ pieces: 0 });
  const magnet = net.connect();
  magnet.signal(MESSAGE.haveNone);
  magnet.say(encodeExtended(0, encodeExtensionHandshake({ messages: new Map([['ut_metadata', 1]]) })));
  magnet.say(encodeExtended(3, Buffer.from('d8:msg_typei0e5:piecei0ee')));
  assert.equal(magnet.closed, undefined);
  assert.ok(magnet.said.some((message) => message.id === MESSAGE.extended && message.payload.length > 16_384));
});

test('a bitfield that names less than before is believed, and the copies are counted right', () => {
  const net = new LoneSwarm();
  const peer = net.connect();
  peer.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0b11110000)));
  peer.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0b00000001)));
  const { availability } = net.swarm.view.content!;
  assert.deepEqual(
    [...Array(8).keys()].map((piece) => availability.copies(piece)),
    [0, 0, 0, 0, 0, 0, 0, 1],
  );
  assert.equal(peer.peer.wanted, 1);
});
