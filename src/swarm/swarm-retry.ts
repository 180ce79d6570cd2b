// Pieces whose hash was wrong and which one peer alone has to deliver again: who that is, and what happens when it cannot.
// A failed piece is open to nobody but its owner, so an owner that does not deliver must lose it: that is the duty here.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';
import { PIECE_STATE } from './ledger.ts';
import { NOBODY, type Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** Milliseconds a peer may take for a failed piece while another has nothing to do; twice as long after each change. */
const PATIENCE = 20_000;

export function assignRetry(
  state: SwarmState,
  piece: number,
  peer: Peer,
  partial: Partial | undefined,
  now: number,
): void {
  state.retryOwners.set(piece, peer);
  peer.retries.push(piece);
  if (partial !== undefined) state.content!.ledger.assigned(partial, peer.id, now);
}

export function forgetRetry(state: SwarmState, piece: number, peer: Peer): void {
  state.retryOwners.delete(piece);
  const at = peer.retries.indexOf(piece);
  if (at >= 0) peer.retries.splice(at, 1);
}

/**
 * Who fetches a failed piece again: the one that can be trusted most and is the fastest, so that the piece is here soon and
 * shows who had spoilt it. Undefined when nobody can deliver it now.
 */
export function findRetryPeer(state: SwarmState, piece: number, not: Peer | undefined): Peer | undefined {
  let best: Peer | undefined;
  for (const peer of state.peers.values()) {
    if (peer === not || !canDeliver(peer, piece)) continue;
    if (best === undefined || isBetter(peer, best)) best = peer;
  }
  return best;
}

function isBetter(peer: Peer, other: Peer): boolean {
  const trust = peer.reputation.trust - other.reputation.trust;
  return trust === 0 ? peer.window > other.window : trust > 0;
}

function canDeliver(peer: Peer, piece: number): boolean {
  return !peer.leaving && !peer.choking && !peer.snubbed && peer.has(piece) && !peer.refused.has(piece);
}

/** The peer cannot be asked any more: its failed pieces go to others. */
export function giveUpRetries(state: SwarmState, peer: Peer, now: number): void {
  for (const piece of [...peer.retries]) giveUpRetry(state, peer, piece, now);
}

/**
 * The peer lets us ask no more for now, as it does in turns. Of what has arrived nothing is given up yet: it lets us go on
 * later, or somebody else has nothing to do and begins again.
 */
export function suspendRetries(state: SwarmState, peer: Peer, now: number): void {
  for (const piece of [...peer.retries]) suspendRetry(state, peer, piece, now);
}

/** The same for one piece: of which nothing has arrived, that is not kept for a peer that may not be asked. */
export function suspendRetry(state: SwarmState, peer: Peer, piece: number, now: number): void {
  const partial = state.content?.ledger.partials.get(piece);
  if (partial === undefined || partial.exclusive !== peer.id || partial.arrived === 0)
    giveUpRetry(state, peer, piece, now);
}

export function giveUpRetry(state: SwarmState, peer: Peer, piece: number, now: number): void {
  forgetRetry(state, piece, peer);
  state.freed = true;
  const partial = state.content?.ledger.partials.get(piece);
  if (partial === undefined || partial.exclusive !== peer.id || !isFilling(state, partial)) return;
  drop(state, partial);
  const heir = findRetryPeer(state, piece, peer);
  if (heir !== undefined) assignRetry(state, piece, heir, partial, now);
}

function drop(state: SwarmState, partial: Partial): void {
  if (partial.onDisk) state.command({ type: 'forgetPiece', piece: partial.piece });
  state.wasted += state.content!.ledger.unassigned(partial);
  state.forgetGone();
}

function isFilling(state: SwarmState, partial: Partial): boolean {
  return state.content!.ledger.state(partial.piece) === PIECE_STATE.partial;
}

/** What has arrived is lost with the owner, so who has delivered half may go on for longer, or be waited for. */
function patienceWith(owner: Peer, partial: Partial): number {
  const patience = PATIENCE * 2 ** partial.handovers;
  if (2 * partial.arrived >= partial.blocks.length) return 2 * patience;
  return owner.choking ? 0 : patience;
}

/** Each second: a peer that takes long over a failed piece must not keep it from one that has nothing to do. */
export function handOverSlowRetries(state: SwarmState, now: number): void {
  if (state.retryOwners.size === 0) return;
  for (const [piece, owner] of [...state.retryOwners]) {
    const partial = state.content!.ledger.partials.get(piece);
    if (partial === undefined || partial.exclusive !== owner.id || !isFilling(state, partial)) continue;
    if (now - partial.assignedAt < patienceWith(owner, partial)) continue;
    let heir: Peer | undefined;
    for (const peer of state.peers.values())
      if (peer !== owner && peer.requests.count === 0 && canDeliver(peer, piece))
        if (heir === undefined || isBetter(peer, heir)) heir = peer;
    if (heir === undefined) continue;
    takeBack(state, owner, piece);
    forgetRetry(state, piece, owner);
    drop(state, partial);
    assignRetry(state, piece, heir, partial, now);
  }
}

/** Cancels what the peer owes of one piece. */
export function takeBack(state: SwarmState, peer: Peer, piece: number): void {
  const { requests } = peer;
  for (let i = requests.count - 1; i >= 0; i--) {
    if (requests.pieceAt(i) !== piece) continue;
    const begin = requests.beginAt(i);
    state.sendBlock(peer, MESSAGE.cancel, piece, begin, requests.lengthAt(i));
    requests.removeAt(i);
    peer.withdrawn++;
    state.content!.ledger.released(piece, begin / BLOCK_LENGTH);
  }
  if (peer.current === piece) peer.current = NOBODY;
}
