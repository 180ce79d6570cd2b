// Descriptors of several files at a time: all of them pinned in the pool, or none. Pads have no file and no descriptor.

import type { FilePool } from './file-pool.ts';
import type { HeldFile } from './held-file.ts';
import type { Segment } from './layout.ts';

/** Files one job may pin, so that no piece can use up all descriptors. */
export const FILES_A_JOB = 32;

/** What stands for the descriptor of a pad, and of a file that is opened where it is written. */
const NO_FILE = -1;

export class PinnedFiles {
  readonly #files: FilePool;
  readonly #held: readonly (HeldFile | undefined)[];

  constructor(files: FilePool, held: readonly (HeldFile | undefined)[]) {
    this.#files = files;
    this.#held = held;
  }

  /**
   * Calls back once, with a descriptor a segment or with what went wrong and where. Each success needs a `release`. `once`:
   * files that one segment covers, and that are not open, are not opened: who writes them does it, by their path.
   */
  acquire(
    batch: readonly Segment[],
    once: boolean,
    done: (error: NodeJS.ErrnoException | null, failed: Segment | undefined, fds: number[]) => void,
  ): void {
    const fds: number[] = [];
    const next = (): void => {
      while (fds.length < batch.length && this.#needsNone(batch[fds.length]!, once)) fds.push(NO_FILE);
      if (fds.length === batch.length) {
        done(null, undefined, fds);
        return;
      }
      const segment = batch[fds.length]!;
      this.#files.acquire(this.#held[segment.file.index]!.pooled, (error, fd) => {
        if (error !== null) {
          this.release(batch, fds);
          done(error, segment, []);
          return;
        }
        fds.push(fd);
        next();
      });
    };
    next();
  }

  #needsNone({ file, length }: Segment, once: boolean): boolean {
    if (file.pad) return true;
    return once && length === file.length && this.#held[file.index]!.pooled.closed;
  }

  /** `fds`: as they were given. */
  release(batch: readonly Segment[], fds: readonly number[]): void {
    for (const [i, fd] of fds.entries())
      if (fd !== NO_FILE) this.#files.release(this.#held[batch[i]!.file.index]!.pooled);
  }
}
