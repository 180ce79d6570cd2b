// Descriptors of several files at a time: all of them pinned in the pool, or none. Pads have no file and no descriptor.

import type { FilePool } from './file-pool.ts';
import type { HeldFile } from './held-file.ts';
import type { Segment } from './layout.ts';

/** Files one job may pin, so that no piece can use up all descriptors. */
export const FILES_A_JOB = 32;

/** What stands for the descriptor of a pad. */
const NO_FILE = -1;

export class PinnedFiles {
  readonly #files: FilePool;
  readonly #held: readonly (HeldFile | undefined)[];

  constructor(files: FilePool, held: readonly (HeldFile | undefined)[]) {
    this.#files = files;
    this.#held = held;
  }

  /** Calls back once, with a descriptor a segment or with what went wrong and where. Each success needs a `release`. */
  acquire(
    batch: readonly Segment[],
    done: (error: NodeJS.ErrnoException | null, failed: Segment | undefined, fds: number[]) => void,
  ): void {
    const fds: number[] = [];
    const next = (): void => {
      while (fds.length < batch.length && batch[fds.length]!.file.pad) fds.push(NO_FILE);
      if (fds.length === batch.length) {
        done(null, undefined, fds);
        return;
      }
      const segment = batch[fds.length]!;
      this.#files.acquire(this.#held[segment.file.index]!.pooled, (error, fd) => {
        if (error !== null) {
          this.release(batch.slice(0, fds.length));
          done(error, segment, []);
          return;
        }
        fds.push(fd);
        next();
      });
    };
    next();
  }

  release(batch: readonly Segment[]): void {
    for (const { file } of batch) if (!file.pad) this.#files.release(this.#held[file.index]!.pooled);
  }
}
