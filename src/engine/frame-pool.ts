// Outgoing frames: room for blocks with the 13 header bytes of each between them, so that one vectored read fills a frame
// straight from the disk and one write sends it. Frames are used again, and all of them together have a bound: who finds
// none waits for others to give theirs back. Nothing here knows a peer.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { PIECE_HEADER_LENGTH, writePieceHeader } from '../protocol/wire/messages.ts';
import type { UploadRun } from '../swarm/swarm-upload.ts';

const STRIDE = PIECE_HEADER_LENGTH + BLOCK_LENGTH;
/** Blocks that frames have room for: a peer that takes little at a time holds little. */
const SIZES = [1, 8, 64];
/** Requests may be for less than a block each. */
const MOST_RUN = 64;
/** The largest frame, and one for somebody else. */
const LEAST_MEMORY = 2 * sizeOf(SIZES.at(-1)!);

function sizeOf(blocks: number): number {
  return blocks * BLOCK_LENGTH + MOST_RUN * PIECE_HEADER_LENGTH;
}

export class Frame {
  /** Bytes of memory. */
  readonly size: number;
  readonly #bytes: Buffer;
  readonly #gaps: Buffer[] = [];

  constructor(blocks: number) {
    this.size = sizeOf(blocks);
    this.#bytes = Buffer.allocUnsafeSlow(this.size);
    for (let block = 0; block < blocks; block++) {
      const start = block * STRIDE + PIECE_HEADER_LENGTH;
      this.#gaps.push(this.#bytes.subarray(start, start + BLOCK_LENGTH));
    }
  }

  /** Writes the headers; returns the gaps for the payload, in order. */
  lay(run: UploadRun): Uint8Array[] {
    const gaps: Uint8Array[] = [];
    let at = 0;
    let begin = run.begin;
    let regular = true;
    for (let i = 0; i < run.lengths.length; i++) {
      const length = run.lengths[i]!;
      writePieceHeader(this.#bytes, at, run.piece, begin, length);
      gaps.push(
        regular && length === BLOCK_LENGTH && i < this.#gaps.length
          ? this.#gaps[i]!
          : this.#bytes.subarray(at + PIECE_HEADER_LENGTH, at + PIECE_HEADER_LENGTH + length),
      );
      if (length !== BLOCK_LENGTH) regular = false;
      at += PIECE_HEADER_LENGTH + length;
      begin += length;
    }
    return gaps;
  }

  /** The bytes to send for a run that was laid. */
  bytes(run: UploadRun): Uint8Array {
    return this.#bytes.subarray(0, run.bytes + run.lengths.length * PIECE_HEADER_LENGTH);
  }
}

export class FramePool {
  readonly #memory: number;
  /** Of all frames there are. */
  #bytes = 0;
  /** By index in SIZES. */
  readonly #idle: Frame[][] = SIZES.map(() => []);
  #waiting: (() => void)[] = [];

  /** `memory`: bytes for all frames together; at least 2 MiB are used. */
  constructor(memory: number) {
    this.#memory = Math.max(LEAST_MEMORY, memory);
  }

  /** A frame for runs of so many payload bytes, at most 64 blocks; undefined when there is no memory for it now. */
  take(payload: number): Frame | undefined {
    const index = sizeFor(payload);
    const idle = this.#idle[index]!.pop();
    if (idle !== undefined) return idle;
    const size = sizeOf(SIZES[index]!);
    for (const others of this.#idle)
      while (this.#bytes + size > this.#memory && others.length > 0) this.#bytes -= others.pop()!.size;
    if (this.#bytes + size > this.#memory) return undefined;
    this.#bytes += size;
    return new Frame(SIZES[index]!);
  }

  /** Calls back once, in the turn in which a frame is given back; those who waited before come first. */
  whenGiven(ready: () => void): void {
    this.#waiting.push(ready);
  }

  give(frame: Frame): void {
    this.#idle[SIZES.findIndex((blocks) => sizeOf(blocks) === frame.size)]!.push(frame);
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const ready of waiting) ready();
  }
}

/** A run is never shorter than a block, whatever was asked for. */
function sizeFor(payload: number): number {
  const index = SIZES.findIndex((blocks) => blocks * BLOCK_LENGTH >= payload);
  return index < 0 ? SIZES.length - 1 : index;
}
