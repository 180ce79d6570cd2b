// The catalog applied to its file, synchronously: whose a name is, versions, removal, what is found. Runs in the catalog's
// worker, which makes the transactions; times come in as arguments.

import { hash } from 'node:crypto';
import { fromHex, toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { confusableSkeleton } from '../protocol/names.ts';
import { type CheckedPublication, checkChain, checkRemoval, nameTaken, shortKey } from './catalog-rules.ts';
import { foldText, listNames, nearNames, readFile, SUMMARY } from './catalog-search.ts';
import type { CatalogStore } from './catalog-store.ts';
import type {
  CatalogEntry,
  CatalogFile,
  ChainHead,
  HeldChange,
  ListInput,
  ListResult,
  PublishResult,
  Quotas,
  RemoveResult,
  TorrentFile,
} from './catalog-types.ts';
import { CatalogUsage, quotaAddress } from './catalog-usage.ts';

/** How long the end of a chain is remembered after the name was given up, in seconds. */
const KEEP_REMOVED = 30 * 24 * 3600;

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

export class CatalogDb {
  readonly #store: CatalogStore;
  readonly #usage: CatalogUsage;
  #change: HeldChange = { added: [], removed: [] };

  constructor(store: CatalogStore, quotas: Quotas) {
    this.#store = store;
    this.#usage = new CatalogUsage(store, quotas);
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
    checkChain(entry, this.head(entry.name, entry.publisher));
    const removed = store.get(
      'SELECT source FROM chains WHERE publisher = ? AND name = ? AND removed IS NOT NULL',
      publisher,
      entry.name,
    );
    if (removed !== undefined) this.#usage.adjust(entry.publisher, removed.source as string, -1, 0);
    const source = quotaAddress(input.sourceAddress);
    const bytes = input.torrent.length + input.entry.length;
    this.#usage.claim(entry.publisher, source, 1, bytes);

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
    let last = this.head(name, owner);
    if (signed !== undefined && removal !== undefined) {
      if (removal.publisher !== owner)
        throw new ShoalError(
          'ERR_NOT_ALLOWED',
          `${JSON.stringify(name)} belongs to the publisher ${shortKey(owner)}; only that publisher or the operator of the tracker can take it out`,
          { reason: 'not_the_publisher' },
        );
      checkChain(removal, last);
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
    for (const version of versions) this.#usage.adjust(owner, version.source as string, -1, -(version.bytes as number));
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
    this.#usage.adjust(owner, source, 1, 0);
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
      this.#usage.adjust(toHex(chain.publisher as Uint8Array), chain.source as string, -1, 0);
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
}
