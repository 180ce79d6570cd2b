// The state of one torrent's swarm that its handlers share, and the way to send a small message. Handlers live in the
// swarm-*.ts files, one duty each; none of them keeps state of its own.

import type { Geometry } from '../base/geometry.ts';
import type { Random, Sha1 } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { HAVE_LENGTH, REQUEST_LENGTH, writeBlock, writeIndex, writeSignal } from '../protocol/wire/messages.ts';
import { Availability } from './availability.ts';
import { BanList } from './ban-list.ts';
import { Blame } from './blame.ts';
import { Candidates } from './candidates.ts';
import { LEAST_RATE_SLOTS, type SeedChoker } from './choker.ts';
import type { Command } from './commands.ts';
import { ConnectionBudget, type Seats } from './connection-budget.ts';
import { Deadlines } from './deadlines.ts';
import type { LastHolders } from './last-holders.ts';
import type { Ledger } from './ledger.ts';
import type { MetadataFetch } from './metadata-fetch.ts';
import type { Peer } from './peer.ts';
import { OwnAddress } from './peer-rank.ts';
import { Reputations } from './reputation.ts';
import { RequestBudget } from './request-budget.ts';
import { StateTimes, TORRENT_STATES, type TorrentState } from './state-times.ts';
import type { Steering } from './steering.ts';
import { StorageTime } from './storage-time.ts';
import type { SuperSeed } from './super-seed.ts';

const NO_IDS: ReadonlySet<number> = new Set();

/** Who dials nobody and has nobody. */
const NOBODY = { dialNext: () => false, giveWay: () => false };

export interface SwarmOptions {
  infoHash: string;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Our listening port, told to peers in the extension handshake; 0: not told. */
  port: number;
  clientName: string;
  random: Random;
  sha1: Sha1;
  /** Known already when the torrent came from a .torrent file. */
  infoBytes?: Uint8Array;
  /** Who is banned, shared by the torrents of a session. Default: a list of its own. */
  bans?: BanList;
  /** Connections, at most. Default 60. */
  maxPeers?: number;
  /** Connections to one global address, at most. Default 1. */
  perAddress?: number;
  /** Connections of the torrents of a session, shared by them. Default: one of its own. */
  budget?: ConnectionBudget;
  /** Peers served at a time, optimistic ones included; 'rate': 5 to 50, by what is sent. Default 'rate'. */
  uploadSlots?: number | 'rate';
  /** Whom a seed serves first. Default 'round-robin'. */
  seedChoker?: SeedChoker;
  /** A torrent that is complete from the start is super-seeded (BEP 16), until half of its peers have everything. */
  superSeed?: boolean;
  /** Milliseconds without a block from a peer that owes us some. */
  snubAfter?: number;
  /** Milliseconds without a byte. More than the two minutes after which others send their keep-alive (BEP 3). */
  idleAfter?: number;
}

/** The parts that exist once the metadata is known and the disk was checked. */
export interface Content {
  readonly geometry: Geometry;
  readonly ledger: Ledger;
  readonly availability: Availability;
}

export class SwarmContent implements Content {
  readonly geometry: Geometry;
  readonly ledger: Ledger;
  readonly #random: Random;
  #availability: Availability | undefined;

  constructor(geometry: Geometry, ledger: Ledger, random: Random) {
    this.geometry = geometry;
    this.ledger = ledger;
    this.#random = random;
  }

  /** Made when it is needed first: who has everything and meets nobody needs none. */
  get availability(): Availability {
    const { have } = this.ledger;
    this.#availability ??= new Availability(this.geometry.pieceCount, (piece) => !have.has(piece), this.#random);
    return this.#availability;
  }
}

/** It is missing, and the user wants it. */
export function isWanted(content: Content, piece: number): boolean {
  return !content.ledger.have.has(piece) && content.availability.priority(piece) > 0;
}

export class SwarmState {
  readonly options: SwarmOptions;
  readonly peerIdHex: string;
  readonly maxPeers: number;
  readonly snubAfter: number;
  readonly idleAfter: number;
  readonly bans: BanList;
  /** Bounds what is asked of all peers together. */
  readonly budget: RequestBudget;
  readonly peers = new Map<number, Peer>();
  readonly outbox: Command[] = [];
  /** Peers with bytes in their out-buffer. */
  readonly flushable: Peer[] = [];
  /** Number of the next peer. */
  nextPeer = 0;
  /** Its part of the connections of the session. */
  readonly seats: Seats;
  /** Our address as others see it has changed. */
  ownChanged = false;
  /** When a share of the connections is replaced next, and how many peers found no place since the last time. */
  nextTurnover: number;
  turnedAway = 0;
  infoBytes: Uint8Array | undefined;
  /** Copies of the metadata that are on their way, each from one peer. */
  metadataCopies: MetadataFetch[] = [];
  /** When the search for it began; undefined: not yet. */
  metadataSince: number | undefined;
  /** Whose parts were joined last, and made no metadata. */
  metadataJoined = '';
  content: Content | undefined;
  /** New pieces come in their order, not by rarity. */
  sequential = false;
  /** Wanted pieces that are not had. */
  lacking = 0;
  /** Blocks may be asked of others that were asked of one peer before: peers with nothing to do get them soon. */
  freed = false;
  /** A peer found no place in the slab for what it could deliver: looked at again with each tick. */
  cramped = false;
  /** Verified since the last tick and not yet told to the peers. */
  readonly freshPieces: number[] = [];
  /** Who was told of which pieces, while this is a super-seed (BEP 16). */
  superSeed: SuperSeed<Peer> | undefined;
  /** Complete from the start, and met by nobody yet: what is suggested is thought of when the first peer comes. */
  mayBeFirstSeed = false;
  /** What is suggested to whom, while this seems to be the only seed and has not been asked for everything. */
  steering: Steering<Peer> | undefined;
  /** Who left with pieces that nobody has now; undefined while nobody has left. */
  lastHolders: LastHolders | undefined;
  round = 0;
  /** Peers served at a time, as of the last round. */
  uploadSlots: number;
  optimistic: ReadonlySet<number> = NO_IDS;
  /** Seconds since somebody whom we serve had to wait for what it asked: from two on there is more to give. */
  idleSeconds = 0;
  /** Disk trouble: go on serving, ask for nothing. */
  paused = false;

  /** When it was looked at last what the whole torrent waited for. */
  sampledAt: number;

  readonly down = new RateMeter();
  readonly up = new RateMeter();
  wasted = 0;
  failedPieces = 0;

  // Made when they are needed first: a seed that nobody comes to has none of them, and there may be thousands of those.
  #candidates: Candidates | undefined;
  #own: OwnAddress | undefined;
  #reputations: Reputations | undefined;
  #blame: Blame | undefined;
  #deadlines: Deadlines | undefined;
  #everyone: Map<number, Peer> | undefined;
  #retryOwners: Map<number, Peer> | undefined;
  #storageTime: StorageTime | undefined;
  #times: StateTimes<TorrentState> | undefined;

  constructor(
    options: SwarmOptions,
    peerIdHex: string,
    now: number,
    seats: Seats = new ConnectionBudget().join(NOBODY),
  ) {
    this.seats = seats;
    this.sampledAt = now;
    this.nextTurnover = now + 300_000;
    this.budget = new RequestBudget(now);
    this.options = options;
    this.peerIdHex = peerIdHex;
    this.bans = options.bans ?? new BanList();
    this.infoBytes = options.infoBytes;
    this.maxPeers = options.maxPeers ?? 60;
    this.uploadSlots = typeof options.uploadSlots === 'number' ? options.uploadSlots : LEAST_RATE_SLOTS;
    this.snubAfter = options.snubAfter ?? 10_000;
    this.idleAfter = options.idleAfter ?? 180_000;
  }

  get candidates(): Candidates {
    const { port, perAddress } = this.options;
    this.#candidates ??= new Candidates({
      bans: this.bans,
      rank: (endpoint) => this.own.rank(port, endpoint),
      ...(perAddress === undefined ? {} : { perAddress }),
    });
    return this.#candidates;
  }

  /** Nobody was ever connected, or named to be dialled. */
  get isAlone(): boolean {
    return this.#candidates === undefined && this.peers.size === 0;
  }

  /** Our address as others see it, which ranks connections. */
  get own(): OwnAddress {
    this.#own ??= new OwnAddress();
    return this.#own;
  }

  get reputations(): Reputations {
    this.#reputations ??= new Reputations();
    return this.#reputations;
  }

  get blame(): Blame {
    this.#blame ??= new Blame();
    return this.#blame;
  }

  /** What somebody waits for. */
  get deadlines(): Deadlines {
    this.#deadlines ??= new Deadlines();
    return this.#deadlines;
  }

  /** Connected peers, and those that left but sent blocks of pieces that are still under way. */
  get everyone(): Map<number, Peer> {
    this.#everyone ??= new Map();
    return this.#everyone;
  }

  /** Which peer has to deliver a failed piece whole. */
  get retryOwners(): Map<number, Peer> {
    this.#retryOwners ??= new Map();
    return this.#retryOwners;
  }

  get storageTime(): StorageTime {
    this.#storageTime ??= new StorageTime();
    return this.#storageTime;
  }

  /** What the whole torrent waited for. */
  get times(): StateTimes<TorrentState> {
    this.#times ??= new StateTimes(TORRENT_STATES);
    return this.#times;
  }

  /** Peers being dialled. */
  get dialling(): number {
    return this.seats.dialling;
  }

  get complete(): boolean {
    return this.content?.ledger.complete === true;
  }

  /** Nothing more is wanted: everything that was selected is here, or the disk takes nothing. */
  get seeding(): boolean {
    return this.paused || (this.content !== undefined && this.lacking === 0);
  }

  command(command: Command): void {
    this.outbox.push(command);
  }

  disconnect(peer: Peer, reason: string): void {
    peer.leaving = true;
    this.command({ type: 'disconnect', peer, reason });
  }

  /** Peers that left are remembered only as long as a piece with blocks of theirs is under way. */
  forgetGone(): void {
    if (this.everyone.size === this.peers.size) return;
    const senders = new Set<number>();
    for (const partial of this.content?.ledger.partials.values() ?? [])
      for (const sender of partial.senders) senders.add(sender);
    for (const id of this.everyone.keys()) if (!this.peers.has(id) && !senders.has(id)) this.everyone.delete(id);
  }

  sendSignal(peer: Peer, id: number): void {
    const at = this.#reserve(peer, 5);
    writeSignal(peer.out.bytes, at, id);
  }

  sendIndex(peer: Peer, id: number, piece: number): void {
    const at = this.#reserve(peer, HAVE_LENGTH);
    writeIndex(peer.out.bytes, at, id, piece);
  }

  sendBlock(peer: Peer, id: number, piece: number, begin: number, length: number): void {
    const at = this.#reserve(peer, REQUEST_LENGTH);
    writeBlock(peer.out.bytes, at, id, piece, begin, length);
  }

  sendBytes(peer: Peer, message: Uint8Array): void {
    if (peer.out.length === 0) this.flushable.push(peer);
    peer.out.append(message);
  }

  #reserve(peer: Peer, count: number): number {
    if (peer.out.length === 0) this.flushable.push(peer);
    return peer.out.reserve(count);
  }
}
