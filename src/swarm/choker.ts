// Whom we serve in the next round. A pure round over the peers: returns a decision, sends nothing, keeps nothing, and
// takes chance as an argument. While downloading it answers tit for tat (BEP 3): who gave most in the last rounds is
// served. While seeding it takes turns, or prefers the fastest, or those at the beginning and at the end. A fifth of the
// slots is optimistic: every third round they go to who has waited longest, newcomers first.

import type { Random } from '../base/ports.ts';

/** Milliseconds from round to round (BEP 3), and the least time between two changes of mind about one peer. */
export const CHOKE_ROUND = 10_000;
const OPTIMISTIC_ROUNDS = 3;
/** One optimistic slot for so many slots. */
const OPTIMISTIC_SHARE = 5;
/** Lots of a peer that was never served yet (BEP 3). */
const NEWCOMER_LOTS = 3;
/** A turn at a seed lasts until the peer got more than so many pieces *and* more than so many milliseconds have passed. */
const TURN_PIECES = 20;
const TURN = 60_000;
/** Rounds that a peer which had optimistic slots and gave nothing back waits for the next, for each such time; at most. */
const BARREN_WAIT = 3;
const MAX_BARREN_WAIT = 12;
/** Slots by rate: so many that each could take this many bytes a second times the number of slots. */
const RATE_STEP = 2048;
export const LEAST_RATE_SLOTS = 5;
const MOST_RATE_SLOTS = 50;

/** Which peers a seed serves first. */
export type SeedChoker = 'round-robin' | 'fastest' | 'anti-leech';

export interface ChokerPeer {
  readonly id: number;
  readonly interested: boolean;
  readonly choked: boolean;
  /** Snubbed peers have not answered our requests: they are served by the optimistic slots alone. */
  readonly snubbed: boolean;
  /** It was never unchoked. */
  readonly fresh: boolean;
  /** Milliseconds since it was last choked or unchoked; of a fresh peer, since it is connected. */
  readonly since: number;
  /** That is less than a round ago: it stays as it is. */
  readonly fixed: boolean;
  /** Payload bytes it gave us in the last rounds; what is older counts less. */
  readonly given: number;
  /** Payload bytes it took in the last round, and since it was unchoked. */
  readonly taken: number;
  readonly served: number;
  /** Optimistic slots it had one after another without giving anything. */
  readonly barren: number;
  /** Share of the pieces that it has, 0 to 1. */
  readonly progress: number;
}

export interface ChokerOptions {
  /** Peers served at a time, optimistic ones included; 'rate': by what is sent to all. */
  readonly slots: number | 'rate';
  readonly seeding: boolean;
  readonly seedChoker: SeedChoker;
  /** While downloading: whom we serve takes all we can send, so nothing is left for those who give nothing. */
  readonly scarce: boolean;
  /** Rounds so far. */
  readonly round: number;
  /** Who has an optimistic slot. */
  readonly optimistic: ReadonlySet<number>;
  readonly pieceLength: number;
}

export interface ChokerDecision {
  readonly unchoked: ReadonlySet<number>;
  readonly optimistic: ReadonlySet<number>;
  /** What `slots` came to. */
  readonly slots: number;
}

export function chooseUnchoked(peers: readonly ChokerPeer[], options: ChokerOptions, random: Random): ChokerDecision {
  const interested = peers.filter((peer) => peer.interested);
  const taken = peers.reduce((sum, peer) => sum + peer.taken, 0);
  const slots = options.slots === 'rate' ? slotsFor((taken * 1000) / CHOKE_ROUND) : options.slots;
  const optimisticSlots = Math.max(1, Math.floor(slots / OPTIMISTIC_SHARE));
  // Nobody is choked and unchoked, or the other way round, within one round.
  const unchoked = new Set(interested.filter((peer) => !peer.choked && peer.fixed).map((peer) => peer.id));
  const free = interested.filter((peer) => !peer.fixed);
  const worthy = options.seeding ? free : free.filter((peer) => peer.given > 0 && !peer.snubbed);
  fill(unchoked, slots - optimisticSlots, ranked(worthy, options));

  const optimistic = new Set<number>();
  const turn = options.round % OPTIMISTIC_ROUNDS === 0;
  for (const peer of interested) {
    if (!options.optimistic.has(peer.id)) continue;
    const stays = peer.fixed
      ? !peer.choked
      : !turn && !isBarren(peer, options) && !unchoked.has(peer.id) && unchoked.size < slots;
    if (!stays) continue;
    unchoked.add(peer.id);
    optimistic.add(peer.id);
  }
  while (optimistic.size < optimisticSlots && unchoked.size < slots) {
    const drawn = drawOptimistic(free, unchoked, options, random);
    if (drawn === undefined) break;
    unchoked.add(drawn.id);
    optimistic.add(drawn.id);
  }
  // What is spare goes to anybody, unless it would be taken from those who give.
  const reserved = !options.seeding && options.scarce && interested.some((peer) => peer.given > 0 && !peer.snubbed);
  if (!reserved) fill(unchoked, slots, inTurn(free, options));
  return { unchoked, optimistic, slots };
}

function fill(unchoked: Set<number>, slots: number, order: readonly ChokerPeer[]): void {
  for (const peer of order) {
    if (unchoked.size >= slots) return;
    unchoked.add(peer.id);
  }
}

/**
 * Slots for so many bytes a second in all: where little is sent, few are served and those better, so that a piece comes
 * soon to where it can be passed on.
 */
export function slotsFor(rate: number): number {
  return Math.max(LEAST_RATE_SLOTS, Math.min(MOST_RATE_SLOTS, Math.floor(Math.sqrt(rate / RATE_STEP))));
}

function ranked(peers: readonly ChokerPeer[], options: ChokerOptions): ChokerPeer[] {
  if (!options.seeding)
    return [...peers].sort((a, b) => b.given - a.given || Number(a.choked) - Number(b.choked) || a.id - b.id);
  switch (options.seedChoker) {
    case 'round-robin':
      return inTurn(peers, options);
    case 'fastest':
      return inTurn(peers, options).sort((a, b) => b.taken - a.taken);
    case 'anti-leech':
      return inTurn(peers, options).sort((a, b) => edge(b) - edge(a));
    default:
      return options.seedChoker satisfies never;
  }
}

/** Near the beginning or the end: 5 in the middle to 10 at both ends, in steps, so that peers alike take turns. */
function edge(peer: ChokerPeer): number {
  return Math.round(5 + 10 * Math.abs(peer.progress - 0.5));
}

/** Whose turn is not over, then who has waited longest, then whose turn is over. */
function inTurn(peers: readonly ChokerPeer[], { optimistic, pieceLength }: ChokerOptions): ChokerPeer[] {
  const place = (peer: ChokerPeer): number => {
    if (peer.choked) return 1;
    const over = optimistic.has(peer.id) || (peer.served > TURN_PIECES * pieceLength && peer.since > TURN);
    return over ? 2 : 0;
  };
  return [...peers].sort(
    (a, b) => place(a) - place(b) || (place(a) === 2 ? a.since - b.since : b.since - a.since) || a.id - b.id,
  );
}

/** Who has waited longest of the newcomers, or of the others: newcomers have three lots each (BEP 3). */
function drawOptimistic(
  free: readonly ChokerPeer[],
  unchoked: ReadonlySet<number>,
  options: ChokerOptions,
  random: Random,
): ChokerPeer | undefined {
  const turn = options.round % OPTIMISTIC_ROUNDS === 0;
  const waiting = free.filter(
    (peer) => !unchoked.has(peer.id) && (!isBarren(peer, options) || (turn && hasAtoned(peer))),
  );
  const others = waiting.filter((peer) => !options.optimistic.has(peer.id));
  const pool = others.length > 0 ? others : waiting;
  const newcomers = pool.filter((peer) => peer.fresh);
  const known = pool.filter((peer) => !peer.fresh);
  const lots = newcomers.length * NEWCOMER_LOTS + known.length;
  const group = random() * lots < newcomers.length * NEWCOMER_LOTS ? newcomers : known;
  const longest = group.reduce((most, peer) => Math.max(most, peer.since), 0);
  // Rounds are coarse: who has waited about as long as the longest has the same chance.
  const equals = group.filter((peer) => peer.since > longest - CHOKE_ROUND);
  return equals[Math.floor(random() * equals.length)];
}

/** It took and gave nothing when it was tried: while there is nothing to spare it is tried for one round in three. */
function isBarren(peer: ChokerPeer, { seeding, scarce }: ChokerOptions): boolean {
  return !seeding && scarce && peer.barren > 0;
}

/** Who is barren waits longer each time, and is never given up. */
function hasAtoned(peer: ChokerPeer): boolean {
  const rounds = Math.min(MAX_BARREN_WAIT, BARREN_WAIT * peer.barren);
  return !peer.choked || peer.fresh || peer.since >= rounds * CHOKE_ROUND;
}
