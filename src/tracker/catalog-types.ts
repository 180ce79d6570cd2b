// The values that pass between the catalog, its worker and its callers. Plain data only: they cross a thread boundary.

import type { ErrorCode } from '../base/errors.ts';

export interface Quotas {
  /** Versions one publisher may keep, and the bytes of them (.torrent and record). */
  publisherEntries: number;
  publisherBytes: number;
  /** The same for one source address (an IPv6 /64 counts as one). */
  addressEntries: number;
  addressBytes: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  publisherEntries: 10_000,
  publisherBytes: 256 * 1024 * 1024,
  addressEntries: 20_000,
  addressBytes: 1024 * 1024 * 1024,
};

/** One version of one name. Times are epoch seconds, sizes bytes. */
export interface CatalogFile {
  name: string;
  /** 64 hex digits. */
  publisher: string;
  seq: number;
  size: number;
  /** 40 hex digits. */
  infoHash: string;
  /** Number of files in the torrent, pad files not counted. */
  files: number;
  published: number;
}

export interface CatalogEntry extends CatalogFile {
  /** Newest version of the name. */
  latest: number;
  /** When this publisher took the name. */
  since: number;
  pieceLength: number;
  pieces: number;
  private: boolean;
  /** The signed bytes as they came, and the signature over them. */
  entry: Uint8Array;
  signature: Uint8Array;
  /** Other names in the catalog that look like this one. */
  lookalikes: string[];
}

export interface PublishInput {
  /** The .torrent as it came. */
  torrent: Uint8Array;
  /** Signed bytes of an entry (protocol/entry.ts). */
  entry: Uint8Array;
  signature: Uint8Array;
  /** The publisher's socket address, for its quota. */
  sourceAddress: string;
}

export interface PublishResult {
  outcome: 'created' | 'same' | 'newVersion';
  file: CatalogEntry;
  /** For people: look-alike names and the like. */
  warnings: string[];
}

export interface ListInput {
  /** Words that must all be part of the name, case and Latin accents ignored; '' for all. */
  query: string;
  /** From the page before. */
  cursor: string | undefined;
  limit: number;
}

export interface ListResult {
  files: CatalogFile[];
  next: string | undefined;
  total: number;
}

export interface ChainHead {
  /** 0 when the publisher has nothing under the name. */
  seq: number;
  /** SHA-256 of the signed bytes of that record, 64 hex digits or ''. */
  hash: string;
  /** The signed bytes and the signature; empty when `seq` is 0. */
  entry: Uint8Array;
  signature: Uint8Array;
}

export interface RemoveResult {
  /** Versions taken out. */
  removed: number;
}

export interface TorrentFile {
  bytes: Uint8Array;
  infoHash: string;
  seq: number;
}

/** What the catalog's worker does, by name. */
export interface CatalogOperations {
  publish(input: PublishInput): PublishResult;
  list(input: ListInput): ListResult;
  lookup(input: { name: string; version: number | undefined }): CatalogEntry | undefined;
  versions(input: { name: string }): CatalogFile[];
  head(input: { name: string; publisher: string }): ChainHead;
  torrent(input: { name: string; version: number | undefined }): TorrentFile | undefined;
  near(input: { name: string }): string[];
  /** `entry` undefined: by the operator. */
  remove(input: { name: string; signed: { entry: Uint8Array; signature: Uint8Array } | undefined }): RemoveResult;
}

export type OperationName = keyof CatalogOperations;
export type InputOf<K extends OperationName> = Parameters<CatalogOperations[K]>[0];
export type ResultOf<K extends OperationName> = ReturnType<CatalogOperations[K]>;

export interface WorkerData {
  path: string;
  quotas: Quotas;
}

export type WorkerRequest =
  | { type: 'call'; id: number; operation: OperationName; input: unknown }
  /** Finish what was asked before, then end. */
  | { type: 'close' };

export interface WorkerFailure {
  code: ErrorCode;
  message: string;
  reason: string | undefined;
}

/** Torrents that the catalog began or ceased to hold. Info-hashes are 40 hex digits. */
export interface HeldChange {
  added: { infoHash: string; pieces: number }[];
  removed: string[];
}

export type WorkerMessage =
  /** Sent once. `held`: of all torrents the info-hash, 20 bytes, and the number of pieces, 4 bytes big-endian. */
  | { type: 'open'; held: Uint8Array; total: number }
  | { type: 'openFailed'; error: WorkerFailure }
  | { type: 'replies'; replies: WorkerReply[]; change: HeldChange | undefined; total: number };

export type WorkerReply = { id: number; result: unknown } | { id: number; error: WorkerFailure };
