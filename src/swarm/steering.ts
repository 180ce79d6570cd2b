// What the first seed of something new suggests (BEP 6) to those it serves: each of them other pieces, so that peers who
// know nothing of each other's choice do not all ask it for the same. Ends when every piece was asked for once, or when
// there is another seed. Sends nothing itself; peers may well ask for something else.

import { Bitfield } from '../base/bitfield.ts';
import type { Geometry } from '../base/geometry.ts';
import { drawPermutation } from '../base/permutation.ts';
import type { Random } from '../base/ports.ts';
import type { Copies } from './availability.ts';
import type { RequestQueue } from './request-queue.ts';

/** Suggestions to one peer that it has not followed yet, at most: others keep no more (BEP 6 sets no number). */
const MOST_OFFERED = 4;
/** As many blocks as a peer asks for at first. */
const AHEAD = 4;

/** What is looked at in a peer. */
export interface SteeredPeer {
  readonly id: number;
  readonly uploads: RequestQueue;
}

export class Steering<P extends SteeredPeer> {
  readonly #offered = new Map<number, number[]>();
  /** Pieces that were suggested or asked for. */
  readonly #handed: Bitfield;
  /** Pieces handed to one who did not get them. */
  readonly #back: number[] = [];
  readonly #order: Int32Array;
  #at = 0;
  readonly #most: number;
  readonly #copies: Copies;
  readonly #suggest: (peer: P, piece: number) => void;

  /** `suggest`: called with each piece that a peer shall hear of. */
  constructor(
    { pieceCount, blocksPerPiece }: Geometry,
    copies: Copies,
    random: Random,
    suggest: (peer: P, piece: number) => void,
  ) {
    this.#copies = copies;
    this.#suggest = suggest;
    this.#handed = new Bitfield(pieceCount);
    this.#most = Math.min(MOST_OFFERED, 1 + Math.ceil(AHEAD / blocksPerPiece));
    this.#order = drawPermutation(pieceCount, random);
  }

  /** Every piece was asked for, or somebody was told to. */
  get done(): boolean {
    return this.#at === this.#order.length && this.#back.length === 0 && this.#offered.size === 0;
  }

  /** The peer has asked for a block of the piece. */
  asked(peer: P, piece: number): void {
    const fresh = this.#handed.add(piece);
    const offered = this.#offered.get(peer.id);
    if (offered === undefined) return;
    const at = offered.indexOf(piece);
    if (at >= 0) offered.splice(at, 1);
    // It does not follow: what was offered first it may have from elsewhere by now.
    else if (fresh) offered.shift();
    if (offered.length === 0) this.#offered.delete(peer.id);
  }

  /** Suggests what the peer shall take next, as much as it may have waiting. */
  offer(peer: P): void {
    const offered = this.#offered.get(peer.id) ?? [];
    while (offered.length < this.#most) {
      const piece = this.#next();
      if (piece < 0) break;
      this.#handed.add(piece);
      offered.push(piece);
      this.#suggest(peer, piece);
    }
    if (offered.length > 0) this.#offered.set(peer.id, offered);
  }

  #next(): number {
    for (;;) {
      const piece = this.#back.pop() ?? (this.#at < this.#order.length ? this.#order[this.#at++]! : -1);
      if (piece < 0) return -1;
      if (this.#handed.has(piece)) continue;
      if (this.#copies.copies(piece) === 0) return piece;
      this.#handed.add(piece);
    }
  }

  /** The peer is not served any more, or gone: what it was to get may go to others. Call before its requests go. */
  stopped(peer: P): void {
    for (const piece of this.#offered.get(peer.id) ?? []) this.#takeBack(piece);
    this.#offered.delete(peer.id);
    const { uploads } = peer;
    for (let i = 0; i < uploads.count; i++) this.#takeBack(uploads.pieceAt(i));
  }

  #takeBack(piece: number): void {
    if (this.#handed.delete(piece)) this.#back.push(piece);
  }
}
