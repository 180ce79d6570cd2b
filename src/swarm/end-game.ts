// Which block to ask for a second time, of a peer that has nothing left to do: one that will come much later from whoever
// owes it, or not at all. As long as those who were asked deliver at a fair pace nothing is asked for twice. Reads only.

import { BLOCK_LENGTH, BLOCKS_PER_EXTENT } from '../base/geometry.ts';
import { paceOf, pacePromised, SOONER, timeFor, WORTH } from './delivery.ts';
import type { Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import { isOpenTo, mayAsk } from './picker.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** Copies of one block that may be asked for at once. */
const COPIES = 3;
/** Milliseconds after which an extent holds its place for too long while others wait for one. */
const SLOW_EXTENT = 3_000;
/** Requests at the end of a queue that are looked at. */
const LOOKED_AT = 64;

export interface BusyBlock {
  partial: Partial;
  block: number;
}

/**
 * When everything is asked for, any block will do; before that the slab is full, and only extents that take long are helped
 * along, or slow peers would hold the places that fast ones wait for.
 */
export function pickBusy(state: SwarmState, content: Content, peer: Peer, now: number): BusyBlock | undefined {
  const placedBefore = isEndGame(content, peer) ? now : now - SLOW_EXTENT;
  const here = timeFor(peer.requests.count + 1, pacePromised(state, peer, now));
  // A peer gone silent, or one of which nothing is known, is good for what nobody sends, and for nothing else.
  const least = peer.snubbed ? Number.MAX_VALUE : Math.min(Number.MAX_VALUE, Math.max(WORTH, SOONER * here));
  let best: BusyBlock | undefined;
  let longest = least;
  for (const other of state.peers.values()) {
    if (other === peer || other.held || other.requests.count === 0) continue;
    const pace = paceOf(state, other, now);
    const whole = timeFor(other.requests.count, pace);
    if (whole <= least || (best !== undefined && whole <= longest)) continue;
    const found = findLast(content, peer, other, placedBefore, pace, least);
    if (found < 0) continue;
    longest = whole;
    const { requests } = other;
    const partial = content.ledger.partials.get(requests.pieceAt(found))!;
    best = { partial, block: requests.beginAt(found) / BLOCK_LENGTH };
  }
  return best;
}

/** The last request to the other one that the peer could answer sooner; -1: none. */
function findLast(
  content: Content,
  peer: Peer,
  other: Peer,
  placedBefore: number,
  pace: number,
  least: number,
): number {
  const { requests } = other;
  // One seat is kept from those that have gone silent, or enough of them would hold a last block for ever in turns.
  const copies = peer.snubbed ? COPIES - 1 : COPIES;
  const last = Math.max(0, requests.count - LOOKED_AT);
  for (let i = requests.count - 1; i >= last; i--) {
    if (timeFor(i + 1, pace) <= least) return -1;
    const piece = requests.pieceAt(i);
    const partial = content.ledger.partials.get(piece);
    if (partial === undefined || partial.retry || !mayAsk(peer, piece)) continue;
    const begin = requests.beginAt(i);
    const block = begin / BLOCK_LENGTH;
    if (!content.ledger.isOwed(partial, block) || partial.requesters[block]! >= copies) continue;
    if (partial.placedAt[Math.floor(block / BLOCKS_PER_EXTENT)]! > placedBefore) continue;
    if (peer.requests.find(piece, begin) < 0) return i;
  }
  return -1;
}

/** Nothing waits for a place in the slab that the peer could deliver. */
function isEndGame({ availability, ledger }: Content, peer: Peer): boolean {
  if (availability.wanted > 0) return false;
  for (const partial of ledger.partials.values())
    if (partial.unplaced > 0 && isOpenTo(peer, partial) && mayAsk(peer, partial.piece)) return false;
  return true;
}
