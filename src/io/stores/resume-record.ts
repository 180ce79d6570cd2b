// The record of one torrent between two runs, and its bytes: one header line with format, version and checksum, then JSON.
// A damaged record is worth nothing and says so; one of a newer version is left alone.

import { createHash } from 'node:crypto';
import { Bitfield } from '../../base/bitfield.ts';
import type { FileStamp } from '../disk/file-stamp.ts';

export interface ResumeRecord {
  version: 1;
  infoHash: string;
  /** Absolute path of the file or folder itself. */
  path: string;
  /** Pieces that were verified and on disk when the record was made. */
  have: Bitfield;
  /** By index in `metainfo.files`; undefined: not there, a pad, or written to since, so that it must be checked. */
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
}

export type DecodedRecord =
  | { kind: 'record'; record: ResumeRecord }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged' };

const MAGIC = 'shoal-resume';
export const RECORD_VERSION = 1;

function digest(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

export function encodeRecord(record: ResumeRecord): Uint8Array {
  const body = JSON.stringify({
    infoHash: record.infoHash,
    path: record.path,
    pieces: record.have.size,
    have: Buffer.from(record.have.bytes).toString('base64'),
    files: record.files.map((stamp) =>
      stamp === undefined ? null : [stamp.size, stamp.mtimeNs.toString(), stamp.ino.toString()],
    ),
    uploaded: record.uploaded,
    downloaded: record.downloaded,
    ours: record.ours,
    clean: record.clean,
  });
  return Buffer.from(`${MAGIC} ${RECORD_VERSION} ${digest(body)}\n${body}\n`);
}

/** The version in the header line, or undefined when these are not the first bytes of a record. */
export function recordVersion(start: Uint8Array): number | undefined {
  const match = /^shoal-resume ([1-9][0-9]{0,8})[ \n]/.exec(Buffer.from(start.subarray(0, 64)).toString('latin1'));
  return match === null ? undefined : Number(match[1]);
}

export function decodeRecord(bytes: Uint8Array): DecodedRecord {
  const version = recordVersion(bytes);
  if (version === undefined) return { kind: 'damaged' };
  if (version > RECORD_VERSION) return { kind: 'newer', version };
  const text = Buffer.from(bytes).toString('utf8');
  const lineEnd = text.indexOf('\n');
  const body = text.slice(lineEnd + 1, -1);
  if (!text.endsWith('\n') || text.slice(0, lineEnd) !== `${MAGIC} ${version} ${digest(body)}`)
    return { kind: 'damaged' };
  const record = fromJson(body);
  return record === undefined ? { kind: 'damaged' } : { kind: 'record', record };
}

/** The checksum has passed, so this only guards against a record written wrongly. */
function fromJson(body: string): ResumeRecord | undefined {
  try {
    const value: Record<string, unknown> = JSON.parse(body);
    const { infoHash, path, pieces, have, files, uploaded, downloaded, ours, clean } = value;
    if (typeof infoHash !== 'string' || typeof path !== 'string' || typeof have !== 'string') return undefined;
    if (typeof pieces !== 'number' || !Array.isArray(files)) return undefined;
    if (typeof ours !== 'boolean' || typeof clean !== 'boolean') return undefined;
    if (typeof uploaded !== 'number' || typeof downloaded !== 'number') return undefined;
    const field = Bitfield.from(Buffer.from(have, 'base64'), pieces);
    if (field === undefined) return undefined;
    const stamps = files.map((file: unknown) => toStamp(file));
    return { version: 1, infoHash, path, have: field, files: stamps, uploaded, downloaded, ours, clean };
  } catch {
    return undefined;
  }
}

function toStamp(value: unknown): FileStamp | undefined {
  if (!Array.isArray(value)) return undefined;
  const [size, mtimeNs, ino]: unknown[] = value;
  if (!Number.isSafeInteger(size) || typeof mtimeNs !== 'string' || typeof ino !== 'string') return undefined;
  // Added to zero, minus zero is zero.
  return { size: (size as number) + 0, mtimeNs: BigInt(mtimeNs), ino: BigInt(ino) };
}
