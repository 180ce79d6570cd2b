// Reads the record that was kept before there was a journal: one header line with format, version and checksum, then
// JSON. It is only ever read, to be written on as a journal.

import { createHash } from 'node:crypto';
import { Bitfield } from '../../base/bitfield.ts';
import type { FileStamp } from '../disk/file-stamp.ts';
import type { TorrentRecord } from './torrent-record.ts';

export type OldReading =
  | { kind: 'record'; record: TorrentRecord }
  | { kind: 'newer'; version: number }
  | { kind: 'damaged' };

export const OLD_VERSION = 1;

export function readOldRecord(bytes: Uint8Array): OldReading {
  const text = Buffer.from(bytes).toString('utf8');
  const match = /^shoal-resume ([1-9][0-9]{0,8}) ([^\n]*)\n/.exec(text);
  if (match === null) return { kind: 'damaged' };
  const version = Number(match[1]);
  if (version > OLD_VERSION) return { kind: 'newer', version };
  const body = text.slice(match[0].length, -1);
  if (!text.endsWith('\n') || createHash('sha256').update(body).digest('hex') !== match[2]) return { kind: 'damaged' };
  const record = fromJson(body);
  return record === undefined ? { kind: 'damaged' } : { kind: 'record', record };
}

/** The checksum has passed, so this only guards against a record written wrongly. */
function fromJson(body: string): TorrentRecord | undefined {
  try {
    const value: Record<string, unknown> = JSON.parse(body);
    const { infoHash, path, pieces, have, files, uploaded, downloaded, ours, clean } = value;
    if (typeof infoHash !== 'string' || typeof path !== 'string' || typeof have !== 'string') return undefined;
    if (!isCount(pieces) || !Array.isArray(files)) return undefined;
    if (typeof ours !== 'boolean' || typeof clean !== 'boolean') return undefined;
    if (!isCount(uploaded) || !isCount(downloaded)) return undefined;
    const field = Bitfield.from(Buffer.from(have, 'base64'), pieces);
    if (field === undefined) return undefined;
    return {
      infoHash,
      path,
      have: field,
      begun: new Set(),
      partials: new Map(),
      files: files.map((file: unknown) => toStamp(file)),
      uploaded,
      downloaded,
      ours,
      clean,
      at: 0,
    };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What no file can be is as if nothing was known of it. */
function toStamp(value: unknown): FileStamp | undefined {
  if (!Array.isArray(value)) return undefined;
  const [size, mtimeNs, ino]: unknown[] = value;
  if (!isCount(size) || typeof mtimeNs !== 'string' || typeof ino !== 'string') return undefined;
  const stamp = { size: size + 0, mtimeNs: BigInt(mtimeNs), ino: BigInt(ino) };
  if (BigInt.asIntN(64, stamp.mtimeNs) !== stamp.mtimeNs || BigInt.asUintN(64, stamp.ino) !== stamp.ino)
    return undefined;
  return stamp;
}
