// The tracker's memory: who is in which swarm, for how long, and who holds which pieces. Everything is answered from
// memory, in time that does not grow with the swarm. Never looks at a clock: `now` is milliseconds on one that never
// jumps back, the same for every call.

import { classifyAddress } from '../base/endpoint.ts';
import type { Random } from '../base/ports.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { AllowList, refuse } from './allow-list.ts';
import { type Availability, countCopies, type Holder, listHolders } from './availability.ts';
import { createPeer, type PeerEntry, packBytes, type SessionEntry } from './peer-entry.ts';
import { selectPeers } from './peer-selection.ts';
import { type PieceReport, PieceReports } from './piece-reports.ts';
import { describeAsker, type Source, unmapAddress } from './reachability.ts';
import {
  type Announcement,
  type AnnounceOutcome,
  type AnnounceReply,
  type Counts,
  DEFAULT_OPTIONS,
  type HeartbeatResult,
  LEASE_INTERVALS,
  type RegistryOptions,
  type RegistryStats,
  type ScrapeCounts,
  type SessionRequest,
} from './registry-types.ts';
import type { Roster } from './roster.ts';
import {
  formatHeader,
  formatPieces,
  formatSession,
  formatSwarm,
  parseRecord,
  SAVED_VERSION,
  type SavedPeer,
} from './saved-record.ts';
import { SessionTable } from './session-table.ts';
import { SwarmTable } from './swarm-table.ts';

/** Torrents whose pieces one heartbeat's reply may ask for. */
const MAX_RESEND = 1000;
/** Peers of one swarm that a scrape looks at to tell downloaders from partial seeds. */
const MAX_SCRAPED = 1000;

/** Peers in one line of a saved state. */
const SAVED_TOGETHER = 250;

export class Registry {
  /** Addresses that stand for the tracker's own host, before the one an asker reached: those of its public URL. */
  publicAddresses: readonly Uint8Array[] = [];
  readonly #options: RegistryOptions;
  readonly #random: Random;
  readonly #reports: PieceReports;
  readonly #swarms: SwarmTable;
  readonly #sessions: SessionTable;
  readonly #allowed: AllowList;
  readonly #completed = new Map<string, number>();
  #changes = 0;

  constructor(options: Partial<RegistryOptions>, random: Random) {
    this.#options = { ...DEFAULT_OPTIONS, ...options };
    this.#random = random;
    this.#reports = new PieceReports(this.#options.maxReportBytes);
    this.#swarms = new SwarmTable(this.#reports);
    this.#sessions = new SessionTable(this.#options.sessionLease);
    this.#allowed = new AllowList(this.#options.open);
  }

  get stats(): RegistryStats {
    return {
      swarms: this.#swarms.size,
      seeds: this.#swarms.seeds,
      peers: this.#swarms.peers - this.#swarms.seeds,
      sessions: this.#sessions.size,
      allowed: this.#allowed.size,
      reportBytes: this.#reports.bytes,
    };
  }

  /** Grows with every change that a saved state would show. */
  get changes(): number {
    return this.#changes;
  }

  /** Milliseconds a session lives without a heartbeat. */
  get sessionLease(): number {
    return this.#options.sessionLease;
  }

  /** 0 when the torrent is not allowed, or its pieces are not known. */
  pieceCount(infoHash: string): number {
    return this.#allowed.pieceCount(infoHash);
  }

  /** Lets peers announce this torrent. `pieceCount` bounds what may be reported about it; 0: nothing may. */
  allow(infoHash: string, pieceCount: number): void {
    this.#allowed.allow(infoHash, pieceCount);
  }

  /** Forgets the torrent and its swarm. `final`: peers that still ask are told to give it up. */
  disallow(infoHash: string, options: { final?: boolean } = {}): void {
    this.#changes++;
    this.#allowed.disallow(infoHash, options.final === true);
    if (this.#allowed.admits(infoHash)) return;
    this.#completed.delete(infoHash);
    this.#swarms.drop(infoHash);
  }

  announce(request: Announcement, source: Source, now: number): AnnounceOutcome {
    const { infoHash } = request;
    if (!this.#allowed.admits(infoHash)) return this.#allowed.refusal(infoHash);
    if (!this.#allowed.has(infoHash) && !this.#swarms.has(infoHash) && this.#swarms.size >= this.#options.maxSwarms)
      return refuse('this tracker is full', false, this.#options.maxInterval);
    this.#changes++;
    const address = unmapAddress(source.address);
    const host = packBytes(address);
    const roster = this.#swarms.get(infoHash, now);
    const known = roster?.find(host, request.port);
    const interval = this.#interval();
    let warning: string | undefined;
    let peers: AnnounceReply['peers'] = [];
    if (request.event === 'stopped') {
      if (known !== undefined) this.#leave(roster!, known, request);
    } else {
      if (known !== undefined) this.#renew(roster!, known, request, interval, now);
      else warning = this.#enter(request, address, interval, now);
      peers = this.#peersFor(request, source, now);
    }
    const { seeds, peers: others, completed } = this.counts(infoHash, now);
    return {
      kind: 'reply',
      interval,
      minInterval: Math.min(this.#options.minInterval, interval),
      complete: seeds,
      incomplete: others,
      downloaded: completed,
      peers,
      externalIp: address,
      ...(warning !== undefined && { warning }),
    };
  }

  /** Info-hashes that are not tracked are left out. */
  scrape(infoHashes: readonly string[], now: number): ScrapeCounts[] {
    const found: ScrapeCounts[] = [];
    for (const infoHash of infoHashes) {
      const roster = this.#swarms.get(infoHash, now);
      if (roster === undefined && !this.#allowed.has(infoHash)) continue;
      const { seeds, peers, completed } = this.counts(infoHash, now);
      let paused = 0;
      for (const peer of roster?.leechers.slice(0, MAX_SCRAPED) ?? []) if (peer.paused) paused++;
      found.push({ infoHash, complete: seeds, incomplete: peers, downloaded: completed, downloaders: peers - paused });
    }
    return found;
  }

  counts(infoHash: string, now: number): Counts {
    const roster = this.#swarms.get(infoHash, now);
    return {
      seeds: roster?.seeds.length ?? 0,
      peers: roster?.leechers.length ?? 0,
      completed: this.#completed.get(infoHash) ?? 0,
    };
  }

  /** False when there is no room for it, in general or for one address. */
  openSession(request: SessionRequest, now: number): boolean {
    const address = unmapAddress(request.address);
    const host = packBytes(address);
    const { sessionsPerAddress, maxSessions } = this.#options;
    const perAddress = classifyAddress(address) === 'global' ? sessionsPerAddress : 10 * sessionsPerAddress;
    this.#endSessions(now);
    if (this.#sessions.size >= maxSessions || this.#sessions.countOf(host) >= perAddress) return false;
    this.#sessions.add(request.id, request.publisher, host, now);
    this.#changes++;
    return true;
  }

  /**
   * Renews the session's lease and takes its reports; a report counts for the endpoints that announced with the session
   * and for no other. `gone`: torrents it is in no more. Undefined when there is no such session (any more).
   */
  heartbeat(
    id: string,
    reports: ReadonlyMap<string, PieceReport>,
    gone: readonly string[],
    now: number,
  ): HeartbeatResult | undefined {
    const session = this.#sessions.find(id, now);
    if (session === undefined) return undefined;
    this.#sessions.renew(session, now);
    this.#changes++;
    for (const infoHash of gone) {
      const holding = session.holdings.get(infoHash);
      if (holding !== undefined) this.#swarms.removeHolding(holding);
    }
    const refused = new Set<string>();
    for (const [infoHash, report] of reports) if (!this.#takeReport(session, infoHash, report)) refused.add(infoHash);
    const resend: string[] = [];
    for (const { infoHash, fresh, peers } of session.holdings.values()) {
      if (resend.length === MAX_RESEND) break;
      if (fresh || refused.has(infoHash) || this.#allowed.pieceCount(infoHash) === 0) continue;
      // What a seed holds is known already.
      if (!peers.some((peer) => peer.seed)) resend.push(infoHash);
    }
    return { resend, refused: [...refused] };
  }

  /** The session and all its peers are gone. False when there was none. */
  closeSession(id: string, now: number): boolean {
    const session = this.#sessions.find(id, now);
    if (session === undefined) return false;
    this.#endSession(session);
    return true;
  }

  /** Up to `limit` of those in the swarm, as `source` may see them; undefined when the torrent is not tracked. */
  holders(infoHash: string, source: Source, limit: number, now: number): Holder[] | undefined {
    const roster = this.#swarms.get(infoHash, now);
    if (roster === undefined) return this.#allowed.has(infoHash) ? [] : undefined;
    const asker = describeAsker(source, this.publicAddresses);
    return listHolders(roster, asker, limit, now, this.#random);
  }

  /** Copies of each piece; undefined when the torrent is not tracked. */
  availability(infoHash: string, now: number): Availability | undefined {
    const roster = this.#swarms.get(infoHash, now);
    if (roster === undefined && !this.#allowed.has(infoHash)) return undefined;
    return countCopies(roster, this.#allowed.pieceCount(infoHash), now);
  }

  /**
   * Lets go of what has ended: all ended sessions, and of the swarms as many in turn as have `budget` peers together.
   * To be called a few times a second.
   */
  expire(now: number, budget = 5_000): void {
    this.#endSessions(now);
    this.#swarms.endLeases(now, budget);
  }

  /** The state as lines of text, for `restore`. May be drawn out, a line now and then, while announces go on. */
  *snapshot(now: number): Generator<string, void> {
    yield formatHeader();
    for (const session of this.#sessions.values()) if (session.expires > now) yield formatSession(session);
    for (const [infoHash, completed] of this.#completed)
      if (!this.#swarms.has(infoHash)) yield formatSwarm(infoHash, completed, [], now);
    for (const { infoHash, seeds, leechers } of this.#swarms.values()) {
      const completed = this.#completed.get(infoHash) ?? 0;
      // Announces change the order of peers: these are taken down at once, however long it takes to write them.
      const peers = [...seeds, ...leechers];
      for (let at = 0; at < peers.length; at += SAVED_TOGETHER)
        yield formatSwarm(infoHash, completed, peers.slice(at, at + SAVED_TOGETHER), now);
    }
    for (const session of this.#sessions.values())
      for (const { infoHash, pieces } of session.holdings.values())
        if (pieces !== undefined) yield formatPieces(session.id, infoHash, pieces);
  }

  /**
   * Takes up a saved state; the allowed torrents must be known already. Leases go on with what remained of them;
   * sessions, which could not be renewed meanwhile, get a whole one. False at the first line that is not part of a saved
   * state; what came before it stays.
   */
  restore(lines: Iterable<string>, now: number): boolean {
    let headed = false;
    for (const line of lines) {
      const record = parseRecord(line);
      if (record === undefined || headed === (record.kind === 'header')) return false;
      switch (record.kind) {
        case 'header':
          if (record.version !== SAVED_VERSION) return false;
          headed = true;
          break;
        case 'session':
          if (this.#sessions.find(record.id, now) === undefined)
            this.#sessions.add(record.id, record.publisher, record.host, now);
          break;
        case 'swarm':
          if (!this.#allowed.admits(record.infoHash)) break;
          if (record.completed > 0) this.#completed.set(record.infoHash, record.completed);
          for (const peer of record.peers) this.#reenter(record.infoHash, peer, now);
          break;
        case 'pieces': {
          const holding = this.#sessions.find(record.session, now)?.holdings.get(record.infoHash);
          if (holding === undefined || this.#allowed.pieceCount(record.infoHash) !== record.pieces.size) break;
          // More may have been reported after the state was saved: this counts, but the whole is asked for again.
          this.#reports.replace(this.#swarms.rosterOf(holding), holding, record.pieces);
          break;
        }
      }
    }
    return headed;
  }

  /** Seconds. */
  #interval(): number {
    const { interval, maxInterval, announcesPerSecond } = this.#options;
    const stretched = Math.max(interval, Math.min(maxInterval, this.#swarms.peers / announcesPerSecond));
    return Math.max(1, Math.round(stretched * (0.9 + 0.2 * this.#random())));
  }

  #enter(request: Announcement, address: Uint8Array, interval: number, now: number): string | undefined {
    const peer = createPeer(address, request.port, request.left === 0, now);
    if (!this.#makeRoom(request.infoHash, peer, now)) return 'this tracker is full: others are not told of you';
    this.#renew(this.#swarms.add(request.infoHash, peer), peer, request, interval, now);
    return undefined;
  }

  #makeRoom(infoHash: string, peer: PeerEntry, now: number): boolean {
    const roster = this.#swarms.get(infoHash, now);
    const crowdedOut = roster?.crowdedOut(peer, this.#options.rosters);
    if (crowdedOut !== undefined) this.#swarms.remove(roster!, crowdedOut);
    return this.#swarms.peers < this.#options.maxPeers;
  }

  #renew(roster: Roster, peer: PeerEntry, request: Announcement, interval: number, now: number): void {
    const { session: id, left } = request;
    const session = id === undefined ? undefined : this.#sessions.find(id, now);
    peer.peerId = packBytes(request.peerId);
    peer.left = left >= 0 ? Math.min(left, Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER;
    peer.paused = request.event === 'paused';
    peer.seen = now;
    // A session that is not known (any more) will soon be opened anew and announced with; until then the peer lives as
    // shortly as if it were held by one.
    const lost = id !== undefined && session === undefined;
    peer.expires = now + (lost ? this.#options.sessionLease : LEASE_INTERVALS * interval * 1000);
    this.#swarms.renew(roster, peer, session);
    if (peer.seed) this.#countCompleted(request.infoHash, peer);
  }

  #leave(roster: Roster, peer: PeerEntry, { infoHash, left }: Announcement): void {
    // Who got the last piece and left at once may never have announced that it was complete.
    if (left === 0) this.#countCompleted(infoHash, peer);
    this.#swarms.remove(roster, peer);
  }

  /** Once for each entry, and not for one that came as a seed. */
  #countCompleted(infoHash: string, peer: PeerEntry): void {
    if (peer.completed) return;
    peer.completed = true;
    const completed = this.#completed.get(infoHash) ?? 0;
    // Torrents that are not in the catalog must not fill the memory with their counts.
    if (completed === 0 && this.#completed.size >= this.#allowed.size + this.#options.maxSwarms) return;
    this.#completed.set(infoHash, completed + 1);
  }

  #reenter(infoHash: string, saved: SavedPeer, now: number): void {
    const { host, port, peerId, left, paused, completed, silent, session: id } = saved;
    if (this.#swarms.get(infoHash, now)?.find(host, port) !== undefined) return;
    const session = id === '' ? undefined : this.#sessions.find(id, now);
    const remaining = id !== '' && session === undefined ? this.#options.sessionLease : saved.remaining;
    const peer = createPeer(encodeLatin1(host), port, left === 0, now - silent);
    peer.peerId = peerId;
    peer.left = left;
    peer.paused = paused;
    peer.completed = completed;
    peer.expires = now + remaining;
    if ((session !== undefined || remaining > 0) && this.#makeRoom(infoHash, peer, now))
      this.#swarms.renew(this.#swarms.add(infoHash, peer), peer, session);
  }

  #peersFor(request: Announcement, source: Source, now: number): AnnounceReply['peers'] {
    const roster = this.#swarms.get(request.infoHash, now);
    if (roster === undefined) return [];
    const asker = describeAsker(source, this.publicAddresses);
    return selectPeers(roster, request, asker, now, this.#random);
  }

  /** False when the report cannot be used and must not come again. */
  #takeReport(session: SessionEntry, infoHash: string, report: PieceReport): boolean {
    const pieceCount = this.#allowed.pieceCount(infoHash);
    if (pieceCount === 0) return false;
    const holding = session.holdings.get(infoHash);
    // Not announced yet: the pieces are asked for when it is.
    if (holding === undefined) return true;
    return this.#reports.apply(this.#swarms.rosterOf(holding), holding, report, pieceCount) !== 'refused';
  }

  #endSessions(now: number): void {
    for (let ended = this.#sessions.firstEnded(now); ended !== undefined; ended = this.#sessions.firstEnded(now))
      this.#endSession(ended);
  }

  #endSession(session: SessionEntry): void {
    this.#changes++;
    for (const holding of [...session.holdings.values()]) this.#swarms.removeHolding(holding);
    this.#sessions.delete(session);
  }
}
