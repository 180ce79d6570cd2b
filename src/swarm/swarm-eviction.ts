// Who loses its place when there are not enough for all: the connections that are of least use. Ends connections and takes
// nobody in.

import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** Milliseconds that a peer has to show what it is good for, and after which what it did counts no more. */
const USELESS_AFTER = 60_000;
/** So long neither wants anything of the other: over, as soon as somebody else waits for a place. */
const INACTIVE_AFTER = 600_000;
/** Every so many milliseconds a share of a full house is replaced. */
const TURNOVER = 300_000;
const TURNOVER_SHARE = 0.04;
/** From this share of its seats on a house is full. */
const FULL = 0.9;
/** Whoever had to make room is not dialled at once. */
const EVICTED_FOR = 60_000;

/** How much is lost with a peer: nothing while neither of us wants anything, little while nothing passes. */
const USE = { none: 0, idle: 1, some: 2 } as const;
type Use = (typeof USE)[keyof typeof USE];

function useOf(peer: Peer, now: number): Use {
  if (now - peer.usefulAt > USELESS_AFTER && !peer.interested && !peer.amInterested) return USE.none;
  // On slow links a block that is on its way may take longer.
  const busy = (peer.requests.count > 0 && !peer.snubbed) || (peer.uploads.count > 0 && !peer.amChoking);
  return !busy && now - peer.movedAt > USELESS_AFTER ? USE.idle : USE.some;
}

export function evict(state: SwarmState, peer: Peer, reason: string): void {
  peer.redialAfter = EVICTED_FOR;
  state.disconnect(peer, reason);
}

/** The session is full, and another torrent has fewer connections: one of ours ends. False when there is none to end. */
export function giveWay(state: SwarmState, now: number): boolean {
  const least = findLeast(state, now, () => true);
  if (least === undefined) return false;
  evict(state, least, 'another torrent needs its place');
  return true;
}

/**
 * Somebody with this rank wants in, and the torrent is full: who has long been of no use makes room, or who does nothing
 * and ranks lower (BEP 40).
 */
export function findForNewcomer(state: SwarmState, rank: number, now: number): Peer | undefined {
  return findLeast(state, now, (peer) => {
    const use = useOf(peer, now);
    return use === USE.none || (use === USE.idle && peer.rank < rank);
  });
}

/** Of those that `may` go the least useful, among equals the slowest, then the one with the lowest rank. */
function findLeast(state: SwarmState, now: number, may: (peer: Peer) => boolean): Peer | undefined {
  let least: Peer | undefined;
  for (const peer of state.peers.values())
    if (!peer.leaving && may(peer) && (least === undefined || isLess(peer, least, now))) least = peer;
  return least;
}

function isLess(peer: Peer, other: Peer, now: number): boolean {
  const use = useOf(peer, now);
  const otherUse = useOf(other, now);
  if (use !== otherUse) return use < otherUse;
  const faster = use === USE.some ? rateOf(peer, now) - rateOf(other, now) : 0;
  return faster === 0 ? peer.rank < other.rank : faster < 0;
}

function rateOf(peer: Peer, now: number): number {
  return peer.down.rate(now) + peer.up.rate(now);
}

/** Once a second: where places are short, those who have no use for theirs lose it, and now and then a few others. */
export function freeSeats(state: SwarmState, now: number): void {
  const full = state.peers.size >= FULL * state.maxPeers;
  const turnover = now >= state.nextTurnover;
  const waiting = state.turnedAway > 0 || (!state.isAlone && state.candidates.hasReady(now, state.seeding));
  if (turnover) {
    state.nextTurnover = now + TURNOVER;
    state.turnedAway = 0;
  }
  if (!waiting || (!full && !state.seats.crowded)) return;
  let freed = 0;
  for (const peer of state.peers.values()) {
    if (peer.leaving || now - peer.usefulAt <= INACTIVE_AFTER) continue;
    evict(state, peer, 'of no use for too long');
    freed++;
  }
  if (!turnover || !full || freed > 0) return;
  const count = Math.max(1, Math.floor(TURNOVER_SHARE * state.peers.size));
  for (let i = 0; i < count; i++) {
    const least = findLeast(state, now, (peer) => mayBeReplaced(state, peer, now));
    if (least !== undefined) evict(state, least, 'others wait for its place');
  }
}

/** Whoever gives us what we still want stays, and so does who has only just come. */
function mayBeReplaced(state: SwarmState, peer: Peer, now: number): boolean {
  return (
    now - peer.connectedAt > USELESS_AFTER &&
    (state.seeding || useOf(peer, now) !== USE.some || peer.requests.count === 0)
  );
}
