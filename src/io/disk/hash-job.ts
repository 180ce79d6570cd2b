// The messages between the hash pool and its workers. They are small and cross by copy; the bytes of pieces never do:
// those lie in slabs both sides share.

import type { FileStamp } from './file-stamp.ts';

export interface WriteRange {
  /** -1: `path` is opened for this write alone, and made if it is not there. */
  fd: number;
  path?: string;
  /** Where in the file. */
  position: number;
  /** Where in the place. */
  start: number;
  length: number;
}

/** A stretch of a file to be read back; `fd` -1 stands for zeros (pad files). */
export interface ReadRange {
  fd: number;
  position: number;
  length: number;
}

/** Hash the piece at `offset` of the slab, compare, write. */
export interface CommitMessage {
  kind: 'commit';
  id: number;
  slab: number;
  offset: number;
  length: number;
  /** SHA-1 as 20 latin1 characters; undefined: verified already, only write. */
  expected: string | undefined;
  /** Answer with the digests of the blocks also when the hash is right. */
  digests: boolean;
  writes: WriteRange[];
}

/** Write, unverified, and take `length` bytes into the hash of the piece `key` if that stands at `start`. */
export interface StoreMessage {
  kind: 'store';
  id: number;
  slab: number;
  offset: number;
  writes: WriteRange[];
  key: number;
  /** Where in the piece the bytes belong. */
  start: number;
  /** 0: hash nothing. */
  length: number;
}

/** Read from `start` of the piece on and take that into its hash; the last step of a piece compares. */
export interface VerifyMessage {
  kind: 'verify';
  id: number;
  key: number;
  /** 0: whatever is known of the piece is forgotten first. */
  start: number;
  length: number;
  /** Bytes of the whole piece. */
  total: number;
  reads: ReadRange[];
  /** Digests of the blocks are gathered. Only for a piece that is read from its beginning. */
  digests: boolean;
  /** In the last step: SHA-1 as 20 latin1 characters. */
  expected: string | undefined;
}

/** The hash of the piece is not needed any more. No answer. */
export interface ForgetMessage {
  kind: 'forget';
  key: number;
}

export type PieceMessage = CommitMessage | StoreMessage | VerifyMessage | ForgetMessage;

/** A small file that is whole: put it on the disk, give it its final name. */
export interface SettleFile {
  readonly partPath: string;
  readonly path: string;
  readonly length: number;
  /** It was written to since it was last put on the disk. */
  readonly sync: boolean;
  /** Take the place of what has the final name. */
  readonly replace: boolean;
}

export interface SettledFile {
  /** What the file looks like, unless it could not be opened or put on the disk. */
  readonly stamp?: FileStamp;
  readonly failure?: { readonly step: 'sync' | 'name'; readonly errno: string; readonly message: string };
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
  | { type: 'pieces'; jobs: PieceMessage[] }
  | { type: 'range'; job: RangeMessage }
  | { type: 'settle'; ids: number[]; files: SettleFile[] };

export interface PieceReply {
  id: number;
  /** undefined: done. */
  failure: 'hash' | 'disk' | undefined;
  errno: string;
  message: string;
  /** 8 bytes a block. */
  digests: Uint8Array | undefined;
  /** The bytes are in the hash of their piece. */
  hashed: boolean;
}

export interface RangeFailure {
  /** Index into `segments`. */
  segment: number;
  /** 'ESHORT' when the file ended early. */
  errno: string;
}

export type FromWorker =
  /** `hashing`, `writing`: milliseconds since the message before. */
  | { type: 'pieces'; replies: PieceReply[]; hashing: number; writing: number }
  /** `failed`: pieces, counted from the first of the range, that could not be read whole. */
  | { type: 'range'; id: number; hashes: Uint8Array; failed: number[]; failures: RangeFailure[] }
  | { type: 'settled'; ids: number[]; files: SettledFile[] };

export const SHA1_LENGTH = 20;
/** Of a block's SHA-1 so many bytes are kept to tell right blocks from wrong ones. */
export const DIGEST_LENGTH = 8;
