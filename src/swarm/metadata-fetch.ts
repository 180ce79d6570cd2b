// Copies of the info dictionary on their way (BEP 9), each from one peer: which pieces have come and when. Memory is taken
// for what has come, not for what was announced.

import { copyBytes, equalBytes } from '../base/bytes.ts';
import { METADATA_PIECE_LENGTH, metadataPieceCount } from '../protocol/wire/extension.ts';
import type { Peer } from './peer.ts';

/** A copy on its way from one peer. */
export class MetadataFetch {
  readonly peer: Peer;
  readonly size: number;
  readonly startedAt: number;
  readonly pieces: (Uint8Array | undefined)[];
  readonly #asked: Uint8Array;
  readonly #first: number;
  inFlight = 0;
  missing: number;
  progressAt: number;

  /** `share`: where in it this copy begins, from 0 to 1, so that several do not all fetch the same first. */
  constructor(peer: Peer, size: number, share: number, now: number) {
    this.peer = peer;
    this.size = size;
    this.missing = metadataPieceCount(size);
    this.pieces = new Array<Uint8Array | undefined>(this.missing).fill(undefined);
    this.#asked = new Uint8Array(this.missing);
    this.#first = Math.floor(share * this.missing);
    this.startedAt = now;
    this.progressAt = now;
  }

  /** The next piece to ask for: one that nobody else was asked for, if there is one. It counts as asked then. */
  next(others: readonly MetadataFetch[]): number | undefined {
    const count = this.pieces.length;
    let fallback: number | undefined;
    for (let step = 0; step < count; step++) {
      const piece = (this.#first + step) % count;
      if (this.#asked[piece] === 1) continue;
      fallback ??= piece;
      if (others.some((other) => other.#asked[piece] === 1)) continue;
      return this.#ask(piece);
    }
    return fallback === undefined ? undefined : this.#ask(fallback);
  }

  #ask(piece: number): number {
    this.#asked[piece] = 1;
    this.inFlight++;
    return piece;
  }

  /** False for what has come before. */
  take(piece: number, data: Uint8Array, now: number): boolean {
    if (this.pieces[piece] !== undefined) return false;
    if (this.#asked[piece] === 1) this.inFlight--;
    this.#asked[piece] = 1;
    this.pieces[piece] = copyBytes(data);
    this.missing--;
    this.progressAt = now;
    return true;
  }

  /** Whether something of it differs from what was found to be right. */
  contradicts(infoBytes: Uint8Array): boolean {
    if (infoBytes.length !== this.size) return false;
    return this.pieces.some((data, piece) => {
      const start = piece * METADATA_PIECE_LENGTH;
      return data !== undefined && !equalBytes(data, infoBytes.subarray(start, start + data.length));
    });
  }
}

/** The whole from what has come of copies of one size; undefined while a piece lacks in all of them. */
export function joinCopies(copies: readonly MetadataFetch[], size: number): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (let piece = 0; piece < metadataPieceCount(size); piece++) {
    const data = copies.find((copy) => copy.pieces[piece] !== undefined)?.pieces[piece];
    if (data === undefined) return undefined;
    parts.push(data);
  }
  const bytes = new Uint8Array(size);
  for (const [piece, data] of parts.entries()) bytes.set(data, piece * METADATA_PIECE_LENGTH);
  return bytes;
}
