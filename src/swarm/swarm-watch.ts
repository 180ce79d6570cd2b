// Once a second: who has gone silent, who stopped half-way, and which places are held by pieces that nobody here can finish.
// Takes back and disconnects; what is free then is asked for by swarm-download.

import { BLOCKS_PER_EXTENT } from '../base/geometry.ts';
import { encodeKeepAlive } from '../protocol/wire/messages.ts';
import { isOverdue } from './delivery.ts';
import { PIECE_STATE } from './ledger.ts';
import { BLOCK_STATE, NOBODY, NOWHERE, type Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import { timedOut } from './peer-copies.ts';
import { fillRequests, loseInterest, storeExtent, withdrawRequests } from './swarm-download.ts';
import { takeBack } from './swarm-retry.ts';
import type { Content, SwarmState } from './swarm-state.ts';

const KEEP_ALIVE_AFTER = 60_000;
/** So many times the time for one block may pass in the middle of it. */
const STUCK_SHARE = 6;
/** Messages without news of their own that are tolerated in a second. */
const FUSS_A_SECOND = 200;

export function watchPeer(state: SwarmState, peer: Peer, now: number): void {
  peer.retune(now);
  if (!peer.choking && !peer.snubbed && peer.wanted > 0) state.budget.askable++;
  peer.cursor.review();
  watchUse(peer, now);
  peer.fuss = Math.max(0, peer.fuss - FUSS_A_SECOND);
  if (peer.refused.size > 0 && now >= peer.refusedUntil) peer.refused.clear();
  // What it sent may wait in pieces that others have not finished.
  if (!peer.proven && peer.requests.count === 0 && peer.down.total > 0) peer.trials++;
  if (now - peer.lastSentAt > KEEP_ALIVE_AFTER) {
    state.sendBytes(peer, encodeKeepAlive());
    peer.lastSentAt = now;
  }
  loseInterest(state, peer);
  if (peer.held) {
    peer.lastHeardAt = now;
    peer.lastBlockAt = now;
    peer.progressAt = now;
    peer.stuckSince = now;
    return;
  }
  if (now - peer.lastHeardAt > state.idleAfter) {
    state.disconnect(peer, 'silent for too long');
    return;
  }
  if (isStuck(state, peer, now)) {
    state.disconnect(peer, 'stopped in the middle of a block');
    return;
  }
  peer.late = isOverdue(state, peer, now);
  // On a slow link that many share a block takes long; a part of one shows that its peer is at work.
  if (peer.requests.count > 0 && now - Math.max(peer.lastBlockAt, peer.progressAt) > state.snubAfter) {
    peer.snubbed = true;
    timedOut(state.content!, peer);
    withdrawRequests(state, peer, true, now);
    peer.lastBlockAt = now;
  }
}

function watchUse(peer: Peer, now: number): void {
  if (peer.interested || peer.amInterested) peer.usefulAt = now;
  const moved = peer.down.total + peer.up.total;
  if (moved !== peer.movedTotal) peer.movedAt = now;
  peer.movedTotal = moved;
}

/** A block whose payload has begun has one writer and can be had from nobody else until that one is gone. */
function isStuck(state: SwarmState, peer: Peer, now: number): boolean {
  if (peer.receivingPiece === NOBODY || peer.stuckTotal !== peer.down.total) {
    peer.stuckTotal = peer.down.total;
    peer.stuckSince = now;
    return false;
  }
  const stuck = now - peer.stuckSince;
  const atWork = now - peer.progressAt <= state.snubAfter;
  if (stuck > Math.max(STUCK_SHARE * state.snubAfter, atWork ? 2 * state.budget.delay(now) : 0)) return true;
  if (atWork || stuck <= state.snubAfter || state.content!.availability.wanted > 0) return false;
  for (const other of state.peers.values()) if (other !== peer && isGood(other, peer.receivingPiece)) return true;
  return false;
}

function isGood(peer: Peer, piece: number): boolean {
  return !peer.leaving && !peer.choking && !peer.snubbed && peer.has(piece);
}

/** Extents that may be sent to the disk in one second to make room. */
const MAX_RELIEF = 32;

/**
 * The slab is full, and peers with nothing to do could deliver what has no place in it. For each of them the extent
 * furthest from its end among those that nobody here can finish goes to the disk as it is: its place is free when that is
 * done, and the rest of it may come later.
 */
export function relieveSlab(state: SwarmState, now: number): void {
  const { content } = state;
  if (content === undefined || state.seeding) return;
  let relief = MAX_RELIEF;
  for (const peer of state.peers.values()) {
    if (content.ledger.places.free > 0 || relief-- === 0) return;
    if (peer.choking || peer.snubbed || peer.requests.count > 0 || !hasUnplaced(content, peer)) continue;
    const stale = findStale(state, content);
    if (stale === undefined) return;
    for (const other of state.peers.values()) takeBack(state, other, stale.partial.piece);
    if (!storeExtent(state, stale.partial, stale.extent)) fillRequests(state, peer, now);
  }
}

/** It could deliver something that lies in no extent with a place. */
function hasUnplaced({ availability, ledger }: Content, peer: Peer): boolean {
  if (peer.wanted === 0 || peer.have === undefined) return false;
  if (availability.open.nextCommon(peer.have, 0) >= 0) return true;
  for (const partial of ledger.partials.values())
    if (partial.unplaced > 0 && isGood(peer, partial.piece) && (!partial.retry || partial.exclusive === peer.id))
      return true;
  return false;
}

function findStale(state: SwarmState, { ledger }: Content): { partial: Partial; extent: number } | undefined {
  let stale: { partial: Partial; extent: number } | undefined;
  let most = -1;
  for (const partial of ledger.partials.values()) {
    if (ledger.state(partial.piece) !== PIECE_STATE.partial || !isHopeless(state, partial.piece)) continue;
    for (let extent = 0; extent < partial.offsets.length; extent++) {
      if (partial.lacking[extent]! <= most || !isStill(partial, extent)) continue;
      most = partial.lacking[extent]!;
      stale = { partial, extent };
    }
  }
  return stale;
}

function isHopeless({ peers }: SwarmState, piece: number): boolean {
  for (const peer of peers.values()) if (isGood(peer, piece)) return false;
  return true;
}

/** It holds a place, and nobody is just writing there, neither a peer nor the disk. */
function isStill(partial: Partial, extent: number): boolean {
  if (partial.offsets[extent] === NOWHERE || partial.storing[extent] === 1) return false;
  const at = partial.blocks.indexOf(BLOCK_STATE.receiving, extent * BLOCKS_PER_EXTENT);
  return at < 0 || at >= (extent + 1) * BLOCKS_PER_EXTENT;
}
