// How many copies of each piece the connected peers have, what each piece is worth to the user, and the pieces that can be
// begun in the order that follows from both. Seeds are counted once and not per piece, so a seed's arrival or departure
// costs nothing. Chooses nothing: see rarest-cursor.ts and picker.ts.
//
// `order` holds every piece once, in one segment a priority (7 first). A segment has the open pieces first, in buckets of
// equal copies with the rarest first, then those that are not open. A piece moves to a neighbouring bucket by one swap with
// the edge. What cursors rely on: without `refresh` a piece only ever moves to the low end of a later bucket, so whoever
// reads a bucket from its end to its start and then goes on to the next has missed nothing. What breaks that sets `stale`.

import { Bitfield } from '../base/bitfield.ts';
import { drawPermutation } from '../base/permutation.ts';
import type { Random } from '../base/ports.ts';

/** The highest priority of a piece; 0: not wanted. */
export const TOP_PRIORITY = 7;
/** What every piece has until the user says otherwise. */
export const USUAL_PRIORITY = 4;
/** Pieces with so many copies besides those of seeds, or more, are all equally common. */
const CLASSES = 128;
const LEVELS = TOP_PRIORITY + 1;
/** Buckets that hold pieces to be fetched: those of priority 0 come last and stay empty. */
export const BUCKETS = TOP_PRIORITY * CLASSES;
/** A field with more than one piece in so many is counted first and sorted in when the order is needed next. */
const BULK_SHARE = 16;

const NONE = new Int32Array(0);

/** Copies of each piece among the connected peers. */
export interface Copies {
  copies(piece: number): number;
}

export class Availability implements Copies {
  /** Peers with everything. */
  seeds = 0;
  /** Empty until there is something to fetch: a seed needs none of it. */
  order: Int32Array = NONE;
  /** The open pieces: missing, wanted and not begun. */
  readonly open: Bitfield;
  /** Changes when positions in `order` mean nothing any more. */
  epoch = 0;
  /** Pieces may have become rarer, or open again, since the cursors passed them. */
  stale = false;
  /** No open piece lies before this one. */
  #lowest = 0;
  readonly #copies: Uint16Array;
  readonly #priorities: Uint8Array;
  /** Missing and not begun, whatever the priority. */
  readonly #missing: Uint8Array;
  #positions: Int32Array = NONE;
  #ends = NONE;
  /** Where the segment of each level begins, and after the last where it ends. */
  #segments = NONE;
  readonly #random: Random;
  #unsorted = true;

  constructor(pieceCount: number, wanted: (piece: number) => boolean, random: Random) {
    this.#copies = new Uint16Array(pieceCount);
    this.#priorities = new Uint8Array(pieceCount).fill(USUAL_PRIORITY);
    this.#missing = new Uint8Array(pieceCount);
    this.#random = random;
    this.open = new Bitfield(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) {
      if (!wanted(piece)) continue;
      this.#missing[piece] = 1;
      this.open.add(piece);
    }
    if (this.open.count > 0) this.#layOut();
  }

  #layOut(): void {
    const pieceCount = this.#copies.length;
    this.order = drawPermutation(pieceCount, this.#random);
    this.#positions = new Int32Array(pieceCount);
    this.#ends = new Int32Array(LEVELS * CLASSES);
    this.#segments = new Int32Array(LEVELS + 1);
  }

  /** Open pieces. */
  get wanted(): number {
    return this.open.count;
  }

  /** The open piece with the lowest number; 0 when there is none. */
  get firstOpen(): number {
    const piece = this.open.next(this.#lowest);
    if (piece >= 0) this.#lowest = piece;
    return Math.max(0, piece);
  }

  priority(piece: number): number {
    return this.#priorities[piece]!;
  }

  isOpen(piece: number): boolean {
    return this.#missing[piece] === 1 && this.#priorities[piece] !== 0;
  }

  /** Copies among the connected peers, seeds included. */
  copies(piece: number): number {
    return this.#copies[piece]! + this.seeds;
  }

  /** The lower, the sooner a piece should come: by priority and then by rarity. */
  bucket(piece: number): number {
    const copies = this.#copies[piece]!;
    return (TOP_PRIORITY - this.#priorities[piece]!) * CLASSES + (copies < CLASSES ? copies : CLASSES - 1);
  }

  /** Whether pieces of the bucket are with nobody but seeds. */
  isUnshared(bucket: number): boolean {
    return bucket % CLASSES === 0;
  }

  /** First position of a bucket in `order`. Call `sort` before. */
  start(bucket: number): number {
    return bucket % CLASSES === 0 ? this.#segments[bucket / CLASSES]! : this.#ends[bucket - 1]!;
  }

  /** One past the last position of a bucket. */
  end(bucket: number): number {
    return this.#ends[bucket]!;
  }

  /** The first bucket at or after `bucket` with a piece in it, or BUCKETS. */
  nonEmpty(bucket: number): number {
    let at = bucket;
    while (at < BUCKETS) {
      const level = Math.floor(at / CLASSES);
      if (this.start(at) === this.levelEnd(level)) at = (level + 1) * CLASSES;
      else if (this.#ends[at]! > this.start(at)) return at;
      else at++;
    }
    return BUCKETS;
  }

  /** The first level (0 is priority 7) with an open piece, or -1. */
  firstLevel(): number {
    for (let level = 0; level < TOP_PRIORITY; level++) if (this.levelEnd(level) > this.#segments[level]!) return level;
    return -1;
  }

  levelStart(level: number): number {
    return this.#segments[level]!;
  }

  levelEnd(level: number): number {
    return this.#ends[level * CLASSES + CLASSES - 1]!;
  }

  peerHas(piece: number): void {
    const copies = this.#copies[piece]!++;
    if (this.#unsorted || copies >= CLASSES - 1 || !this.isOpen(piece)) return;
    const bucket = this.bucket(piece) - 1;
    this.#swap(this.#positions[piece]!, --this.#ends[bucket]!);
  }

  peerLost(piece: number): void {
    const copies = --this.#copies[piece]!;
    if (this.#unsorted || copies >= CLASSES - 1 || !this.isOpen(piece)) return;
    const bucket = this.bucket(piece);
    this.#swap(this.#positions[piece]!, this.#ends[bucket]!++);
    this.stale = true;
  }

  /** Counts a whole bitfield of a peer that is no seed. */
  peerJoined(field: Bitfield): void {
    if (field.count * BULK_SHARE > field.size) this.#unsorted = true;
    for (let piece = field.next(0); piece >= 0; piece = field.next(piece + 1)) this.peerHas(piece);
  }

  peerLeft(field: Bitfield): void {
    if (field.count * BULK_SHARE > field.size) this.#unsorted = true;
    for (let piece = field.next(0); piece >= 0; piece = field.next(piece + 1)) this.peerLost(piece);
  }

  /** One priority a piece, 0 to 7; what is more counts as 7. */
  setPriorities(priorities: Uint8Array): void {
    this.open.clear();
    this.#lowest = 0;
    for (let piece = 0; piece < this.#priorities.length; piece++) {
      this.#priorities[piece] = Math.min(TOP_PRIORITY, priorities[piece] ?? USUAL_PRIORITY);
      if (this.isOpen(piece)) this.open.add(piece);
    }
    this.#unsorted = true;
  }

  /** The piece is being fetched or had: it is open no more. */
  unwant(piece: number): void {
    const wasOpen = this.isOpen(piece);
    this.#missing[piece] = 0;
    if (!wasOpen) return;
    this.open.delete(piece);
    if (this.#unsorted) return;
    const last = this.#lastBucket(piece);
    let at = this.#positions[piece]!;
    for (let bucket = this.bucket(piece); bucket <= last; bucket++) {
      const edge = --this.#ends[bucket]!;
      if (edge === at) continue;
      this.#swap(at, edge);
      at = edge;
    }
  }

  /** The piece is missing again. */
  want(piece: number): void {
    const wasOpen = this.isOpen(piece);
    this.#missing[piece] = 1;
    if (wasOpen || this.#priorities[piece] === 0) return;
    this.open.add(piece);
    this.#lowest = Math.min(this.#lowest, piece);
    if (this.#unsorted) return;
    this.stale = true;
    const own = this.bucket(piece);
    let bucket = this.#lastBucket(piece);
    this.#swap(this.#positions[piece]!, this.#ends[bucket]!);
    for (; bucket >= own; bucket--) {
      const at = this.#ends[bucket]!++;
      if (bucket > own) this.#swap(at, this.start(bucket));
    }
  }

  /** Brings `order` up to date after a bulk change. Call before reading it. */
  sort(): void {
    if (!this.#unsorted) return;
    this.#unsorted = false;
    this.refresh();
    if (this.order === NONE) this.#layOut();
    const pieceCount = this.order.length;
    const before = this.order.slice();
    // A counting sort that keeps the order of chance among equals; what is not open goes to the end of its level.
    const fill = new Int32Array(LEVELS * (CLASSES + 1) + 1);
    for (let piece = 0; piece < pieceCount; piece++) fill[this.#slot(piece) + 1]!++;
    for (let slot = 1; slot < fill.length; slot++) fill[slot]! += fill[slot - 1]!;
    for (let level = 0; level < LEVELS; level++) {
      const first = level * (CLASSES + 1);
      this.#segments[level] = fill[first]!;
      for (let copies = 0; copies < CLASSES; copies++) this.#ends[level * CLASSES + copies] = fill[first + copies + 1]!;
    }
    this.#segments[LEVELS] = pieceCount;
    for (let i = 0; i < pieceCount; i++) {
      const piece = before[i]!;
      const at = fill[this.#slot(piece)]!++;
      this.order[at] = piece;
      this.#positions[piece] = at;
    }
  }

  #slot(piece: number): number {
    const bucket = this.bucket(piece);
    const level = Math.floor(bucket / CLASSES);
    return this.isOpen(piece) ? bucket + level : level * (CLASSES + 1) + CLASSES;
  }

  /** Makes every cursor start again. Once a second while `stale`, and when somebody finds nothing. */
  refresh(): void {
    this.stale = false;
    this.epoch++;
  }

  /** Throws when the order and the counts disagree. For tests and the simulator. */
  checkInvariant(): void {
    this.sort();
    let at = 0;
    for (let bucket = 0; bucket < LEVELS * CLASSES; bucket++) {
      if (bucket % CLASSES === 0) {
        for (; at < this.start(bucket); at++) this.#checkPiece(at, false);
        if (at !== this.start(bucket)) throw new Error(`the segment of bucket ${bucket} begins at the wrong place`);
      }
      for (; at < this.#ends[bucket]!; at++) {
        this.#checkPiece(at, true);
        if (this.bucket(this.order[at]!) !== bucket)
          throw new Error(`piece ${this.order[at]} lies in the wrong bucket`);
      }
    }
    for (; at < this.order.length; at++) this.#checkPiece(at, false);
  }

  #checkPiece(at: number, open: boolean): void {
    const piece = this.order[at]!;
    if (this.#positions[piece] !== at) throw new Error(`position of piece ${piece} is wrong`);
    if (this.isOpen(piece) !== open) throw new Error(`piece ${piece} lies among the wrong ones`);
    if (this.open.has(piece) !== open) throw new Error(`the open bit of piece ${piece} is wrong`);
  }

  #lastBucket(piece: number): number {
    return (TOP_PRIORITY - this.#priorities[piece]! + 1) * CLASSES - 1;
  }

  #swap(a: number, b: number): void {
    const pieceA = this.order[a]!;
    const pieceB = this.order[b]!;
    this.order[a] = pieceB;
    this.order[b] = pieceA;
    this.#positions[pieceA] = b;
    this.#positions[pieceB] = a;
  }
}
