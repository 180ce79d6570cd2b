// The messages between the hash pool and its workers. They are small and cross by copy; the bytes of pieces never do:
// those lie in slabs both sides share.

export interface WriteRange {
  fd: number;
  /** Where in the file. */
  position: number;
  /** Where in the piece. */
  start: number;
  length: number;
}

export interface CommitMessage {
  id: number;
  slab: number;
  offset: number;
  length: number;
  /** SHA-1 as 20 latin1 characters; undefined: verified already, only write. */
  expected: string | undefined;
  writes: WriteRange[];
}

/** A stretch of one file; `path` null stands for zeros (pad files). */
export interface RangeSegment {
  path: string | null;
  position: number;
  length: number;
}

/** Consecutive whole pieces (the last may be short) to be read and hashed. */
export interface RangeMessage {
  id: number;
  pieceLength: number;
  segments: RangeSegment[];
}

export type ToWorker =
  | { type: 'slab'; id: number; slab: SharedArrayBuffer }
  | { type: 'forget'; id: number }
  | { type: 'commits'; jobs: CommitMessage[] }
  | { type: 'range'; job: RangeMessage };

export interface CommitReply {
  id: number;
  /** undefined: done. */
  failure: 'hash' | 'disk' | undefined;
  errno: string;
  message: string;
}

export interface RangeFailure {
  /** Index into `segments`. */
  segment: number;
  /** 'ESHORT' when the file ended early. */
  errno: string;
}

export type FromWorker =
  | { type: 'commits'; replies: CommitReply[] }
  /** `failed`: pieces, counted from the first of the range, that could not be read whole. */
  | { type: 'range'; id: number; hashes: Uint8Array; failed: number[]; failures: RangeFailure[] };

export const SHA1_LENGTH = 20;
