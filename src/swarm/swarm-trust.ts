// What becomes of those who spoil data: keeps the evidence of failed pieces, bans whom it convicts and clears the others.
// Chooses nobody to fetch from (see swarm-retry.ts).

import type { Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import type { Reputation } from './reputation.ts';
import type { SwarmState } from './swarm-state.ts';

/** Kept as evidence until the piece passes. To be called before the ledger forgets who sent what. */
export function accuse(state: SwarmState, partial: Partial, digests: Uint8Array): void {
  const senders = Array.from(partial.senders, (id) => state.everyone.get(id));
  state.blame.accuse(
    partial.piece,
    digests,
    senders.map((sender) => sender?.reputation),
  );
  // Who has left already finds this when it comes back.
  for (const sender of senders)
    if (sender !== undefined && !state.peers.has(sender.id)) state.reputations.keep(sender.reputation);
}

/**
 * A piece passed, with `digests` when they were asked for. Whoever sent a block of it that was different in an earlier
 * attempt is banned; `from` are the senders of the right blocks.
 */
export function settle(
  state: SwarmState,
  piece: number,
  digests: Uint8Array | undefined,
  from: readonly Peer[],
  now: number,
): void {
  for (const { reputation } of from) reputation.passed++;
  // All of it came from one: whatever spoke against it from the start is refuted.
  if (from.length === 1) from[0]!.reputation.onParole = false;
  for (const liar of state.blame.settle(piece, digests))
    ban(state, liar, 'sent blocks that were not what they should be', now);
}

/** Bans a peer, connected or not, and closes its connections. */
export function ban(state: SwarmState, reputation: Reputation, reason: string, now: number): void {
  const { host, peerId } = reputation;
  addBan(state, host, reputation.port, peerId, reason, now);
  for (const peer of state.peers.values()) {
    if (peer.reputation !== reputation) continue;
    if (!peer.leaving) state.disconnect(peer, reason);
  }
}

function addBan(state: SwarmState, host: string, port: number, peerId: string, reason: string, now: number): void {
  if (port > 0) state.candidates.forget({ host, port });
  state.command({ type: 'announceBan', ban: state.bans.add(host, port, peerId, reason, now) });
}

/** Bans were made elsewhere in the session: nobody whom they cover stays connected. */
export function closeBanned(state: SwarmState): void {
  for (const peer of state.peers.values())
    if (!peer.leaving && isBanned(state, peer)) state.disconnect(peer, 'the peer is banned');
}

function isBanned(state: SwarmState, peer: Peer): boolean {
  return state.bans.covers(peer.info.endpoint.host, peer.listens?.port ?? 0, peer.peerIdHex);
}
