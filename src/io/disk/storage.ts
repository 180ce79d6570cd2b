// The data of one torrent on disk: pieces in, blocks out. Nothing is claimed before its hash has passed and it is written:
// what was stored unverified counts for nothing until it is verified. No file is touched that was not ours. Which pieces are
// wanted is not its business.

import { resolve } from 'node:path';
import type { Bitfield } from '../../base/bitfield.ts';
import { ShoalError } from '../../base/errors.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import type { Journal } from '../stores/journal.ts';
import type { JournalEntry, TorrentRecord } from '../stores/torrent-record.ts';
import { claimFiles } from './claims.ts';
import { type DestinationOptions, inspectDestination, isComplete, prepareDestination } from './destination.ts';
import { Durability } from './durability.ts';
import { type FilePool, processFiles } from './file-pool.ts';
import { readStamp } from './file-stamp.ts';
import { SHA1_LENGTH } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import { HeldFile } from './held-file.ts';
import { Layout, type Segment } from './layout.ts';
import { forEachLimited } from './limit.ts';
import { PieceReader } from './piece-reader.ts';
import { PieceVerifier } from './piece-verifier.ts';
import { PieceWriter, type SlabPlace, type StoreResult } from './piece-writer.ts';
import { PinnedFiles } from './pinned-files.ts';
import { resolveRoot } from './safe-path.ts';
import { makeEmptyFile, syncNames } from './settle.ts';
import { SettleQueue } from './settle-queue.ts';

export interface StorageOptions {
  metainfo: Metainfo;
  /** The file or folder itself. */
  path: string;
  pool: HashPool;
  /** An original that is seeded in place: never written to. */
  readOnly?: boolean;
  /** Where the originals lie, for each file that is not a pad, in order. Only with `readOnly`. */
  paths?: readonly string[];
  resume?: TorrentRecord;
  overwrite?: boolean;
  onProgress?: (checkedBytes: number, total: number) => void;
  /** A file is not what was verified: `pieces` are not to be served any more. Called at most once a file. */
  onChanged?: (file: string, pieces: readonly number[]) => void;
  signal?: AbortSignal;
  files?: FilePool;
}

const SYNCS_AT_ONCE = 2;
const STATS_AT_ONCE = 16;
/** A file changed so shortly ago may change again without its modification time telling. Nanoseconds. */
const RACY_NS = 50_000_000n;

export class Storage {
  /** The file or folder itself, as given. */
  readonly path: string;
  readonly #layout: Layout;
  readonly #metainfo: Metainfo;
  readonly #files: FilePool;
  readonly #readOnly: boolean;
  readonly #ours: boolean;
  readonly #held: (HeldFile | undefined)[];
  readonly #onDisk: Bitfield;
  /** As found when it was opened. */
  readonly #partials: ReadonlyMap<number, Uint8Array>;
  #durability: Durability | undefined;
  /** Something was written since this was opened. */
  #wrote = false;
  readonly #pool: HashPool;
  readonly #writer: PieceWriter;
  readonly #verifier: PieceVerifier;
  /** Pieces with something on disk that is not verified, by the names of their hashes in the pool. */
  #unverified: Map<number, number> | undefined;
  readonly #reader: PieceReader;
  readonly #onChanged: StorageOptions['onChanged'];
  readonly #settling: SettleQueue;
  #filesDone = 0;
  #jobs = 0;
  #closed = false;
  /** Gives up the claim on its files. */
  #release: () => void = () => {};
  readonly #waiters: (() => void)[] = [];

  private constructor(
    options: StorageOptions,
    layout: Layout,
    held: (HeldFile | undefined)[],
    have: Bitfield,
    partials: ReadonlyMap<number, Uint8Array>,
    ours: boolean,
  ) {
    this.path = resolve(options.path);
    this.#layout = layout;
    this.#metainfo = options.metainfo;
    this.#files = options.files ?? processFiles;
    this.#readOnly = options.readOnly === true;
    this.#ours = ours;
    this.#held = held;
    this.#onDisk = have.clone();
    this.#partials = partials;
    this.#onChanged = options.onChanged;
    this.#pool = options.pool;
    const pinned = new PinnedFiles(this.#files, held);
    this.#writer = new PieceWriter(options.pool, pinned, held);
    this.#verifier = new PieceVerifier(options.pool, pinned);
    this.#reader = new PieceReader(this.#files, held, (file) => this.#noteChanged(file));
    this.#settling = new SettleQueue(
      this.#files,
      options.pool,
      () => {
        this.#filesDone++;
      },
      () => this.#wake(),
    );
    for (const file of held) {
      if (file === undefined) continue;
      for (let piece = file.place.firstPiece; piece <= file.place.lastPiece; piece++)
        if (!have.has(piece)) file.missing++;
      if (file.settled) this.#filesDone++;
      else if (file.missing === 0 && file.place.length > 0 && !this.#readOnly) this.#settling.add(file);
    }
  }

  /**
   * Looks at what is there, checks it, and makes the place ready. `have`: pieces on disk that passed their hash or that a
   * record vouches for; `reused`: their bytes; `partials`: unverified blocks of others. Throws ERR_DESTINATION, ERR_DESTINATION_ESCAPES or an ERR_DISK code.
   */
  static async open(
    options: StorageOptions,
  ): Promise<{ storage: Storage; have: Bitfield; reused: number; partials: ReadonlyMap<number, Uint8Array> }> {
    const root = await resolveRoot(options.path);
    const layout = new Layout(options.metainfo, root, options.paths);
    const release = options.readOnly === true ? () => {} : claimFiles(options.metainfo, layout);
    try {
      return await Storage.#openAt(options, layout, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  static async #openAt(options: StorageOptions, layout: Layout, release: () => void): ReturnType<typeof Storage.open> {
    const { metainfo } = options;
    const destinationOptions: DestinationOptions = {
      metainfo,
      layout,
      pool: options.pool,
      readOnly: options.readOnly === true,
      overwrite: options.overwrite === true,
      resume: options.resume,
      singleFile: metainfo.singleFile,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    const destination = await inspectDestination(destinationOptions);
    options.signal?.throwIfAborted();
    if (options.readOnly !== true) await prepareDestination(destinationOptions, destination);
    const { files, have, partials, ours } = destination;
    const held = files.map((state) => {
      if (state === undefined) return undefined;
      const settled = state.location === 'final' && (options.readOnly === true || isComplete(state, have));
      const file = new HeldFile(state, settled);
      // Whoever wrote it may have ended before its sync.
      file.dirty = !settled && state.stamp !== undefined;
      return file;
    });
    let reused = 0;
    for (let piece = 0; piece < layout.pieceCount; piece++) if (have.has(piece)) reused += layout.contentSize(piece);
    const storage = new Storage(options, layout, held, have, partials, ours);
    storage.#release = release;
    return { storage, have, reused, partials };
  }

  /** Files that are complete and have their final name. */
  get filesDone(): number {
    return this.#filesDone;
  }

  /**
   * Verifies the piece that lies whole in the slab, writes it, reports. The slab's bytes must not change until `done`,
   * which is called exactly once, in a later turn of the event loop. `digests`: also a success carries those of the blocks.
   */
  commit(piece: number, place: SlabPlace, digests: boolean, done: (result: StoreResult) => void): void {
    if (this.#refuses(done)) return;
    const size = this.#layout.pieceSize(piece);
    const segments = this.#segments(piece, 0, size).filter((segment) => !segment.file.pad);
    this.#jobs++;
    this.#begin(piece, () =>
      this.#writer.commit({ ...place, size }, this.#expected(piece), digests, segments, (result) => {
        if (result.ok) this.#written(piece, segments);
        this.#endJob();
        done(result);
      }),
    );
  }

  /** Nothing of a piece is written before the journal says that it may have been. */
  #begin(piece: number, then: () => void): void {
    this.#wrote = true;
    if (this.#durability === undefined) then();
    else this.#durability.begin(piece, then);
  }

  /**
   * Writes these runs of an extent without verifying them; `start` is where the extent begins in its piece and `length` how
   * long it is. Otherwise as `commit`.
   */
  storeExtent(
    piece: number,
    extent: { readonly start: number; readonly length: number },
    place: SlabPlace,
    runs: readonly { readonly begin: number; readonly length: number }[],
    done: (result: StoreResult) => void,
  ): void {
    if (this.#refuses(done)) return;
    const segments: Segment[] = [];
    let bytes = 0;
    for (const run of runs) {
      bytes += run.length;
      for (const segment of this.#segments(piece, run.begin, run.length))
        if (!segment.file.pad) segments.push({ ...segment, start: segment.start + run.begin - extent.start });
    }
    const key = this.#key(piece);
    this.#jobs++;
    this.#begin(piece, () => {
      // Forgotten while it waited: it is written, but belongs to no hash any more.
      const hashed = bytes === extent.length && this.#unverified?.get(piece) === key;
      const whole = { start: extent.start, length: hashed ? extent.length : 0 };
      this.#writer.store(place, segments, key, whole, (result) => {
        this.#endJob();
        done(result);
      });
    });
  }

  /** All of the piece is on disk: is it right? Otherwise as `commit`. */
  verify(piece: number, digests: boolean, done: (result: StoreResult) => void): void {
    if (this.#refuses(done)) return;
    const size = this.#layout.pieceSize(piece);
    const stored = {
      key: this.#key(piece),
      size,
      expected: this.#expected(piece),
      segments: (start: number) => (start === size ? [] : this.#segments(piece, start, size - start)),
    };
    this.#jobs++;
    this.#unverified?.delete(piece);
    this.#verifier.verify(stored, digests, (result) => {
      if (result.ok) this.#written(piece, stored.segments(0));
      this.#endJob();
      done(result);
    });
  }

  /** What was stored of the piece is void. */
  forget(piece: number): void {
    const key = this.#unverified?.get(piece);
    if (key === undefined) return;
    this.#unverified?.delete(piece);
    this.#pool.forget(key);
  }

  #key(piece: number): number {
    this.#unverified ??= new Map();
    const known = this.#unverified.get(piece);
    if (known !== undefined) return known;
    const key = this.#pool.nextKey();
    this.#unverified.set(piece, key);
    return key;
  }

  #refuses(done: (result: StoreResult) => void): boolean {
    if (!this.#closed && !this.#readOnly) return false;
    const error = new ShoalError('ERR_DISK', `${this.path} is not open for writing`);
    queueMicrotask(() => done({ ok: false, kind: 'disk', errno: 'EBADF', message: error.message, error }));
    return true;
  }

  #expected(piece: number): Uint8Array {
    return this.#metainfo.pieces.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH);
  }

  #segments(piece: number, begin: number, length: number): Segment[] {
    return this.#layout.segments(piece * this.#layout.pieceLength + begin, length);
  }

  #written(piece: number, segments: readonly Segment[]): void {
    this.#durability?.written(piece);
    if (!this.#onDisk.add(piece)) return;
    for (const { file } of segments) {
      if (file.pad) continue;
      const held = this.#held[file.index]!;
      if (--held.missing === 0) this.#settling.add(held);
    }
  }

  /**
   * Fills `buffers`, one after the other, with the bytes of a piece from `begin` on; pads read as zeros. One vectored
   * read a file. `done` is called exactly once; ERR_SOURCE: the file is not what it was.
   */
  read(piece: number, begin: number, buffers: readonly Uint8Array[], done: (error?: ShoalError) => void): void {
    let length = 0;
    for (const buffer of buffers) length += buffer.length;
    const offset = piece * this.#layout.pieceLength + begin;
    if (this.#closed || offset + length > this.#layout.length) {
      const reason = this.#closed ? 'it is closed' : 'the range is outside';
      queueMicrotask(() => done(new ShoalError('ERR_DISK', `could not read from ${this.path}: ${reason}`)));
      return;
    }
    this.#jobs++;
    this.#reader.read(this.#layout.segments(offset, length), buffers, (error) => {
      this.#endJob();
      done(error);
    });
  }

  #noteChanged(file: HeldFile): void {
    const lost: number[] = [];
    for (let piece = file.place.firstPiece; piece <= file.place.lastPiece; piece++)
      if (this.#onDisk.delete(piece)) lost.push(piece);
    if (lost.length === 0) return;
    this.#durability?.lost(file, lost);
    this.#onChanged?.(file.place.path, lost);
  }

  #endJob(): void {
    this.#jobs--;
    if (this.#jobs === 0) this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((wake) => this.#waiters.push(wake));
  }

  /** When every piece is on disk: waits until all files have their final names, makes the empty ones, syncs folders. */
  async finish(): Promise<void> {
    if (this.#readOnly) return;
    await this.#until(() => this.#settling.idle);
    if (this.#settling.failure !== undefined) throw this.#settling.failure;
    for (const file of this.#held) {
      if (file === undefined || file.place.length > 0 || file.settled) continue;
      await makeEmptyFile(file);
      this.#filesDone++;
    }
    await syncNames(this.#held.filter((file) => file?.settled === true) as HeldFile[]);
  }

  /**
   * From now on the journal is told what is written. It says what `state` said before anything was. `soon`: pieces that are
   * likely to be written next.
   */
  keep(journal: Journal, soon: () => Iterable<number> = () => []): void {
    const held = this.#held.filter((file) => file !== undefined);
    const filesOf = (piece: number): HeldFile[] => {
      const segments = this.#layout.segments(piece * this.#layout.pieceLength, this.#layout.pieceSize(piece));
      return segments.flatMap(({ file }) => (file.pad ? [] : [this.#held[file.index]!]));
    };
    const sizeOf = (piece: number): number => this.#layout.pieceSize(piece);
    this.#durability = new Durability({ files: this.#files, held, journal, filesOf, sizeOf, soon });
  }

  /** Puts all that was written on the disk and tells the journal, followed by `last`. See Durability.flush. */
  async flush(last: readonly JournalEntry[] = []): Promise<void> {
    await this.#durability?.flush(last);
  }

  /**
   * A record of what is on disk, durable before it is returned. `totals` are the engine's. Taken after `close()` it
   * vouches for every file; before, only for those that are certain not to change unnoticed.
   */
  async state(totals: { uploaded: number; downloaded: number }): Promise<TorrentRecord> {
    const have = this.#onDisk.clone();
    const before = this.#held.map((file) => file?.changes);
    const stamps: TorrentRecord['files'] = new Array(this.#held.length).fill(undefined);
    const real = this.#held.filter((file) => file !== undefined);
    if (!this.#closed)
      await forEachLimited(real, SYNCS_AT_ONCE, async (file) => {
        // The file is unsafe from then on, which is all a record has to know.
        await file.sync(this.#files).catch(() => undefined);
      });
    await forEachLimited(real, STATS_AT_ONCE, async (file) => {
      if (file.changed || file.unsafe || (!file.found && file.changes === 0 && !file.settled)) return;
      if (this.#readOnly) {
        stamps[file.place.index] = file.stamp;
        return;
      }
      const stamp = await readStamp(file.pooled.path).catch(() => undefined);
      if (stamp === undefined) return;
      const quiet = BigInt(Date.now()) * 1_000_000n - stamp.mtimeNs > RACY_NS;
      const untouched = file.writing === 0 && file.changes === before[file.place.index];
      if (untouched && (quiet || !this.#wrote || file.settled || this.#closed)) stamps[file.place.index] = stamp;
    });
    return {
      infoHash: this.#metainfo.infoHash,
      path: this.#layout.root,
      have,
      begun: new Set(),
      partials: new Map(this.#partials),
      files: stamps,
      uploaded: totals.uploaded,
      downloaded: totals.downloaded,
      ours: this.#ours,
      clean: this.#closed,
      at: Date.now(),
    };
  }

  /** Waits for reads, writes and renames under way, then closes the files. Later calls fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#until(() => this.#jobs === 0 && this.#settling.idle);
    for (const piece of [...(this.#unverified?.keys() ?? [])]) this.forget(piece);
    const real = this.#held.filter((file) => file !== undefined);
    await forEachLimited(real, SYNCS_AT_ONCE, async (file) => {
      await file.sync(this.#files).catch(() => undefined);
      await this.#files.retire(file.pooled, async () => undefined);
    });
    this.#release();
  }
}
