// Who is fast and has nothing left to ask for takes over what slow peers owe, and nothing is asked for twice meanwhile.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import { encodeAllowedFast, encodeFrame, encodeHave, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

const PIECES = 41;
/** All but the last piece, which nobody has: the end game never begins. */
const MOST = Array.from({ length: PIECES - 1 }, (_, piece) => piece);

function makeNet(): { net: LoneSwarm; slow: HandPeer; fast: HandPeer } {
  const net = new LoneSwarm({ pieces: PIECES, slots: PIECES });
  const slow = net.connect();
  slow.offer(MOST);
  const fast = net.connect();
  return { net, slow, fast };
}

/** Blocks that are asked of more than one peer now. */
function doubled(net: LoneSwarm): number {
  let count = 0;
  for (const partial of net.swarm.view.content!.ledger.partials.values())
    for (const requesters of partial.requesters) if (requesters > 1) count++;
  return count;
}

function suggest(hand: HandPeer, piece: number): void {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, piece);
  hand.say(encodeFrame(MESSAGE.suggest, payload));
}

test('a fast peer with nothing to do takes over the requests of a slow one, all but the first', () => {
  const { net, slow, fast } = makeNet();
  slow.answer(6);
  net.pass(1_000);
  slow.answer(1);
  net.pass(1_000);
  slow.answer(1);
  fast.offer(MOST);
  const before = slow.owed.length;
  assert.ok(before > 8);
  for (let i = 0; i < 15 && slow.owed.length > 1; i++) {
    fast.answer();
    net.pass(100);
    assert.equal(doubled(net), 0);
  }
  assert.ok(slow.count(MESSAGE.cancel) > 0, 'nothing was taken over');
  assert.equal(slow.owed.length, 1, 'the block it is sending stays with it');
  slow.answer();
  fast.answerAll();
  assert.equal(net.swarm.view.content!.ledger.have.count, PIECES - 1);
  assert.equal(net.swarm.view.wasted, 0);
});

test('a peer that falls silent is overdue by its own measure and loses its requests long before it is snubbed', () => {
  const { net, slow, fast } = makeNet();
  for (let i = 0; i < 12; i++) {
    slow.answer(2);
    net.pass(100);
  }
  fast.offer(MOST);
  fast.answerAll();
  for (let i = 0; i < 17; i++) net.pass(100);
  assert.equal(slow.peer.late, false);
  const owed = slow.owed.length;
  assert.ok(owed > 1);
  for (let i = 0; i < 12; i++) {
    net.pass(100);
    fast.answerAll();
  }
  assert.equal(slow.peer.late, true);
  assert.equal(slow.peer.snubbed, false);
  assert.ok(slow.owed.length <= 1, `${slow.owed.length} of ${owed} are still asked of it`);
  slow.answer();
  net.pass(1_000);
  assert.equal(slow.peer.late, false);
  assert.equal(net.swarm.view.wasted, 0);
});

test('of two peers that are as fast as each other none takes from the other', () => {
  const net = new LoneSwarm({ pieces: PIECES, slots: PIECES });
  const peers = [net.connect(), net.connect()];
  for (const peer of peers) peer.offer(MOST);
  for (let i = 0; i < 60; i++) {
    for (const peer of peers) peer.answer(2);
    net.pass(100);
  }
  assert.equal(net.swarm.view.content!.ledger.have.count, PIECES - 1);
  for (const peer of peers) assert.equal(peer.count(MESSAGE.cancel), 0);
});

test('a snubbed peer is asked for one block of the most common piece, and for more once it sends again', () => {
  const net = new LoneSwarm({ pieces: 40, slots: 40, swarm: { random: () => 0 }, have: (piece) => piece < 4 });
  const rare = net.connect();
  rare.offer();
  net.pass(12_000);
  assert.equal(rare.peer.snubbed, true);
  assert.equal(rare.owed.length, 1);
  // So that it is asked for something else first: what others have too is left for last.
  const others = [net.connect(), net.connect()];
  const { open } = net.swarm.view.content!.availability;
  const common = [open.next(10), open.next(30)];
  for (const other of others) for (const piece of common) other.say(encodeHave(piece));
  rare.answer(1);
  assert.equal(rare.peer.snubbed, false);
  assert.ok(rare.owed.length >= 2);
  net.pass(12_000);
  assert.equal(rare.peer.snubbed, true);
  assert.ok(common.includes(rare.owed[0]!.piece), `asked for piece ${rare.owed[0]!.piece}`);
});

test('a piece that a peer suggests comes first, the latest suggestion before the others', () => {
  const net = new LoneSwarm({ pieces: 16, slots: 16 });
  const peer = net.connect();
  peer.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0xff, 0xff)));
  for (const piece of [5, 9, 5, 200_000]) suggest(peer, piece);
  suggest(peer, 11);
  peer.signal(MESSAGE.unchoke);
  peer.answer(2);
  assert.deepEqual([...peer.owedPieces].slice(0, 2), [5, 9]);
  assert.ok(net.swarm.view.content!.ledger.have.has(11));
  for (let piece = 0; piece < 16; piece++) suggest(peer, piece);
  assert.ok(peer.peer.suggested.length <= 16);
});

test('what a choking peer suggests is not asked for, what it allows is', () => {
  const net = new LoneSwarm({ pieces: 16, slots: 16 });
  const peer = net.connect();
  peer.say(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0xff, 0xff)));
  suggest(peer, 3);
  peer.say(encodeAllowedFast(7));
  assert.deepEqual(peer.owedPieces, new Set([7]));
  assert.equal(peer.owed.length * BLOCK_LENGTH, net.geometry.pieceLength);
});
