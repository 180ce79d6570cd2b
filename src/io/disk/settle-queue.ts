// Which complete files of a torrent are given their final names next, and how many at a time: a few large ones here, many
// small ones together in a worker. How that is done is not its business.

import type { FilePool } from './file-pool.ts';
import type { HashPool } from './hash-pool.ts';
import type { HeldFile } from './held-file.ts';
import { settleFile, settleSmallFile } from './settle.ts';

const AT_ONCE = 2;
/** Small files are settled by a worker, so many at a time; where only a few wait, it is not worth a thread. */
const SMALL_FILE = 1024 * 1024;
const SMALL_AT_ONCE = 64;
const MANY_SMALL = 4;

export class SettleQueue {
  /** The first failure; the others were tried all the same. */
  failure: unknown;
  readonly #files: FilePool;
  readonly #pool: HashPool;
  readonly #onSettled: () => void;
  readonly #onIdle: () => void;
  readonly #waiting: { readonly file: HeldFile; readonly end: () => void }[] = [];
  #settling = 0;
  /** So many small files have waited together that there is a worker for them. */
  #manySmall = false;

  constructor(files: FilePool, pool: HashPool, onSettled: () => void, onIdle: () => void) {
    this.#files = files;
    this.#pool = pool;
    this.#onSettled = onSettled;
    this.#onIdle = onIdle;
  }

  get idle(): boolean {
    return this.#settling === 0 && this.#waiting.length === 0;
  }

  /** All pieces of the file are on disk. */
  add(file: HeldFile): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    file.settling = promise;
    this.#waiting.push({ file, end: resolve });
    this.#next();
  }

  #next(): void {
    if (!this.#manySmall && this.#waiting.length >= MANY_SMALL)
      this.#manySmall = this.#waiting.filter(({ file }) => isSmall(file)).length >= MANY_SMALL;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      const { file, end } = next;
      const small = this.#manySmall && isSmall(file);
      if (this.#settling >= (small ? SMALL_AT_ONCE : AT_ONCE)) break;
      this.#waiting.shift();
      this.#settling++;
      (small ? settleSmallFile(file, this.#files, this.#pool) : settleFile(file, this.#files))
        .then(this.#onSettled)
        .catch((error: unknown) => {
          this.failure ??= error;
        })
        .finally(() => {
          this.#settling--;
          file.settling = undefined;
          end();
          this.#next();
        });
    }
    if (this.idle) this.#onIdle();
  }
}

function isSmall(file: HeldFile): boolean {
  return file.place.length <= SMALL_FILE;
}
