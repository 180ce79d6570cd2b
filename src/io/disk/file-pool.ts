// Open file descriptors, the least recently used closed first. A descriptor in use is pinned and never closed under the
// one who uses it. It opens and closes; it never decides what may be opened.

import { close, constants, open, readFileSync } from 'node:fs';

type OpenDone = (error: NodeJS.ErrnoException | null, fd: number) => void;

/** A file that can be open. Its path and flags may change only while it is closed (see `retire`). */
export class PooledFile {
  path: string;
  flags: number;
  mode = 0o666;
  fd = -1;
  pins = 0;
  opening = false;
  /** No new pins until what holds it is done. */
  retiring = false;
  readonly waiting: OpenDone[] = [];
  whenUnpinned: (() => void) | undefined;

  constructor(path: string, flags: number) {
    this.path = path;
    this.flags = flags;
  }

  /** Not open, and nobody is about to open it. */
  get closed(): boolean {
    return this.fd < 0 && !this.opening && !this.retiring;
  }
}

export const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** O_NOFOLLOW: the last component of what we write to is never a symbolic link. */
export const WRITE_FLAGS =
  constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const DEFAULT_CAPACITY = 128;

/** At most a quarter of what the system allows this process: the rest belongs to sockets. */
function defaultCapacity(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (limit !== null) return Math.max(8, Math.min(DEFAULT_CAPACITY, Number(limit[1]) >> 2));
  } catch {
    // No such file outside Linux; the default is fine there.
  }
  return DEFAULT_CAPACITY;
}

export class FilePool {
  readonly #capacity: number;
  /** Open and not pinned, least recently used first. */
  readonly #idle = new Set<PooledFile>();
  /** Openings that met the system's limit and wait for any file to be closed. */
  readonly #starved: PooledFile[] = [];
  #open = 0;
  #pinned = 0;

  constructor(capacity = defaultCapacity()) {
    this.#capacity = capacity;
  }

  get openCount(): number {
    return this.#open;
  }

  /** Pins the file and gives its descriptor; at once when it is open. Each success needs a `release`. */
  acquire(file: PooledFile, done: OpenDone): void {
    if (file.retiring || file.opening) {
      file.waiting.push(done);
      return;
    }
    if (file.fd >= 0) {
      this.#pin(file);
      done(null, file.fd);
      return;
    }
    file.waiting.push(done);
    this.#startOpening(file);
  }

  release(file: PooledFile): void {
    file.pins--;
    this.#pinned--;
    if (file.pins > 0) return;
    if (file.whenUnpinned !== undefined) {
      const resolve = file.whenUnpinned;
      file.whenUnpinned = undefined;
      resolve();
      return;
    }
    this.#idle.add(file);
    if (this.#open > this.#capacity || this.#starved.length > 0) this.#evict();
  }

  /**
   * Closes the file once nobody uses it, runs `change` (which may move the file, or set its path and flags), and lets
   * those who came meanwhile go on.
   */
  async retire(file: PooledFile, change: () => Promise<void>): Promise<void> {
    while (file.opening || file.retiring) await new Promise<void>((resolve) => setImmediate(resolve));
    file.retiring = true;
    try {
      if (file.pins > 0)
        await new Promise<void>((resolve) => {
          file.whenUnpinned = resolve;
        });
      this.#idle.delete(file);
      if (file.fd >= 0) await new Promise<void>((resolve) => this.#close(file, resolve));
      await change();
    } finally {
      file.retiring = false;
      if (file.waiting.length > 0) this.#startOpening(file);
    }
  }

  #pin(file: PooledFile): void {
    this.#idle.delete(file);
    file.pins++;
    this.#pinned++;
  }

  #startOpening(file: PooledFile): void {
    file.opening = true;
    if (this.#open >= this.#capacity) this.#evict();
    this.#open++;
    open(file.path, file.flags, file.mode, (error, fd) => {
      if (error !== null) {
        this.#open--;
        if (error.code === 'EMFILE' && this.#idle.size + this.#pinned > 0) {
          this.#starved.push(file);
          this.#evict();
          return;
        }
      }
      file.opening = false;
      const waiting = file.waiting.splice(0);
      if (error === null) {
        file.fd = fd;
        // All pins first: the first of them may release at once.
        for (const _ of waiting) this.#pin(file);
      }
      for (const done of waiting) done(error, fd);
    });
  }

  #evict(): void {
    const [oldest] = this.#idle;
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    this.#close(oldest);
  }

  #close(file: PooledFile, done?: () => void): void {
    const fd = file.fd;
    file.fd = -1;
    this.#open--;
    close(fd, () => {
      const starved = this.#starved.shift();
      if (starved !== undefined) this.#startOpening(starved);
      done?.();
    });
  }
}

/** Descriptors are a resource of the process, so all storages share one pool unless told otherwise. */
export const processFiles = new FilePool();
