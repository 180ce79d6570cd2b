// How much a peer may say that carries no news: what is over it ends the connection. Keeps its counts in the peer; what is
// forgiven as time passes is in swarm-watch.

import { violation } from '../protocol/wire/violation.ts';
import type { Peer } from './peer.ts';

/** Messages without news of their own that are let pass in one go: ten seconds' worth of what is tolerated. */
const MAX_FUSS = 2000;
/** A change of choke or interest is work for us: it counts as so many messages, so that 50 a second are tolerated. */
export const CHANGE = 4;
const MAX_UNKNOWN = 100;

/** Choke, interest, cancels and keep-alives cost the sender next to nothing: a peer that does little else is closed. */
export function countFuss(peer: Peer, weight = 1): void {
  peer.fuss += weight;
  if (peer.fuss > MAX_FUSS) throw violation('too_many_messages', 'keeps changing its mind');
}

/** A message nobody knows, or one that is not of its form and may be ignored. */
export function countUnknown(peer: Peer, reason: string): void {
  if (++peer.unknownMessages > MAX_UNKNOWN) throw violation(reason, 'keeps sending messages nobody knows');
}
