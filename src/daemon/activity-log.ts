// What happened to the daemon's torrents, for whoever looks later: in memory as far as anybody reads back, and in a file of
// bounded size, so that a restart does not forget it.

import { appendFile, readFile, rename } from 'node:fs/promises';
import type { ActivityLine } from '../api/history-schemas.ts';
import { errnoOf } from '../io/disk/disk-error.ts';
import { ownFiles } from '../io/disk/limit.ts';

const MAX_LINES = 5000;
/** Bytes after which the file becomes the one before. */
const MAX_FILE = 1024 * 1024;
const MAX_TEXT = 1000;
/** Milliseconds lines wait for others, to be written together. */
const WRITE_AFTER = 500;

export type Activity = Omit<ActivityLine, 'id' | 'at'>;

export class ActivityLog {
  readonly #path: string;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  #lines: ActivityLine[] = [];
  #fileSize = 0;
  #unwritten: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, now: () => number, warn: (message: string) => void) {
    this.#path = path;
    this.#now = now;
    this.#warn = warn;
  }

  /** What cannot be read is left out. */
  static async open(path: string, now: () => number, warn: (message: string) => void): Promise<ActivityLog> {
    const log = new ActivityLog(path, now, warn);
    for (const each of [`${path}.1`, path]) {
      const text = await ownFiles
        .run(() => readFile(each, 'utf8'))
        .catch((error: unknown) => {
          if (errnoOf(error) !== 'ENOENT') warn(`${each} cannot be read: ${(error as Error).message}`);
          return '';
        });
      if (each === path) log.#fileSize = Buffer.byteLength(text);
      // A kill may have cut the last line short.
      if (each === path && text !== '' && !text.endsWith('\n')) log.#unwritten.push('\n');
      for (const line of text.split('\n')) log.#takeUp(line);
    }
    return log;
  }

  #takeUp(text: string): void {
    if (text === '') return;
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      return;
    }
    if (!isLine(line) || line.id <= this.lastId) return;
    this.#keep(line);
  }

  #keep(line: ActivityLine): void {
    this.#lines.push(line);
    if (this.#lines.length > 1.2 * MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES);
  }

  /** Of the newest line; 0: there is none. */
  get lastId(): number {
    return this.#lines.at(-1)?.id ?? 0;
  }

  add({ text, ...rest }: Activity): void {
    const line: ActivityLine = { id: this.lastId + 1, at: this.#now(), ...rest, text: text.slice(0, MAX_TEXT) };
    this.#keep(line);
    this.#unwritten.push(`${JSON.stringify(line)}\n`);
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_AFTER);
  }

  /** The newest `limit` lines after `id`, in order; of one torrent if one is named. */
  since(id: number, limit: number, infoHash?: string): ActivityLine[] {
    const found: ActivityLine[] = [];
    for (let at = this.#lines.length - 1; at >= 0 && found.length < limit; at--) {
      const line = this.#lines[at]!;
      if (line.id <= id) break;
      if (infoHash === undefined || line.infoHash === infoHash) found.push(line);
    }
    return found.reverse();
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#unwritten.join('');
    this.#unwritten = [];
    if (text !== '')
      this.#writing = this.#writing
        .then(() => this.#append(text))
        .catch((error) => this.#warn(`the activity log was not kept: ${(error as Error).message}`));
    return this.#writing;
  }

  async #append(text: string): Promise<void> {
    if (this.#fileSize > MAX_FILE) {
      await rename(this.#path, `${this.#path}.1`);
      this.#fileSize = 0;
    }
    await ownFiles.run(() => appendFile(this.#path, text, { mode: 0o600 }));
    this.#fileSize += Buffer.byteLength(text);
  }

  async close(): Promise<void> {
    await this.#write();
  }
}

function isLine(value: unknown): value is ActivityLine {
  if (typeof value !== 'object' || value === null) return false;
  const { id, at, kind, level, text, infoHash, name } = value as Partial<Record<keyof ActivityLine, unknown>>;
  return (
    Number.isSafeInteger(id) &&
    Number.isFinite(at) &&
    [kind, level, text].every((each) => typeof each === 'string') &&
    [infoHash, name].every((each) => each === null || typeof each === 'string')
  );
}
