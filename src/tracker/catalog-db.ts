// The rules of the catalog, applied to its file, synchronously: who may publish what under which name, versions,
// removal, quotas. Everything about a torrent is read from its own bytes here, never believed from the sender. Runs in
// the catalog's worker; times come in as arguments.

import { hash } from 'node:crypto';
import { fromHex, toHex } from '../base/bytes.ts';
import { classifyAddress, formatAddress, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { verifySignature } from '../io/identity.ts';
import { decodeEntry, type Entry, type SignedRecord } from '../protocol/entry.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import { catalogName, confusableSkeleton } from '../protocol/names.ts';
import { foldText, listNames, nearNames, readFile, SUMMARY } from './catalog-search.ts';
import type { CatalogStore, Row } from './catalog-store.ts';
import type {
  CatalogEntry,
  CatalogFile,
  ChainHead,
  HeldChange,
  ListInput,
  ListResult,
  PublishInput,
  PublishResult,
  Quotas,
  RemoveResult,
  TorrentFile,
} from './catalog-types.ts';

/** How long the end of a chain is remembered after the name was given up, in seconds. */
const KEEP_REMOVED = 30 * 24 * 3600;

export const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** A publication that is well-formed, signed and agrees with its torrent. Checked before any transaction begins. */
export interface CheckedPublication {
  input: PublishInput;
  entry: Entry;
  metainfo: Metainfo;
}

export class CatalogDb {
  readonly #store: CatalogStore;
  readonly #quotas: Quotas;
  #change: HeldChange = { added: [], removed: [] };

  constructor(store: CatalogStore, quotas: Quotas) {
    this.#store = store;
    this.#quotas = quotas;
  }

  /** Of all torrents of all versions the info-hash, 20 bytes, and the number of pieces, 4 bytes big-endian. */
  heldTorrents(): Uint8Array {
    const versions = this.#store.get('SELECT count(*) AS count FROM versions')!.count as number;
    const held = new Uint8Array(versions * 24);
    const view = new DataView(held.buffer);
    let at = 0;
    // Equal info-hashes have equal pieces, and the index gives them one after the other.
    for (const row of this.#store.iterate('SELECT info_hash, pieces FROM versions GROUP BY info_hash')) {
      held.set(row.info_hash as Uint8Array, at);
      view.setUint32(at + 20, row.pieces as number);
      at += 24;
    }
    return held.slice(0, at);
  }

  countNames(): number {
    return this.#store.get('SELECT count(*) AS count FROM names')!.count as number;
  }

  /** What writes changed since the last call; for after the commit. */
  takeChange(): HeldChange {
    const change = this.#change;
    this.#change = { added: [], removed: [] };
    return change;
  }

  publish({ input, entry, metainfo }: CheckedPublication, now: number): PublishResult {
    const store = this.#store;
    const publisher = fromHex(entry.publisher)!;
    const current = store.get(
      `SELECT n.publisher, n.since, v.info_hash FROM names n JOIN versions v ON v.id = n.version WHERE n.name = ?`,
      entry.name,
    );
    if (current !== undefined) {
      const owner = toHex(current.publisher as Uint8Array);
      if (owner !== entry.publisher) throw nameTaken(entry.name, owner, current.since as number);
      if (toHex(current.info_hash as Uint8Array) === entry.infoHash)
        return { outcome: 'same', file: this.lookup(entry.name, undefined)!, warnings: [] };
    }
    const chain = store.get(
      'SELECT seq, hash, removed, source FROM chains WHERE publisher = ? AND name = ?',
      publisher,
      entry.name,
    );
    checkChain(entry, chain);
    if (chain !== undefined && chain.removed !== null) this.#charge(entry.publisher, chain.source as string, -1, 0);
    const source = quotaAddress(input.sourceAddress);
    const bytes = input.torrent.length + input.entry.length;
    this.#charge(entry.publisher, source, 1, bytes);

    const infoHash = fromHex(entry.infoHash)!;
    const isNew = store.get('SELECT 1 FROM versions WHERE info_hash = ? LIMIT 1', infoHash) === undefined;
    const version = store.run(
      `INSERT INTO versions (name, publisher, seq, info_hash, size, files, piece_length, pieces, private, entry,
         signature, published, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      entry.name,
      publisher,
      entry.seq,
      infoHash,
      metainfo.size,
      metainfo.files.filter((file) => !file.pad).length,
      metainfo.pieceLength,
      metainfo.pieceCount,
      metainfo.private ? 1 : 0,
      input.entry,
      input.signature,
      now,
      source,
    );
    store.run('INSERT INTO torrents (version, bytes) VALUES (?, ?)', version, input.torrent);
    store.run(
      `INSERT INTO chains (publisher, name, seq, hash, removed, source) VALUES (?, ?, ?, ?, NULL, ?)
       ON CONFLICT (publisher, name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, removed = NULL,
         entry = NULL, signature = NULL`,
      publisher,
      entry.name,
      entry.seq,
      sha256(input.entry),
      source,
    );
    if (current === undefined) this.#insertName(entry.name, publisher, version, now);
    else store.run('UPDATE names SET version = ? WHERE name = ?', version, entry.name);
    if (isNew) this.#change.added.push({ infoHash: entry.infoHash, pieces: metainfo.pieceCount });
    const file = this.lookup(entry.name, undefined)!;
    const warnings = file.lookalikes.map((other) => `the catalog also has ${JSON.stringify(other)}, which looks alike`);
    return { outcome: current === undefined ? 'created' : 'newVersion', file, warnings };
  }

  list(input: ListInput): ListResult {
    return listNames(this.#store, input);
  }

  lookup(name: string, version: number | undefined): CatalogEntry | undefined {
    const row = this.#store.get(
      `SELECT ${SUMMARY}, v.piece_length, v.pieces, v.private, v.entry, v.signature, n.since, n.skeleton, l.seq AS latest
       FROM names n
       JOIN versions l ON l.id = n.version
       JOIN versions v ON v.name = n.name AND v.seq = coalesce(?, l.seq)
       WHERE n.name = ?`,
      version ?? null,
      name,
    );
    if (row === undefined) return undefined;
    const lookalikes = this.#store.all(
      'SELECT name FROM names WHERE skeleton = ? AND name <> ? LIMIT 5',
      row.skeleton as string,
      name,
    );
    return {
      ...readFile(row),
      latest: row.latest as number,
      since: row.since as number,
      pieceLength: row.piece_length as number,
      pieces: row.pieces as number,
      private: row.private === 1,
      entry: row.entry as Uint8Array,
      signature: row.signature as Uint8Array,
      lookalikes: lookalikes.map((other) => other.name as string),
    };
  }

  /** Newest first; at most the newest 500. */
  versions(name: string): CatalogFile[] {
    return this.#store
      .all(`SELECT ${SUMMARY} FROM versions v WHERE v.name = ? ORDER BY v.seq DESC LIMIT 500`, name)
      .map(readFile);
  }

  head(name: string, publisher: string): ChainHead {
    const row = this.#store.get(
      `SELECT c.seq, c.hash, coalesce(c.entry, v.entry) AS entry, coalesce(c.signature, v.signature) AS signature
       FROM chains c LEFT JOIN versions v ON v.name = c.name AND v.seq = c.seq AND v.publisher = c.publisher
       WHERE c.publisher = ? AND c.name = ?`,
      fromHex(publisher) ?? new Uint8Array(),
      name,
    );
    if (row === undefined) return { seq: 0, hash: '', entry: new Uint8Array(), signature: new Uint8Array() };
    return {
      seq: row.seq as number,
      hash: toHex(row.hash as Uint8Array),
      entry: row.entry as Uint8Array,
      signature: row.signature as Uint8Array,
    };
  }

  torrent(name: string, version: number | undefined): TorrentFile | undefined {
    const row = this.#store.get(
      `SELECT t.bytes, v.info_hash, v.seq
       FROM names n
       JOIN versions l ON l.id = n.version
       JOIN versions v ON v.name = n.name AND v.seq = coalesce(?, l.seq)
       JOIN torrents t ON t.version = v.id
       WHERE n.name = ?`,
      version ?? null,
      name,
    );
    if (row === undefined) return undefined;
    return { bytes: row.bytes as Uint8Array, infoHash: toHex(row.info_hash as Uint8Array), seq: row.seq as number };
  }

  near(name: string): string[] {
    return nearNames(this.#store, name);
  }

  /** Takes all versions of a name out: by its publisher's signed removal, or by the operator (`signed` undefined). */
  remove(name: string, signed: { entry: Uint8Array; signature: Uint8Array } | undefined, now: number): RemoveResult {
    const store = this.#store;
    const current = store.get('SELECT id, folded, publisher, since FROM names WHERE name = ?', name);
    const owner = current === undefined ? undefined : toHex(current.publisher as Uint8Array);
    const removal = signed === undefined ? undefined : checkRemoval(name, signed.entry, signed.signature);
    if (current === undefined || owner === undefined)
      throw new ShoalError('ERR_NOT_IN_CATALOG', `there is no ${JSON.stringify(name)} in this catalog`);
    const publisher = current.publisher as Uint8Array;
    const chain = store.get('SELECT seq, hash FROM chains WHERE publisher = ? AND name = ?', publisher, name)!;
    let last = this.head(name, owner);
    if (signed !== undefined && removal !== undefined) {
      if (removal.publisher !== owner)
        throw new ShoalError(
          'ERR_NOT_ALLOWED',
          `${JSON.stringify(name)} belongs to the publisher ${shortKey(owner)}; only that publisher or the operator of the tracker can take it out`,
          { reason: 'not_the_publisher' },
        );
      checkChain(removal, chain);
      last = { seq: removal.seq, hash: toHex(sha256(signed.entry)), ...signed };
    }
    const versions = store.all(
      `SELECT v.id, v.info_hash, v.source, length(v.entry) + length(t.bytes) AS bytes
       FROM versions v JOIN torrents t ON t.version = v.id WHERE v.name = ?`,
      name,
    );
    if (store.hasSearchIndex)
      store.run(
        `INSERT INTO names_search (names_search, rowid, folded) VALUES ('delete', ?, ?)`,
        current.id as number,
        current.folded as string,
      );
    store.run('DELETE FROM names WHERE name = ?', name);
    store.run('DELETE FROM torrents WHERE version IN (SELECT id FROM versions WHERE name = ?)', name);
    store.run('DELETE FROM versions WHERE name = ?', name);
    for (const version of versions) this.#charge(owner, version.source as string, -1, -(version.bytes as number));
    const source = versions[0]!.source as string;
    store.run(
      `UPDATE chains SET seq = ?, hash = ?, entry = ?, signature = ?, removed = ?, source = ?
       WHERE publisher = ? AND name = ?`,
      last.seq,
      fromHex(last.hash)!,
      last.entry,
      last.signature,
      now,
      source,
      publisher,
      name,
    );
    // What is remembered of a removed name counts, or names without end could be published and removed.
    this.#charge(owner, source, 1, 0);
    for (const infoHash of new Set(versions.map((version) => toHex(version.info_hash as Uint8Array))))
      if (store.get('SELECT 1 FROM versions WHERE info_hash = ? LIMIT 1', fromHex(infoHash)!) === undefined)
        this.#change.removed.push(infoHash);
    return { removed: versions.length };
  }

  /** Forgets chains whose name was given up long ago. */
  prune(now: number): void {
    const old = this.#store.all(
      'SELECT publisher, name, source FROM chains WHERE removed < ? LIMIT 10000',
      now - KEEP_REMOVED,
    );
    for (const chain of old) {
      this.#store.run(
        'DELETE FROM chains WHERE publisher = ? AND name = ?',
        chain.publisher as Uint8Array,
        chain.name as string,
      );
      this.#charge(toHex(chain.publisher as Uint8Array), chain.source as string, -1, 0);
    }
  }

  #insertName(name: string, publisher: Uint8Array, version: number, now: number): void {
    const folded = foldText(name);
    const id = this.#store.run(
      'INSERT INTO names (name, folded, skeleton, publisher, since, version) VALUES (?, ?, ?, ?, ?, ?)',
      name,
      folded,
      confusableSkeleton(name),
      publisher,
      now,
      version,
    );
    if (this.#store.hasSearchIndex)
      this.#store.run('INSERT INTO names_search (rowid, folded) VALUES (?, ?)', id, folded);
  }

  #charge(publisher: string, source: string, entries: number, bytes: number): void {
    const quotas = this.#quotas;
    this.#chargeOne(`publisher ${publisher}`, entries, bytes, quotas.publisherEntries, quotas.publisherBytes);
    this.#chargeOne(`address ${source}`, entries, bytes, quotas.addressEntries, quotas.addressBytes);
  }

  #chargeOne(holder: string, entries: number, bytes: number, maxEntries: number, maxBytes: number): void {
    const row = this.#store.get(
      `INSERT INTO usage (holder, entries, bytes) VALUES (?, ?, ?)
       ON CONFLICT (holder) DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes
       RETURNING entries, bytes`,
      holder,
      entries,
      bytes,
    )!;
    if (row.entries === 0) this.#store.run('DELETE FROM usage WHERE holder = ?', holder);
    if (entries <= 0) return;
    const over = (row.entries as number) > maxEntries ? `${maxEntries} entries` : `${maxBytes} bytes of metadata`;
    if ((row.entries as number) > maxEntries || (row.bytes as number) > maxBytes)
      throw new ShoalError(
        'ERR_QUOTA',
        `the catalog holds at most ${over} of one ${holder.split(' ')[0]}; take something out first, or ask the operator`,
        { reason: holder.startsWith('publisher') ? 'publisher_quota' : 'address_quota' },
      );
  }
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

function checkRemoval(name: string, bytes: Uint8Array, signature: Uint8Array): SignedRecord {
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
function checkChain(record: SignedRecord, chain: Row | undefined): void {
  const seq = (chain?.seq as number | undefined) ?? 0;
  if (record.seq <= seq)
    throw new ShoalError(
      'ERR_ROLLBACK',
      `${JSON.stringify(record.name)} stands at version ${seq} here; version ${record.seq} is not newer`,
      { reason: 'stale_seq' },
    );
  if (chain !== undefined && record.seq === seq + 1 && record.prev !== toHex(chain.hash as Uint8Array))
    throw new ShoalError(
      'ERR_ROLLBACK',
      `version ${record.seq} of ${JSON.stringify(record.name)} does not follow the version ${seq} that is here`,
      { reason: 'wrong_prev' },
    );
}

function nameTaken(name: string, owner: string, since: number): ShoalError {
  const day = new Date(since * 1000).toISOString().slice(0, 10);
  return new ShoalError(
    'ERR_NAME_TAKEN',
    `the name ${JSON.stringify(name)} belongs to the publisher ${shortKey(owner)} since ${day}; choose another with --name`,
  );
}

export function shortKey(publisher: string): string {
  return `${publisher.slice(0, 16)}…`;
}

/** What one address is for a quota: an IPv4 address, or the /64 of an IPv6 one (a whole network can be one host). */
function quotaAddress(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === undefined) return 'unknown';
  if (bytes.length === 4 || classifyAddress(bytes) === 'loopback') return formatAddress(bytes);
  const network = bytes.slice();
  network.fill(0, 8);
  return `${formatAddress(network)}/64`;
}
