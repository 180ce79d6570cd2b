// Takes a piece from the slab to its files: one job for the hash pool, or several where a piece lies over many files. It
// keeps the files pinned until the answer is there and counts who is being written to; what is written it does not know.

import type { ShoalError } from '../../base/errors.ts';
import { diskError } from './disk-error.ts';
import type { FilePool } from './file-pool.ts';
import type { CommitResult, HashPool } from './hash-pool.ts';
import type { HeldFile } from './held-file.ts';
import type { Segment } from './layout.ts';

/** Like the pool's result; a disk failure carries the error a user gets. */
export type StoreResult =
  | Exclude<CommitResult, { kind: 'disk' }>
  | { ok: false; kind: 'disk'; errno: string; message: string; error: ShoalError };

/** Where a whole piece lies in memory. */
interface SlabPlace {
  slab: number;
  offset: number;
  size: number;
}

interface WriteTask {
  place: SlabPlace;
  segments: readonly Segment[];
  /** How many of `segments` are written. */
  written: number;
  done: (result: StoreResult) => void;
}

/** Files one job may pin. A piece over more files is written in several jobs, so that no piece can use up all descriptors. */
const FILES_A_JOB = 32;

export class PieceWriter {
  readonly #pool: HashPool;
  readonly #files: FilePool;
  readonly #held: readonly (HeldFile | undefined)[];

  constructor(pool: HashPool, files: FilePool, held: readonly (HeldFile | undefined)[]) {
    this.#pool = pool;
    this.#files = files;
    this.#held = held;
  }

  /** `segments` without pads; `expected`: 20 bytes. Nothing is written before the hash of the whole piece has passed. */
  write(
    place: SlabPlace,
    expected: Uint8Array,
    segments: readonly Segment[],
    done: (result: StoreResult) => void,
  ): void {
    for (const { file } of segments) this.#note(file.index, 1);
    this.#writeSome({ place, segments, written: 0, done }, expected);
  }

  #note(index: number, step: 1 | -1): void {
    const file = this.#held[index]!;
    file.writing += step;
    file.changes++;
    file.dirty = true;
  }

  #writeSome(task: WriteTask, expected: Uint8Array | undefined): void {
    const batch = task.segments.slice(task.written, task.written + FILES_A_JOB);
    this.#acquireAll(batch, (error, failed, fds) => {
      if (error !== null) {
        this.#fail(task, error.code ?? 'EIO', failed, error);
        return;
      }
      const writes = batch.map(({ position, start, length }, i) => ({ fd: fds[i]!, position, start, length }));
      const { slab, offset, size } = task.place;
      this.#pool.commit({ slab, offset, length: size, expected, writes }, (result) => {
        this.#releaseAll(batch);
        if (!result.ok) {
          if (result.kind === 'hash') this.#end(task, result);
          else this.#fail(task, result.errno, batch[0], new Error(result.message));
          return;
        }
        task.written += batch.length;
        if (task.written < task.segments.length) this.#writeSome(task, undefined);
        else this.#end(task, result);
      });
    });
  }

  #acquireAll(
    batch: readonly Segment[],
    done: (error: NodeJS.ErrnoException | null, failed: Segment | undefined, fds: number[]) => void,
  ): void {
    const fds: number[] = [];
    const next = (): void => {
      if (fds.length === batch.length) {
        done(null, undefined, fds);
        return;
      }
      const segment = batch[fds.length]!;
      this.#files.acquire(this.#held[segment.file.index]!.pooled, (error, fd) => {
        if (error !== null) {
          this.#releaseAll(batch.slice(0, fds.length));
          done(error, segment, []);
          return;
        }
        fds.push(fd);
        next();
      });
    };
    next();
  }

  #releaseAll(batch: readonly Segment[]): void {
    for (const { file } of batch) this.#files.release(this.#held[file.index]!.pooled);
  }

  #fail(task: WriteTask, errno: string, segment: Segment | undefined, cause: Error): void {
    const error = diskError(errno, segment?.file.partPath ?? 'the download', 'write', cause);
    this.#end(task, { ok: false, kind: 'disk', errno, message: error.message, error });
  }

  #end(task: WriteTask, result: StoreResult): void {
    for (const { file } of task.segments) this.#note(file.index, -1);
    task.done(result);
  }
}
