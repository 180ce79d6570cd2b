// When what is asked of a peer will be here, judged by what it has shown. Asks nothing and changes nothing.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** A wait of so many milliseconds is not worth telling anybody to forget a block: the telling takes as long. */
export const WORTH = 500;
/** A block changes hands, or is asked for twice, when it comes so many times sooner that way. */
export const SOONER = 2;

/** While somebody waits for pieces no more is asked of a peer than it sends in so many seconds. */
const WAITED_SECONDS = 1;

/** What is needed soon waits behind all that was asked before: so many requests a peer may have while somebody waits. */
export function shortDepth(peer: Peer, now: number): number {
  return 2 + Math.ceil((WAITED_SECONDS * peer.arriving.rate(now)) / BLOCK_LENGTH);
}

/** Milliseconds in which so many blocks come at this pace; endless for one that stands still. */
export function timeFor(blocks: number, pace: number): number {
  return pace > 0 ? (1000 * blocks * BLOCK_LENGTH) / pace : Number.POSITIVE_INFINITY;
}

/**
 * Bytes per second to be expected of a peer that owes blocks: none of one that is overdue, before that what it sends now or
 * sent before. When our own link is full every other one is as good as the next: nobody could deliver sooner.
 */
export function paceOf(state: SwarmState, peer: Peer, now: number): number {
  if (peer.snubbed || isOverdue(state, peer, now)) return 0;
  if (state.budget.isFull(now)) return Number.POSITIVE_INFINITY;
  const pace = peer.arriving.rate(now);
  if (pace > 0) return pace;
  return now - peer.lastBlockAt < WORTH * SOONER ? Number.POSITIVE_INFINITY : pacePromised(state, peer, now);
}

/**
 * It owes blocks and has been silent for much longer than between its blocks before; and longer than it takes until each of
 * many peers on a slow link has had its turn.
 */
export function isOverdue(state: SwarmState, peer: Peer, now: number): boolean {
  if (peer.requests.count === 0) return false;
  const silence = now - Math.max(peer.lastBlockAt, peer.progressAt);
  return silence > peer.patience && silence > state.budget.delay(now) / 2;
}

/** Bytes per second to be expected of a peer that owes nothing: as before, or as of the others when it was never asked. */
export function pacePromised(state: SwarmState, peer: Peer, now: number): number {
  const before = peer.gap > 0 ? (1000 * BLOCK_LENGTH) / peer.gap : 0;
  const pace = Math.max(before, peer.arriving.rate(now));
  return pace > 0 ? pace : state.budget.arriving.rate(now) / Math.max(1, state.budget.askable);
}
