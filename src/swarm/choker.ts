// Who may download from us in the next round. A pure round over the interested peers: returns a decision, sends nothing,
// keeps nothing. While downloading it answers tit for tat (BEP 3): the peers that gave most in the last round keep being
// served. While seeding it serves those that take fastest, newcomers first. One optimistic slot turns every third round.

import type { Random } from '../base/ports.ts';

export const CHOKE_ROUND = 10_000;
const OPTIMISTIC_ROUNDS = 3;

export interface ChokerPeer {
  readonly id: number;
  readonly interested: boolean;
  readonly choked: boolean;
  /** Payload bytes from the peer to us, and from us to the peer, since the last round. */
  readonly received: number;
  readonly sent: number;
  /** Milliseconds since the connection was made. */
  readonly age: number;
  /** Snubbed peers have not answered our requests: they are served by the optimistic slot alone. */
  readonly snubbed: boolean;
}

export interface ChokerDecision {
  readonly unchoked: ReadonlySet<number>;
  readonly optimistic: number | undefined;
}

export function chooseUnchoked(
  peers: readonly ChokerPeer[],
  options: { slots: number; seeding: boolean; round: number; optimistic: number | undefined },
  random: Random,
): ChokerDecision {
  const interested = peers.filter((peer) => peer.interested);
  if (interested.length <= options.slots)
    return { unchoked: new Set(interested.map((peer) => peer.id)), optimistic: undefined };

  const merit = (peer: ChokerPeer): number => (options.seeding ? peer.sent : peer.received);
  const regular = interested
    .filter((peer) => options.seeding || !peer.snubbed)
    .sort((a, b) => merit(b) - merit(a) || Number(a.choked) - Number(b.choked) || a.id - b.id)
    .slice(0, options.slots - 1);
  const unchoked = new Set(regular.map((peer) => peer.id));

  const kept = interested.find((peer) => peer.id === options.optimistic && !unchoked.has(peer.id));
  const turn = options.round % OPTIMISTIC_ROUNDS === 0 || kept === undefined;
  const optimistic = turn ? drawOptimistic(interested, unchoked, options.optimistic, random) : kept;
  if (optimistic !== undefined) unchoked.add(optimistic.id);
  return { unchoked, optimistic: optimistic?.id };
}

/** A random choked peer; one that is new gets three lots (BEP 3). */
function drawOptimistic(
  interested: readonly ChokerPeer[],
  unchoked: ReadonlySet<number>,
  last: number | undefined,
  random: Random,
): ChokerPeer | undefined {
  const waiting = interested.filter((peer) => !unchoked.has(peer.id));
  const others = waiting.filter((peer) => peer.id !== last);
  const pool = others.length > 0 ? others : waiting;
  const lots = pool.flatMap((peer) => (peer.age < 3 * CHOKE_ROUND ? [peer, peer, peer] : [peer]));
  return lots[Math.floor(random() * lots.length)];
}
