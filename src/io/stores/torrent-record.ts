// What is kept of one torrent's data between runs, and how each record of its journal changes it. Pure: the same records
// in the same order always make the same state, and a record that does not fit the torrent changes nothing.

import { Bitfield } from '../../base/bitfield.ts';
import { MAX_TORRENT_BYTES } from '../../protocol/metainfo.ts';
import { type FileStamp, sameStamp } from '../disk/file-stamp.ts';

export interface TorrentRecord {
  infoHash: string;
  /** Absolute path of the file or folder itself. */
  path: string;
  /** Pieces that were verified and durably on disk. */
  have: Bitfield;
  /** Pieces that may have been written since: what is on disk of them has to be hashed before it is believed. */
  begun: Set<number>;
  /** Of unfinished pieces the blocks that lie on disk unverified, a bit each, the highest bit of a byte first. */
  partials: Map<number, Uint8Array>;
  /** By index in `metainfo.files`, as last seen; undefined: not there, a pad, or not vouched for. */
  files: (FileStamp | undefined)[];
  /** Payload bytes over all runs. */
  uploaded: number;
  downloaded: number;
  /**
   * The files are a download of ours. False for originals and for copies that were there already: when those no longer
   * match, they may not be repaired without asking.
   */
  ours: boolean;
  /** The torrent was stopped in order; nothing was being written. */
  clean: boolean;
  /** Epoch milliseconds of the last record that tells of writing; 0: none. */
  at: number;
}

export type JournalEntry =
  /** Opens every journal: what all others refer to. */
  | { type: 'base'; path: string; pieceCount: number; fileCount: number; ours: boolean }
  /** These pieces are about to be written. */
  | { type: 'begun'; at: number; pieces: readonly number[] }
  /** These are verified and were synced to the disk. */
  | { type: 'have'; pieces: readonly number[] }
  /** These are not had any more, whatever is on disk. */
  | { type: 'lost'; pieces: readonly number[] }
  | { type: 'stamps'; at: number; stamps: readonly { file: number; stamp: FileStamp | undefined }[] }
  /** Blocks of an unfinished piece that lie on disk; empty: none any more. */
  | { type: 'partial'; piece: number; blocks: Uint8Array }
  | { type: 'totals'; uploaded: number; downloaded: number }
  /** Stopped in order. */
  | { type: 'closed' };

/** No torrent has more pieces or files: each takes at least so many bytes of its metadata. */
const MOST = MAX_TORRENT_BYTES / 20;

/** The state a journal begins with. undefined when the entry cannot be true. */
export function beginRecord(
  infoHash: string,
  base: Extract<JournalEntry, { type: 'base' }>,
): TorrentRecord | undefined {
  if (base.pieceCount > MOST || base.fileCount > MOST) return undefined;
  return {
    infoHash,
    path: base.path,
    have: new Bitfield(base.pieceCount),
    begun: new Set(),
    partials: new Map(),
    files: new Array(base.fileCount).fill(undefined),
    uploaded: 0,
    downloaded: 0,
    ours: base.ours,
    clean: false,
    at: 0,
  };
}

/** Brings the state up to date. False, and nothing has changed, when the entry does not fit. */
export function applyEntry(record: TorrentRecord, entry: JournalEntry): boolean {
  const { have, begun, partials, files } = record;
  const fits = (piece: number): boolean => piece < have.size;
  switch (entry.type) {
    case 'base':
      return false;
    case 'begun':
      if (!entry.pieces.every(fits)) return false;
      for (const piece of entry.pieces) {
        begun.add(piece);
        have.delete(piece);
        partials.delete(piece);
      }
      record.at = Math.max(record.at, entry.at);
      break;
    case 'have':
      if (!entry.pieces.every(fits)) return false;
      for (const piece of entry.pieces) {
        have.add(piece);
        begun.delete(piece);
        partials.delete(piece);
      }
      break;
    case 'lost':
      if (!entry.pieces.every(fits)) return false;
      for (const piece of entry.pieces) {
        have.delete(piece);
        begun.delete(piece);
        partials.delete(piece);
      }
      break;
    case 'stamps':
      if (!entry.stamps.every(({ file }) => file < files.length)) return false;
      for (const { file, stamp } of entry.stamps) files[file] = stamp;
      record.at = Math.max(record.at, entry.at);
      break;
    case 'partial':
      if (!fits(entry.piece)) return false;
      if (entry.blocks.length === 0) partials.delete(entry.piece);
      else partials.set(entry.piece, entry.blocks);
      break;
    case 'totals':
      record.uploaded = entry.uploaded;
      record.downloaded = entry.downloaded;
      break;
    case 'closed':
      record.clean = true;
      return true;
    default:
      entry satisfies never;
  }
  record.clean = false;
  return true;
}

/** Whether both say the same of a torrent that is complete and of which nothing is being written. How it ended apart. */
export function areSameAndComplete(a: TorrentRecord, b: TorrentRecord): boolean {
  const areSettled = [a, b].every(({ have, begun, partials }) => have.complete && begun.size + partials.size === 0);
  return (
    areSettled &&
    a.path === b.path &&
    a.ours === b.ours &&
    a.uploaded === b.uploaded &&
    a.downloaded === b.downloaded &&
    a.have.size === b.have.size &&
    a.files.length === b.files.length &&
    a.files.every((stamp, file) => stamp === b.files[file] || sameStamp(stamp, b.files[file]))
  );
}

/** Whether the entry says what the state says already. */
export function isKnown(record: TorrentRecord, entry: JournalEntry): boolean {
  if (entry.type === 'closed') return record.clean;
  return entry.type === 'totals' && entry.uploaded === record.uploaded && entry.downloaded === record.downloaded;
}

/** The entries that make this state from nothing: what a compacted journal holds. */
export function entriesOf(record: TorrentRecord): JournalEntry[] {
  const { have, files, path, ours, at, uploaded, downloaded } = record;
  const had: number[] = [];
  for (let piece = 0; piece < have.size; piece++) if (have.has(piece)) had.push(piece);
  const stamps = files.flatMap((stamp, file) => (stamp === undefined ? [] : [{ file, stamp }]));
  const entries: JournalEntry[] = [
    { type: 'base', path, pieceCount: have.size, fileCount: files.length, ours },
    { type: 'totals', uploaded, downloaded },
    { type: 'stamps', at, stamps },
    { type: 'have', pieces: had },
  ];
  if (record.begun.size > 0) entries.push({ type: 'begun', at, pieces: [...record.begun] });
  for (const [piece, blocks] of record.partials) entries.push({ type: 'partial', piece, blocks });
  if (record.clean) entries.push({ type: 'closed' });
  return entries;
}
