// A folder in which people put .torrent files and .magnet files (a link in a text file) to have them added. What was taken
// up is renamed to `….added`, what could not be to `….failed`. Follows no links, reads nothing that is still being written.

import { lstat, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_TORRENT_LENGTH } from '../api/endpoints.ts';
import { errnoOf } from '../io/disk/disk-error.ts';

/** What a file says: the body of an `add`. */
export type Watched = { torrent: string } | { magnet: string };

export interface WatchFolderOptions {
  /** Null: none is watched. Asked at each look. */
  folder: () => string | null;
  /** Rejects when it cannot be added. */
  add: (watched: Watched) => Promise<void>;
  tell: (level: 'info' | 'warning', text: string) => void;
  /** Milliseconds between looks; a file has to be the same at two of them. */
  every?: number;
}

const EVERY = 2000;
const MAX_MAGNET = 64 * 1024;
/** At one look; the rest waits for the next. */
const MAX_FILES = 100;

export class WatchFolder {
  readonly #options: WatchFolderOptions;
  readonly #timer: NodeJS.Timeout;
  /** Size and time of what was seen at the last look, by path. */
  #seen = new Map<string, string>();
  #looking: Promise<void> | undefined;
  /** What was told of the folder itself, so that it is told once. */
  #told = '';

  constructor(options: WatchFolderOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, options.every ?? EVERY);
  }

  async #look(): Promise<void> {
    const folder = this.#options.folder();
    if (folder === null) {
      this.#seen.clear();
      return;
    }
    let names: string[];
    try {
      names = (await readdir(folder)).filter((name) => /\.(torrent|magnet)$/i.test(name));
      this.#told = '';
    } catch (error) {
      const text = `the watched folder ${folder} cannot be read: ${(error as Error).message}`;
      if (text !== this.#told) this.#options.tell('warning', text);
      this.#told = text;
      return;
    }
    const seen = new Map<string, string>();
    for (const name of names.sort().slice(0, MAX_FILES)) {
      const path = join(folder, name);
      const state = await stateOf(path);
      if (state === undefined) continue;
      if (this.#seen.get(path) === state.stamp) await this.#take(path, name, state.size);
      else seen.set(path, state.stamp);
    }
    this.#seen = seen;
  }

  async #take(path: string, name: string, size: number): Promise<void> {
    const { add, tell } = this.#options;
    try {
      await add(await readWatched(path, size));
      await rename(path, `${path}.added`);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      tell('warning', `${name} in the watched folder was not added: ${(error as Error).message}`);
      await rename(path, `${path}.failed`).catch((failure: unknown) => tell('warning', (failure as Error).message));
    }
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }
}

/** Undefined for what is no file, or gone. */
async function stateOf(path: string): Promise<{ size: number; stamp: string } | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size === 0) return undefined;
  return { size: found.size, stamp: `${found.size} ${found.mtimeMs} ${found.ino}` };
}

async function readWatched(path: string, size: number): Promise<Watched> {
  const isMagnet = /\.magnet$/i.test(path);
  if (size > (isMagnet ? MAX_MAGNET : MAX_TORRENT_LENGTH)) throw new Error('it is too large to be one');
  const bytes = await readFile(path);
  return isMagnet ? { magnet: bytes.toString('utf8').trim() } : { torrent: bytes.toString('base64') };
}
