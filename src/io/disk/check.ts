// Reads what is on disk and says which pieces of a torrent it holds. It never writes, and a file that is missing or too
// short is not read where it cannot match.

import { stat } from 'node:fs/promises';
import { Bitfield } from '../../base/bitfield.ts';
import { equalBytes } from '../../base/bytes.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import { errnoOf } from './disk-error.ts';
import { SHA1_LENGTH } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { Layout } from './layout.ts';

export interface CheckOptions {
  /** Bytes hashed or skipped so far, of all that were to be checked. */
  onProgress?: (checkedBytes: number, total: number) => void;
  signal?: AbortSignal;
}

/** One file as it is on disk; undefined: not there. */
export interface FoundFile {
  path: string;
  size: number;
}

export type FileVerdict = 'ok' | 'missing' | 'short' | 'long' | 'bad' | 'unreadable';

export interface CheckedFile {
  /** Path below the torrent's root, joined by slashes. */
  name: string;
  path: string;
  length: number;
  verdict: FileVerdict;
  /** Bytes of this file in pieces that passed. */
  matched: number;
  /** Why it could not be read. */
  errno?: string;
}

export interface CheckResult {
  have: Bitfield;
  files: CheckedFile[];
  /** Bytes of real files in pieces that passed. */
  matched: number;
  complete: boolean;
}

/** Hashes the `wanted` pieces (default all) of what was found. `failures` collects errnos by index of the file. */
export async function hashFound(
  metainfo: Metainfo,
  layout: Layout,
  found: readonly (FoundFile | undefined)[],
  pool: HashPool,
  options: CheckOptions & { wanted?: (piece: number) => boolean; failures?: Map<number, string> } = {},
): Promise<Bitfield> {
  const have = new Bitfield(layout.pieceCount);
  const possible = new Bitfield(layout.pieceCount);
  possible.fill();
  for (const file of layout.files) {
    if (file.pad || file.length === 0) continue;
    const present = Math.min(file.length, found[file.index]?.size ?? 0);
    if (present === file.length) continue;
    const firstMissing = Math.floor((file.offset + present) / layout.pieceLength);
    for (let piece = firstMissing; piece <= file.lastPiece; piece++) possible.delete(piece);
  }
  let total = 0;
  let checked = 0;
  const { wanted, onProgress, signal, failures } = options;
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    if (wanted?.(piece) === false) possible.delete(piece);
    else if (possible.has(piece)) total += layout.pieceSize(piece);
  }
  onProgress?.(0, total);
  if (possible.count === 0) return have;
  await pool.hashPieces({
    parts: layout.files.map((file) => ({
      path: file.pad ? null : (found[file.index]?.path ?? file.path),
      length: file.length,
    })),
    pieceLength: layout.pieceLength,
    wanted: (piece) => possible.has(piece),
    onPieces: (first, hashes, failed) => {
      const count = hashes.length / SHA1_LENGTH;
      for (let i = 0; i < count; i++) {
        const piece = first + i;
        checked += layout.pieceSize(piece);
        const expected = metainfo.pieces.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH);
        if (!failed.has(i) && equalBytes(hashes.subarray(i * SHA1_LENGTH, (i + 1) * SHA1_LENGTH), expected))
          have.add(piece);
      }
      onProgress?.(checked, total);
    },
    onPartFailed: (part, errno) => {
      if (failures?.has(part) === false) failures.set(part, errno);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return have;
}

/** Bytes of each file that lie in pieces of `have`, by index of the file. */
export function matchedBytes(layout: Layout, have: Bitfield): number[] {
  return layout.files.map((file) => {
    if (file.pad) return 0;
    let bytes = 0;
    for (let piece = file.firstPiece; piece <= file.lastPiece; piece++) {
      if (!have.has(piece)) continue;
      const start = Math.max(file.offset, piece * layout.pieceLength);
      const end = Math.min(file.offset + file.length, (piece + 1) * layout.pieceLength);
      bytes += end - start;
    }
    return bytes;
  });
}

/** `path`: the file or folder itself. Never throws for what is missing or unreadable: the verdicts say it. */
export async function verify(
  metainfo: Metainfo,
  path: string,
  pool: HashPool,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const layout = new Layout(metainfo, path);
  const failures = new Map<number, string>();
  const found: (FoundFile | undefined)[] = [];
  for (const file of layout.files) {
    if (file.pad) continue;
    try {
      const present = await stat(file.path);
      if (present.isFile()) found[file.index] = { path: file.path, size: present.size };
      else failures.set(file.index, present.isDirectory() ? 'EISDIR' : 'EINVAL');
    } catch (error) {
      const errno = errnoOf(error) ?? 'EIO';
      if (errno !== 'ENOENT' && errno !== 'ENOTDIR') failures.set(file.index, errno);
    }
  }
  const have = await hashFound(metainfo, layout, found, pool, { ...options, failures });
  const matched = matchedBytes(layout, have);
  const files = layout.files
    .filter((file) => !file.pad)
    .map((file): CheckedFile => {
      const size = found[file.index]?.size;
      const errno = failures.get(file.index);
      let verdict: FileVerdict = 'ok';
      if (errno !== undefined && errno !== 'ESHORT') verdict = 'unreadable';
      else if (size === undefined) verdict = 'missing';
      else if (size < file.length || errno === 'ESHORT') verdict = 'short';
      else if (matched[file.index] !== file.length) verdict = 'bad';
      else if (size > file.length) verdict = 'long';
      return {
        name: file.label,
        path: file.path,
        length: file.length,
        verdict,
        matched: matched[file.index]!,
        ...(verdict === 'unreadable' && errno !== undefined ? { errno } : {}),
      };
    });
  return {
    have,
    files,
    matched: matched.reduce((sum, bytes) => sum + bytes, 0),
    complete: files.every((file) => file.verdict === 'ok'),
  };
}
