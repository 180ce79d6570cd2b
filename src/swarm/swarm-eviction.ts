// Who loses its place when there are not enough for all: the connections that are of least use. Ends connections and takes
// nobody in.

import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** Milliseconds that a peer has to show what it is good for, and after which what it did counts no more. */
const USELESS_AFTER = 60_000;

/** How much is lost with a peer: nothing while neither of us wants anything, little while nothing passes. */
const USE = { none: 0, idle: 1, some: 2 } as const;
type Use = (typeof USE)[keyof typeof USE];

function useOf(peer: Peer, now: number): Use {
  const wanted = peer.interested || peer.amInterested;
  if (!wanted && now - peer.usefulAt > USELESS_AFTER) return USE.none;
  return now - peer.movedAt > USELESS_AFTER ? USE.idle : USE.some;
}

/** The session is full, and another torrent has fewer connections: one of ours ends. False when there is none to end. */
export function giveWay(state: SwarmState, now: number): boolean {
  const least = findLeastUseful(state, now, USE.some);
  if (least === undefined) return false;
  state.disconnect(least, 'another torrent needs its place');
  return true;
}

/** Of those of at most so much use: the least useful, among equals the slowest, then the one with the lowest rank. */
function findLeastUseful(state: SwarmState, now: number, most: Use): Peer | undefined {
  let least: Peer | undefined;
  for (const peer of state.peers.values())
    if (!peer.leaving && useOf(peer, now) <= most && (least === undefined || isLess(peer, least, now))) least = peer;
  return least;
}

function isLess(peer: Peer, other: Peer, now: number): boolean {
  const use = useOf(peer, now) - useOf(other, now);
  if (use !== 0) return use < 0;
  const rate = useOf(peer, now) === USE.some ? rateOf(peer, now) - rateOf(other, now) : 0;
  return rate === 0 ? peer.rank < other.rank : rate < 0;
}

function rateOf(peer: Peer, now: number): number {
  return peer.down.rate(now) + peer.up.rate(now);
}

/** Somebody who wants in, when the torrent is full: whoever has long been of no use makes room. */
export function findUseless(state: SwarmState, now: number): Peer | undefined {
  return findLeastUseful(state, now, USE.none);
}
