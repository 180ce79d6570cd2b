// The disk side of one torrent: its storage, the slab its pieces arrive in, what of it is had, and its resume data. Knows
// nothing of peers and trackers, decides nothing.

import type { Bitfield } from '../base/bitfield.ts';
import type { ShoalError } from '../base/errors.ts';
import { Geometry } from '../base/geometry.ts';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { StoreResult } from '../io/disk/piece-writer.ts';
import { Storage } from '../io/disk/storage.ts';
import type { Journal } from '../io/stores/journal.ts';
import type { JournalEntry, TorrentRecord } from '../io/stores/torrent-record.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { digestBlocks } from '../swarm/blame.ts';
import { sha1 } from './torrent-source.ts';
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
  /** Budget for pieces on their way, in bytes. */
  readonly memory: number;
  /** Part of the check that is done, 0 to 1. */
  readonly onProgress: (checked: number) => void;
  readonly onChanged: (file: string, pieces: readonly number[]) => void;
  readonly signal: AbortSignal;
}

/** Payload bytes of this run, for the record. */
interface Traffic {
  uploaded: number;
  downloaded: number;
}

const SAVE_EVERY = 5_000;
const LEAST_SLOTS = 4;
const MOST_SLOTS = 2048;

export class TorrentDisk implements UploadSource {
  readonly geometry: Geometry;
  /** Pieces that were there when the disk was opened. */
  readonly found: Bitfield;
  /** Their bytes. */
  readonly reused: number;
  readonly slotCount: number;
  /** Bytes verified and written, those of pads left out. */
  haveBytes = 0;
  readonly #size: number;
  /** Bytes of pads in the pieces that hold any. */
  readonly #padding: ReadonlyMap<number, number>;
  readonly #storage: Storage;
  readonly #pool: HashPool;
  /** Over earlier runs. */
  readonly #before: Traffic;
  #slab: { id: number; bytes: Uint8Array } | undefined;
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
    this.#storage = opened.storage;
    this.#pool = options.pool;
    this.#before = { uploaded: record?.uploaded ?? 0, downloaded: record?.downloaded ?? 0 };
    this.#size = metainfo.size;
    this.#padding = countPadding(metainfo);
    for (let piece = 0; piece < this.geometry.pieceCount; piece++)
      if (this.found.has(piece)) this.haveBytes += this.#contentSize(piece);
    this.slotCount = this.#countSlots(options.memory);
    if (this.slotCount === 0) return;
    const shared = new SharedArrayBuffer(this.slotCount * this.geometry.pieceLength);
    this.#slab = { id: this.#pool.registerSlab(shared), bytes: Buffer.from(shared) };
  }

  #countSlots(memory: number): number {
    const { pieceCount, pieceLength } = this.geometry;
    const affordable = Math.max(LEAST_SLOTS, Math.floor(memory / pieceLength));
    return Math.min(pieceCount - this.found.count, affordable, MOST_SLOTS);
  }

  /**
   * Checks what is there and makes the place ready. Throws ERR_DESTINATION, ERR_DESTINATION_ESCAPES, ERR_STATE, an
   * ERR_DISK code, or ERR_INTERRUPTED when the signal says so.
   */
  static async open(options: TorrentDiskOptions, torrent: Uint8Array): Promise<TorrentDisk> {
    const { metainfo, original, store, onProgress } = options;
    const { record } = original ?? (await store.load(metainfo.infoHash));
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
      await store.saveTorrent(metainfo.infoHash, torrent);
      await disk.#openJournal(store);
      return disk;
    } catch (error) {
      await opened.storage.close();
      throw error;
    }
  }

  /** Slots of one piece each, one after another; undefined when nothing is to come. */
  get slab(): Uint8Array | undefined {
    return this.#slab?.bytes;
  }

  /**
   * Hash, compare, write: see Storage.commit. With the result come the digests of the blocks of a piece that failed, or
   * that passed and was wanted with them.
   */
  commit(
    piece: number,
    slot: number,
    wanted: boolean,
    done: (result: StoreResult, digests: Uint8Array | undefined) => void,
  ): void {
    const start = slot * this.geometry.pieceLength;
    this.#storage.commit(piece, this.#slab!.id, start, (result) => {
      const needed = result.ok ? wanted : result.kind === 'hash';
      const bytes = this.#slab?.bytes.subarray(start, start + this.geometry.pieceSize(piece));
      if (result.ok) {
        this.haveBytes += this.#contentSize(piece);
        this.#dirty = true;
      }
      done(result, needed && bytes !== undefined ? digestBlocks(bytes, sha1) : undefined);
    });
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

  /** Every piece is written: the files get their final names, the slab is given back. */
  async finish(): Promise<void> {
    await this.#storage.finish();
    this.#releaseSlab();
  }

  /** Begins the journal with what was found, before anything is written. */
  async #openJournal(store: TorrentStore): Promise<void> {
    this.#journal = await store.openJournal(await this.#storage.state(this.#before));
    if (this.#journal !== undefined) this.#storage.keep(this.#journal);
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

  /** Saves now and then while pieces come in. */
  async saveSometimes(traffic: Traffic, now: number): Promise<void> {
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

  /** Waits for what is under way, closes the files and ends the journal. */
  async close(traffic: Traffic): Promise<void> {
    await this.#storage.close();
    this.#releaseSlab();
    try {
      await this.save(traffic, [{ type: 'closed' }]);
    } finally {
      await this.#journal?.close();
    }
  }

  #releaseSlab(): void {
    if (this.#slab !== undefined) this.#pool.releaseSlab(this.#slab.id);
    this.#slab = undefined;
  }
}

function countPadding({ files, pieceLength }: Metainfo): Map<number, number> {
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
