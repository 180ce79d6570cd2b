// Outgoing frames: room for up to 64 blocks with the 13 header bytes of each between them, so that one vectored read
// fills a frame straight from the disk and one write sends it. Frames are used again; nothing here knows a peer.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { PIECE_HEADER_LENGTH, writePieceHeader } from '../protocol/wire/messages.ts';
import type { UploadRun } from '../swarm/swarm-upload.ts';

const BLOCKS = 64;
const STRIDE = PIECE_HEADER_LENGTH + BLOCK_LENGTH;
/** Idle frames kept for the next upload. */
const KEPT = 8;

export class Frame {
  readonly #bytes = Buffer.allocUnsafeSlow(BLOCKS * STRIDE);
  readonly #gaps: Buffer[] = [];

  constructor() {
    for (let block = 0; block < BLOCKS; block++) {
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
        regular && length === BLOCK_LENGTH
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
  readonly #idle: Frame[] = [];

  take(): Frame {
    return this.#idle.pop() ?? new Frame();
  }

  give(frame: Frame): void {
    if (this.#idle.length < KEPT) this.#idle.push(frame);
  }
}
