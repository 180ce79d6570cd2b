// The journal of one torrent as a file: appends records, syncs them, and replaces the file by a shorter one when it has
// grown. It keeps what the records say in memory, so that after any failure the whole truth can be written anew. A record
// that was not synced is never taken for one that was, and no failure shortens or damages what is on disk.

import { fdatasync, type NoParamCallback, write } from 'node:fs';
import { link, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../disk/disk-error.ts';
import { type FilePool, PooledFile, WRITE_FLAGS } from '../disk/file-pool.ts';
import { syncFolder, writeBeside } from './atomic-file.ts';
import { encodeEntries, encodeJournal } from './journal-record.ts';
import { stateError } from './state-error.ts';
import { applyEntry, isKnown, type JournalEntry, type TorrentRecord } from './torrent-record.ts';

/** A journal is compacted when it is longer than this and so many times longer than it need be. */
const LONG = 256 * 1024;
const TIMES = 4;

export class Journal {
  readonly path: string;
  readonly #record: TorrentRecord;
  readonly #files: FilePool;
  readonly #pooled: PooledFile;
  #length = 0;
  #compactLength = 0;
  #seal = 0;
  /** What is in memory is not on disk: nothing may be appended before the whole has been written anew. */
  #stale = true;
  /** What is on disk, from an earlier run, says the same: it is written anew when there is something new to say. */
  #kept = false;
  #tail: Promise<unknown> = Promise.resolve();
  #begun: number[] = [];
  #whenBegun: (() => void)[] = [];
  /** What is said to have begun in memory is on its way to the file. */
  #telling = false;
  readonly #now: () => number;

  /** Nothing is written before the first `rewrite`, or after `keep` before there is something new. `now`: epoch milliseconds. */
  constructor(path: string, record: TorrentRecord, files: FilePool, now: () => number = Date.now) {
    this.path = path;
    this.#record = record;
    this.#files = files;
    this.#pooled = new PooledFile(path, WRITE_FLAGS);
    this.#pooled.mode = 0o600;
    this.#now = now;
  }

  /** What a reader of the journal would know now, if every write had succeeded. Not to be changed. */
  get record(): Readonly<TorrentRecord> {
    return this.#record;
  }

  /**
   * Says that this piece is about to be written, then calls `then`: at once when that was said before, else in a later
   * turn of the event loop, one append for all that came meanwhile. Not synced: what the system has taken survives the
   * end of this process, and after a power cut the changed file is hashed whole. A failure is told by the next `add`.
   * `soon`: asked for pieces that will follow, when there is something to append: they cost next to nothing then.
   */
  begin(piece: number, then: () => void, soon: () => Iterable<number> = () => []): void {
    if (this.#record.begun.has(piece) && this.#whenBegun.length === 0 && !this.#telling) {
      then();
      return;
    }
    this.#begun.push(piece);
    if (this.#whenBegun.push(then) > 1) return;
    this.#begun.push(...soon());
    void this.#inTurn(async () => {
      const pieces = [...new Set(this.#begun)].filter((begun) => !this.#record.begun.has(begun));
      const waiting = this.#whenBegun;
      this.#begun = [];
      this.#whenBegun = [];
      this.#telling = true;
      try {
        if (pieces.length > 0) await this.#append([{ type: 'begun', at: this.#now(), pieces }]);
      } catch {
        this.#stale = true;
      }
      this.#telling = false;
      for (const go of waiting) go();
    });
  }

  /** In place of the first `rewrite`: the journal on disk says what this one was made to say. `clean`: and how it ended. */
  keep(clean: boolean): void {
    this.#record.clean = clean;
    this.#kept = true;
  }

  /** Durable when it resolves. Rejects with ERR_STATE; the entries are then part of what the next call writes. */
  async add(entries: readonly JournalEntry[]): Promise<void> {
    if (this.#kept && entries.every((entry) => isKnown(this.#record, entry))) return;
    try {
      const appended = await this.#inTurn(async () => {
        await this.#append(entries);
        if (!this.#stale && this.#length <= Math.max(LONG, TIMES * this.#compactLength)) return true;
        await this.#rewrite();
        return false;
      });
      // Out of turn: a slow sync must not hold up what is about to be written.
      if (appended) await this.#sync();
    } catch (error) {
      this.#stale = true;
      throw stateError(error, this.path, 'save');
    }
  }

  /** Writes the whole anew over what the caller has read. `aside`: that is damaged and is kept under another name. */
  rewrite(aside = false): Promise<void> {
    return this.#inTurn(async () => {
      try {
        if (aside) await setAside(this.path);
        await this.#rewrite();
      } catch (error) {
        this.#stale = true;
        throw stateError(error, this.path, 'save');
      }
    });
  }

  /** Waits for what is under way and gives the descriptor back. Later calls fail. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#files.retire(this.#pooled, async () => undefined));
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(step);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Over anything that a failed write may have left behind the last good record. */
  async #append(entries: readonly JournalEntry[]): Promise<void> {
    if (this.#kept) {
      this.#kept = false;
      this.#record.clean = false;
      for (const entry of entries) applyEntry(this.#record, entry);
      await this.#rewrite();
      return;
    }
    for (const entry of entries) applyEntry(this.#record, entry);
    if (this.#stale) return;
    const { bytes, seal } = encodeEntries(entries, this.#seal);
    let done = 0;
    while (done < bytes.length) {
      const position = this.#length + done;
      done += await this.#withFile<number>((fd, settle) =>
        write(fd, bytes, done, bytes.length - done, position, settle),
      );
    }
    this.#length += bytes.length;
    this.#seal = seal;
  }

  async #sync(): Promise<void> {
    await this.#withFile<undefined>((fd, settle) => fdatasync(fd, settle as NoParamCallback));
  }

  async #withFile<T>(
    step: (fd: number, settle: (error: Error | null | undefined, value?: T) => void) => void,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#files.acquire(this.#pooled, (openError, fd) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      step(fd, (error, value) => {
        this.#files.release(this.#pooled);
        if (error === null || error === undefined) resolve(value as T);
        else reject(error);
      });
    });
    return promise;
  }

  async #rewrite(): Promise<void> {
    const { bytes, seal } = encodeJournal(this.#record);
    const temporary = await writeBeside(this.path, bytes);
    try {
      await this.#files.retire(this.#pooled, async () => {
        await keepOld(this.path);
        await rename(temporary, this.path);
      });
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(dirname(this.path));
    this.#length = bytes.length;
    this.#compactLength = bytes.length;
    this.#seal = seal;
    this.#stale = false;
  }
}

/** The one before stays as `.bak`. There is a journal at every moment, where the file system knows links. */
async function keepOld(path: string): Promise<void> {
  const old = `${path}.bak`;
  try {
    await rm(old, { force: true });
    await link(path, old);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    await rename(path, old);
  }
}

/** Damage is kept for whoever wants to look at it, every one under a name of its own. */
async function setAside(path: string): Promise<string> {
  const names = new Set(await readdir(dirname(path)));
  const stem = `${basename(path)}.damaged`;
  let name = stem;
  for (let count = 2; names.has(name); count++) name = `${stem}-${count}`;
  const aside = join(dirname(path), name);
  await rename(path, aside);
  return aside;
}
