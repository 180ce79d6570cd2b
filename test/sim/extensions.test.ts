// What peers tell each other through extensions: pieces that are lost again (BEP 54) and who only uploads (BEP 21).

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import {
  decodeDontHave,
  decodeExtensionHandshake,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeUploadOnly,
} from '../../src/protocol/wire/extension.ts';
import {
  encodeCancel,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeRequest,
  MESSAGE,
} from '../../src/protocol/wire/messages.ts';
import { checkSwarm } from './check-swarm.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

const everything = (): boolean => true;
const THEIR_UPLOAD_ONLY = 11;
const THEIR_DONT_HAVE = 12;

/** The numbers under which the swarm wants to see the messages. */
function numbersOf(hand: HandPeer): Map<string, number> {
  const handshake = hand.said.find(({ id, payload }) => id === MESSAGE.extended && payload[0] === 0)!;
  return decodeExtensionHandshake(handshake.payload.subarray(1)).messages;
}

function introduce(hand: HandPeer): void {
  const messages = new Map([
    ['upload_only', THEIR_UPLOAD_ONLY],
    ['lt_donthave', THEIR_DONT_HAVE],
  ]);
  hand.say(encodeExtended(0, encodeExtensionHandshake({ messages })));
}

function heard(hand: HandPeer, number: number): Uint8Array[] {
  return hand.said
    .filter(({ id, payload }) => id === MESSAGE.extended && payload[0] === number)
    .map(({ payload }) => payload.subarray(1));
}

function loses(hand: HandPeer, piece: number): void {
  hand.say(encodeExtended(numbersOf(hand).get('lt_donthave')!, encodeDontHave(piece)));
}

test('who understands it is told what is lost and stays; what it asked for of that is rejected', () => {
  const net = new LoneSwarm({ have: everything });
  const knowing = net.connect();
  introduce(knowing);
  knowing.signal(MESSAGE.interested);
  for (const piece of [2, 3]) knowing.say(encodeRequest(piece, 0, BLOCK_LENGTH));
  const plain = net.connect({ extended: false });
  net.swarm.handle({ type: 'piecesLost', pieces: [1, 3] }, net.now);
  net.settle();
  assert.equal(knowing.closed, undefined);
  assert.deepEqual(heard(knowing, THEIR_DONT_HAVE).map(decodeDontHave), [1, 3]);
  assert.deepEqual(knowing.blocks(MESSAGE.reject), [{ piece: 3, begin: 0, length: BLOCK_LENGTH }]);
  assert.equal(knowing.peer.uploads.count, 1);
  assert.match(plain.closed ?? '', /lost/);
});

test('a piece that a peer has lost leaves its field and the counts, also when it was a seed', () => {
  const net = new LoneSwarm({ pieces: 20 });
  const seed = net.connect();
  seed.say(encodeHaveAll());
  const other = net.connect();
  other.offer([3, 4, 5]);
  loses(seed, 4);
  loses(other, 5);
  loses(other, 9);
  const { availability } = net.swarm.view.content!;
  assert.deepEqual(
    [availability.seeds, availability.copies(3), availability.copies(4), availability.copies(5)],
    [0, 2, 1, 1],
  );
  assert.deepEqual([seed.peer.wanted, other.peer.wanted], [19, 2]);
  checkSwarm(net.swarm.view, 0);
  seed.say(encodeHave(4));
  assert.equal(availability.copies(4), 2);
  checkSwarm(net.swarm.view, 0);
  seed.leave();
  assert.equal(availability.copies(4), 1);
});

test('what was asked of a peer that lost the piece is asked of another, and may come all the same', () => {
  const net = new LoneSwarm({ pieces: 4, slots: 4 });
  const first = net.connect();
  first.offer([1]);
  assert.deepEqual([...first.owedPieces], [1]);
  const second = net.connect();
  second.offer([1]);
  assert.equal(second.owed.length + first.owed.length >= 2, true);
  loses(first, 1);
  assert.deepEqual(first.owed, []);
  assert.equal(second.owed.length, 2);
  checkSwarm(net.swarm.view, 0);
  first.send(1, 0);
  assert.equal(first.closed, undefined);
  second.answerAll();
  assert.equal(net.swarm.view.content!.ledger.have.has(1), true);
});

test('a peer that takes back what is no piece is closed, and so is one that does it without end', () => {
  const net = new LoneSwarm({ pieces: 4 });
  const wrong = net.connect();
  loses(wrong, 4);
  assert.equal(wrong.closed, 'invalid_dont_have');
  const short = net.connect();
  short.say(encodeExtended(numbersOf(short).get('lt_donthave')!, new Uint8Array(3)));
  assert.equal(short.closed, 'invalid_dont_have');
  const endless = net.connect();
  for (let i = 0; i < 2_001; i++) loses(endless, 1);
  assert.equal(endless.closed, 'too_many_messages');
});

test('pieces taken back before the metadata count afterwards', () => {
  const net = new LoneSwarm({ magnet: true, pieces: 4 });
  const hand = net.connect();
  hand.say(encodeHaveAll());
  loses(hand, 1);
  loses(hand, 2);
  hand.say(encodeHave(2));
  net.activate();
  assert.deepEqual(
    [0, 1, 2, 3].map((piece) => hand.peer.has(piece)),
    [true, false, true, true],
  );
  checkSwarm(net.swarm.view, 0);
});

test('that nothing more is wanted is told when it changes, and only to who understands it', () => {
  const net = new LoneSwarm({ have: (piece) => piece < 4 });
  const hand = net.connect();
  introduce(hand);
  const plain = net.connect();
  const told = (): number[] => heard(hand, THEIR_UPLOAD_ONLY).map(([byte]) => byte!);
  assert.deepEqual(told(), []);
  net.swarm.pause(true, net.now);
  net.swarm.pause(true, net.now);
  net.settle();
  assert.deepEqual(told(), [1]);
  net.swarm.pause(false, net.now);
  net.settle();
  assert.deepEqual(told(), [1, 0]);
  assert.deepEqual(heard(plain, THEIR_UPLOAD_ONLY), []);
});

test('a peer that only uploads is closed by one that wants nothing, however it says so', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = net.connect();
  const number = numbersOf(hand).get('upload_only')!;
  hand.say(encodeExtended(number, encodeUploadOnly(false)));
  hand.say(encodeExtended(number, new Uint8Array(2)));
  assert.equal(hand.closed, undefined);
  hand.say(encodeExtended(number, encodeUploadOnly(true)));
  assert.match(hand.closed ?? '', /both sides/);
  const taker = net.connect();
  net.swarm.handle({ type: 'piecesLost', pieces: [] }, net.now);
  assert.equal(taker.closed, undefined);
});

test('a flood of requests and cancels of one block, or of changes of interest, ends the connection', () => {
  const net = new LoneSwarm({ have: everything });
  const flooding = net.connect();
  flooding.signal(MESSAGE.interested);
  for (let i = 0; i < 2_001; i++) {
    flooding.say(encodeRequest(0, 0, BLOCK_LENGTH));
    flooding.say(encodeCancel(0, 0, BLOCK_LENGTH));
  }
  assert.equal(flooding.closed, 'too_many_messages');
  const flapping = net.connect();
  let changes = 0;
  while (flapping.closed === undefined && changes < 1_000) {
    flapping.signal(changes++ % 2 === 0 ? MESSAGE.interested : MESSAGE.notInterested);
  }
  assert.equal(flapping.closed, 'too_many_messages');
  assert.equal(changes, 501);
});
