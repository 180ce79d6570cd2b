import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeFrame, encodeHave, encodePiece, encodeRequest, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { type Node, TestNet } from './net.ts';

const everything = (): boolean => true;

function assertComplete(net: TestNet, nodes: readonly Node[]): void {
  for (const node of nodes) {
    assert.equal(node.complete, true, `node ${node.id} has ${node.swarm.view.content?.ledger.have.count} pieces`);
    assert.deepEqual(node.data, net.data);
  }
}

for (const fast of [true, false])
  test(`one seed, one getter, ${fast ? 'with' : 'without'} the fast extension`, () => {
    const net = new TestNet(20);
    const seed = net.add({ have: everything, fast });
    const getter = net.add({ fast });
    net.connect(getter, seed);
    net.run();
    assertComplete(net, [getter]);
    assert.equal(getter.swarm.view.down.total, net.data.length);
    assert.equal(getter.swarm.view.wasted, 0);
    assert.deepEqual(getter.closed, ['both sides have everything']);
  });

test('bytes that come one at a time give the same result', () => {
  const net = new TestNet(3);
  net.chunk = 1;
  const seed = net.add({ have: everything });
  const getter = net.add();
  net.connect(getter, seed);
  net.run();
  assertComplete(net, [getter]);
});

test('five getters serve one another: the seed sends about half as many copies', () => {
  const net = new TestNet(60);
  net.roundsPerTick = 1;
  const seed = net.add({ have: everything, uplink: 1 });
  const getters = Array.from({ length: 5 }, () => net.add({ slots: 6, uplink: 1 }));
  for (const [i, getter] of getters.entries()) {
    net.connect(getter, seed);
    for (const other of getters.slice(0, i)) net.connect(getter, other);
  }
  net.pass(20_000);
  assertComplete(net, getters);
  assert.ok(
    seed.swarm.view.up.total < 2.75 * net.data.length,
    `the seed sent ${seed.swarm.view.up.total / net.data.length} copies`,
  );
});

test('peers that have only parts complete one another', () => {
  const net = new TestNet(40);
  const nodes = Array.from({ length: 4 }, (_, i) => net.add({ have: (piece) => piece % 4 === i }));
  for (const [i, node] of nodes.entries()) for (const other of nodes.slice(0, i)) net.connect(node, other);
  net.pass(3000);
  assertComplete(net, nodes);
});

test('a peer that spoils one block of each piece is found out, and no honest peer is', () => {
  const net = new TestNet(40, 131_072);
  const seed = net.add({ have: everything });
  const other = net.add({ have: everything });
  const liar = net.add({
    have: everything,
    corrupt: (_piece, begin, block) => {
      if (begin % 65_536 === 0) block[0]! ^= 255;
    },
  });
  const getter = net.add({ slots: 3 });
  for (const peer of [liar, seed, other]) net.connect(getter, peer);
  net.pass(2000);
  assertComplete(net, [getter]);
  assert.equal(getter.peer(liar), undefined);
  const banned = getter.log.filter(
    (command) => command.type === 'disconnect' && /failed its hash/.test(command.reason),
  );
  assert.equal(banned.length, 1);
  assert.ok(getter.swarm.view.wasted <= 8 * 131_072, `wasted ${getter.swarm.view.wasted}`);
});

test('a sole source that lies is dropped and the getter goes on with the next', () => {
  const net = new TestNet(5);
  const liar = net.add({ have: everything, corrupt: (_piece, _begin, block) => block.fill(0) });
  const getter = net.add();
  net.connect(getter, liar);
  net.pass(500);
  assert.equal(getter.peer(liar), undefined);
  assert.equal(getter.complete, false);
  const seed = net.add({ have: everything });
  net.connect(getter, seed);
  net.pass(500);
  assertComplete(net, [getter]);
});

test('blocks owed by a silent peer are asked of others', () => {
  const net = new TestNet(12);
  const silent = net.add({ have: everything, silent: true });
  const getter = net.add({ slots: 2 });
  net.connect(getter, silent);
  net.pass(1000);
  const seed = net.add({ have: everything });
  net.connect(getter, seed);
  net.pass(15_000);
  assertComplete(net, [getter]);
});

test('a seed that leaves in the middle of a block loses nothing but that block', () => {
  const net = new TestNet(30);
  const first = net.add({ have: everything });
  const getter = net.add();
  net.connect(getter, first);
  net.chunk = 5000;
  for (let i = 0; i < 12; i++) net.step();
  assert.equal(getter.complete, false);
  net.leave(first);
  const second = net.add({ have: everything });
  net.connect(getter, second);
  net.run();
  assertComplete(net, [getter]);
});

test('a magnet gets its metadata from a peer, then its data', () => {
  const net = new TestNet(10);
  const seed = net.add({ have: everything });
  const getter = net.add({ magnet: true });
  const second = net.add({ magnet: true });
  net.connect(getter, seed);
  net.connect(second, getter);
  net.pass(3000);
  assertComplete(net, [getter, second]);
});

test('simultaneous connections of two peers leave exactly one', () => {
  const net = new TestNet(5);
  const a = net.add({ have: (piece) => piece < 3 });
  const b = net.add();
  net.connect(a, b);
  net.connect(b, a);
  net.run();
  assert.equal(a.wires.size, 1);
  assert.equal(b.wires.size, 1);
  assert.equal([...a.wires.values()][0]!.other, [...b.wires.values()][0]!);
});

test('a connection to ourselves is closed', () => {
  const net = new TestNet(5);
  const node = net.add({ have: everything });
  net.connect(node, node);
  net.run();
  assert.equal(node.wires.size, 0);
});

const offences: [string, Uint8Array, string][] = [
  ['a have outside the torrent', encodeHave(99), 'invalid_have'],
  ['a bitfield of the wrong size', encodeFrame(MESSAGE.bitfield, new Uint8Array(9)), 'invalid_bitfield_size'],
  ['spare bits in a bitfield', encodeFrame(MESSAGE.bitfield, Uint8Array.of(0, 1)), 'invalid_bitfield'],
  ['a block outside the torrent', encodePiece(50, 0, new Uint8Array(16_384)), 'invalid_piece'],
  ['a block that is no block', encodePiece(0, 5, new Uint8Array(16_384)), 'invalid_piece'],
  ['a block shorter than asked', encodePiece(0, 0, new Uint8Array(100)), 'invalid_piece'],
];
for (const [name, bytes, reason] of offences)
  test(`closes on ${name}`, () => {
    const net = new TestNet(12);
    const node = net.add();
    const hostile = net.add({ silent: true, have: (piece) => piece === 0 });
    net.connect(hostile, node);
    net.run();
    net.inject(hostile, node, bytes);
    net.run();
    assert.deepEqual(node.closed, [reason]);
  });

test('blocks nobody asked for are never written and end the connection when they go on', () => {
  const net = new TestNet(12);
  const seed = net.add({ have: (piece) => piece !== 0 });
  const hostile = net.add({ silent: true });
  net.connect(hostile, seed);
  net.run();
  for (let i = 0; i < 17; i++) net.inject(hostile, seed, encodePiece(1, 0, new Uint8Array(16_384)));
  net.run();
  assert.deepEqual(seed.closed, ['unasked_data']);
  assert.deepEqual(seed.data.subarray(32_768, 32_868), net.data.subarray(32_768, 32_868));
});

test('requests while choked are rejected and not served', () => {
  const net = new TestNet(40);
  const seed = net.add({ have: everything });
  const rude = net.add({ slots: 0 });
  net.connect(rude, seed);
  net.run();
  const peer = seed.peer(rude)!;
  seed.swarm.receive(peer, MESSAGE.notInterested, new Uint8Array(0), 0, 0, net.now);
  net.pass(10_000);
  assert.equal(peer.amChoking, true);
  const ungranted = [...Array(40).keys()].find((piece) => !peer.grantedFast.has(piece))!;
  net.inject(rude, seed, encodeRequest(ungranted, 0, 16_384));
  net.run();
  assert.equal(peer.up.total, 0);
});

test('pieces lost on disk are missing again', () => {
  const net = new TestNet(6);
  const seed = net.add({ have: everything });
  const damaged = net.add({ have: everything });
  damaged.swarm.handle({ type: 'piecesLost', pieces: [2, 3] }, net.now);
  assert.equal(damaged.complete, false);
  assert.equal(damaged.swarm.view.content!.ledger.have.count, 4);
  assert.equal(seed.complete, true);
});
