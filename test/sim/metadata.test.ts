// The info dictionary by BEP 9, both ways, and what peers say before there is one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  type MetadataMessage,
} from '../../src/protocol/wire/extension.ts';
import {
  encodeAllowedFast,
  encodeExtended,
  encodeFrame,
  encodeHave,
  MESSAGE,
} from '../../src/protocol/wire/messages.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

/** The number under which the swarm hears of metadata, and the one the hand peers choose. */
const OURS = 3;
const THEIRS = 9;
const INFO = new LoneSwarm().infoBytes;

function announce(hand: HandPeer, metadataSize?: number): void {
  const messages = new Map([['ut_metadata', THEIRS]]);
  hand.say(encodeExtended(0, encodeExtensionHandshake({ messages, ...(metadataSize && { metadataSize }) })));
}

function tell(hand: HandPeer, message: MetadataMessage): void {
  hand.say(encodeExtended(OURS, encodeMetadataMessage(message)));
}

function sendPiece(hand: HandPeer, piece: number, totalSize = INFO.length, wrong = false): void {
  const data = INFO.slice(piece * 16_384, (piece + 1) * 16_384);
  if (wrong) data[0]! ^= 1;
  tell(hand, { type: 'data', piece, totalSize, data });
}

function heard(hand: HandPeer): MetadataMessage[] {
  return hand.said
    .filter((message) => message.id === MESSAGE.extended && message.payload[0] === THEIRS)
    .map((message) => decodeMetadataMessage(message.payload.subarray(1))!);
}

function asked(hand: HandPeer): number[] {
  return heard(hand).flatMap((message) => (message.type === 'request' ? [message.piece] : []));
}

function opened(net: LoneSwarm): boolean {
  return net.log.some((command) => command.type === 'openMetadata');
}

test('all pieces from one peer make the metadata', () => {
  const net = new LoneSwarm({ magnet: true });
  const hand = net.connect();
  announce(hand, INFO.length);
  assert.deepEqual(asked(hand), [0, 1]);
  sendPiece(hand, 1);
  sendPiece(hand, 0);
  assert.equal(opened(net), true);
});

test('a peer whose metadata fails its hash is banned, and the next one is asked', () => {
  const net = new LoneSwarm({ magnet: true });
  const liar = net.connect({ peerId: 'liar' });
  announce(liar, INFO.length);
  const honest = net.connect();
  announce(honest, INFO.length);
  sendPiece(liar, 0, INFO.length, true);
  sendPiece(liar, 1);
  assert.match(liar.closed ?? '', /metadata/);
  assert.ok(net.tryConnect({ peerId: 'liar' }) === 'the peer is banned');
  for (const piece of asked(honest)) sendPiece(honest, piece);
  assert.equal(opened(net), true);
});

for (const end of ['rejects', 'leaves', 'says nothing'] as const)
  test(`when a peer ${end} another is asked`, () => {
    const net = new LoneSwarm({ magnet: true });
    const first = net.connect();
    announce(first, INFO.length);
    const second = net.connect();
    announce(second, INFO.length);
    if (end === 'rejects') tell(first, { type: 'reject', piece: 0 });
    else if (end === 'leaves') first.leave();
    else net.pass(6_000);
    assert.deepEqual(asked(second).slice(0, 2), [0, 1]);
    sendPiece(second, 0);
    sendPiece(second, 1);
    assert.equal(opened(net), true);
  });

test('a slow peer is not blamed for answers that come after we gave up on it', () => {
  const net = new LoneSwarm({ magnet: true });
  const slow = net.connect();
  announce(slow, INFO.length);
  for (let round = 0; round < 12; round++) {
    net.pass(6_000);
    sendPiece(slow, 0);
  }
  assert.equal(slow.closed, undefined);
});

const offences: [string, (hand: HandPeer) => void][] = [
  ['is no dictionary', (hand) => hand.say(encodeExtended(OURS, Buffer.from('le')))],
  ['has a negative piece', (hand) => hand.say(encodeExtended(OURS, Buffer.from('d8:msg_typei1e5:piecei-1ee')))],
  ['has piece 2^31', (hand) => hand.say(encodeExtended(OURS, Buffer.from('d8:msg_typei1e5:piecei2147483648ee')))],
  ['was not asked for', (hand) => sendPiece(hand, 0)],
  [
    'has trailing bytes',
    (hand) => hand.say(encodeExtended(OURS, Buffer.from('d8:msg_typei1e5:piecei0e10:total_sizei5eeabcdefg'))),
  ],
];
for (const [what, offend] of offences)
  test(`a metadata message that ${what} is ignored, and the connection closed when they go on`, () => {
    const net = new LoneSwarm({ magnet: true });
    const hand = net.connect();
    announce(hand);
    for (let i = 0; i < 8; i++) offend(hand);
    assert.equal(hand.closed, undefined);
    offend(hand);
    assert.equal(hand.closed, 'invalid_metadata');
    assert.equal(opened(net), false);
  });

test('a piece of metadata of another total size is not taken', () => {
  const net = new LoneSwarm({ magnet: true });
  const hand = net.connect();
  announce(hand, INFO.length);
  sendPiece(hand, 0, INFO.length + 16_384);
  sendPiece(hand, 1);
  assert.equal(opened(net), false);
  sendPiece(hand, 0);
  assert.equal(opened(net), true);
});

test('metadata is served a few times over and no more, and never more than a peer reads', () => {
  const net = new LoneSwarm();
  const hand = net.connect();
  announce(hand);
  for (let i = 0; i < 10; i++) tell(hand, { type: 'request', piece: i % 3 });
  const kinds = heard(hand).map((message) => message.type);
  assert.equal(kinds.filter((kind) => kind === 'data').length, 6);
  assert.equal(kinds.filter((kind) => kind === 'reject').length, 4);

  const large = new LoneSwarm({ swarm: { infoBytes: new Uint8Array(10_000_000) }, magnet: true });
  const greedy = large.connect();
  announce(greedy);
  let flood = Buffer.alloc(0);
  for (let piece = 0; piece < 600; piece++)
    flood = Buffer.concat([flood, encodeExtended(OURS, encodeMetadataMessage({ type: 'request', piece }))]);
  const before = greedy.said.length;
  greedy.say(flood);
  const bytes = greedy.said.slice(before).reduce((sum, message) => sum + message.payload.length, 0);
  assert.ok(bytes < 1_200_000, `${bytes} bytes waited at once`);
});

test('an extension handshake over and over keeps nothing', () => {
  const net = new LoneSwarm();
  const hand = net.connect();
  announce(hand, INFO.length);
  for (let i = 0; i < 100; i++) {
    const messages = new Map(Array.from({ length: 50 }, (_, j) => [`x_${i}_${j}`, j + 10] as const));
    hand.say(encodeExtended(0, encodeExtensionHandshake({ messages })));
  }
  assert.ok(hand.peer.extension!.messages.size < 60);
  assert.equal(hand.peer.extension!.messages.get('ut_metadata'), THEIRS);
  assert.equal(hand.peer.extension!.metadataSize, INFO.length);
});

test('what peers said before the metadata counts afterwards', () => {
  const net = new LoneSwarm({ magnet: true });
  const seed = net.connect();
  seed.signal(MESSAGE.haveAll);
  const partial = net.connect();
  partial.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0b10000000)));
  partial.say(encodeHave(2));
  partial.say(encodeHave(2 ** 31));
  partial.say(encodeHave(77));
  partial.say(encodeAllowedFast(2));
  const none = net.connect();
  none.signal(MESSAGE.haveNone);
  const wrong = net.connect();
  wrong.say(encodeFrame(MESSAGE.bitfield, new Uint8Array(3)));
  const left = net.connect();
  left.signal(MESSAGE.haveAll);
  left.leave();
  net.activate({ have: (piece) => piece === 7 });
  const { availability } = net.swarm.view.content!;
  assert.equal(availability.seeds, 1);
  assert.deepEqual(
    [...Array(8).keys()].map((piece) => availability.copies(piece)),
    [2, 1, 2, 1, 1, 1, 1, 1],
  );
  assert.match(wrong.closed ?? '', /bitfield/);
  assert.deepEqual(partial.owedPieces, new Set([2]));
  assert.equal(seed.count(MESSAGE.interested), 1);
  assert.equal(none.count(MESSAGE.interested), 0);
  assert.deepEqual(none.indexes(MESSAGE.have), [7], 'they were told that we have nothing');
  assert.deepEqual(seed.indexes(MESSAGE.have), []);
  seed.signal(MESSAGE.haveNone);
  assert.equal(seed.peer.isSeed, false, 'what was said early does not outlive what is said later');
});

test('a bitfield too long for any torrent is not kept until there is metadata', () => {
  const net = new LoneSwarm({ magnet: true });
  const hand = net.connect();
  hand.say(encodeFrame(MESSAGE.bitfield, new Uint8Array(262_145)));
  assert.equal(hand.closed, 'invalid_bitfield_size');
});

test('blocks that come before the metadata are not kept', () => {
  const net = new LoneSwarm({ magnet: true });
  const hand = net.connect();
  for (let i = 0; i < 17; i++) hand.send(0, 0);
  assert.equal(hand.closed, 'unasked_data');
  assert.equal(net.swarm.view.everyone.size, 0);
});

test('who has much on disk tells it by a bitfield in a new connection and not by thousands of haves', () => {
  const net = new LoneSwarm({ magnet: true, pieces: 6_000, pieceLength: 16 });
  const early = net.connect({ dialled: '127.0.0.1:5000', port: 5000 });
  net.swarm.dialEnded();
  net.activate({ have: (piece) => piece < 5_500 });
  assert.match(early.closed ?? '', /anew/);
  assert.equal(early.count(MESSAGE.have), 0);
  net.swarm.handle({ type: 'peersFound', endpoints: [{ host: '127.0.0.1', port: 5000 }] }, net.now);
  net.pass(4_000);
  assert.deepEqual(net.dials, ['127.0.0.1:5000']);
  assert.equal(net.connect().count(MESSAGE.bitfield), 1);
});

/** As large as a torrent of a hundred thousand pieces has. */
const LARGE = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * 31 + (i >> 8)) % 251);
const LARGE_HASH = createHash('sha1').update(LARGE).digest('hex');
const LAST = Math.ceil(LARGE.length / 16_384);

function searching(): LoneSwarm {
  return new LoneSwarm({ magnet: true, swarm: { infoHash: LARGE_HASH } });
}

/** Answers what it was asked since the last call; comes back with how many pieces that were. */
function answer(hand: HandPeer, from: number, wrong: (piece: number) => boolean = () => false): number {
  const pieces = asked(hand);
  for (const piece of pieces.slice(from)) {
    if (hand.closed !== undefined) break;
    const data = LARGE.slice(piece * 16_384, (piece + 1) * 16_384);
    if (wrong(piece)) data[0]! ^= 1;
    tell(hand, { type: 'data', piece, totalSize: LARGE.length, data });
  }
  return pieces.length;
}

/** Lets all of them answer in turn until there is metadata or nobody has anything to say. */
function answerAll(
  net: LoneSwarm,
  hands: readonly HandPeer[],
  wrong?: (hand: HandPeer, piece: number) => boolean,
): void {
  const heardOf = new Map(hands.map((hand) => [hand, 0]));
  for (let moved = true; moved && !opened(net); ) {
    moved = false;
    for (const hand of hands) {
      const before = heardOf.get(hand)!;
      const now = answer(hand, before, (piece) => wrong?.(hand, piece) === true);
      heardOf.set(hand, now);
      if (now > before) moved = true;
    }
  }
}

test('several peers each send a part of the metadata', () => {
  const net = searching();
  const hands = [net.connect(), net.connect(), net.connect()];
  for (const hand of hands) announce(hand, LARGE.length);
  answerAll(net, hands);
  assert.equal(opened(net), true);
  const parts = hands.map((hand) => asked(hand).length);
  assert.ok(parts.reduce((sum, part) => sum + part) <= LAST + 6, `${parts} of ${LAST}`);
  assert.ok(
    parts.every((part) => part >= LAST / 4),
    `${parts} of ${LAST}`,
  );
});

test('one wrong part among those of several spoils nothing, and who sent it is found', () => {
  const net = searching();
  const liar = net.connect({ peerId: 'liar' });
  const hands = [liar, net.connect(), net.connect()];
  for (const hand of hands) announce(hand, LARGE.length);
  answerAll(net, hands, (hand, piece) => hand === liar && piece === 1);
  assert.equal(opened(net), true);
  assert.match(liar.closed ?? '', /metadata/);
  assert.deepEqual([hands[1]!.closed, hands[2]!.closed], [undefined, undefined]);
  assert.equal(net.tryConnect({ peerId: 'liar' }), 'the peer is banned');
});

test('who sent a wrong part and then nothing more is found all the same', () => {
  const net = searching();
  const liar = net.connect({ peerId: 'liar' });
  const honest = [net.connect(), net.connect()];
  for (const hand of [liar, ...honest]) announce(hand, LARGE.length);
  answer(liar, 0, () => true);
  answerAll(net, honest);
  assert.equal(opened(net), true);
  assert.match(liar.closed ?? '', /metadata/);
  assert.deepEqual(
    honest.map(({ closed }) => closed),
    [undefined, undefined],
  );
});

test('peers that lie about the size, or never answer, hold up nobody', () => {
  const net = searching();
  const silent = Array.from({ length: 20 }, (_, i) => net.connect({ peerId: `silent ${i}` }));
  for (const [i, hand] of silent.entries()) announce(hand, i % 2 === 0 ? LARGE.length : 10_000_000 - i);
  const honest = net.connect();
  announce(honest, LARGE.length);
  let waited = 0;
  while (asked(honest).length === 0 && waited < 120_000) {
    net.pass(1_000);
    waited += 1_000;
  }
  assert.ok(waited <= 30_000, `${waited} ms until it was asked`);
  answerAll(net, [honest]);
  assert.equal(opened(net), true);
});

/** Sends zeros for the next piece it was asked for, if there is one. */
function trickle(hands: ReadonlyMap<HandPeer, { size: number; sent: number }>): void {
  for (const [hand, state] of hands) {
    const piece = asked(hand)[state.sent];
    if (piece === undefined || hand.closed !== undefined) continue;
    state.sent++;
    tell(hand, { type: 'data', piece, totalSize: state.size, data: new Uint8Array(16_384) });
  }
}

function connectLiars(net: LoneSwarm, count: number): Map<HandPeer, { size: number; sent: number }> {
  // A whole number of pieces, no two of the same size.
  const liars = Array.from(
    { length: count },
    (_, i) => [net.connect({ peerId: `liar ${i}` }), (600 - i) * 16_384] as const,
  );
  for (const [hand, size] of liars) announce(hand, size);
  return new Map(liars.map(([hand, size]) => [hand, { size, sent: 0 }]));
}

test('peers that send what they made up ever so slowly lose their places to others', () => {
  const net = searching();
  const liars = connectLiars(net, 12);
  const honest = net.connect();
  announce(honest, LARGE.length);
  let waited = 0;
  for (; asked(honest).length === 0 && waited < 300_000; waited += 3_000) {
    trickle(liars);
    net.pass(3_000);
  }
  assert.ok(waited <= 90_000, `${waited} ms until it was asked`);
  answerAll(net, [honest]);
  assert.equal(opened(net), true);
});

test('a peer that is only slow ends its copy in time, whoever else waits', () => {
  const net = searching();
  const slow = net.connect();
  announce(slow, LARGE.length);
  const liars = connectLiars(net, 10);
  let sent = 0;
  for (let waited = 0; !opened(net) && waited < 1_800_000; waited += 3_000) {
    const before = sent;
    const pieces = asked(slow);
    sent = Math.min(pieces.length, sent + 2);
    for (const piece of pieces.slice(before, sent)) {
      const data = LARGE.slice(piece * 16_384, (piece + 1) * 16_384);
      tell(slow, { type: 'data', piece, totalSize: LARGE.length, data });
    }
    trickle(liars);
    net.pass(3_000);
  }
  assert.equal(opened(net), true, 'it never ended');
  assert.equal(slow.closed, undefined);
});
