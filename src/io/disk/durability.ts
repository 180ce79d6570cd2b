// From written to durable: which pieces the system has taken but the disk may not have yet. Syncs files in batches and
// then, and only then, tells the journal. A failed sync is never followed by one that counts.

import type { Journal } from '../stores/journal.ts';
import type { JournalEntry } from '../stores/torrent-record.ts';
import { toDiskError } from './disk-error.ts';
import type { FilePool } from './file-pool.ts';
import { type FileStamp, sameStamp } from './file-stamp.ts';
import type { HeldFile } from './held-file.ts';
import { forEachLimited } from './limit.ts';
import { syncNames } from './settle.ts';

/** A batch ends at the latest when so many bytes wait for their sync; half of what a power cut may cost. */
const BATCH_BYTES = 32 * 1024 * 1024;
/** So many verified bytes may at most be lost by a power cut: beyond it no write begins. */
const MOST_BYTES = 2 * BATCH_BYTES;
const SYNCS_AT_ONCE = 2;

export interface DurabilityOptions {
  files: FilePool;
  /** All files of the torrent, pads left out. */
  held: readonly HeldFile[];
  journal: Journal;
  /** The files that a piece lies in, pads left out. */
  filesOf: (piece: number) => HeldFile[];
  sizeOf: (piece: number) => number;
  /** Pieces that are likely to be written next. */
  soon: () => Iterable<number>;
}

export class Durability {
  readonly #options: DurabilityOptions;
  readonly #journal: Journal;
  /** Verified and written, but not known to be on the disk. */
  readonly #pending = new Set<number>();
  #bytes = 0;
  /** Entries for the next batch. */
  #more: JournalEntry[] = [];
  /** Writes that wait for a batch to end. */
  readonly #waiting: (() => void)[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #batches = 0;
  #namesFailure: unknown;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    this.#journal = options.journal;
  }

  /** To be called before anything of a piece is written; `then` goes on, now or in a later turn. */
  begin(piece: number, then: () => void): void {
    if (this.#bytes < MOST_BYTES) {
      this.#journal.begin(piece, then, this.#options.soon);
      return;
    }
    this.#waiting.push(() => this.begin(piece, then));
    this.#flushSoon();
  }

  /** The piece is verified and the system has taken all of it. */
  written(piece: number): void {
    if (!this.#pending.has(piece)) this.#bytes += this.#options.sizeOf(piece);
    this.#pending.add(piece);
    if (this.#bytes >= BATCH_BYTES) this.#flushSoon();
  }

  /** The file is not what it was; nothing may vouch for it or for the pieces. */
  lost(file: HeldFile, pieces: readonly number[]): void {
    for (const piece of pieces) this.#forget(piece);
    const stamps = [{ file: file.place.index, stamp: undefined }];
    this.#more.push({ type: 'stamps', at: this.#journal.record.at, stamps }, { type: 'lost', pieces });
  }

  #forget(piece: number): void {
    if (this.#pending.delete(piece)) this.#bytes -= this.#options.sizeOf(piece);
  }

  /** Unless one is under way; how it ends is told by the next `flush`. */
  #flushSoon(): void {
    if (this.#batches === 0) this.flush().catch(() => undefined);
  }

  /**
   * Puts everything written so far on the disk and then into the journal, followed by `last`. Rejects with an ERR_DISK
   * code when a file cannot be synced, now or ever before, and with ERR_STATE when the journal cannot be written; what
   * is durable then is told the next time.
   */
  flush(last: readonly JournalEntry[] = []): Promise<void> {
    this.#batches++;
    const batch = this.#tail
      .then(() => this.#batch(last))
      .finally(() => {
        this.#batches--;
        for (const go of this.#waiting.splice(0)) go();
      });
    this.#tail = batch.catch(() => undefined);
    return batch;
  }

  async #batch(last: readonly JournalEntry[]): Promise<void> {
    const { held, files, filesOf } = this.#options;
    const pieces = [...this.#pending];
    const dirty = held.filter((file) => file.dirty || file.syncing);
    // Those that are complete are put on the disk when they get their names, many small ones together.
    for (const { settling } of dirty) if (settling !== undefined) await settling;
    await forEachLimited(dirty, SYNCS_AT_ONCE, (file) => file.sync(files).catch(() => undefined));
    await this.#syncNames();
    const durable = pieces.filter((piece) => this.#pending.has(piece) && filesOf(piece).every((file) => !file.unsafe));
    // Those of a file that failed are given up: they stay begun, so that the next start hashes them.
    for (const piece of pieces) this.#forget(piece);
    const failed = held.find((file) => file.unsafe);
    const stamps = this.#newStamps();
    const entries = this.#more.splice(0);
    // Stamps first: cut off between the two, the pieces are hashed once more, and nothing is believed too early.
    if (stamps.length > 0) entries.push({ type: 'stamps', at: Date.now(), stamps });
    if (durable.length > 0) entries.push({ type: 'have', pieces: durable });
    if (failed === undefined) entries.push(...last);
    if (entries.length > 0) await this.#journal.add(entries);
    if (failed !== undefined)
      throw toDiskError(failed.syncFailure, failed.pooled.path, 'put on the disk what was written to');
  }

  /** What is in a file is lost with its name. Like that of a file, a failed sync of a folder is never made good. */
  async #syncNames(): Promise<void> {
    if (this.#namesFailure !== undefined) throw this.#namesFailure;
    try {
      await syncNames(this.#options.held.filter((file) => file.changes > 0 && !file.unsafe));
    } catch (error) {
      this.#namesFailure = error;
      throw error;
    }
  }

  #newStamps(): { file: number; stamp: FileStamp }[] {
    const stamps: { file: number; stamp: FileStamp }[] = [];
    const known = this.#journal.record.files;
    for (const file of this.#options.held) {
      const { index } = file.place;
      const stamp = file.settled ? file.stamp : file.syncedStamp;
      if (stamp === undefined || file.changed || file.unsafe || sameStamp(stamp, known[index])) continue;
      stamps.push({ file: index, stamp });
    }
    return stamps;
  }
}
