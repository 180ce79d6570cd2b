// One real file of an open torrent: what is known of it between opening and closing. State only; storage and settling
// change it.

import { fdatasync, stat } from 'node:fs';
import type { FileState } from './destination.ts';
import { type FilePool, PooledFile, READ_FLAGS, WRITE_FLAGS } from './file-pool.ts';
import type { FileStamp } from './file-stamp.ts';
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
  /** Written to since the last fdatasync. */
  dirty = false;
  /** An fdatasync failed: what was written may be lost, so no record vouches for it any more. */
  unsafe = false;
  /** Complete and under its final name. */
  settled: boolean;
  replace: boolean;
  /** Of a settled file: what it must still look like. */
  stamp: FileStamp | undefined;
  stampCheckedAt = Number.NEGATIVE_INFINITY;
  /** Waiting for the stat under way. */
  stampWaiters: (() => void)[] | undefined;
  /** Not the file any more that was verified. */
  changed = false;

  constructor(state: FileState, settled: boolean) {
    this.place = state.place;
    this.settled = settled;
    this.replace = state.replace;
    this.stamp = settled ? state.stamp : undefined;
    const final = settled || state.location === 'final';
    this.pooled = new PooledFile(final ? state.place.path : state.place.partPath, settled ? READ_FLAGS : WRITE_FLAGS);
  }

  /** Puts what was written on the disk. Rejects with the errno error of the system. */
  sync(files: FilePool): Promise<void> {
    if (!this.dirty) return Promise.resolve();
    this.dirty = false;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.unsafe = true;
        reject(error);
      };
      files.acquire(this.pooled, (openError, fd) => {
        if (openError !== null) {
          fail(openError);
          return;
        }
        fdatasync(fd, (error) => {
          files.release(this.pooled);
          if (error === null || error === undefined) resolve();
          else fail(error);
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
