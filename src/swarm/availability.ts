// How many copies of each piece the connected peers have, and the missing pieces in order of rarity. Seeds are counted
// once and not per piece, so a seed's arrival or departure costs nothing. Chooses nothing.
//
// `order` holds the wanted pieces sorted by copies, in buckets: bucket c ends at `#ends[c]`. A piece moves to the next
// bucket by one swap with the bucket's edge; inside a bucket the order is random from the shuffle at the start.

import type { Bitfield } from '../base/bitfield.ts';
import type { Random } from '../base/ports.ts';

export class Availability {
  /** Peers with everything. */
  seeds = 0;
  readonly order: Int32Array;
  readonly #copies: Uint16Array;
  /** Index in `order`, or -1 when the piece is not wanted. */
  readonly #positions: Int32Array;
  readonly #ends: number[] = [0];

  constructor(pieceCount: number, wanted: (piece: number) => boolean, random: Random) {
    this.#copies = new Uint16Array(pieceCount);
    this.#positions = new Int32Array(pieceCount).fill(-1);
    this.order = new Int32Array(pieceCount);
    let count = 0;
    for (let piece = 0; piece < pieceCount; piece++) if (wanted(piece)) this.order[count++] = piece;
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const other = this.order[j]!;
      this.order[j] = this.order[i]!;
      this.order[i] = other;
    }
    for (let i = 0; i < count; i++) this.#positions[this.order[i]!] = i;
    this.#ends[0] = count;
  }

  /** Pieces in `order`. */
  get wanted(): number {
    return this.#ends[this.#ends.length - 1]!;
  }

  /** Where the pieces begin that some peer other than a seed has. */
  get firstShared(): number {
    return this.#ends[0]!;
  }

  /** Copies among the connected peers, seeds included. */
  copies(piece: number): number {
    return this.#copies[piece]! + this.seeds;
  }

  peerHas(piece: number): void {
    const bucket = this.#copies[piece]!++;
    if (this.#ends.length < bucket + 2) this.#ends.push(this.wanted);
    const at = this.#positions[piece]!;
    if (at < 0) return;
    const edge = --this.#ends[bucket]!;
    this.#swap(at, edge);
  }

  peerLost(piece: number): void {
    const bucket = this.#copies[piece]!--;
    const at = this.#positions[piece]!;
    if (at < 0) return;
    const edge = this.#ends[bucket - 1]!++;
    this.#swap(at, edge);
  }

  /** Adds (or takes away) a whole bitfield of a peer that is no seed. */
  peerJoined(field: Bitfield): void {
    for (let piece = 0; piece < field.size; piece++) if (field.has(piece)) this.peerHas(piece);
  }

  peerLeft(field: Bitfield): void {
    for (let piece = 0; piece < field.size; piece++) if (field.has(piece)) this.peerLost(piece);
  }

  /** The piece is being fetched or had: take it out of the order. */
  unwant(piece: number): void {
    let at = this.#positions[piece]!;
    if (at < 0) return;
    for (let bucket = this.#copies[piece]!; bucket < this.#ends.length; bucket++) {
      const edge = --this.#ends[bucket]!;
      this.#swap(at, edge);
      at = edge;
    }
    this.#positions[piece] = -1;
  }

  /** The piece is missing again. */
  want(piece: number): void {
    if (this.#positions[piece]! >= 0) return;
    const bucket = this.#copies[piece]!;
    while (this.#ends.length < bucket + 1) this.#ends.push(this.wanted);
    let at = this.wanted;
    this.order[at] = piece;
    this.#positions[piece] = at;
    for (let higher = this.#ends.length - 1; higher >= bucket; higher--) {
      const start = higher === 0 ? 0 : this.#ends[higher - 1]!;
      this.#ends[higher]!++;
      if (higher > bucket) {
        this.#swap(at, start);
        at = start;
      }
    }
  }

  /** Throws when the order and the counts disagree. For tests and the simulator. */
  checkInvariant(): void {
    let bucket = 0;
    for (let at = 0; at < this.wanted; at++) {
      while (at >= this.#ends[bucket]!) bucket++;
      const piece = this.order[at]!;
      if (this.#positions[piece] !== at) throw new Error(`position of piece ${piece} is wrong`);
      if (this.#copies[piece] !== bucket) throw new Error(`piece ${piece} lies in the wrong bucket`);
    }
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
