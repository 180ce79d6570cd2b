// What we ask for and what becomes of the answers: filling request windows, taking blocks, sealing pieces, finding out who
// sent a bad one. The functions named for blocks are the hot path: they allocate nothing.

import { BLOCK_LENGTH, BLOCKS_PER_EXTENT } from '../base/geometry.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import type { Share } from './commands.ts';
import { shortDepth } from './delivery.ts';
import { pickBusy } from './end-game.ts';
import { NOBODY, type Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import { believe } from './peer-copies.ts';
import { pickPartial } from './picker.ts';
import {
  assignRetry,
  findRetryPeer,
  forgetRetry,
  giveUpRetries,
  giveUpRetry,
  suspendRetries,
  suspendRetry,
} from './swarm-retry.ts';
import { type Content, isWanted, type SwarmState } from './swarm-state.ts';
import { stealRequests } from './swarm-steal.ts';
import { accuse, ban, settle } from './swarm-trust.ts';

/** Blocks nobody asked for that are forgiven before the connection is closed. */
const MAX_UNASKED = 16;
/** Busy blocks one idle peer takes over at a time in the end game. */
const END_GAME_BATCH = 4;
/** A peer whose requests fill no more than one part in so many of its window takes over those of slow peers. */
const STEAL_SHARE = 4;
/** Least number of blocks of a trial. */
const TRIAL_BLOCKS = 64;
/** Milliseconds until a peer is asked again for a piece it rejected. */
const REFUSAL_LASTS = 10_000;
/** More than was ever asked of one peer at a time: what it may still send of requests that were taken back. */
const MAX_WITHDRAWN = 2048;

/** Interest is told at once; that it is gone only when nothing more is wanted of anybody, see `loseInterest`. */
export function updateInterest(state: SwarmState, peer: Peer): void {
  if (state.seeding ? peer.amInterested : !peer.amInterested && peer.wanted > 0) setInterest(state, peer);
}

/** Once a second: with small pieces interest comes and goes with each of them, and nobody has to hear that. */
export function loseInterest(state: SwarmState, peer: Peer): void {
  if (peer.amInterested && peer.wanted === 0) setInterest(state, peer);
}

function setInterest(state: SwarmState, peer: Peer): void {
  peer.amInterested = !peer.amInterested;
  state.sendSignal(peer, peer.amInterested ? MESSAGE.interested : MESSAGE.notInterested);
}

/**
 * Requests that may be outstanding. A peer none of whose blocks has passed a hash yet gets a trial of two pieces, so that
 * a fast liar cannot spoil many before the first is checked; one under suspicion gets one piece at a time.
 */
function depthOf(state: SwarmState, content: Content, peer: Peer, now: number): number {
  const { blocksPerPiece } = content.geometry;
  let { depth } = peer;
  if (peer.suspicion > 0) depth = Math.min(depth, blocksPerPiece);
  if (state.deadlines.isWaited(now)) depth = Math.min(depth, shortDepth(peer, now));
  const allowed = peer.proven ? depth : Math.min(depth, trialLeft(peer, blocksPerPiece));
  return state.budget.depth(peer.requests.count, allowed, !peer.snubbed);
}

function trialLeft(peer: Peer, blocksPerPiece: number): number {
  const trial = peer.trials * Math.max(TRIAL_BLOCKS, 2 * blocksPerPiece);
  return Math.max(0, trial - Math.floor(peer.down.total / BLOCK_LENGTH));
}

/** Tops the peer's requests up to its window. */
export function fillRequests(state: SwarmState, peer: Peer, now: number): void {
  const { content } = state;
  if (content === undefined || state.seeding || peer.wanted === 0 || peer.leaving) return;
  if (peer.choking && peer.allowedFast.size === 0) return;
  const { ledger, geometry } = content;
  const depth = depthOf(state, content, peer, now);
  if (peer.requests.count === 0 && !peer.midBlock) {
    peer.lastBlockAt = now;
    peer.idle = true;
  }
  while (peer.requests.count < depth) {
    const partial = pickPartial(state, content, peer, now);
    if (partial === undefined) {
      if (ledger.places.free === 0) state.cramped = true;
      break;
    }
    for (
      let block = ledger.nextFree(partial);
      block >= 0 && peer.requests.count < depth;
      block = ledger.nextFree(partial)
    ) {
      ledger.requested(partial, block, now);
      ask(state, peer, partial.piece, block * BLOCK_LENGTH, geometry.blockSize(partial.piece, block));
    }
  }
  if (peer.requests.count * STEAL_SHARE <= depth && depth > peer.requests.count)
    stealRequests(state, content, peer, depth - peer.requests.count, now);
  if (peer.requests.count === 0 && depth > 0) fillBusy(state, content, peer, now);
}

function fillBusy(state: SwarmState, content: Content, peer: Peer, now: number): void {
  const limit = peer.snubbed ? 1 : END_GAME_BATCH;
  for (let i = 0; i < limit; i++) {
    const busy = pickBusy(state, content, peer, now);
    if (busy === undefined) return;
    content.ledger.requested(busy.partial, busy.block, now);
    const { piece } = busy.partial;
    ask(state, peer, piece, busy.block * BLOCK_LENGTH, content.geometry.blockSize(piece, busy.block));
  }
}

function ask(state: SwarmState, peer: Peer, piece: number, begin: number, length: number): void {
  peer.requests.push(piece, begin, length);
  state.sendBlock(peer, MESSAGE.request, piece, begin, length);
}

/** Offset in the slab for the payload that follows, or -1 to step over it. Throws ERR_WIRE when the peer may not say this. */
export function blockOpened(state: SwarmState, peer: Peer, piece: number, begin: number, length: number): number {
  const { content } = state;
  if (content === undefined) return unasked(peer);
  if (begin % BLOCK_LENGTH !== 0 || !content.geometry.contains(piece, begin, 1))
    throw violation('invalid_piece', `sent a block at ${piece}:${begin}, which is no block of this torrent`);
  const block = begin / BLOCK_LENGTH;
  if (length !== content.geometry.blockSize(piece, block))
    throw violation('invalid_piece', `sent ${length} bytes for the block at ${piece}:${begin}`);
  peer.midBlock = true;
  const at = peer.requests.find(piece, begin);
  if (at < 0) {
    if (peer.withdrawn === 0) return unasked(peer);
    peer.withdrawn--;
  } else peer.requests.removeAt(at);

  const { ledger } = content;
  const partial = ledger.partials.get(piece);
  let offset = -1;
  if (partial !== undefined && (!partial.retry || partial.exclusive === peer.id)) {
    offset = ledger.receiving(piece, block);
    if (offset >= 0) {
      peer.receivingPiece = piece;
      peer.receivingBlock = block;
    }
  }
  if (at >= 0) ledger.released(piece, block);
  return offset;
}

function unasked(peer: Peer): number {
  if (++peer.unasked > MAX_UNASKED) throw violation('unasked_data', 'keeps sending blocks nobody asked for');
  return -1;
}

/** The payload is in the slab, or was stepped over. */
export function blockArrived(
  state: SwarmState,
  peer: Peer,
  piece: number,
  begin: number,
  length: number,
  kept: boolean,
  now: number,
): void {
  peer.down.add(length, now);
  state.down.add(length, now);
  peer.blockCame(now);
  if (peer.timeouts > 0) believe(state.content!, peer);
  state.budget.blockCame();
  if (kept) {
    const { ledger } = state.content!;
    const block = begin / BLOCK_LENGTH;
    peer.receivingPiece = NOBODY;
    peer.receivingBlock = NOBODY;
    const partial = ledger.partials.get(piece)!;
    if (partial.requesters[block]! > 0) cancelOthers(state, piece, begin, length);
    if (ledger.received(piece, block, peer.id)) extentArrived(state, partial, block);
  } else state.wasted += length;
  if (peer.requests.count * 4 <= peer.depth * 3) fillRequests(state, peer, now);
}

/** Every block of an extent is here or on disk. */
function extentArrived(state: SwarmState, partial: Partial, block: number): void {
  const { piece } = partial;
  if (partial.offsets.length === 1 && !partial.onDisk) {
    state.content!.ledger.sealed(piece);
    state.command({ type: 'commitPiece', piece, offset: partial.offsets[0]!, digests: state.blame.has(piece) });
  } else storeExtent(state, partial, Math.floor(block / BLOCKS_PER_EXTENT));
}

/** What has arrived of the extent goes to the disk unverified. False when nothing had: its place is free at once. */
export function storeExtent(state: SwarmState, partial: Partial, extent: number): boolean {
  const offset = partial.offsets[extent]!;
  const runs = state.content!.ledger.extentSealed(partial, extent);
  if (runs.length === 0) return false;
  state.command({ type: 'storeExtent', piece: partial.piece, extent, offset, runs });
  return true;
}

/** The extent is on disk: its place is free, and the piece may be whole there. */
export function extentStored(state: SwarmState, piece: number, extent: number, now: number): void {
  if (state.content!.ledger.extentStored(piece, extent)) verifyStored(state, piece);
  fillIdle(state, now);
}

/** Every block of the piece is on disk. */
export function verifyStored(state: SwarmState, piece: number): void {
  state.content!.ledger.sealed(piece);
  state.command({ type: 'verifyPiece', piece, digests: state.blame.has(piece) });
}

/** The disk refused the extent: its blocks are asked for again and nobody is to blame. */
export function extentUnwritten(state: SwarmState, piece: number, extent: number, now: number): void {
  state.wasted += state.content!.ledger.extentUnwritten(piece, extent);
  suspendIfChoked(state, piece, now);
  state.forgetGone();
}

/** End game: the block is here, the others need not send it. */
function cancelOthers(state: SwarmState, piece: number, begin: number, length: number): void {
  for (const other of state.peers.values()) {
    const at = other.requests.find(piece, begin);
    if (at < 0) continue;
    other.requests.removeAt(at);
    other.withdrawn++;
    state.content!.ledger.released(piece, begin / BLOCK_LENGTH);
    state.sendBlock(other, MESSAGE.cancel, piece, begin, length);
  }
}

/**
 * Everything asked of the peer goes back to be asked of others; `cancel`: the peer is told. What it still sends is no
 * offence.
 */
export function withdrawRequests(state: SwarmState, peer: Peer, cancel: boolean, now: number): void {
  takeBackRequests(state, peer, cancel);
  giveUpRetries(state, peer, now);
}

function takeBackRequests(state: SwarmState, peer: Peer, cancel: boolean): void {
  const ledger = state.content?.ledger;
  const { requests } = peer;
  for (let i = 0; i < requests.count; i++) {
    const piece = requests.pieceAt(i);
    const begin = requests.beginAt(i);
    ledger?.released(piece, begin / BLOCK_LENGTH);
    if (cancel) state.sendBlock(peer, MESSAGE.cancel, piece, begin, requests.lengthAt(i));
  }
  if (requests.count > 0) state.freed = true;
  peer.withdrawn = Math.min(MAX_WITHDRAWN, peer.withdrawn + requests.count);
  requests.clear();
  peer.current = NOBODY;
}

/** The peer lets us ask no more. With the fast extension it answers or rejects what it owes, one by one (BEP 6). */
export function chokeReceived(state: SwarmState, peer: Peer, now: number): void {
  peer.choking = true;
  if (!peer.info.features.fast) takeBackRequests(state, peer, false);
  suspendRetries(state, peer, now);
}

/** BEP 6: the peer will not send this block. False when nothing of the kind was asked. */
export function requestRejected(state: SwarmState, peer: Peer, piece: number, begin: number, now: number): boolean {
  const at = peer.requests.find(piece, begin);
  if (at < 0) {
    // Answers to requests that were cancelled or withdrawn: a peer answers each of them once (BEP 6).
    if (peer.withdrawn === 0) return false;
    peer.withdrawn--;
    return true;
  }
  peer.requests.removeAt(at);
  state.content?.ledger.released(piece, begin / BLOCK_LENGTH);
  state.freed = true;
  // Rejected after a choke is no wonder. Else the peer does not have the piece after all, and asking again at once would
  // go on for ever.
  if (!peer.allowedFast.delete(piece) && !peer.choking) {
    if (peer.refused.size === 0) peer.refusedUntil = now + REFUSAL_LASTS;
    peer.refused.add(piece);
  }
  if (state.retryOwners.get(piece) === peer) {
    if (peer.choking) suspendRetry(state, peer, piece, now);
    else giveUpRetry(state, peer, piece, now);
  }
  return true;
}

/** The connection is gone: nothing it began may stay reserved. */
export function releasePeer(state: SwarmState, peer: Peer, now: number): void {
  if (peer.receivingPiece !== NOBODY) state.content?.ledger.aborted(peer.receivingPiece, peer.receivingBlock);
  withdrawRequests(state, peer, false, now);
  fillIdle(state, now);
}

/** Blocks have become free: peers with nothing to do get a share at once. */
export function fillIdle(state: SwarmState, now: number): void {
  state.freed = false;
  state.cramped = false;
  for (const peer of state.peers.values())
    if (peer.requests.count * 4 <= peer.depth * 3) fillRequests(state, peer, now);
}

/** Who sent how much of a piece whose blocks have all arrived. */
function sharesOf(state: SwarmState, partial: Partial): Share[] {
  const { piece, senders } = partial;
  if (senders.every((sender) => sender === senders[0])) {
    const only = state.everyone.get(senders[0]!);
    return only === undefined ? [] : [{ peer: only, bytes: state.content!.geometry.pieceSize(piece) }];
  }
  const bytes = new Map<Peer, number>();
  for (let block = 0; block < partial.senders.length; block++) {
    const peer = state.everyone.get(partial.senders[block]!);
    if (peer !== undefined)
      bytes.set(peer, (bytes.get(peer) ?? 0) + state.content!.geometry.blockSize(partial.piece, block));
  }
  return [...bytes].map(([peer, count]) => ({ peer, bytes: count }));
}

/** Hash right, bytes written: tell the peers, ask for more. */
export function pieceVerified(state: SwarmState, piece: number, digests: Uint8Array | undefined, now: number): void {
  const { ledger } = state.content!;
  const from = sharesOf(state, ledger.partials.get(piece)!);
  for (const { peer } of from) peer.proven = true;
  const retried = state.retryOwners.get(piece);
  if (retried !== undefined) forgetRetry(state, piece, retried);
  settle(
    state,
    piece,
    digests,
    from.map((share) => share.peer),
    now,
  );
  const wanted = isWanted(state.content!, piece);
  if (wanted) state.lacking--;
  ledger.verified(piece);
  state.deadlines.met(piece);
  state.forgetGone();
  state.freshPieces.push(piece);
  for (const peer of state.peers.values()) {
    if (!wanted || !peer.has(piece)) continue;
    peer.wanted--;
    updateInterest(state, peer);
  }
  state.command({ type: 'announcePiece', piece, from });
  if (ledger.complete) state.command({ type: 'announceComplete' });
  else if (state.lacking === 0 && wanted) state.command({ type: 'announceSelected' });
  else fillIdle(state, now);
}

/**
 * Hash wrong. A peer that sent the whole piece is banned; when several took part, the evidence is kept and the piece comes
 * again, whole, from one peer: then it shows who had spoilt it.
 */
export function pieceFailed(state: SwarmState, piece: number, digests: Uint8Array | undefined, now: number): void {
  const { ledger, availability, geometry } = state.content!;
  const partial = ledger.partials.get(piece)!;
  const from = sharesOf(state, partial);
  const liar = from[0]?.bytes === geometry.pieceSize(piece) ? from[0].peer : undefined;
  if (liar === undefined && digests !== undefined) accuse(state, partial, digests);
  const received = ledger.receivedBytes(partial);
  const retried = state.retryOwners.get(piece);
  if (retried !== undefined) forgetRetry(state, piece, retried);
  ledger.failed(piece, true);
  state.forgetGone();
  availability.want(piece);
  state.failedPieces++;
  state.wasted += received;
  state.command({ type: 'announceBadPiece', piece, from });
  if (liar !== undefined) ban(state, liar.reputation, 'sent a whole piece that failed its hash', now);
  else {
    const next = findRetryPeer(state, piece, undefined);
    if (next !== undefined) assignRetry(state, piece, next, undefined, now);
  }
  fillIdle(state, now);
}

/** The disk refused the piece: it is missing again and nobody is to blame. */
export function pieceUnwritten(state: SwarmState, piece: number, now: number): void {
  const { ledger, availability } = state.content!;
  state.wasted += ledger.receivedBytes(ledger.partials.get(piece)!);
  ledger.failed(piece, false);
  state.forgetGone();
  availability.want(piece);
  suspendIfChoked(state, piece, now);
}

/** What its owner had delivered is gone, so nothing is left that were worth waiting for. */
function suspendIfChoked(state: SwarmState, piece: number, now: number): void {
  const owner = state.retryOwners.get(piece);
  if (owner?.choking === true) suspendRetry(state, owner, piece, now);
}
