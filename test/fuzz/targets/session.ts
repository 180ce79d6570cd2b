// A whole peer session: a real swarm and a real framer, fed by a peer that says anything, on a torrent, a magnet link and a
// seed. Nothing counts as had that was not verified, what is kept for the peer is bounded, and the honest peer beside it
// can still finish the download.

import assert from 'node:assert/strict';
import { encodeAllowedFast, encodeFrame, encodeRequest, MESSAGE } from '../../../src/protocol/wire/messages.ts';
import { type HandPeer, LoneSwarm } from '../../sim/lone-swarm.ts';
import { type FuzzTarget, note } from '../oracle.ts';
import { MESSAGES } from './wire.ts';

const PIECES = 8;
const PIECE = 32_768;
/** Bytes that wait to go to one peer; more would be memory that a peer which does not read can take. */
const MAX_OUT = 2 * 1024 * 1024;

function piecesOf(net: LoneSwarm): Uint8Array[] {
  const hand = net.connect();
  const messages: Uint8Array[] = [];
  for (let piece = 0; piece < 3; piece++)
    for (const begin of [0, 16_384])
      messages.push(hand.blockMessage(piece, begin), hand.blockMessage(piece, begin, piece === 1));
  return messages;
}

const blocks = piecesOf(new LoneSwarm({ pieces: PIECES, pieceLength: PIECE }));
const unchoked = [encodeFrame(MESSAGE.bitfield, Uint8Array.of(0xff)), encodeFrame(MESSAGE.unchoke, new Uint8Array(0))];

/** The first byte says how the bytes are cut and who is there; the rest is what the hostile peer says. */
function withHead(head: number, ...messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(head), ...messages]);
}

const SEEDS = [
  ...MESSAGES.map((message, i) => withHead(i, message)),
  withHead(1, ...MESSAGES),
  withHead(3, ...unchoked, ...blocks),
  withHead(4, ...unchoked, blocks[2]!, blocks[5]!),
  withHead(2, ...Array.from({ length: 40 }, (_, piece) => encodeAllowedFast(piece))),
  withHead(6, ...unchoked, ...blocks.slice(0, 2), ...MESSAGES),
];
/** More than may wait, and more than belongs to any torrent. */
const MANY_REQUESTS = withHead(
  2,
  encodeFrame(MESSAGE.interested, new Uint8Array(0)),
  ...Array.from({ length: 2_400 }, (_, i) => encodeRequest(i % PIECES, 0, 16_384)),
);
const LONG_FIELD = withHead(2, encodeFrame(MESSAGE.bitfield, new Uint8Array(290_000)));
const TOKENS = [...MESSAGES, ...unchoked, ...blocks.slice(0, 4)];

function checkBounds(
  net: LoneSwarm,
  hand: HandPeer,
  verified: ReadonlySet<number>,
  had: (piece: number) => boolean,
): void {
  const { view } = net.swarm;
  assert.ok(hand.peer.out.length <= MAX_OUT, `${hand.peer.out.length} bytes wait for one peer`);
  assert.ok(hand.peer.early.haves.length <= 65_536 && (hand.peer.early.bitfield?.length ?? 0) <= 2 ** 18);
  assert.ok(hand.peer.allowedFast.size <= 16 && hand.peer.uploads.count <= 2000);
  assert.ok((hand.peer.extension?.messages.size ?? 0) <= 65);
  assert.ok(view.candidates.size <= 4 && view.everyone.size <= 3 && net.swarm.outbox.length === 0);
  const have = view.content?.ledger.have;
  for (let piece = 0; have !== undefined && piece < PIECES; piece++)
    assert.ok(!have.has(piece) || had(piece) || verified.has(piece), `piece ${piece} was not verified`);
}

/** Lets the hostile peer speak, beside an honest one when the head says so; then the honest one gives everything. */
function converse(net: LoneSwarm, bytes: Uint8Array, had: (piece: number) => boolean): void {
  const head = bytes[0] ?? 0;
  const honest = net.connect();
  if (head & 1) honest.offer();
  const hand = net.connect({ fast: (head & 2) !== 0 || head < 64, outgoing: (head & 8) !== 0 });
  const verified = new Set<number>();
  const learn = (): void => {
    for (const command of net.log) if (command.type === 'announcePiece') verified.add(command.piece);
  };
  const step = head & 4 ? 4096 : Math.max(1, bytes.length >> 3);
  for (let at = 1; at < bytes.length && hand.closed === undefined; at += step) {
    hand.say(bytes.subarray(at, at + step));
    if (head & 16) honest.answer(1);
    if (head & 32) net.pass(300);
    learn();
    checkBounds(net, hand, verified, had);
  }
  note(
    `${hand.closed ?? 'open'} ${hand.peer.choking} ${hand.peer.have?.count} ${verified.size} ${hand.said.length > 20}`,
  );
  hand.leave();
  assert.equal(net.swarm.view.peers.has(hand.peer.id), false);
  if (net.swarm.view.content === undefined || net.swarm.view.complete) return;
  assert.equal(honest.closed, undefined, 'the honest peer was closed');
  if ((head & 1) === 0) honest.offer();
  for (let i = 0; i < 20 && !net.swarm.view.complete; i++) {
    honest.answerAll();
    net.pass(1000);
  }
  assert.ok(net.swarm.view.complete, 'the honest peer could not finish the download');
}

export const torrentSession: FuzzTarget = {
  name: 'session-torrent',
  maxLength: 300_000,
  seeds: SEEDS,
  tokens: TOKENS,
  fuzz(bytes) {
    const had = (piece: number): boolean => piece === 7;
    converse(new LoneSwarm({ pieces: PIECES, pieceLength: PIECE, have: had }), bytes, had);
  },
};

export const magnetSession: FuzzTarget = {
  name: 'session-magnet',
  maxLength: 300_000,
  seeds: [...SEEDS, LONG_FIELD],
  tokens: TOKENS,
  fuzz(bytes) {
    const net = new LoneSwarm({ pieces: PIECES, pieceLength: PIECE, magnet: true });
    converse(net, bytes, () => false);
  },
};

export const seedSession: FuzzTarget = {
  name: 'session-seed',
  maxLength: 300_000,
  seeds: [...SEEDS, MANY_REQUESTS],
  tokens: TOKENS,
  fuzz(bytes) {
    const had = (): boolean => true;
    converse(new LoneSwarm({ pieces: PIECES, pieceLength: PIECE, have: had }), bytes, had);
  },
};
