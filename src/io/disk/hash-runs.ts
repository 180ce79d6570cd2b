// Cuts the pieces that are to be hashed into runs of consecutive ones, each small enough to spread over all workers and
// large enough that a message costs nothing beside it.

import type { RangeSegment } from './hash-job.ts';

export interface StreamPart {
  /** An absolute path, or null for zeros (pad files). */
  path: string | null;
  length: number;
}

export interface HashRequest {
  /** The files whose concatenation is hashed, in order. */
  parts: readonly StreamPart[];
  pieceLength: number;
  /** Pieces to hash; all when absent. */
  wanted?: (piece: number) => boolean;
  /** 20 bytes a piece from `first` on; pieces in `failed` (counted from `first`) could not be read whole. */
  onPieces: (first: number, hashes: Uint8Array, failed: ReadonlySet<number>) => void;
  /** A part that could not be read; 'ESHORT' when it ended early. May come more than once a part. */
  onPartFailed?: (part: number, errno: string) => void;
  signal?: AbortSignal;
}

export interface Run {
  first: number;
  segments: RangeSegment[];
  /** For each segment the index of its part. */
  parts: number[];
}

const RUN_BYTES = 8 * 1024 * 1024;
const RUN_SEGMENTS = 512;

export function* cutRuns(request: HashRequest): Generator<Run, undefined> {
  const { parts, pieceLength, wanted } = request;
  let total = 0;
  for (const part of parts) total += part.length;
  const pieceCount = Math.ceil(total / pieceLength);
  const cursor = new PartCursor(parts);
  let run: Run | undefined;
  let runBytes = 0;
  for (let piece = 0; piece < pieceCount; piece++) {
    const length = Math.min(pieceLength, total - piece * pieceLength);
    if (wanted?.(piece) === false) {
      cursor.take(length, undefined);
      if (run !== undefined) yield run;
      run = undefined;
      continue;
    }
    if (run === undefined) {
      run = { first: piece, segments: [], parts: [] };
      runBytes = 0;
    }
    cursor.take(length, run);
    runBytes += length;
    if (runBytes >= RUN_BYTES || run.segments.length >= RUN_SEGMENTS) {
      yield run;
      run = undefined;
    }
  }
  if (run !== undefined) yield run;
  return undefined;
}

class PartCursor {
  readonly #parts: readonly StreamPart[];
  #part = 0;
  #position = 0;

  constructor(parts: readonly StreamPart[]) {
    this.#parts = parts;
  }

  /** Moves on by `length` bytes and notes in `run` what they are made of. */
  take(length: number, run: Run | undefined): void {
    for (let left = length; left > 0; ) {
      const part = this.#parts[this.#part]!;
      const step = Math.min(left, part.length - this.#position);
      if (step > 0 && run !== undefined) this.#note(run, part, step);
      left -= step;
      this.#position += step;
      if (this.#position === part.length) {
        this.#part++;
        this.#position = 0;
      }
    }
  }

  #note(run: Run, part: StreamPart, length: number): void {
    const last = run.segments.at(-1);
    if (last !== undefined && run.parts.at(-1) === this.#part) last.length += length;
    else {
      run.segments.push({ path: part.path, position: this.#position, length });
      run.parts.push(this.#part);
    }
  }
}
