// The journal of one torrent as bytes. A header names format, version and info-hash; then come records, each with its
// length and a checksum that continues the one before, so that no record can be lost, swapped or damaged unnoticed. What
// follows the first one that does not fit is not read. Pure: bytes in, state out, no file is touched.
//
//   header  magic 8, version 4, crc32c of these 12, info-hash 20, crc32c of all 36
//   record  type 1, length of the payload 4, payload, crc32c seeded with that of the record before (or the header)
//
// Numbers are big endian. The first 16 bytes are the same in every version there will ever be.

import { crc32c } from '../../base/crc32c.ts';
import type { FileStamp } from '../disk/file-stamp.ts';
import { applyEntry, beginRecord, entriesOf, type JournalEntry, type TorrentRecord } from './torrent-record.ts';

export const JOURNAL_VERSION = 1;
/** Enough of a journal to tell its version. */
const PREAMBLE_LENGTH = 16;

const MAGIC = Buffer.from('shoaljnl');
const HEADER_LENGTH = 40;
const FRAME_LENGTH = 9;
/** No record is longer: the longest holds the stamps of all files. */
const MOST_PAYLOAD = 128 * 1024 * 1024;
const STAMP_LENGTH = 29;

const TYPES = { base: 1, begun: 2, have: 3, lost: 4, stamps: 5, partial: 6, totals: 7, closed: 8 } as const;

export type JournalReading =
  | {
      kind: 'record';
      record: TorrentRecord;
      /** Bytes that were understood. */
      length: number;
      /** What the next record's checksum continues. */
      seal: number;
      /** Something follows that is no whole record: a write that was cut off, or damage. */
      torn: boolean;
    }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged' };

/** The first bytes of a journal, and what the first record's checksum continues. `infoHash`: 40 hex digits. */
export function encodeHeader(infoHash: string, version = JOURNAL_VERSION): { bytes: Uint8Array; seal: number } {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(version, 8);
  bytes.writeUInt32BE(crc32c(bytes, 0, 12), 12);
  bytes.write(infoHash, 16, 'hex');
  const seal = crc32c(bytes, 0, 36);
  bytes.writeUInt32BE(seal, 36);
  return { bytes, seal };
}

/** The version a journal was written in; undefined when these are not the first bytes of one. */
export function journalVersion(start: Uint8Array): number | undefined {
  if (start.length < PREAMBLE_LENGTH || MAGIC.compare(start, 0, 8) !== 0) return undefined;
  const view = viewOf(start);
  return view.getUint32(12) === crc32c(start, 0, 12) ? view.getUint32(8) : undefined;
}

/** Records to follow those whose checksums ended in `seal`. */
export function encodeEntries(entries: readonly JournalEntry[], seal: number): { bytes: Uint8Array; seal: number } {
  const parts: Uint8Array[] = [];
  let crc = seal;
  for (const entry of entries) {
    const payload = encodePayload(entry);
    const record = Buffer.alloc(FRAME_LENGTH + payload.length);
    record[0] = TYPES[entry.type];
    record.writeUInt32BE(payload.length, 1);
    record.set(payload, 5);
    crc = crc32c(record, 0, 5 + payload.length, crc);
    record.writeUInt32BE(crc, 5 + payload.length);
    parts.push(record);
  }
  return { bytes: Buffer.concat(parts), seal: crc };
}

/** A whole journal that says no more than this. */
export function encodeJournal(record: TorrentRecord): { bytes: Uint8Array; seal: number } {
  const header = encodeHeader(record.infoHash);
  const body = encodeEntries(entriesOf(record), header.seal);
  return { bytes: Buffer.concat([header.bytes, body.bytes]), seal: body.seal };
}

/** Never throws, whatever the bytes are. */
export function readJournal(bytes: Uint8Array): JournalReading {
  const version = journalVersion(bytes);
  if (version === undefined) return { kind: 'damaged' };
  if (version > JOURNAL_VERSION) return { kind: 'newer', version };
  const view = viewOf(bytes);
  if (bytes.length < HEADER_LENGTH || view.getUint32(36) !== crc32c(bytes, 0, 36)) return { kind: 'damaged' };
  const infoHash = Buffer.from(bytes.buffer, bytes.byteOffset + 16, 20).toString('hex');
  let record: TorrentRecord | undefined;
  let seal = view.getUint32(36);
  let at = HEADER_LENGTH;
  while (at + FRAME_LENGTH <= bytes.length) {
    const length = view.getUint32(at + 1);
    if (length > MOST_PAYLOAD || at + FRAME_LENGTH + length > bytes.length) break;
    const crc = crc32c(bytes, at, at + 5 + length, seal);
    if (crc !== view.getUint32(at + 5 + length)) break;
    const entry = decodePayload(bytes[at]!, bytes.subarray(at + 5, at + 5 + length), record?.have.size ?? 0);
    if (entry === undefined) break;
    if (record === undefined) {
      record = entry.type === 'base' ? beginRecord(infoHash, entry) : undefined;
      if (record === undefined) break;
    } else if (!applyEntry(record, entry)) break;
    seal = crc;
    at += FRAME_LENGTH + length;
  }
  if (record === undefined) return { kind: 'damaged' };
  return { kind: 'record', record, length: at, seal, torn: at < bytes.length };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function encodePayload(entry: JournalEntry): Uint8Array {
  switch (entry.type) {
    case 'base': {
      const path = Buffer.from(entry.path);
      const bytes = Buffer.alloc(9 + path.length);
      bytes.writeUInt32BE(entry.pieceCount, 0);
      bytes.writeUInt32BE(entry.fileCount, 4);
      bytes[8] = entry.ours ? 1 : 0;
      bytes.set(path, 9);
      return bytes;
    }
    case 'begun':
      return encodeRuns(entry.pieces, entry.at);
    case 'have':
    case 'lost':
      return encodeRuns(entry.pieces, undefined);
    case 'stamps': {
      const bytes = Buffer.alloc(8 + entry.stamps.length * STAMP_LENGTH);
      bytes.writeDoubleBE(entry.at, 0);
      for (const [index, { file, stamp }] of entry.stamps.entries()) {
        const at = 8 + index * STAMP_LENGTH;
        bytes.writeUInt32BE(file, at);
        if (stamp === undefined) continue;
        bytes[at + 4] = 1;
        bytes.writeBigUInt64BE(BigInt(stamp.size), at + 5);
        bytes.writeBigInt64BE(stamp.mtimeNs, at + 13);
        bytes.writeBigUInt64BE(BigInt.asUintN(64, stamp.ino), at + 21);
      }
      return bytes;
    }
    case 'partial': {
      const bytes = Buffer.alloc(4 + entry.blocks.length);
      bytes.writeUInt32BE(entry.piece, 0);
      bytes.set(entry.blocks, 4);
      return bytes;
    }
    case 'totals': {
      const bytes = Buffer.alloc(16);
      bytes.writeDoubleBE(entry.uploaded, 0);
      bytes.writeDoubleBE(entry.downloaded, 8);
      return bytes;
    }
    case 'closed':
      return new Uint8Array(0);
    default:
      return entry satisfies never;
  }
}

function decodePayload(type: number, payload: Uint8Array, pieceCount: number): JournalEntry | undefined {
  const view = viewOf(payload);
  switch (type) {
    case TYPES.base: {
      if (payload.length < 9) return undefined;
      const path = Buffer.from(payload.subarray(9)).toString('utf8');
      const [pieceCount, fileCount] = [view.getUint32(0), view.getUint32(4)];
      return { type: 'base', path, pieceCount, fileCount, ours: payload[8] === 1 };
    }
    case TYPES.begun: {
      const pieces = decodeRuns(view, 8, pieceCount);
      return pieces && { type: 'begun', at: view.getFloat64(0), pieces };
    }
    case TYPES.have:
    case TYPES.lost: {
      const pieces = decodeRuns(view, 0, pieceCount);
      return pieces && { type: type === TYPES.have ? 'have' : 'lost', pieces };
    }
    case TYPES.stamps:
      return decodeStamps(view);
    case TYPES.partial:
      if (payload.length < 4) return undefined;
      return { type: 'partial', piece: view.getUint32(0), blocks: new Uint8Array(payload.subarray(4)) };
    case TYPES.totals:
      if (payload.length !== 16) return undefined;
      return { type: 'totals', uploaded: view.getFloat64(0), downloaded: view.getFloat64(8) };
    case TYPES.closed:
      return { type: 'closed' };
    default:
      return undefined;
  }
}

function decodeStamps(view: DataView): JournalEntry | undefined {
  if (view.byteLength < 8 || (view.byteLength - 8) % STAMP_LENGTH !== 0) return undefined;
  const stamps: { file: number; stamp: FileStamp | undefined }[] = [];
  for (let at = 8; at < view.byteLength; at += STAMP_LENGTH) {
    const stamp =
      view.getUint8(at + 4) === 0
        ? undefined
        : {
            size: Number(view.getBigUint64(at + 5)),
            mtimeNs: view.getBigInt64(at + 13),
            ino: view.getBigUint64(at + 21),
          };
    stamps.push({ file: view.getUint32(at), stamp });
  }
  return { type: 'stamps', at: view.getFloat64(0), stamps };
}

/** Runs of consecutive pieces as first and count, after the time where there is one. */
function encodeRuns(pieces: readonly number[], at: number | undefined): Uint8Array {
  const runs: number[] = [];
  for (const piece of pieces) {
    const last = runs.length - 1;
    if (last > 0 && runs[last - 1]! + runs[last]! === piece) runs[last]!++;
    else runs.push(piece, 1);
  }
  const start = at === undefined ? 0 : 8;
  const bytes = Buffer.alloc(start + runs.length * 4);
  if (at !== undefined) bytes.writeDoubleBE(at, 0);
  for (const [index, value] of runs.entries()) bytes.writeUInt32BE(value, start + index * 4);
  return bytes;
}

/** A record names a piece at most once, so one that names more of them than there are is none of ours. */
function decodeRuns(view: DataView, start: number, pieceCount: number): number[] | undefined {
  if (view.byteLength < start || (view.byteLength - start) % 8 !== 0) return undefined;
  const pieces: number[] = [];
  for (let at = start; at < view.byteLength; at += 8) {
    const first = view.getUint32(at);
    const count = view.getUint32(at + 4);
    if (pieces.length + count > pieceCount) return undefined;
    for (let piece = first; piece < first + count; piece++) pieces.push(piece);
  }
  return pieces;
}
