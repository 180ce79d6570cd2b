// What peers ask of us: judging requests, keeping them until the runner pulls them, choking rounds, and telling who lacks
// it that we have a piece.

import { parseAddress } from '../base/endpoint.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { ALLOWED_FAST_COUNT, allowedFastSet } from '../protocol/wire/fast.ts';
import { type BlockRequest, MESSAGE } from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import { CHOKE_ROUND, chooseUnchoked, slotsFor } from './choker.ts';
import type { Peer } from './peer.ts';
import { Steering } from './steering.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** What we tell peers as `reqq`: requests beyond it are rejected. */
export const MAX_QUEUED_UPLOADS = 2000;
/** Requests we cannot serve before the connection is closed. */
const MAX_BAD_REQUESTS = 300;
/** Nobody asks for so much at a time who knows the protocol. */
const MAX_REQUEST = 131_072;
/** How often a choked peer may have each of its allowed-fast pieces (BEP 6). */
const FAST_COPIES = 3;
/** Blocks of one frame: 1 MiB of payload. */
const MAX_RUN = 64;

/** A bitfield in a new connection is better than more haves than this. */
export const MANY_HAVES = 5_000;
/** Seconds without anybody waiting after which there is more to give than is taken. */
const IDLE_ENOUGH = 2;

/** Requests for one stretch of one piece, to be read and sent as one frame. */
export interface UploadRun {
  readonly piece: number;
  readonly begin: number;
  readonly lengths: readonly number[];
  readonly bytes: number;
}

export function requestReceived(state: SwarmState, peer: Peer, request: BlockRequest, now: number): void {
  const { piece, begin, length } = request;
  if (length > MAX_REQUEST) throw violation('invalid_request', `asks for ${length} bytes at a time`);
  if (!canServe(state, peer, request)) {
    refuse(state, peer, piece, begin, length);
    if (++peer.badRequests > MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking for blocks that cannot be served');
    return;
  }
  if (peer.amChoking && !mayHaveFast(state, peer, request)) {
    refuse(state, peer, piece, begin, length);
    // As many as may wait with us may be on their way when our choke goes out, but not for ever.
    const crossing = now - peer.flippedAt < CHOKE_ROUND ? MAX_QUEUED_UPLOADS : 0;
    if (++peer.chokedRequests > crossing + MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking while it is choked');
    return;
  }
  if (peer.uploads.count >= MAX_QUEUED_UPLOADS) {
    refuse(state, peer, piece, begin, length);
    if (++peer.badRequests > MAX_BAD_REQUESTS) throw violation('invalid_request', 'asks for more than its share');
    return;
  }
  peer.uploads.push(piece, begin, length);
  if (state.steering !== undefined) {
    state.steering.asked(peer, piece);
    steer(state, state.steering, peer);
  }
  serve(state, peer);
}

function canServe({ content, superSeed }: SwarmState, peer: Peer, { piece, begin, length }: BlockRequest): boolean {
  return (
    content !== undefined &&
    length <= BLOCK_LENGTH &&
    content.geometry.contains(piece, begin, length) &&
    content.ledger.have.has(piece) &&
    (superSeed === undefined || superSeed.wasTold(peer, piece))
  );
}

/**
 * Pieces that a newcomer may have while it is choked (BEP 6). Peers of one network get the same ones, so no more peers
 * are granted them at a time than there are slots: a crowd of newcomers would have nothing else to give one another.
 */
export function grantFast(state: SwarmState, { geometry, ledger }: Content, peer: Peer): void {
  const address = parseAddress(peer.info.endpoint.host);
  if (!peer.info.features.fast || address === undefined || !mayGrantFast(state, peer)) return;
  const { infoHash, sha1 } = state.options;
  for (const piece of allowedFastSet(infoHash, address, geometry.pieceCount, sha1)) {
    peer.grantedFast.set(piece, 0);
    if (ledger.have.has(piece)) state.sendIndex(peer, MESSAGE.allowedFast, piece);
  }
}

function mayGrantFast(state: SwarmState, newcomer: Peer): boolean {
  let granted = 0;
  for (const peer of state.peers.values())
    if (peer !== newcomer && peer.amChoking && peer.grantedFast.size > 0 && isBeginner(peer)) granted++;
  return granted < state.uploadSlots;
}

function isBeginner(peer: Peer): boolean {
  return (peer.have?.count ?? 0) < ALLOWED_FAST_COUNT;
}

/**
 * An allowed-fast piece may be had while choked, by who has next to nothing (BEP 6), and not again and again. Throws
 * ERR_WIRE when it is asked for over and over.
 */
function mayHaveFast(state: SwarmState, peer: Peer, { piece, length }: BlockRequest): boolean {
  const taken = peer.grantedFast.get(piece);
  if (taken === undefined || !isBeginner(peer)) return false;
  if (taken + length > FAST_COPIES * state.content!.geometry.pieceSize(piece)) {
    // On a slow link an honest peer may give up a block several times that is on its way.
    if (++peer.badRequests > MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking for the same piece while it is choked');
    return false;
  }
  peer.grantedFast.set(piece, taken + length);
  return true;
}

function refuse(state: SwarmState, peer: Peer, piece: number, begin: number, length: number): void {
  if (peer.info.features.fast) state.sendBlock(peer, MESSAGE.reject, piece, begin, length);
}

function serve(state: SwarmState, peer: Peer): void {
  if (peer.uploadQueued) return;
  peer.uploadQueued = true;
  state.command({ type: 'serve', peer });
}

export function requestCancelled(state: SwarmState, peer: Peer, request: BlockRequest): void {
  const at = peer.uploads.find(request.piece, request.begin);
  if (at < 0 || peer.uploads.lengthAt(at) !== request.length) return;
  peer.uploads.removeAt(at);
  // What was not sent does not count: who waits long takes its requests back and makes them again.
  const taken = peer.grantedFast.get(request.piece);
  if (taken !== undefined) peer.grantedFast.set(request.piece, Math.max(0, taken - request.length));
  // A cancelled request is still answered once (BEP 6).
  refuse(state, peer, request.piece, request.begin, request.length);
}

/** Pieces are gone: what waits for them is not served. */
export function refuseLost(state: SwarmState, { ledger }: Content, peer: Peer): void {
  const { uploads } = peer;
  for (let i = uploads.count - 1; i >= 0; i--) {
    if (ledger.have.has(uploads.pieceAt(i))) continue;
    refuse(state, peer, uploads.pieceAt(i), uploads.beginAt(i), uploads.lengthAt(i));
    uploads.removeAt(i);
  }
}

/** The next contiguous stretch of the oldest requests, at most `bytes` long but at least one block. */
export function nextUpload(state: SwarmState, peer: Peer, bytes: number): UploadRun | undefined {
  const { uploads } = peer;
  if (uploads.count === 0) {
    peer.uploadQueued = false;
    return undefined;
  }
  const piece = uploads.pieceAt(0);
  const begin = uploads.beginAt(0);
  const lengths: number[] = [];
  let total = 0;
  for (let i = 0; i < uploads.count && i < MAX_RUN; i++) {
    const length = uploads.lengthAt(i);
    if (uploads.pieceAt(i) !== piece || uploads.beginAt(i) !== begin + total) break;
    if (i > 0 && total + length > bytes) break;
    lengths.push(length);
    total += length;
  }
  uploads.dropOldest(lengths.length);
  state.superSeed?.sending(peer, piece, total);
  return { piece, begin, lengths, bytes: total };
}

/** The first peer of one that has everything is here: it may be the only one that has. */
export function beginSteering(state: SwarmState, { geometry, availability }: Content): void {
  if (!state.mayBeFirstSeed) return;
  state.mayBeFirstSeed = false;
  state.steering = new Steering(geometry, availability, state.options.random, (peer, piece) =>
    state.sendIndex(peer, MESSAGE.suggest, piece),
  );
}

/** Tells the peer which pieces to ask for next (BEP 6), as long as that keeps others from asking for the same. */
function steer(state: SwarmState, steering: Steering<Peer>, peer: Peer): void {
  if (peer.info.features.fast && !peer.amChoking) steering.offer(peer);
  if (steering.done) state.steering = undefined;
}

/** What was pulled before a choke is not sent after it, unless the peer may have it all the same. */
export function maySend(peer: Peer, { piece }: UploadRun): boolean {
  return !peer.amChoking || peer.grantedFast.has(piece);
}

/** The run could not be read: the peer is told so, if it understands that. */
export function uploadFailed(state: SwarmState, peer: Peer, run: UploadRun): void {
  let begin = run.begin;
  for (const length of run.lengths) {
    refuse(state, peer, run.piece, begin, length);
    begin += length;
  }
}

export function uploadSent(state: SwarmState, peer: Peer, bytes: number, now: number): void {
  peer.up.add(bytes, now);
  state.up.add(bytes, now);
  peer.lastSentAt = now;
}

export function interestChanged(state: SwarmState, peer: Peer, interested: boolean, now: number): void {
  if (peer.interested === interested) return;
  peer.interested = interested;
  state.superSeed?.turned(peer, now);
  grantSpareSlots(state, now);
}

/** Those we serve take all we send: a further one would take it from them. */
function isScarce(state: SwarmState): boolean {
  return !state.seeding && state.idleSeconds < IDLE_ENOUGH;
}

/** What the peer has given lately, the round under way included. */
function givenBy(peer: Peer): number {
  return peer.given + peer.down.total - peer.receivedAtRound;
}

/**
 * Slots that nobody uses need not wait for the next round: who has waited longest gets them. While there is nothing to
 * spare besides what those take who give, only newcomers do, so that everybody is tried once.
 */
export function grantSpareSlots(state: SwarmState, now: number): void {
  let spare = state.uploadSlots;
  let giver = false;
  for (const peer of state.peers.values()) {
    if (!peer.amChoking) spare--;
    if (givenBy(peer) > 0) giver = true;
  }
  const newcomersOnly = giver && isScarce(state);
  for (;;) {
    let next: Peer | undefined;
    let useless: Peer | undefined;
    for (const peer of state.peers.values()) {
      if (!peer.amChoking && !peer.interested) useless = peer;
      if (!peer.amChoking || !peer.interested || peer.leaving || now < peer.mayFlipAt) continue;
      if (newcomersOnly && peer.everUnchoked) continue;
      if (next === undefined || peer.flippedAt < next.flippedAt) next = peer;
    }
    if (next === undefined) return;
    if (spare > 0) spare--;
    else if (useless === undefined) return;
    else setChoke(state, useless, true, now);
    setChoke(state, next, false, now);
  }
}

/** Once a second: does anybody whom we serve wait for us, or have we more to give? */
export function sampleUplink(state: SwarmState, now: number): void {
  let waiting = false;
  for (const peer of state.peers.values()) if (!peer.amChoking && peer.uploads.count > 0) waiting = true;
  state.idleSeconds = waiting ? 0 : state.idleSeconds + 1;
  const before = state.uploadSlots;
  // More slots at once, fewer with the next round.
  if (typeof state.options.uploadSlots !== 'number')
    state.uploadSlots = Math.max(before, slotsFor(state.up.lastSecond(now)));
  if (state.idleSeconds >= IDLE_ENOUGH || state.uploadSlots > before) grantSpareSlots(state, now);
}

/** One round of the choker. */
export function rechoke(state: SwarmState, now: number): void {
  const peers = [...state.peers.values()];
  const pieceCount = state.content?.geometry.pieceCount ?? 0;
  const decision = chooseUnchoked(
    peers.map((peer) => ({
      id: peer.id,
      interested: peer.interested,
      choked: peer.amChoking,
      snubbed: peer.snubbed,
      fresh: !peer.everUnchoked,
      since: now - peer.flippedAt,
      fixed: now < peer.mayFlipAt,
      given: givenBy(peer),
      taken: peer.up.total - peer.sentAtRound,
      served: peer.up.total - peer.sentAtUnchoke,
      barren: peer.barren,
      progress: pieceCount === 0 ? 0 : (peer.have?.count ?? 0) / pieceCount,
    })),
    {
      slots: state.options.uploadSlots ?? 'rate',
      seeding: state.seeding,
      seedChoker: state.options.seedChoker ?? 'round-robin',
      scarce: isScarce(state),
      round: state.round++,
      optimistic: state.optimistic,
      pieceLength: state.content?.geometry.pieceLength ?? 0,
    },
    state.options.random,
  );
  for (const peer of peers) {
    const given = givenBy(peer);
    if (given > 0) peer.barren = 0;
    else if (state.optimistic.has(peer.id) && !decision.unchoked.has(peer.id)) peer.barren++;
    peer.given = Math.floor(given / 2);
    peer.receivedAtRound = peer.down.total;
    peer.sentAtRound = peer.up.total;
    setChoke(state, peer, !decision.unchoked.has(peer.id), now);
  }
  state.optimistic = decision.optimistic;
  state.uploadSlots = decision.slots;
}

export function setChoke(state: SwarmState, peer: Peer, choke: boolean, now: number): void {
  if (peer.amChoking === choke) return;
  peer.amChoking = choke;
  peer.flippedAt = now;
  peer.mayFlipAt = peer.interested ? now + CHOKE_ROUND : now;
  // What is suggested counts when requests are made, and the first of them are made at once.
  if (!choke && state.steering !== undefined) steer(state, state.steering, peer);
  state.sendSignal(peer, choke ? MESSAGE.choke : MESSAGE.unchoke);
  peer.chokedRequests = 0;
  if (!choke) {
    peer.everUnchoked = true;
    peer.sentAtUnchoke = peer.up.total;
    state.superSeed?.turned(peer, now);
    return;
  }
  state.steering?.stopped(peer);
  const { uploads } = peer;
  for (let i = 0; i < uploads.count; i++)
    refuse(state, peer, uploads.pieceAt(i), uploads.beginAt(i), uploads.lengthAt(i));
  uploads.clear();
}

/** HAVE for the pieces verified since the last tick, to those who lack them. */
export function announceFresh(state: SwarmState): void {
  if (state.freshPieces.length === 0) return;
  const have = state.content!.ledger.have;
  for (const peer of state.peers.values())
    for (const piece of state.freshPieces)
      if (!peer.has(piece) && have.has(piece)) state.sendIndex(peer, MESSAGE.have, piece);
  state.freshPieces.length = 0;
}
