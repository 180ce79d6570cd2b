// Makes the metadata of files: finds them, hashes them on all cores, and notices when they change meanwhile. It never
// writes anything but the bytes it returns.

import { createHash } from 'node:crypto';
import { Bitfield } from '../../base/bitfield.ts';
import { ShoalError } from '../../base/errors.ts';
import { type Metainfo, parseMetainfo } from '../../protocol/metainfo.ts';
import { buildInfo, choosePieceLength, encodeMetainfo } from '../../protocol/metainfo-build.ts';
import type { TorrentRecord } from '../stores/torrent-record.ts';
import { describeSize, diskError } from './disk-error.ts';
import { readStamp, sameStamp } from './file-stamp.ts';
import { SHA1_LENGTH } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { forEachLimited } from './limit.ts';
import { findSource, type LeftOut, type SourceFile } from './source.ts';

export interface CreateOptions {
  paths: readonly string[];
  /** Required for several paths; default the path's own name. */
  name?: string;
  /** Bytes, a power of two from 16 KiB to 64 MiB; chosen by size when absent. */
  pieceLength?: number;
  exclude?: readonly string[];
  private?: boolean;
  comment?: string;
  /** Tiers of trackers, outside the info dictionary. */
  announce?: readonly (readonly string[])[];
  /** `file`: one that was just read, for display. */
  onProgress?: (progress: { hashed: number; size: number; file: string }) => void;
  signal?: AbortSignal;
  pool: HashPool;
}

export interface CreatedTorrent {
  metainfo: Metainfo;
  /** The .torrent file. */
  torrent: Uint8Array;
  skipped: LeftOut[];
  /** The file or folder shared; for several paths the folder they are all in. */
  root: string;
  /** Where each file lies, in the order of `metainfo.files`. */
  paths: string[];
  /** Vouches for what was just hashed, for a storage that seeds it in place. */
  record: TorrentRecord;
}

const MIN_PIECE_LENGTH = 16 * 1024;
const MAX_PIECE_LENGTH = 64 * 1024 * 1024;
const STATS_AT_ONCE = 16;

function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}

export async function createTorrent(options: CreateOptions): Promise<CreatedTorrent> {
  const source = await findSource(options.paths, options.exclude);
  const name = options.name ?? source.name;
  if (name === undefined)
    throw new ShoalError('ERR_USAGE', 'several paths in one torrent need a name for it: give one with --name');
  const pieceLength = options.pieceLength ?? choosePieceLength(source.size);
  if (pieceLength < MIN_PIECE_LENGTH || pieceLength > MAX_PIECE_LENGTH || (pieceLength & (pieceLength - 1)) !== 0)
    throw new ShoalError(
      'ERR_USAGE',
      `a piece length of ${describeSize(pieceLength)} is not possible: give a power of two from 16 KiB to 64 MiB`,
    );
  const pieces = await hashSource(source.files, source.size, pieceLength, options);
  await requireUnchanged(source.files);
  const infoBytes = buildInfo({
    name,
    pieceLength,
    pieces,
    ...(options.private === true ? { private: true } : {}),
    files: source.single
      ? { length: source.size }
      : source.files.map((file) => ({ path: file.path, length: file.stamp.size })),
  });
  const torrent = encodeMetainfo({
    infoBytes,
    createdBy: 'Shoal',
    creationDate: Math.floor(Date.now() / 1000),
    ...(options.announce === undefined ? {} : { announce: options.announce }),
    ...(options.comment === undefined ? {} : { comment: options.comment }),
  });
  const metainfo = parseMetainfo(torrent, sha1);
  return {
    metainfo,
    torrent,
    skipped: source.leftOut,
    root: source.root,
    paths: source.files.map((file) => file.absolute),
    record: {
      infoHash: metainfo.infoHash,
      path: source.root,
      have: Bitfield.full(metainfo.pieceCount),
      begun: new Set(),
      partials: new Map(),
      files: source.files.map((file) => file.stamp),
      uploaded: 0,
      downloaded: 0,
      ours: false,
      clean: true,
      at: 0,
    },
  };
}

async function hashSource(
  files: readonly SourceFile[],
  size: number,
  pieceLength: number,
  options: CreateOptions,
): Promise<Uint8Array> {
  const pieces = new Uint8Array(Math.ceil(size / pieceLength) * SHA1_LENGTH);
  const ends: number[] = [];
  let end = 0;
  for (const file of files) {
    end += file.stamp.size;
    ends.push(end);
  }
  let hashed = 0;
  let failure: { part: number; errno: string } | undefined;
  options.onProgress?.({ hashed: 0, size, file: files[0]!.absolute });
  await options.pool.hashPieces({
    parts: files.map((file) => ({ path: file.absolute, length: file.stamp.size })),
    pieceLength,
    onPartFailed: (part, errno) => {
      failure ??= { part, errno };
    },
    onPieces: (first, hashes) => {
      if (failure !== undefined) throw readFailure(files[failure.part]!.absolute, failure.errno);
      pieces.set(hashes, first * SHA1_LENGTH);
      const from = first * pieceLength;
      hashed += Math.min(size - from, (hashes.length / SHA1_LENGTH) * pieceLength);
      options.onProgress?.({ hashed, size, file: files[firstBeyond(ends, from)]!.absolute });
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return pieces;
}

/** Index of the first number of an ascending list that is larger than `value`. */
function firstBeyond(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function changedError(path: string): ShoalError {
  return new ShoalError('ERR_SOURCE', `${path} changed while it was being hashed; try again when it is at rest`, {
    reason: 'changed',
  });
}

function readFailure(path: string, errno: string): ShoalError {
  if (errno === 'ESHORT' || errno === 'ENOENT') return changedError(path);
  return new ShoalError('ERR_SOURCE', diskError(errno, path, 'read').message, { reason: errno });
}

async function requireUnchanged(files: readonly SourceFile[]): Promise<void> {
  await forEachLimited(files, STATS_AT_ONCE, async (file) => {
    const stamp = await readStamp(file.absolute).catch(() => undefined);
    if (!sameStamp(stamp, file.stamp)) throw changedError(file.absolute);
  });
}
