// The disk side of one torrent: its storage, its share of the slab that pieces arrive in, what of it is had, and its resume
// data. Knows nothing of peers and trackers, decides nothing.

import type { Bitfield } from '../base/bitfield.ts';
import type { ShoalError } from '../base/errors.ts';
import { Geometry } from '../base/geometry.ts';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { StoreResult } from '../io/disk/piece-writer.ts';
import { Storage } from '../io/disk/storage.ts';
import type { Journal } from '../io/stores/journal.ts';
import type { JournalEntry, TorrentRecord } from '../io/stores/torrent-record.ts';
import type { LoadedState, TorrentStore } from '../io/stores/torrent-store.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import type { StoreExtent } from '../swarm/commands.ts';
import type { StoredBlocks } from '../swarm/ledger.ts';
import type { Places } from '../swarm/places.ts';
import { HeldWrites } from './held-writes.ts';
import { NO_PLACES, type Slab, type SlabShare } from './slab.ts';
import type { UploadSource } from './uploader.ts';

/** Files that were just hashed where they lie: they are seeded in place and never written to. */
export interface Original {
  /** Absolute path of each file that is not a pad, in order. */
  readonly paths: readonly string[];
  /** Vouches for them as long as their size and times stay the same. */
  readonly record: TorrentRecord;
}

export interface TorrentDiskOptions {
  readonly metainfo: Metainfo;
  /** The file or folder itself. */
  readonly path: string;
  readonly original: Original | undefined;
  readonly overwrite: boolean;
  readonly pool: HashPool;
  readonly store: TorrentStore;
  /** Where blocks lie on their way. */
  readonly slab: Slab;
  /** Pieces that are being fetched. */
  readonly underWay: () => Iterable<number>;
  /** Part of the check that is done, 0 to 1. */
  readonly onProgress: (checked: number) => void;
  readonly onChanged: (file: string, pieces: readonly number[]) => void;
  /** The disk takes nothing more, for this reason, or (undefined) it does again. What it refused is kept and tried again. */
  readonly onFull: (full: ShoalError | undefined) => void;
  readonly signal: AbortSignal;
}

/** Payload bytes of this run, for the record. */
interface Traffic {
  uploaded: number;
  downloaded: number;
}

const SAVE_EVERY = 5_000;

export class TorrentDisk implements UploadSource {
  readonly geometry: Geometry;
  /** Pieces that were there when the disk was opened. */
  readonly found: Bitfield;
  /** Unverified blocks of others that lie there. */
  readonly partials: readonly StoredBlocks[];
  /** Their bytes. */
  readonly reused: number;
  /** Bytes verified and written, those of pads left out. */
  haveBytes = 0;
  readonly #size: number;
  /** Bytes of pads in the pieces that hold any. */
  readonly #padding: ReadonlyMap<number, number>;
  readonly #storage: Storage;
  /** Over earlier runs. */
  readonly #before: Traffic;
  readonly #share: SlabShare | undefined;
  readonly #writes: HeldWrites;
  #journal: Journal | undefined;
  #savedAt = 0;
  #dirty = false;

  private constructor(
    options: TorrentDiskOptions,
    opened: Awaited<ReturnType<typeof Storage.open>>,
    record: TorrentRecord | undefined,
  ) {
    const { metainfo } = options;
    this.geometry = new Geometry(metainfo.length, metainfo.pieceLength);
    this.found = opened.have;
    this.reused = opened.reused;
    this.partials = [...opened.partials].map(([piece, blocks]) => ({ piece, blocks }));
    this.#storage = opened.storage;
    this.#before = { uploaded: record?.uploaded ?? 0, downloaded: record?.downloaded ?? 0 };
    this.#size = metainfo.size;
    this.#padding = countPadding(metainfo);
    for (let piece = 0; piece < this.geometry.pieceCount; piece++)
      if (this.found.has(piece)) this.haveBytes += this.#contentSize(piece);
    this.#writes = new HeldWrites(options.onFull);
    this.#share = this.found.complete ? undefined : options.slab.open(this.geometry.extentLength);
  }

  /**
   * Checks what is there and makes the place ready. Throws ERR_DESTINATION, ERR_DESTINATION_ESCAPES, ERR_STATE, an
   * ERR_DISK code, or ERR_INTERRUPTED when the signal says so.
   */
  static async open(options: TorrentDiskOptions, torrent: Uint8Array): Promise<TorrentDisk> {
    const { metainfo, original, store, onProgress } = options;
    const loaded = original === undefined ? await store.load(metainfo.infoHash) : undefined;
    const record = original?.record ?? loaded?.record;
    const opened = await Storage.open({
      metainfo,
      path: options.path,
      pool: options.pool,
      overwrite: options.overwrite,
      onProgress: (checked, total) => onProgress(total === 0 ? 1 : checked / total),
      onChanged: options.onChanged,
      signal: options.signal,
      ...(original === undefined ? {} : { paths: original.paths, readOnly: true }),
      ...(record === undefined ? {} : { resume: record }),
    });
    try {
      options.signal.throwIfAborted();
      const disk = new TorrentDisk(options, opened, record);
      await store.saveTorrent(metainfo.infoHash, torrent, loaded);
      await disk.#openJournal(store, options.underWay, loaded);
      return disk;
    } catch (error) {
      await opened.storage.close();
      throw error;
    }
  }

  /** What the offsets of `places` count in; undefined when nothing is to come. */
  get slab(): Uint8Array | undefined {
    return this.#share?.bytes;
  }

  get places(): Places {
    return this.#share ?? NO_PLACES;
  }

  /** Why nothing is written at present. */
  get full(): ShoalError | undefined {
    return this.#writes.full;
  }

  /** Hash, compare, write: see Storage.commit. Where there is no room the answer comes when there is. */
  commit(piece: number, offset: number, digests: boolean, done: (result: StoreResult) => void): void {
    const place = { slab: this.#share!.id, offset };
    this.#writes.write(
      (answered) => this.#storage.commit(piece, place, digests, answered),
      (result) => this.#had(piece, result, done),
    );
  }

  /** Write, unverified: see Storage.storeExtent. Where there is no room the answer comes when there is. */
  storeExtent(command: StoreExtent, done: (result: StoreResult) => void): void {
    this.#dirty = true;
    this.#writes.write((answered) => this.spill(command, answered), done);
  }

  /** The same at a stop, when nobody waits for room any more. */
  spill({ piece, extent, offset, runs }: StoreExtent, done: (result: StoreResult) => void): void {
    const { geometry } = this;
    const whole = { start: extent * geometry.extentLength, length: geometry.extentSize(piece, extent) };
    this.#storage.storeExtent(piece, whole, { slab: this.#share!.id, offset }, runs, done);
  }

  /** Is what was stored right? See Storage.verify. */
  verify(piece: number, digests: boolean, done: (result: StoreResult) => void): void {
    this.#storage.verify(piece, digests, (result) => this.#had(piece, result, done));
  }

  /** What was stored of the piece is void. */
  forget(piece: number): void {
    this.#storage.forget(piece);
  }

  #had(piece: number, result: StoreResult, done: (result: StoreResult) => void): void {
    if (result.ok) {
      this.haveBytes += this.#contentSize(piece);
      this.#dirty = true;
    }
    done(result);
  }

  read(piece: number, begin: number, buffers: Uint8Array[], done: (error?: ShoalError) => void): void {
    this.#storage.read(piece, begin, buffers, done);
  }

  /** Pieces that were had are gone from the disk. */
  lost(pieces: readonly number[]): void {
    for (const piece of pieces) this.haveBytes -= this.#contentSize(piece);
  }

  /** Bytes still missing. */
  get left(): number {
    return this.#size - this.haveBytes;
  }

  #contentSize(piece: number): number {
    return this.geometry.pieceSize(piece) - (this.#padding.get(piece) ?? 0);
  }

  /** What is complete gets its final name; empty files are made. */
  nameComplete(): Promise<void> {
    return this.#storage.finish();
  }

  /** Every piece is written: the files get their final names, the share of the slab is given back. */
  async finish(): Promise<void> {
    await this.#storage.finish();
    this.#share?.close();
  }

  /** Begins the journal with what was found, before anything is written. */
  async #openJournal(
    store: TorrentStore,
    underWay: () => Iterable<number>,
    loaded: LoadedState | undefined,
  ): Promise<void> {
    this.#journal = await store.openJournal(await this.#storage.state(this.#before), loaded);
    if (this.#journal !== undefined) this.#storage.keep(this.#journal, underWay);
  }

  /**
   * Puts everything had on the disk and into the journal. Rejects with an ERR_DISK code when the disk does not take it, and
   * with ERR_STATE when the journal cannot be written.
   */
  save(traffic: Traffic, last: readonly JournalEntry[] = []): Promise<void> {
    const uploaded = this.#before.uploaded + traffic.uploaded;
    const downloaded = this.#before.downloaded + traffic.downloaded;
    return this.#storage.flush([{ type: 'totals', uploaded, downloaded }, ...last]);
  }

  /** Tries again what found no room, and saves now and then while pieces come in. */
  async tick(traffic: Traffic, now: number): Promise<void> {
    this.#writes.tick(now);
    if (!this.#dirty || now - this.#savedAt <= SAVE_EVERY) return;
    this.#savedAt = now;
    this.#dirty = false;
    try {
      await this.save(traffic);
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  /** Waits for what is under way, closes the files and ends the journal. `stored` is asked then. */
  async close(traffic: Traffic, stored: () => readonly StoredBlocks[]): Promise<void> {
    await this.#storage.close();
    this.#share?.close();
    try {
      const partials = stored().map(({ piece, blocks }) => ({ type: 'partial', piece, blocks }) as const);
      await this.save(traffic, [...partials, { type: 'closed' }]);
    } finally {
      await this.#journal?.close();
    }
  }
}

const NO_PADDING: ReadonlyMap<number, number> = new Map();

function countPadding({ files, pieceLength }: Metainfo): ReadonlyMap<number, number> {
  if (!files.some(({ pad }) => pad)) return NO_PADDING;
  const padding = new Map<number, number>();
  for (const { pad, offset, length } of files) {
    if (!pad) continue;
    for (let at = offset; at < offset + length; ) {
      const piece = Math.floor(at / pieceLength);
      const end = Math.min(offset + length, (piece + 1) * pieceLength);
      padding.set(piece, (padding.get(piece) ?? 0) + end - at);
      at = end;
    }
  }
  return padding;
}
