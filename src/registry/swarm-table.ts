// All swarms, and the ties between peers, swarms and sessions: every entry that comes or goes does so here, so that the
// totals, the piece reports and the sessions' holdings always agree. Decides nothing about who may come in.

import { type Holding, leaseEnd, type PeerEntry, type SessionEntry } from './peer-entry.ts';
import type { PieceReports } from './piece-reports.ts';
import { Roster } from './roster.ts';

/** A swarm up to this size is freed of ended leases whenever it is asked about; a larger one only in its turn. */
const SETTLE_SIZE = 256;
/** Endpoints under which one session may be in one swarm: several addresses, both families. */
const ENDPOINTS_PER_HOLDING = 16;

export class SwarmTable {
  seeds = 0;
  /** Seeds included. */
  peers = 0;
  readonly #rosters = new Map<string, Roster>();
  readonly #reports: PieceReports;
  #turn: Iterator<Roster> | undefined;

  constructor(reports: PieceReports) {
    this.#reports = reports;
  }

  get size(): number {
    return this.#rosters.size;
  }

  has(infoHash: string): boolean {
    return this.#rosters.has(infoHash);
  }

  /** Undefined for a swarm without peers. */
  get(infoHash: string, now: number): Roster | undefined {
    const roster = this.#rosters.get(infoHash);
    if (roster === undefined || now < roster.quietUntil || roster.size > SETTLE_SIZE) return roster;
    this.#endLeases(roster, now);
    return roster.size > 0 ? roster : undefined;
  }

  values(): Iterable<Roster> {
    return this.#rosters.values();
  }

  add(infoHash: string, peer: PeerEntry): Roster {
    let roster = this.#rosters.get(infoHash);
    if (roster === undefined) {
      roster = new Roster(infoHash);
      this.#rosters.set(infoHash, roster);
    }
    roster.add(peer);
    this.peers++;
    if (peer.seed) this.seeds++;
    return roster;
  }

  remove(roster: Roster, peer: PeerEntry): void {
    this.#release(roster, peer);
    roster.remove(peer);
    this.peers--;
    if (peer.seed) this.seeds--;
    if (roster.size === 0) this.#rosters.delete(roster.infoHash);
  }

  drop(infoHash: string): void {
    const roster = this.#rosters.get(infoHash);
    if (roster !== undefined) for (const peer of [...roster]) this.remove(roster, peer);
  }

  /** To be called on every announce, after the lease is set. Without `session` the entry stands for itself. */
  renew(roster: Roster, peer: PeerEntry, session: SessionEntry | undefined): void {
    const seed = peer.left === 0;
    if (seed !== peer.seed) this.seeds += seed ? 1 : -1;
    // A seed that lacks something again: what its session reported is no longer true.
    const lost = peer.seed && !seed ? peer.holding : undefined;
    roster.setSeed(peer, seed);
    if (peer.holding?.session !== session) {
      this.#release(roster, peer);
      if (session !== undefined) hold(roster, peer, session);
    }
    const { holding } = peer;
    if (holding !== undefined && seed) this.#reports.complete(roster, holding);
    if (holding !== undefined && holding === lost) this.#reports.replace(roster, holding, undefined);
    roster.quietUntil = Math.min(roster.quietUntil, leaseEnd(peer));
  }

  /** A holding has at least one peer, so its swarm is there. */
  rosterOf(holding: Holding): Roster {
    return this.#rosters.get(holding.infoHash)!;
  }

  removeHolding(holding: Holding): void {
    const roster = this.rosterOf(holding);
    for (const peer of [...holding.peers]) this.remove(roster, peer);
  }

  /** Frees as many swarms in turn as have `budget` peers together. */
  endLeases(now: number, budget: number): void {
    this.#turn ??= this.#rosters.values();
    for (let left = budget; left > 0; ) {
      const next = this.#turn.next();
      if (next.done === true) {
        this.#turn = undefined;
        return;
      }
      left--;
      if (now < next.value.quietUntil) continue;
      left -= next.value.size;
      this.#endLeases(next.value, now);
    }
  }

  #endLeases(roster: Roster, now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const peers of [roster.seeds, roster.leechers])
      for (let i = peers.length - 1; i >= 0; i--) {
        // Removing fills the gap with the last entry, which has been looked at.
        const peer = peers[i]!;
        const end = leaseEnd(peer);
        if (end <= now) this.remove(roster, peer);
        else earliest = Math.min(earliest, end);
      }
    roster.quietUntil = earliest;
  }

  /** Unties an entry from its session. What the session reported goes with its last endpoint in the swarm. */
  #release(roster: Roster, peer: PeerEntry): void {
    const { holding } = peer;
    if (holding === undefined) return;
    peer.holding = undefined;
    holding.peers.splice(holding.peers.indexOf(peer), 1);
    if (holding.peers.length > 0) return;
    this.#reports.replace(roster, holding, undefined);
    holding.session.holdings.delete(holding.infoHash);
  }
}

function hold(roster: Roster, peer: PeerEntry, session: SessionEntry): void {
  const { infoHash } = roster;
  let holding = session.holdings.get(infoHash);
  if (holding === undefined) {
    holding = { session, infoHash, peers: [], pieces: undefined, fresh: false };
    session.holdings.set(infoHash, holding);
  }
  if (holding.peers.length >= ENDPOINTS_PER_HOLDING) return;
  holding.peers.push(peer);
  peer.holding = holding;
}
