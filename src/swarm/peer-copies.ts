// Whose pieces count as copies. A peer that claims pieces and lets its requests time out one after the other is not believed
// until it sends a block: what it claims would else look common, and be left for last while nobody can have it.
// Keeps its marks in the peer and the counts in Availability.

import type { Peer } from './peer.ts';
import type { Content } from './swarm-state.ts';

/** Time-outs one after the other, without a block between them, after which a peer is not believed. */
const MOST_TIMEOUTS = 3;

/** The peer's bitfield is known, or is another one. */
export function countField({ availability }: Content, peer: Peer): void {
  if (peer.have === undefined || peer.doubted) return;
  if (peer.have.complete) {
    peer.countedAsSeed = true;
    availability.seeds++;
  } else availability.peerJoined(peer.have);
}

/** The peer is gone, or its bitfield is about to be replaced. */
export function uncountField(content: Content, peer: Peer): void {
  uncount(content, peer);
  peer.have = undefined;
}

function uncount({ availability }: Content, peer: Peer): void {
  if (peer.countedAsSeed) availability.seeds--;
  else if (peer.have !== undefined && !peer.doubted) availability.peerLeft(peer.have);
  peer.countedAsSeed = false;
}

/** What it owed did not come in time. */
export function timedOut(content: Content, peer: Peer): void {
  if (++peer.timeouts < MOST_TIMEOUTS || peer.doubted) return;
  uncount(content, peer);
  peer.doubted = true;
  peer.cursor.restart();
}

/** A block came of a peer that had been given up. */
export function believe(content: Content, peer: Peer): void {
  peer.timeouts = 0;
  if (!peer.doubted) return;
  peer.doubted = false;
  peer.cursor.restart();
  countField(content, peer);
}
