// Evidence against whoever spoilt a failed piece: of each failed attempt a short digest of every block and who sent it.
// When the piece passes at last its digests tell exactly whose blocks were wrong. Accuses, does not punish.
//
// All of it is bounded: evidence that is dropped for room accuses nobody and clears everybody it named.

import { copyBytes } from '../base/bytes.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import type { Sha1 } from '../base/ports.ts';
import type { Reputation } from './reputation.ts';

/** Bytes of the digest of one block: the first of its SHA-1. */
export const DIGEST_LENGTH = 8;
export const MAX_CASES = 64;
export const MAX_EVIDENCE = 2 * 1024 * 1024;
/** Failed attempts at one piece that are kept: after the first one, each has a single sender who is found out at once. */
const MAX_ATTEMPTS = 4;
/** No sender known: the block was on disk before this session. */
const UNKNOWN = 0xffff;

interface Attempt {
  readonly digests: Uint8Array;
  readonly suspects: readonly Reputation[];
  /** By block, an index into `suspects`. */
  readonly senders: Uint16Array;
}

function sizeOf(attempt: Attempt): number {
  return attempt.digests.length + attempt.senders.byteLength;
}

export class Blame {
  /** By piece, the oldest first. */
  readonly #cases = new Map<number, Attempt[]>();
  #size = 0;

  get cases(): number {
    return this.#cases.size;
  }

  /** Bytes of digests and senders. */
  get size(): number {
    return this.#size;
  }

  /** The piece failed before and its digests are wanted when it passes. */
  has(piece: number): boolean {
    return this.#cases.has(piece);
  }

  /**
   * Each block's sender of an attempt that failed, undefined where nobody knows, and the digests of the blocks one after
   * the other. Everybody named has one more unsettled piece.
   */
  accuse(piece: number, digests: Uint8Array, sentBy: readonly (Reputation | undefined)[]): void {
    if (digests.length !== sentBy.length * DIGEST_LENGTH) return;
    const suspects = new Map<Reputation, number>();
    const senders = new Uint16Array(sentBy.length);
    for (let block = 0; block < senders.length; block++) {
      const sender = sentBy[block];
      if (sender !== undefined && !suspects.has(sender)) suspects.set(sender, suspects.size);
      senders[block] = sender === undefined ? UNKNOWN : suspects.get(sender)!;
    }
    const attempt = { digests: copyBytes(digests), suspects: [...suspects.keys()], senders };
    for (const suspect of attempt.suspects) suspect.unsettled++;
    const attempts = this.#cases.get(piece) ?? [];
    attempts.push(attempt);
    this.#size += sizeOf(attempt);
    if (attempts.length > MAX_ATTEMPTS) this.#discard(attempts.shift()!);
    this.#cases.set(piece, attempts);
    while (this.#cases.size > MAX_CASES || this.#size > MAX_EVIDENCE)
      for (const oldest of this.#cases.keys().take(1)) this.drop(oldest);
  }

  /**
   * The piece passed with these digests. Returns those who sent a block that was different before, each once; everybody
   * named is settled. Without digests nobody can be found out.
   */
  settle(piece: number, right: Uint8Array | undefined): Reputation[] {
    const liars = new Set<Reputation>();
    for (const { digests, suspects, senders } of this.#cases.get(piece) ?? []) {
      if (right?.length !== digests.length) continue;
      for (let block = 0; block < senders.length; block++) {
        const sender = senders[block]!;
        if (sender !== UNKNOWN && differ(digests, right, block * DIGEST_LENGTH)) liars.add(suspects[sender]!);
      }
    }
    this.drop(piece);
    return [...liars];
  }

  /** Nothing will be known of this piece any more. */
  drop(piece: number): void {
    for (const attempt of this.#cases.get(piece) ?? []) this.#discard(attempt);
    this.#cases.delete(piece);
  }

  #discard(attempt: Attempt): void {
    this.#size -= sizeOf(attempt);
    for (const suspect of attempt.suspects) suspect.unsettled--;
  }
}

/** The digests of the blocks of a piece, one after the other. */
export function digestBlocks(piece: Uint8Array, sha1: Sha1): Uint8Array {
  const digests = new Uint8Array(Math.ceil(piece.length / BLOCK_LENGTH) * DIGEST_LENGTH);
  for (let begin = 0, at = 0; begin < piece.length; begin += BLOCK_LENGTH, at += DIGEST_LENGTH)
    digests.set(sha1(piece.subarray(begin, begin + BLOCK_LENGTH)).subarray(0, DIGEST_LENGTH), at);
  return digests;
}

function differ(a: Uint8Array, b: Uint8Array, start: number): boolean {
  for (let at = start; at < start + DIGEST_LENGTH; at++) if (a[at] !== b[at]) return true;
  return false;
}
