// Nothing a peer does, says or leaves undone may keep a piece from being fetched from the others.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import {
  encodeAllowedFast,
  encodeFrame,
  encodeHave,
  encodeReject,
  MESSAGE,
  writePieceHeader,
} from '../../src/protocol/wire/messages.ts';
import { PIECE_STATE } from '../../src/swarm/ledger.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

/** The first peer sends one wrong block of piece 0, the second the rest: the second has to deliver it again whole. */
function spoilPiece(net: LoneSwarm, first: HandPeer, second: HandPeer): void {
  first.offer([0]);
  second.offer([0]);
  first.send(0, 0, true);
  chokeUs(first);
  second.answerUntil(() => net.swarm.view.failedPieces > 0);
  assert.equal(net.swarm.view.failedPieces, 1);
  first.signal(MESSAGE.unchoke);
  assert.deepEqual(second.peer.retries, [0]);
}

/** As honest peers do: with the fast extension every request is answered. */
function chokeUs(hand: HandPeer): void {
  const { owed } = hand;
  hand.signal(MESSAGE.choke);
  if (hand.peer.info.features.fast)
    for (const { piece, begin, length } of owed) hand.say(encodeReject(piece, begin, length));
}

function has(net: LoneSwarm, piece: number): boolean {
  return net.swarm.view.content!.ledger.have.has(piece);
}

for (const fast of [true, false])
  test(`a failed piece goes to somebody else when its peer chokes us ${fast ? 'with' : 'without'} the fast extension`, () => {
    const net = new LoneSwarm({ pieces: 2 });
    const a = net.connect({ fast });
    const b = net.connect({ fast });
    spoilPiece(net, a, b);
    chokeUs(b);
    a.answerAll();
    assert.equal(has(net, 0), true);
  });

test('a failed piece goes to somebody else when its peer says that it has nothing any more', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  const b = net.connect();
  spoilPiece(net, a, b);
  const { owed } = b;
  b.signal(MESSAGE.haveNone);
  for (const request of owed) b.say(encodeReject(request.piece, request.begin, request.length));
  net.pass(2_000);
  a.answerAll();
  assert.equal(has(net, 0), true);
});

test('a failed piece goes to somebody else when its peer rejects it', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  const b = net.connect();
  spoilPiece(net, a, b);
  for (const request of b.owed) b.say(encodeReject(request.piece, request.begin, request.length));
  a.answerAll();
  assert.equal(has(net, 0), true);
});

test('a failed piece goes to somebody else when its peer is silent', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  const b = net.connect();
  spoilPiece(net, a, b);
  net.pass(12_000);
  a.answerAll();
  assert.equal(has(net, 0), true);
});

test('a failed piece goes to somebody else when its peer takes very long over it', () => {
  const net = new LoneSwarm({ pieces: 2, pieceLength: 64 * BLOCK_LENGTH });
  const a = net.connect();
  const b = net.connect();
  spoilPiece(net, a, b);
  for (let second = 0; second < 60 && !has(net, 0); second++) {
    net.pass(1_000);
    if (second % 9 === 8) b.answer(1);
    a.answerAll();
  }
  assert.equal(has(net, 0), true);
});

for (const fast of [true, false])
  test(`what a peer owes that chokes us is asked of another at once, ${fast ? 'with' : 'without'} the fast extension`, () => {
    const net = new LoneSwarm({ pieces: 3 });
    const a = net.connect({ fast });
    const b = net.connect({ fast });
    a.offer([0, 1]);
    b.offer([0, 1]);
    assert.equal(b.owed.length, 0, 'everything is asked of the first');
    assert.equal(a.owed.length, 4);
    chokeUs(a);
    assert.equal(b.owed.length, 4);
  });

test('a peer that chokes us and never rejects what it owes (BEP 6) does not keep it', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  const b = net.connect();
  a.offer();
  a.signal(MESSAGE.choke);
  b.offer([]);
  for (let piece = 0; piece < 2; piece++) b.say(encodeHave(piece));
  net.pass(15_000);
  b.answerAll();
  assert.equal(net.swarm.view.complete, true);
});

test('a peer that keeps unchoking us but sends nothing is snubbed all the same', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  a.offer();
  for (let second = 0; second < 15; second++) {
    net.pass(1_000);
    a.signal(MESSAGE.choke);
    a.signal(MESSAGE.unchoke);
  }
  assert.equal(a.peer.snubbed, true);
});

test('a block whose payload stops half-way is fetched from another', () => {
  const net = new LoneSwarm({ pieces: 1, pieceLength: BLOCK_LENGTH });
  const slow = net.connect();
  slow.offer();
  slow.say(slow.blockMessage(0, 0).subarray(0, 5_000));
  const other = net.connect();
  other.offer();
  net.pass(15_000);
  other.answerAll();
  assert.equal(net.swarm.view.complete, true);
  assert.match(slow.closed ?? '', /middle of a block/);
});

test('a sole source may be slow in the middle of a block, but not for ever', () => {
  const net = new LoneSwarm({ pieces: 1, pieceLength: BLOCK_LENGTH });
  const slow = net.connect();
  slow.offer();
  const bytes = slow.blockMessage(0, 0);
  slow.say(bytes.subarray(0, 5_000));
  net.pass(30_000);
  slow.say(bytes.subarray(5_000));
  assert.equal(net.swarm.view.complete, true);

  const second = new LoneSwarm({ pieces: 1, pieceLength: BLOCK_LENGTH });
  const trickler = second.connect();
  trickler.offer();
  const message = trickler.blockMessage(0, 0);
  for (let i = 0; i < 120 && trickler.closed === undefined; i++) {
    trickler.say(message.subarray(i, i + 1));
    second.pass(1_000);
  }
  assert.match(trickler.closed ?? '', /middle of a block/);
});

test('slots full of pieces that nobody here can finish are given to pieces somebody can', () => {
  const net = new LoneSwarm({ pieces: 8, slots: 4 });
  const left = net.connect();
  left.offer([0, 1, 2, 3]);
  for (const piece of [0, 1, 2, 3]) left.send(piece, 0);
  left.leave();
  const stays = net.connect();
  stays.offer([4, 5, 6, 7]);
  net.pass(5_000);
  for (let second = 0; second < 10; second++) {
    stays.answerAll();
    net.pass(1_000);
  }
  assert.deepEqual(
    [4, 5, 6, 7].map((piece) => net.swarm.view.content!.ledger.state(piece)),
    [3, 3, 3, 3],
  );
  const again = net.connect();
  again.offer([0, 1, 2, 3]);
  again.answerAll();
  assert.equal(net.swarm.view.complete, true);
});

test('slots full of pieces that only silent peers have are given to pieces of others', () => {
  const net = new LoneSwarm({ pieces: 8, slots: 4 });
  const silent = net.connect();
  silent.offer([0, 1, 2, 3]);
  const stays = net.connect();
  stays.offer([4, 5, 6, 7]);
  for (let second = 0; second < 40; second++) {
    stays.answerAll();
    net.pass(1_000);
  }
  assert.equal(net.swarm.view.content!.ledger.have.count, 4);
  silent.answerAll();
  assert.equal(silent.closed, undefined);
  assert.equal(net.swarm.view.complete, true);
});

test('a peer that rejects a piece while it lets us ask is not asked for it again at once', () => {
  const net = new LoneSwarm({ pieces: 1 });
  const a = net.connect();
  a.offer();
  for (let i = 0; i < 100 && a.owed.length > 0; i++) {
    const { piece, begin, length } = a.owed[0]!;
    a.say(encodeReject(piece, begin, length));
  }
  assert.ok(a.count(MESSAGE.request) <= 4, `asked ${a.count(MESSAGE.request)} times`);
  const b = net.connect();
  b.offer();
  b.answerAll();
  assert.equal(net.swarm.view.complete, true, 'others are asked');
});

test('a sole source that rejects once is asked again later', () => {
  const net = new LoneSwarm({ pieces: 1 });
  const a = net.connect();
  a.offer();
  for (const { piece, begin, length } of a.owed) a.say(encodeReject(piece, begin, length));
  for (let second = 0; second < 20; second++) {
    net.pass(1_000);
    a.answerAll();
  }
  assert.equal(net.swarm.view.complete, true);
});

test('a peer we do not read from is neither snubbed nor idle', () => {
  const net = new LoneSwarm({ pieces: 2 });
  const a = net.connect();
  a.offer();
  const owed = a.owed.length;
  a.peer.held = true;
  net.pass(400_000, false);
  assert.equal(a.closed, undefined);
  assert.equal(a.peer.snubbed, false);
  assert.equal(a.owed.length, owed);
  a.peer.held = false;
  net.pass(5_000);
  assert.equal(a.peer.snubbed, false);
  a.answerAll();
  assert.equal(net.swarm.view.complete, true);
  assert.equal(net.swarm.view.wasted, 0);
});

test('requests taken back from a slow peer are cancelled, so that it does not send them all the same', () => {
  const net = new LoneSwarm({ pieces: 4 });
  const slow = net.connect();
  slow.offer();
  const before = slow.owed.length;
  net.pass(11_000);
  assert.equal(slow.count(MESSAGE.cancel), before);
});

test('a choked peer with allowed-fast pieces is asked for those and nothing else', () => {
  const net = new LoneSwarm({ pieces: 8, slots: 8 });
  const a = net.connect();
  a.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0xff)));
  for (const piece of [6, 2, 200_000]) a.say(encodeAllowedFast(piece));
  assert.deepEqual(a.owedPieces, new Set([2, 6]));
  const { piece, begin, length } = a.owed[0]!;
  a.say(encodeReject(piece, begin, length));
  assert.equal(a.owed.filter((request) => request.piece === piece && request.begin === begin).length, 0);
  a.signal(MESSAGE.unchoke);
  net.pass(12_000);
  a.answerAll();
  assert.equal(net.swarm.view.complete, true);
});

test('an allowed-fast piece that the choked peer gets later is asked for then', () => {
  const net = new LoneSwarm({ pieces: 8 });
  const a = net.connect();
  a.say(encodeAllowedFast(3));
  a.say(encodeHave(3));
  assert.deepEqual(a.owedPieces, new Set([3]));
});

test('a retried piece that is being checked when its peer leaves is given to nobody', () => {
  const net = new LoneSwarm({ pieces: 1, pieceLength: BLOCK_LENGTH });
  net.autoCommit = false;
  const liar = net.connect();
  liar.offer();
  liar.answer(1, true);
  net.commit(0);
  assert.match(liar.closed ?? '', /failed its hash/);
  const a = net.connect();
  a.offer();
  const b = net.connect();
  b.offer();
  assert.deepEqual(a.peer.retries, [0]);
  a.answerAll();
  assert.equal(net.swarm.view.content!.ledger.state(0), PIECE_STATE.verifying);
  a.leave();
  net.pass(2_000);
  assert.equal(net.swarm.view.retryOwners.size, 0);
  net.commit(0);
  assert.equal(net.swarm.view.complete, true);
});

test('what a peer claims and never sends is no copy after three time-outs, until it sends a block', () => {
  for (const complete of [true, false]) {
    const net = new LoneSwarm({ pieces: 6 });
    const { availability } = net.swarm.view.content!;
    const liar = net.connect();
    const claimed = complete ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 3, 4];
    liar.offer(claimed);
    for (let seconds = 0; seconds < 25; seconds++) {
      liar.say(encodeFrame(MESSAGE.unchoke, new Uint8Array(0)));
      net.pass(1_000);
    }
    assert.equal(availability.copies(0), 1, 'two time-outs are forgiven');
    for (let seconds = 0; seconds < 25; seconds++) {
      liar.say(encodeFrame(MESSAGE.unchoke, new Uint8Array(0)));
      net.pass(1_000);
    }
    assert.equal(liar.closed, undefined);
    assert.deepEqual(
      claimed.map((piece) => availability.copies(piece)),
      claimed.map(() => 0),
    );
    // It is asked all the same, one block at a time.
    assert.equal(liar.owed.length, 1);
    const other = net.connect();
    other.offer([0]);
    assert.equal(availability.copies(0), 1);
    liar.say(encodeHave(5));
    assert.equal(availability.copies(5), 0);
    liar.answer(1);
    assert.equal(availability.copies(0), 2);
    assert.equal(availability.copies(5), 1);
    liar.answerAll();
    other.leave();
    liar.leave();
    assert.equal(availability.copies(0), 0);
  }
});

test('a peer is not snubbed as long as parts of a block come, and is when they are too small to matter', () => {
  for (const portion of [600, 20]) {
    const net = new LoneSwarm({ pieces: 2 });
    const a = net.connect();
    a.offer();
    const { piece, begin, length } = a.owed[0]!;
    const block = new Uint8Array(13 + length);
    writePieceHeader(block, 0, piece, begin, length);
    let at = 0;
    for (let second = 0; second < 20; second++) {
      a.say(block.subarray(at, at + portion));
      at += portion;
      net.pass(1_000, false);
    }
    assert.equal(a.peer.snubbed, portion < 100);
  }
});
