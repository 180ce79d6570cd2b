// The catalog as the rest of the tracker sees it: asynchronous calls to the thread that owns the file, and, in memory,
// the info-hashes the catalog holds, so that an announce never waits for the file. A call always settles: if the
// thread dies, what was under way is rejected and a new thread takes over.

import { join } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { ensurePrivateDirectory } from '../io/paths.ts';
import { CatalogConnection } from './catalog-connection.ts';
import {
  type CatalogEntry,
  type CatalogFile,
  type ChainHead,
  DEFAULT_QUOTAS,
  type HeldChange,
  type InputOf,
  type ListInput,
  type ListResult,
  type OperationName,
  type PublishInput,
  type PublishResult,
  type Quotas,
  type RemoveResult,
  type ResultOf,
  type TorrentFile,
  type WorkerMessage,
} from './catalog-types.ts';

export interface CatalogOptions {
  /** Where `catalog.sqlite` is kept; made when missing. */
  directory: string;
  quotas?: Partial<Quotas>;
  /** Called with all torrents when the file is opened, and then whenever some were added to it or left it. */
  onHeldChange?: (change: HeldChange) => void;
}

/** A thread that dies more often than this within a minute stays dead, and calls say why. */
const MAX_RESTARTS = 3;

export class Catalog {
  readonly path: string;
  readonly #options: CatalogOptions;
  readonly #held = new Map<string, number>();
  #total = 0;
  /** The thread that serves now, once it has opened the file. */
  #connection: Promise<CatalogConnection>;
  #closing = false;
  #crashes: number[] = [];

  /** @throws ShoalError ERR_LOCKED, ERR_STATE or ERR_DISK… when the file cannot be opened. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    ensurePrivateDirectory(options.directory);
    const catalog = new Catalog(options);
    await catalog.#connection;
    return catalog;
  }

  private constructor(options: CatalogOptions) {
    this.#options = options;
    this.path = join(options.directory, 'catalog.sqlite');
    this.#connection = this.#connect();
  }

  /** Whether any version in the catalog has this info-hash (40 hex digits). From memory. */
  has(infoHash: string): boolean {
    return this.#held.has(infoHash);
  }

  /** Number of names. From memory. */
  get total(): number {
    return this.#total;
  }

  /** Resolves when the entry is on disk. @throws ShoalError with the reason for a refusal. */
  publish(input: PublishInput): Promise<PublishResult> {
    return this.#call('publish', input, input.torrent.length + input.entry.length);
  }

  list(input: ListInput): Promise<ListResult> {
    return this.#call('list', input);
  }

  /** Undefined when there is no such name, or not in that version. */
  lookup(name: string, version?: number): Promise<CatalogEntry | undefined> {
    return this.#call('lookup', { name, version });
  }

  /** Newest first; empty when there is no such name. */
  versions(name: string): Promise<CatalogFile[]> {
    return this.#call('versions', { name });
  }

  /** The last record of a publisher (64 hex digits) under a name. */
  head(name: string, publisher: string): Promise<ChainHead> {
    return this.#call('head', { name, publisher });
  }

  /** The .torrent as it was published. */
  torrent(name: string, version?: number): Promise<TorrentFile | undefined> {
    return this.#call('torrent', { name, version });
  }

  /** Names that someone who typed `name` may have meant. */
  near(name: string): Promise<string[]> {
    return this.#call('near', { name });
  }

  /** Takes a name out by its publisher's signed removal. */
  unpublish(name: string, signed: { entry: Uint8Array; signature: Uint8Array }): Promise<RemoveResult> {
    return this.#call('remove', { name, signed });
  }

  /** Takes a name out as the operator; that the caller is the operator must have been checked. */
  removeAsOperator(name: string): Promise<RemoveResult> {
    return this.#call('remove', { name, signed: undefined });
  }

  /** Finishes what was asked before. Later calls are rejected. */
  async close(): Promise<void> {
    this.#closing = true;
    const connection = await this.#connection.catch(() => undefined);
    connection?.close();
    await connection?.ended;
  }

  async #call<K extends OperationName>(operation: K, input: InputOf<K>, bytes = 0): Promise<ResultOf<K>> {
    if (this.#closing) throw new ShoalError('ERR_STATE', 'the catalog is closed', { reason: 'closed' });
    const connection = await this.#connection;
    return connection.call(operation, input, bytes);
  }

  async #connect(): Promise<CatalogConnection> {
    const data = { path: this.path, quotas: { ...DEFAULT_QUOTAS, ...this.#options.quotas } };
    const connection = new CatalogConnection(data, (message) => this.#noteReplies(message));
    const { held, total } = await connection.opened;
    this.#replaceHeld(held);
    this.#total = total;
    void connection.ended.then((failure) => {
      if (failure !== undefined && !this.#closing) this.#recover(failure);
    });
    return connection;
  }

  #recover(failure: ShoalError): void {
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < 60_000), now];
    this.#connection = this.#crashes.length > MAX_RESTARTS ? Promise.reject(failure) : this.#connect();
    // Nobody may be calling now; who calls later gets the reason.
    this.#connection.catch(() => {});
  }

  #noteReplies({ change, total }: Extract<WorkerMessage, { type: 'replies' }>): void {
    this.#total = total;
    if (change !== undefined) this.#applyChange(change);
  }

  #applyChange(change: HeldChange): void {
    for (const { infoHash, pieces } of change.added) this.#held.set(infoHash, pieces);
    for (const infoHash of change.removed) this.#held.delete(infoHash);
    if (change.added.length + change.removed.length > 0) this.#options.onHeldChange?.(change);
  }

  #replaceHeld(packed: Uint8Array): void {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
    const held = new Map<string, number>();
    for (let at = 0; at < bytes.length; at += 24)
      held.set(bytes.toString('hex', at, at + 20), bytes.readUInt32BE(at + 20));
    const added = [...held]
      .filter(([infoHash]) => !this.#held.has(infoHash))
      .map(([infoHash, pieces]) => ({ infoHash, pieces }));
    const removed = [...this.#held.keys()].filter((infoHash) => !held.has(infoHash));
    this.#applyChange({ added, removed });
  }
}
