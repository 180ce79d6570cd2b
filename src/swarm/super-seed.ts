// Super-seeding (BEP 16): a seed that seems to have nothing tells each peer of one or two pieces at a time, and of the next
// when one of them was seen with somebody else; so each piece leaves it about once. Keeps who was told of what and says
// what to tell next; sends nothing itself and knows no sockets, requests or slots.
//
// Many do not send HAVE to one who has the piece, so a peer's own pieces are known by other signs too: they were sent to
// it, it wishes for nothing more, or a piece it was fed turns up elsewhere.

import { Bitfield } from '../base/bitfield.ts';
import type { Geometry } from '../base/geometry.ts';
import { drawPermutation } from '../base/permutation.ts';
import type { Random } from '../base/ports.ts';
import type { Copies } from './availability.ts';

/** Pieces that a peer is fed at a time. One is enough to make who is not served wish for it. */
const FED_AT_A_TIME = 2;
/** Milliseconds without progress after which a peer's oldest piece is given up and it may be fed another. */
const PATIENCE = 10_000;
const MOST_DOUBLINGS = 5;
/** That a peer wishes for nothing may be older than what it was told of for so many milliseconds. */
const CROSSING = 2_000;
/** As long as so many wish to be served, others are told only of what nobody has. */
const ENOUGH_WAITING = 8;
/** Who has taken nothing for so many milliseconds is not counted among them. */
const HOPELESS = 60_000;
/** When all pieces are out, so large a share of them is fed once more at once; then only to who has waited in vain. */
const SECOND_SHARE = 8;
/** So many pieces more may have been given up than were passed on. */
const MOST_KEPT = 32;
/** Pieces looked at to find a rare one. */
const SCAN = 256;

/** What is looked at in a peer. */
export interface FedPeer {
  readonly id: number;
  readonly peerIdHex: string;
  readonly amChoking: boolean;
  readonly interested: boolean;
  readonly leaving: boolean;
  /** It wants nothing more (BEP 21). */
  readonly uploadOnly: boolean;
  /** As far as it said so. */
  readonly isSeed: boolean;
  readonly have: Bitfield | undefined;
  has(piece: number): boolean;
  /** Payload it was sent. */
  readonly up: { readonly total: number };
}

interface Feed<P> {
  readonly peer: P;
  /** All that it was told of: it may have these for as long as it stays. */
  readonly told: Bitfield;
  /** Those of them that it lacks, as far as can be seen, and the bytes of each that it was not sent yet. */
  readonly lacks: Map<number, number>;
  /** Those that nobody else was seen with yet, the oldest first. */
  readonly fed: number[];
  /** Pieces given up one after the other that it had taken. */
  kept: number;
  /** Because of that it is fed nothing before. */
  waitUntil: number;
  toldAt: number;
  /** When it was last told of something, took something, or passed something on; and what it had taken then. */
  movedAt: number;
  taken: number;
}

export class SuperSeed<P extends FedPeer> {
  readonly #pieceCount: number;
  readonly #geometry: Geometry;
  readonly #copies: Copies;
  readonly #tell: (peer: P, piece: number) => void;
  /** All pieces in an order of chance, read round and round. */
  readonly #order: Int32Array;
  #at = 0;
  /** Pieces given up that nobody had but who was fed them, and how many copies were known then: they go first. */
  readonly #dropped = new Map<number, number>();
  /** Who is being fed a piece; nobody else is meanwhile. */
  readonly #feeding = new Map<number, Feed<P>>();
  readonly #feeds = new Map<number, Feed<P>>();
  /** Peers that lacked something they were told of, when that was counted last, and those fed since then. */
  #waiting = 0;
  /** Pieces fed although somebody had them. */
  #again = 0;
  /** Pieces that came to somebody else, and those that were taken and did not. */
  #passed = 0;
  #kept = 0;
  /** Peers that were seen with everything, by peer id. */
  readonly #finished = new Set<string>();

  /** `tell`: called with each piece that a peer shall hear of. */
  constructor(geometry: Geometry, copies: Copies, random: Random, tell: (peer: P, piece: number) => void) {
    const { pieceCount } = geometry;
    this.#geometry = geometry;
    this.#pieceCount = pieceCount;
    this.#copies = copies;
    this.#tell = tell;
    this.#order = drawPermutation(pieceCount, random);
  }

  joined(peer: P, now: number): void {
    const told = new Bitfield(this.#pieceCount);
    const taken = peer.up.total;
    const feed: Feed<P> = {
      peer,
      told,
      lacks: new Map(),
      fed: [],
      kept: 0,
      waitUntil: 0,
      toldAt: now,
      movedAt: now,
      taken,
    };
    this.#feeds.set(peer.id, feed);
    this.#feed(feed, now);
  }

  /** Call while the pieces of the peer still count. */
  left(peer: P): void {
    const feed = this.#feeds.get(peer.id);
    if (feed === undefined) return;
    if (this.#hasAll(feed)) this.#finished.add(peer.peerIdHex);
    this.#feeds.delete(peer.id);
    for (const piece of feed.fed) {
      this.#feeding.delete(piece);
      if (this.#copies.copies(piece) === (peer.has(piece) ? 1 : 0)) this.#dropped.set(piece, 0);
    }
  }

  /** The peer was told of the piece, so it may ask for it. */
  wasTold(peer: P, piece: number): boolean {
    return this.#feeds.get(peer.id)?.told.has(piece) === true;
  }

  /** So many bytes of the piece are about to be sent to the peer. */
  sending(peer: P, piece: number, bytes: number): void {
    const own = this.#feeds.get(peer.id);
    const left = own?.lacks.get(piece);
    if (own === undefined || left === undefined) return;
    if (left > bytes) own.lacks.set(piece, left - bytes);
    else own.lacks.delete(piece);
  }

  /** The peer says that it has the piece now. */
  has(peer: P, piece: number, now: number): void {
    const own = this.#feeds.get(peer.id);
    if (own === undefined) return;
    if (own.lacks.delete(piece)) own.movedAt = now;
    const feed = this.#feeding.get(piece);
    if (feed !== undefined && feed !== own) this.#passedOn(feed, piece, now);
    this.#proceed(own, now);
  }

  /** The peer has said anew what it has. */
  changed(peer: P, now: number): void {
    const own = this.#feeds.get(peer.id);
    if (own === undefined) return;
    for (const piece of own.lacks.keys()) if (peer.has(piece)) own.lacks.delete(piece);
    for (const [piece, feed] of [...this.#feeding])
      if (feed !== own && peer.has(piece)) this.#passedOn(feed, piece, now);
    this.#proceed(own, now);
  }

  /** We serve the peer from now on, or it wishes for nothing more. */
  turned(peer: P, now: number): void {
    const feed = this.#feeds.get(peer.id);
    if (feed === undefined) return;
    if (!peer.amChoking) feed.movedAt = now;
    this.#notice(feed, now);
    this.#proceed(feed, now);
  }

  /**
   * Call once a second. True when it is time to stop: half of all peers, those that have left included, have everything;
   * or they do not pass on what they get.
   */
  tick(now: number): boolean {
    let lacking = 0;
    this.#waiting = 0;
    for (const { lacks, movedAt } of this.#feeds.values())
      if (lacks.size > 0 && now - movedAt < HOPELESS) this.#waiting++;
    for (const feed of this.#feeds.values()) {
      const { peer } = feed;
      if (peer.up.total !== feed.taken) {
        feed.taken = peer.up.total;
        feed.movedAt = now;
      }
      this.#notice(feed, now);
      if (this.#hasAll(feed)) {
        this.#finished.add(peer.peerIdHex);
        continue;
      }
      lacking++;
      // Who has not taken its piece because it is not served is no reason to give the piece to another.
      const waits = peer.amChoking && feed.lacks.size > 0;
      if (!waits && now - feed.movedAt >= PATIENCE) {
        this.#giveUp(feed, now);
        this.#feed(feed, now, true);
        feed.movedAt = now;
      }
      this.#proceed(feed, now);
    }
    if (this.#kept > MOST_KEPT + this.#passed) return true;
    return this.#finished.size > 0 && this.#finished.size >= lacking;
  }

  /** Pieces that the peer was not told of and that it lacks: to be told when this ends. */
  untold(peer: P): number[] {
    const told = this.#feeds.get(peer.id)?.told;
    const pieces: number[] = [];
    for (let piece = 0; piece < this.#pieceCount; piece++)
      if (told?.has(piece) !== true && !peer.has(piece)) pieces.push(piece);
    return pieces;
  }

  /** Who wishes for nothing has all that it was told of. */
  #notice({ peer, lacks, toldAt }: Feed<P>, now: number): void {
    if (!peer.interested && now - toldAt >= CROSSING) lacks.clear();
  }

  #hasAll({ peer, told, lacks }: Feed<P>): boolean {
    if (peer.isSeed) return true;
    if (lacks.size > 0 && !peer.uploadOnly) return false;
    if (told.count + (peer.have?.count ?? 0) < this.#pieceCount) return false;
    for (let piece = 0; piece < this.#pieceCount; piece++) if (!told.has(piece) && !peer.has(piece)) return false;
    return true;
  }

  #passedOn(feed: Feed<P>, piece: number, now: number): void {
    this.#feeding.delete(piece);
    feed.fed.splice(feed.fed.indexOf(piece), 1);
    feed.lacks.delete(piece);
    feed.movedAt = now;
    feed.kept = 0;
    feed.waitUntil = 0;
    this.#passed++;
    this.#proceed(feed, now);
  }

  #giveUp(feed: Feed<P>, now: number): void {
    const { fed, lacks } = feed;
    const piece = fed.shift();
    if (piece === undefined) return;
    this.#feeding.delete(piece);
    const copies = this.#copies.copies(piece);
    if (copies === (feed.peer.has(piece) ? 1 : 0)) this.#dropped.set(piece, copies);
    if (lacks.has(piece)) return;
    this.#kept++;
    feed.kept++;
    // Where others pass on what they get, who does not waits longer each time.
    if (this.#passed > this.#kept) feed.waitUntil = now + PATIENCE * (2 ** Math.min(feed.kept, MOST_DOUBLINGS) - 1);
  }

  /** Lets go of what nobody is left to be passed on to, and feeds the peer as much as it may have now. */
  #proceed(feed: Feed<P>, now: number): void {
    const { peer, fed, lacks } = feed;
    for (let i = fed.length - 1; i >= 0; i--) {
      const piece = fed[i]!;
      const others = this.#copies.copies(piece) - (peer.has(piece) ? 1 : 0);
      if (lacks.has(piece) || others < this.#feeds.size - 1) continue;
      this.#feeding.delete(piece);
      fed.splice(i, 1);
    }
    this.#feed(feed, now);
  }

  /** Who does not take what it was told of is told of nothing more. */
  #feed(feed: Feed<P>, now: number, inVain = false): void {
    const { peer, fed, lacks } = feed;
    if (peer.isSeed || peer.uploadOnly || peer.leaving || now < feed.waitUntil) return;
    const most = peer.amChoking ? 1 : FED_AT_A_TIME;
    while (fed.length < FED_AT_A_TIME && lacks.size < most) {
      const piece = this.#choose(feed, inVain);
      if (piece < 0) return;
      if (this.#copies.copies(piece) > 0) this.#again++;
      if (lacks.size === 0) this.#waiting++;
      feed.told.add(piece);
      lacks.set(piece, this.#geometry.pieceSize(piece));
      fed.push(piece);
      feed.toldAt = now;
      feed.movedAt = now;
      feed.taken = peer.up.total;
      this.#feeding.set(piece, feed);
      this.#tell(peer, piece);
    }
  }

  /** The rarest piece that is fed to nobody, that the peer lacks and was not told of; -1: none was found. */
  #choose(feed: Feed<P>, inVain: boolean): number {
    let looked = 0;
    for (const [piece, copies] of this.#dropped) {
      const wanted = this.#copies.copies(piece) <= copies && !this.#feeding.has(piece);
      if (!wanted) this.#dropped.delete(piece);
      else if (isNew(feed, piece)) {
        this.#dropped.delete(piece);
        return piece;
      }
      if (++looked === SCAN) break;
    }
    let best = -1;
    let fewest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < Math.min(SCAN, this.#pieceCount); i++) {
      const piece = this.#order[this.#at]!;
      this.#at = (this.#at + 1) % this.#pieceCount;
      if (this.#feeding.has(piece) || !isNew(feed, piece)) continue;
      const copies = this.#copies.copies(piece);
      if (copies === 0) return piece;
      if (copies >= fewest) continue;
      best = piece;
      fewest = copies;
    }
    const back = this.#takeBack(feed);
    if (back !== undefined) return back;
    const enough = feed.peer.amChoking
      ? this.#waiting >= ENOUGH_WAITING
      : this.#again * SECOND_SHARE >= this.#pieceCount;
    return enough && !inVain ? -1 : best;
  }

  /** Nobody has this piece, and who was fed it waits to be served. */
  #takeBack(feed: Feed<P>): number | undefined {
    for (const [piece, other] of this.#feeding) {
      if (!other.peer.amChoking || !other.lacks.has(piece) || !isNew(feed, piece)) continue;
      if (feed.peer.amChoking || this.#copies.copies(piece) > 0) continue;
      this.#feeding.delete(piece);
      other.fed.splice(other.fed.indexOf(piece), 1);
      return piece;
    }
    return undefined;
  }
}

function isNew({ peer, told }: Feed<FedPeer>, piece: number): boolean {
  return !told.has(piece) && !peer.has(piece);
}
