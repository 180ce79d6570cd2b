// A super-seed (BEP 16) as its peers see it: it seems to have nothing, and tells of its pieces one by one.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import {
  DONT_HAVE_EXTENSION,
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  encodeUploadOnly,
  UPLOAD_ONLY_EXTENSION,
} from '../../src/protocol/wire/extension.ts';
import { encodeExtended, encodeHave, encodeHaveAll, encodeRequest, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';
import { World } from './world.ts';

const everything = (): boolean => true;
const swarm = { superSeed: true };

function taker(net: LoneSwarm, fast = true): HandPeer {
  const hand = net.connect({ fast });
  hand.signal(MESSAGE.interested);
  return hand;
}

function ask(net: LoneSwarm, hand: HandPeer, piece: number): number {
  let runs = 0;
  for (let block = 0; block < 2; block++) hand.say(encodeRequest(piece, block * BLOCK_LENGTH, BLOCK_LENGTH));
  while (net.swarm.nextUpload(hand.peer, BLOCK_LENGTH) !== undefined) runs++;
  return runs;
}

/** Whether it said last that it only uploads. */
function saidUploadOnly(hand: HandPeer): boolean | undefined {
  let said: boolean | undefined;
  for (const { id, payload } of hand.said) {
    if (id !== MESSAGE.extended) continue;
    if (payload[0] === 0) said = decodeExtensionHandshake(payload.subarray(1)).uploadOnly;
    else if (payload[0] === 9) said = payload[1] === 1;
  }
  return said;
}

test('the greeting of a super-seed says that it has nothing, and grants nothing', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm });
  for (const fast of [true, false]) {
    const hand = net.connect({ fast });
    assert.deepEqual(
      [MESSAGE.haveNone, MESSAGE.haveAll, MESSAGE.bitfield, MESSAGE.allowedFast].map((id) => hand.count(id)),
      [fast ? 1 : 0, 0, 0, 0],
    );
    assert.equal(saidUploadOnly(hand), false);
    assert.equal(hand.count(MESSAGE.have), 1);
  }
});

test('peers that were there before the disk was checked are fed as well', () => {
  const net = new LoneSwarm({ pieces: 60, magnet: true, swarm });
  const hand = net.connect();
  net.activate({ have: everything });
  assert.equal(hand.count(MESSAGE.have), 1);
  assert.equal(hand.count(MESSAGE.bitfield), 0);
});

test('who is served is told of two pieces, may have those, and nothing else', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm });
  const hand = taker(net);
  const told = hand.indexes(MESSAGE.have);
  assert.equal(told.length, 2);
  for (const piece of told) assert.equal(ask(net, hand, piece), 2);
  const other = [...Array(60).keys()].find((piece) => !told.includes(piece))!;
  assert.equal(ask(net, hand, other), 0);
  assert.equal(hand.count(MESSAGE.reject), 2);
});

test('a third peer that has a piece brings the next one; the taker itself does not', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm });
  const [a, b] = [taker(net), taker(net)] as const;
  taker(net);
  const [piece] = a.indexes(MESSAGE.have) as [number];
  ask(net, a, piece);
  a.say(encodeHave(piece));
  assert.equal(a.count(MESSAGE.have), 2);
  b.say(encodeHave(piece));
  assert.equal(a.count(MESSAGE.have), 3);
});

test('half of the peers have everything: the others are told of all the rest, and that we only upload', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm });
  const hands = [taker(net), taker(net), taker(net)];
  const messages = new Map([[UPLOAD_ONLY_EXTENSION, 9]]);
  for (const hand of hands) hand.say(encodeExtended(0, encodeExtensionHandshake({ messages })));
  hands[0]!.say(encodeHaveAll());
  assert.notEqual(hands[0]!.closed, undefined, 'two seeds have nothing to say to each other');
  net.pass(2000);
  assert.ok(hands[1]!.count(MESSAGE.have) < 10);
  // The second one has learnt of two pieces from us and of the rest elsewhere, and says only that it is done.
  const told = new Set(hands[1]!.indexes(MESSAGE.have));
  for (const piece of told) ask(net, hands[1]!, piece);
  for (let piece = 0; piece < 60; piece++) if (!told.has(piece)) hands[1]!.say(encodeHave(piece));
  hands[1]!.say(encodeExtended(4, encodeUploadOnly(true)));
  net.pass(2000);
  assert.notEqual(hands[1]!.closed, undefined);
  const rest = hands[2]!;
  assert.deepEqual(
    rest.indexes(MESSAGE.have).sort((x, y) => x - y),
    [...Array(60).keys()],
  );
  assert.equal(saidUploadOnly(rest), true);
  const late = net.connect();
  assert.equal(late.count(MESSAGE.haveAll), 1);
});

test('a super-seed that loses a piece tells of the others', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm });
  const hand = taker(net);
  hand.say(encodeExtended(0, encodeExtensionHandshake({ messages: new Map([[DONT_HAVE_EXTENSION, 7]]) })));
  const [told] = hand.indexes(MESSAGE.have) as [number];
  net.swarm.handle({ type: 'piecesLost', pieces: [told] }, net.now);
  net.settle();
  assert.equal(new Set(hand.indexes(MESSAGE.have)).size, 60);
  assert.equal(hand.count(MESSAGE.have), 60);
});

test('what is not complete is not super-seeded', () => {
  const net = new LoneSwarm({ pieces: 60, have: (piece) => piece !== 7, swarm });
  const hand = net.connect();
  assert.equal(hand.count(MESSAGE.bitfield), 1);
});

test('many who lack everything get it from a super-seed and from each other, whoever comes and goes', () => {
  for (const fast of [true, false]) {
    const world = new World({ seed: 3, pieces: 64, checkEvery: 500 });
    world.add({ have: everything, up: 200_000, fast, swarm });
    const peers = world.addMany(8, (i) => ({ up: 100_000, fast, magnet: i % 3 === 0, nat: i % 2 === 0 }));
    world.breakLinks(30);
    assert.ok(
      world.run(300, () => peers.every((peer) => peer.complete)),
      world.explain(),
    );
    world.checkAll();
  }
});

test('peers that cannot reach each other get everything from a super-seed all the same', () => {
  const world = new World({ seed: 4, pieces: 128 });
  world.add({ have: everything, up: 400_000, swarm });
  const peers = world.addMany(4, () => ({ up: 100_000, nat: true }));
  assert.ok(
    world.run(300, () => peers.every((peer) => peer.complete)),
    world.explain(),
  );
});
