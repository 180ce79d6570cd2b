// Once a second: who has gone silent, who stopped half-way, and which slots are held by pieces that nobody here can finish.
// Takes back and disconnects; what is free then is asked for by swarm-download.

import { encodeKeepAlive } from '../protocol/wire/messages.ts';
import { BLOCK_STATE, NOBODY, type Partial, PIECE_STATE } from './ledger.ts';
import type { Peer } from './peer.ts';
import { loseInterest, withdrawRequests } from './swarm-download.ts';
import { forgetRetry, takeBack } from './swarm-retry.ts';
import type { Content, SwarmState } from './swarm-state.ts';

const KEEP_ALIVE_AFTER = 60_000;
/** So many times the time for one block may pass in the middle of it. */
const STUCK_SHARE = 6;
/** Messages without news of their own that are tolerated in a second. */
const FUSS_A_SECOND = 200;

export function watchPeer(state: SwarmState, peer: Peer, now: number): void {
  peer.retune(now);
  peer.cursor.review();
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
  peer.late = peer.requests.count > 0 && now - peer.lastBlockAt > peer.patience;
  if (peer.requests.count > 0 && now - peer.lastBlockAt > state.snubAfter) {
    peer.snubbed = true;
    withdrawRequests(state, peer, true, now);
    peer.lastBlockAt = now;
  }
}

/** A block whose payload has begun has one writer and can be had from nobody else until that one is gone. */
function isStuck(state: SwarmState, peer: Peer, now: number): boolean {
  if (peer.receivingPiece === NOBODY || peer.stuckTotal !== peer.down.total) {
    peer.stuckTotal = peer.down.total;
    peer.stuckSince = now;
    return false;
  }
  const stuck = now - peer.stuckSince;
  if (stuck > STUCK_SHARE * state.snubAfter) return true;
  if (stuck <= state.snubAfter || state.content!.availability.wanted > 0) return false;
  for (const other of state.peers.values()) if (other !== peer && isGood(other, peer.receivingPiece)) return true;
  return false;
}

function isGood(peer: Peer, piece: number): boolean {
  return !peer.leaving && !peer.choking && !peer.snubbed && peer.has(piece);
}

/**
 * Every slot holds a piece, and a peer with nothing to do has only others: the piece furthest from its end among those
 * that nobody here can finish goes back. Returns the peer that has use for the slot.
 */
export function freeStaleSlot(state: SwarmState): Peer | undefined {
  const { content } = state;
  if (content === undefined || state.paused || content.ledger.freeSlots > 0 || content.availability.wanted === 0)
    return undefined;
  for (const peer of state.peers.values()) {
    if (peer.choking || peer.snubbed || peer.requests.count > 0 || !hasUnbegun(content, peer)) continue;
    const stale = findStale(state, content);
    if (stale === undefined) return undefined;
    abandon(state, content, stale.piece);
    return peer;
  }
  return undefined;
}

function hasUnbegun({ availability }: Content, peer: Peer): boolean {
  if (peer.wanted === 0 || peer.have === undefined) return false;
  return availability.open.nextCommon(peer.have, 0) >= 0;
}

function findStale(state: SwarmState, { ledger }: Content): Partial | undefined {
  let stale: Partial | undefined;
  for (const partial of ledger.partials.values()) {
    if (ledger.state(partial.piece) !== PIECE_STATE.partial || partial.blocks.includes(BLOCK_STATE.receiving)) continue;
    if (stale !== undefined && partial.arrived >= stale.arrived) continue;
    let hopeless = true;
    for (const peer of state.peers.values()) if (isGood(peer, partial.piece)) hopeless = false;
    if (hopeless) stale = partial;
  }
  return stale;
}

function abandon(state: SwarmState, { ledger, availability }: Content, piece: number): void {
  for (const peer of state.peers.values()) takeBack(state, peer, piece);
  const owner = state.retryOwners.get(piece);
  if (owner !== undefined) forgetRetry(state, piece, owner);
  state.wasted += ledger.abandoned(piece);
  state.forgetGone();
  availability.want(piece);
}
