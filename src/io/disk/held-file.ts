// One real file of an open torrent: what is known of it between opening and closing. State only; storage and settling
// change it.

import { fdatasync, fstatSync, stat } from 'node:fs';
import type { FileState } from './destination.ts';
import { type FilePool, PooledFile, READ_FLAGS, WRITE_FLAGS } from './file-pool.ts';
import { type FileStamp, toStamp } from './file-stamp.ts';
import type { PlacedFile } from './layout.ts';

export class HeldFile {
  readonly place: PlacedFile;
  readonly pooled: PooledFile;
  /** Pieces of this file that are not on disk yet. */
  missing = 0;
  /** Jobs that write to it now. */
  writing = 0;
  /** Counts beginnings and ends of writes, so that one can tell whether any came between. */
  changes = 0;
  /** It was there when it was opened. */
  readonly found: boolean;
  /** Written to since the last fdatasync. */
  dirty = false;
  /** Why an fdatasync failed: what was written may be lost, and no later sync says anything about it. */
  syncFailure: unknown;
  /** What it looked like after the last sync, before it is settled. */
  syncedStamp: FileStamp | undefined;
  #syncing: Promise<void> | undefined;
  /** Counts the names it got. */
  names: number;
  /** How many of them are on the disk for certain: the last one, when they are equal. */
  namesSynced = 0;
  /** Complete and under its final name. */
  settled: boolean;
  replace: boolean;
  /** It is complete and waits for its final name, which it gets once it is on the disk. Never rejects. */
  settling: Promise<void> | undefined;
  /** Of a settled file: what it must still look like. */
  stamp: FileStamp | undefined;
  stampCheckedAt = Number.NEGATIVE_INFINITY;
  /** Waiting for the stat under way. */
  stampWaiters: (() => void)[] | undefined;
  /** Not the file any more that was verified. */
  changed = false;

  constructor(state: FileState, settled: boolean) {
    this.place = state.place;
    this.found = state.stamp !== undefined;
    this.settled = settled;
    this.names = settled ? 0 : 1;
    this.replace = state.replace;
    this.stamp = settled ? state.stamp : undefined;
    const final = settled || state.location === 'final';
    this.pooled = new PooledFile(final ? state.place.path : state.place.partPath, settled ? READ_FLAGS : WRITE_FLAGS);
  }

  /** An fdatasync failed, so no record vouches for what was written any more. */
  get unsafe(): boolean {
    return this.syncFailure !== undefined;
  }

  /** An fdatasync is under way. */
  get syncing(): boolean {
    return this.#syncing !== undefined;
  }

  /**
   * Puts everything written so far on the disk. Rejects with the errno error of the system, ENOENT when the file has been
   * removed meanwhile; once that has happened always, because a later sync would succeed without the data that the first
   * one lost.
   */
  sync(files: FilePool): Promise<void> {
    return this.syncBy(() => this.putOnDisk(files));
  }

  /** The same with a sync of the caller's own, that resolves to what the file looks like then. */
  async syncBy(sync: () => Promise<FileStamp>): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (this.syncFailure !== undefined) throw this.syncFailure;
    if (!this.dirty) return;
    this.dirty = false;
    this.#syncing = sync()
      .then((stamp) => {
        this.syncedStamp = stamp;
      })
      .catch((error: unknown) => {
        this.syncFailure ??= error;
      })
      .finally(() => {
        this.#syncing = undefined;
      });
    await this.#syncing;
    if (this.syncFailure !== undefined) throw this.syncFailure;
  }

  /** Only the sync itself: for `syncBy`. */
  putOnDisk(files: FilePool): Promise<FileStamp> {
    return new Promise((resolve, reject) => {
      files.acquire(this.pooled, (openError, fd) => {
        if (openError !== null) {
          reject(openError);
          return;
        }
        fdatasync(fd, (error) => {
          try {
            if (error !== null && error !== undefined) throw error;
            // Its inode is in memory: this waits for no disk.
            const found = fstatSync(fd, { bigint: true });
            if (found.nlink === 0n) throw Object.assign(new Error('it was removed'), { code: 'ENOENT' });
            resolve(toStamp(found));
          } catch (failure) {
            reject(failure);
          } finally {
            files.release(this.pooled);
          }
        });
      });
    });
  }

  /**
   * Calls `done` with false when a settled file is not what it was. Looks at most once every `interval` milliseconds;
   * `now` on a clock that never jumps back.
   */
  checkUnchanged(now: number, interval: number, done: (unchanged: boolean) => void): void {
    if (this.changed || !this.settled || (this.stampWaiters === undefined && now - this.stampCheckedAt < interval)) {
      done(!this.changed);
      return;
    }
    if (this.stampWaiters !== undefined) {
      this.stampWaiters.push(() => done(!this.changed));
      return;
    }
    this.stampWaiters = [() => done(!this.changed)];
    stat(this.place.path, { bigint: true }, (error, found) => {
      this.stampCheckedAt = now;
      const stamp = this.stamp;
      if (
        error !== null ||
        stamp === undefined ||
        Number(found.size) !== stamp.size ||
        found.mtimeNs !== stamp.mtimeNs ||
        found.ino !== stamp.ino
      )
        this.changed = true;
      const waiters = this.stampWaiters ?? [];
      this.stampWaiters = undefined;
      for (const waiter of waiters) waiter();
    });
  }
}
