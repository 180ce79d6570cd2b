// Takes pieces and extents from the slab to their files: one job for the hash pool, or several where they lie over many
// files. It keeps the files pinned until the answer is there and counts who is being written to; what is written it does
// not know.

import type { ShoalError } from '../../base/errors.ts';
import { diskError, isStarved } from './disk-error.ts';
import type { WriteRange } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import type { HeldFile } from './held-file.ts';
import type { Segment } from './layout.ts';
import { FILES_A_JOB, type PinnedFiles } from './pinned-files.ts';
import type { PieceResult } from './pool-worker.ts';

/** Like the pool's result; a disk failure carries the error a user gets. */
export type StoreResult =
  | Exclude<PieceResult, { kind: 'disk' }>
  | { ok: false; kind: 'disk'; errno: string; message: string; error: ShoalError };

/** Where a whole piece, or an extent of one, lies in memory. */
export interface SlabPlace {
  readonly slab: number;
  readonly offset: number;
}

interface WriteTask {
  readonly segments: readonly Segment[];
  /** How many of `segments` are written. */
  written: number;
  digests: Uint8Array | undefined;
  /** `first`, `last`: whether the job is the first or the last one of the task. */
  readonly start: (writes: WriteRange[], first: boolean, last: boolean, done: (result: PieceResult) => void) => void;
  readonly done: (result: StoreResult) => void;
}

export class PieceWriter {
  readonly #pool: HashPool;
  readonly #pinned: PinnedFiles;
  readonly #held: readonly (HeldFile | undefined)[];

  constructor(pool: HashPool, pinned: PinnedFiles, held: readonly (HeldFile | undefined)[]) {
    this.#pool = pool;
    this.#pinned = pinned;
    this.#held = held;
  }

  /** `segments` without pads; `expected`: 20 bytes. Nothing is written before the hash of the whole piece has passed. */
  commit(
    place: SlabPlace & { readonly size: number },
    expected: Uint8Array,
    digests: boolean,
    segments: readonly Segment[],
    done: (result: StoreResult) => void,
  ): void {
    const { slab, offset, size } = place;
    this.#begin(segments, done, (writes, first, _last, answered) => {
      const job = { slab, offset, length: size, writes };
      this.#pool.commit({ ...job, expected: first ? expected : undefined, digests: first && digests }, answered);
    });
  }

  /**
   * Unverified. `segments` without pads, their starts counted from the place; `whole`: what of the piece `key` lies there,
   * from where on, if all of it does and may go into the hash of the piece.
   */
  store(
    place: SlabPlace,
    segments: readonly Segment[],
    key: number,
    whole: { readonly start: number; readonly length: number },
    done: (result: StoreResult) => void,
  ): void {
    const { slab, offset } = place;
    this.#begin(segments, done, (writes, _first, last, answered) =>
      this.#pool.store({ key, slab, offset, start: whole.start, length: last ? whole.length : 0, writes }, answered),
    );
  }

  #begin(segments: readonly Segment[], done: WriteTask['done'], start: WriteTask['start']): void {
    for (const { file } of segments) this.#note(file.index, 1);
    this.#writeSome({ segments, written: 0, digests: undefined, start, done }, true);
  }

  #note(index: number, step: 1 | -1): void {
    const file = this.#held[index]!;
    file.writing += step;
    file.changes++;
    file.dirty = true;
  }

  /** `once`: see PinnedFiles.acquire. */
  #writeSome(task: WriteTask, once: boolean): void {
    const batch = task.segments.slice(task.written, task.written + FILES_A_JOB);
    this.#pinned.acquire(batch, once, (error, failed, fds) => {
      if (error !== null) {
        this.#fail(task, error.code ?? 'EIO', failed, error);
        return;
      }
      const writes = batch.map(({ file, position, start, length }, i) => ({
        ...(fds[i]! < 0 ? { path: this.#held[file.index]!.pooled.path } : {}),
        fd: fds[i]!,
        position,
        start,
        length,
      }));
      const last = task.written + batch.length === task.segments.length;
      task.start(writes, task.written === 0, last, (result) => {
        this.#pinned.release(batch, fds);
        if (!result.ok) {
          if (result.kind === 'hash') this.#end(task, result);
          else if (once && isStarved(result.errno)) this.#writeSome(task, false);
          else this.#fail(task, result.errno, batch[0], new Error(result.message));
          return;
        }
        task.written += batch.length;
        task.digests ??= result.digests;
        if (!last) this.#writeSome(task, true);
        else this.#end(task, { ok: true, ...(task.digests === undefined ? {} : { digests: task.digests }) });
      });
    });
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
