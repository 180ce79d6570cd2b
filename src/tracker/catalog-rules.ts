// What can be judged about a publication or a removal from its own bytes, and whether it follows the record before it.
// Everything about a torrent is read from the torrent here, never believed from the sender. Touches no file.

import { hash } from 'node:crypto';
import { ShoalError } from '../base/errors.ts';
import { verifySignature } from '../io/identity.ts';
import { decodeEntry, type Entry, type SignedRecord } from '../protocol/entry.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import { catalogName } from '../protocol/names.ts';
import type { ChainHead, PublishInput } from './catalog-types.ts';

export const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

/** A publication that is well-formed, signed and agrees with its torrent. Checked before any transaction begins. */
export interface CheckedPublication {
  input: PublishInput;
  entry: Entry;
  metainfo: Metainfo;
}

/**
 * Everything about a publication that can be judged without the catalog.
 * @throws ShoalError ERR_SIGNATURE, ERR_NAME, ERR_BENCODE or ERR_METAINFO.
 */
export function checkPublication(input: PublishInput): CheckedPublication {
  const entry = decodeEntry(input.entry);
  if (entry.type !== 'file')
    throw new ShoalError('ERR_SIGNATURE', 'a removal cannot be published; send it with DELETE', {
      reason: 'wrong_type',
    });
  checkSignature(entry, input.entry, input.signature);
  if (catalogName(entry.name) !== entry.name)
    throw new ShoalError('ERR_NAME', `the name ${JSON.stringify(entry.name)} is not in Unicode form NFC`, {
      reason: 'not_nfc',
    });
  const metainfo = parseMetainfo(input.torrent, sha1);
  const differs = (what: string, said: string | number, found: string | number): ShoalError =>
    new ShoalError('ERR_METAINFO', `the entry says ${what} ${said} and the torrent says ${found}`, {
      reason: 'entry_mismatch',
    });
  if (metainfo.infoHash !== entry.infoHash) throw differs('info-hash', entry.infoHash, metainfo.infoHash);
  if (metainfo.size !== entry.size) throw differs('size', entry.size, metainfo.size);
  return { input, entry, metainfo };
}

export function checkRemoval(name: string, bytes: Uint8Array, signature: Uint8Array): SignedRecord {
  const record = decodeEntry(bytes);
  if (record.type !== 'remove' || record.name !== name)
    throw new ShoalError('ERR_SIGNATURE', `what was signed is not the removal of ${JSON.stringify(name)}`, {
      reason: 'wrong_type',
    });
  checkSignature(record, bytes, signature);
  return record;
}

function checkSignature(record: SignedRecord, bytes: Uint8Array, signature: Uint8Array): void {
  if (!verifySignature(record.publisher, bytes, signature))
    throw new ShoalError('ERR_SIGNATURE', `the signature is not by the publisher ${shortKey(record.publisher)}`, {
      reason: 'bad_signature',
    });
}

/**
 * A record follows the one before it. A gap is allowed: this tracker may have missed versions that went to others, and
 * a higher number signed by the publisher can only be newer.
 */
export function checkChain(record: SignedRecord, { seq, hash: last }: Pick<ChainHead, 'seq' | 'hash'>): void {
  if (record.seq <= seq)
    throw new ShoalError(
      'ERR_ROLLBACK',
      `${JSON.stringify(record.name)} stands at version ${seq} here; version ${record.seq} is not newer`,
      { reason: 'stale_seq' },
    );
  if (seq > 0 && record.seq === seq + 1 && record.prev !== last)
    throw new ShoalError(
      'ERR_ROLLBACK',
      `version ${record.seq} of ${JSON.stringify(record.name)} does not follow the version ${seq} that is here`,
      { reason: 'wrong_prev' },
    );
}

export function nameTaken(name: string, owner: string, since: number): ShoalError {
  const day = new Date(since * 1000).toISOString().slice(0, 10);
  return new ShoalError(
    'ERR_NAME_TAKEN',
    `the name ${JSON.stringify(name)} belongs to the publisher ${shortKey(owner)} since ${day}; choose another with --name`,
  );
}

export function shortKey(publisher: string): string {
  return `${publisher.slice(0, 16)}…`;
}
