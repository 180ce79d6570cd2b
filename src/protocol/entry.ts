// The signed records of the catalog as values and as the exact bytes a publisher signs: a file entry, and the removal
// that takes it back. Records of one publisher under one name form a chain by `seq` and `prev`. Pure: signing and
// hashing are done elsewhere, and always over the bytes as they came, so that fields of later versions survive.

import { concatBytes, equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { decodeUtf8, encodeLatin1, encodeUtf8, isUtf8 } from '../base/utf8.ts';
import { type BDict, type BValue, decodeDict, encode } from './bencode.ts';

interface RecordHead {
  /** Raw ed25519 public key, 64 hex digits. */
  publisher: string;
  /** Name in the catalog, UTF-8, 1 to 255 bytes. Whether it is a good name is decided by `catalogName`. */
  name: string;
  /** 1 for the first record of this publisher under this name, then one more each time. */
  seq: number;
  /** SHA-256 of the signed bytes of the record before, 64 hex digits; '' when `seq` is 1. */
  prev: string;
  /** When it was signed, epoch seconds, by the publisher's clock. */
  timestamp: number;
}

/** "This name is this torrent." */
export interface Entry extends RecordHead {
  type: 'file';
  /** Bytes of content, pad files not counted. */
  size: number;
  /** v1 info-hash, 40 hex digits. */
  infoHash: string;
  /** Base URLs of trackers that know the swarm besides the one that answers; at most `MAX_ENTRY_TRACKERS`. */
  trackers: string[];
}

/** "This name is no longer mine." */
export interface Removal extends RecordHead {
  type: 'remove';
}

export type SignedRecord = Entry | Removal;

/** Signed bytes longer than this are not a record. */
export const MAX_RECORD_LENGTH = 8192;
export const MAX_ENTRY_TRACKERS = 8;
const MAX_TRACKER_URL = 512;
const MAX_NAME_BYTES = 255;

const PREFIX = encodeLatin1('shoal-entry-v1\0');
const FORM = { form: 'canonical', maxSize: MAX_RECORD_LENGTH, maxDepth: 4, maxTokens: 256 } as const;

function defect(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_SIGNATURE', `the signed catalog entry is malformed: ${what}`, { reason });
}

/**
 * The bytes to sign: `shoal-entry-v1\0`, then the canonical bencoding of the record.
 * @throws ShoalError ERR_SIGNATURE when a field is out of its range.
 */
export function entryBytes(record: SignedRecord): Uint8Array {
  checkFields(record);
  const file = record.type === 'file' ? record : undefined;
  return concatBytes([
    PREFIX,
    encode({
      ih1: file && fromHex(file.infoHash),
      name: record.name,
      prev: fromHex(record.prev),
      pub: fromHex(record.publisher),
      seq: record.seq,
      size: file?.size,
      trackers: file && file.trackers.length > 0 ? file.trackers : undefined,
      ts: record.timestamp,
      type: record.type,
    }),
  ]);
}

/**
 * Reads signed bytes. Fields it does not know are ignored; bytes that are not canonical bencode are refused, because two
 * spellings of one record would be two links of its chain.
 * @throws ShoalError ERR_SIGNATURE; `reason` says which rule was broken.
 */
export function decodeEntry(bytes: Uint8Array): SignedRecord {
  if (bytes.length > MAX_RECORD_LENGTH) throw defect('too_long', `it is longer than ${MAX_RECORD_LENGTH} bytes`);
  if (!equalBytes(bytes.subarray(0, PREFIX.length), PREFIX))
    throw defect('no_prefix', 'it does not begin with shoal-entry-v1');
  let fields: BDict;
  try {
    fields = decodeDict(bytes.subarray(PREFIX.length), FORM);
  } catch (cause) {
    throw new ShoalError('ERR_SIGNATURE', 'the signed catalog entry is malformed: it is not a canonical dictionary', {
      reason: 'not_canonical',
      cause,
    });
  }
  const head = {
    publisher: hexField(fields, 'pub'),
    name: textValue(fields.get('name'), 'name'),
    seq: integerField(fields, 'seq'),
    prev: hexField(fields, 'prev'),
    timestamp: integerField(fields, 'ts'),
  };
  const type = textValue(fields.get('type'), 'type');
  let record: SignedRecord;
  if (type === 'remove') record = { type, ...head };
  else if (type === 'file') {
    const listed = fields.get('trackers') ?? [];
    if (!Array.isArray(listed)) throw defect('bad_field', 'trackers is not a list');
    const trackers = listed.map((url) => textValue(url, 'trackers'));
    record = { type, ...head, size: integerField(fields, 'size'), infoHash: hexField(fields, 'ih1'), trackers };
  } else throw defect('unknown_type', 'its type is neither file nor remove');
  checkFields(record);
  return record;
}

function checkFields(record: SignedRecord): void {
  const nameLength = encodeUtf8(record.name).length;
  if (!/^[0-9a-f]{64}$/.test(record.publisher)) throw defect('bad_field', 'publisher is not a 32-byte key');
  if (!record.name.isWellFormed()) throw defect('bad_field', 'name is not well-formed Unicode');
  if (nameLength === 0 || nameLength > MAX_NAME_BYTES) throw defect('bad_field', 'name is not 1 to 255 bytes');
  if (!isCount(record.seq) || record.seq === 0) throw defect('bad_field', 'seq is not a positive number');
  if (!/^([0-9a-f]{64})?$/.test(record.prev)) throw defect('bad_field', 'prev is not a SHA-256');
  if ((record.seq === 1) !== (record.prev === ''))
    throw defect('bad_field', 'prev must be empty exactly when seq is 1');
  if (!isCount(record.timestamp)) throw defect('bad_field', 'the time is not a number of seconds');
  if (record.type === 'remove') return;
  if (!isCount(record.size)) throw defect('bad_field', 'size is not a number of bytes');
  if (!/^[0-9a-f]{40}$/.test(record.infoHash)) throw defect('bad_field', 'ih1 is not an info-hash');
  if (record.trackers.length > MAX_ENTRY_TRACKERS) throw defect('bad_field', 'too many trackers');
  for (const url of record.trackers)
    if (url.length > MAX_TRACKER_URL || !/^https?:\/\/[\x21-\x7e]+$/.test(url))
      throw defect('bad_field', 'a tracker is not an http or https URL');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function hexField(fields: BDict, key: string): string {
  const value = fields.get(key);
  if (!(value instanceof Uint8Array)) throw defect('bad_field', `${key} is missing or not a string`);
  return toHex(value);
}

function textValue(value: BValue | undefined, key: string): string {
  if (!(value instanceof Uint8Array) || !isUtf8(value)) throw defect('bad_field', `${key} is missing or not UTF-8`);
  return decodeUtf8(value);
}

function integerField(fields: BDict, key: string): number {
  const value = fields.get(key);
  if (typeof value !== 'number') throw defect('bad_field', `${key} is missing or not a number`);
  return value;
}
