// Finds the files under the paths a user wants to share: which ones, in which order, under which names; and what is left
// out, each with its reason. It reads folders, never the content of files.

import type { Dirent, Stats } from 'node:fs';
import { access, constants, lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob, resolve } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { ShoalError } from '../../base/errors.ts';
import { decodeUtf8, encodeUtf8, isUtf8 } from '../../base/utf8.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import { type FileStamp, readStamp } from './file-stamp.ts';
import { isInside } from './safe-path.ts';

export interface SourceFile {
  /** Components below the torrent's name; of a single file its own name. */
  path: string[];
  absolute: string;
  stamp: FileStamp;
}

export interface LeftOut {
  path: string;
  /** 'excluded', 'empty folder', 'socket', 'FIFO', 'device', 'symbolic link out of the tree', … */
  reason: string;
}

export interface Source {
  /** The name a torrent of this gets unless told otherwise; undefined for several paths, which have none. */
  name: string | undefined;
  /** The file or folder shared; for several paths the folder they are all in. */
  root: string;
  single: boolean;
  /** In the order of the torrent: by raw bytes of the path. */
  files: SourceFile[];
  leftOut: LeftOut[];
  size: number;
}

/** More than this in one torrent no client can use, and a link gone astray must not fill the memory. */
const MAX_FILES = 1_000_000;

/** Throws ERR_SOURCE for what is missing or unreadable. `exclude`: globs matched on relative paths and on names. */
export async function findSource(paths: readonly string[], exclude: readonly string[] = []): Promise<Source> {
  if (paths.length === 0) throw new ShoalError('ERR_USAGE', 'no path was given to share');
  const absolute = paths.map((path) => resolve(path));
  const walk = new Walk(exclude);
  const several = absolute.length > 1;
  let single = false;
  const names = new Map<string, string>();
  for (const path of absolute) {
    const name = basename(path);
    if (several) {
      const other = names.get(name);
      if (other !== undefined)
        throw new ShoalError('ERR_SOURCE', `${other} and ${path} would both be called ${name}: rename one of them`);
      names.set(name, path);
    }
    const found = await statSource(path);
    if (found.isDirectory()) await walk.folder(path, several ? [name] : []);
    else if (found.isFile()) {
      await walk.file(path, [name]);
      single = !several;
    } else throw new ShoalError('ERR_SOURCE', `${path} is a ${kindOf(found)} and cannot be shared`);
  }
  const { leftOut } = walk;
  const keyed = walk.files.map((file) => ({ file, key: encodeUtf8(file.path.join('/')) }));
  keyed.sort((a, b) => compareBytes(a.key, b.key));
  const files = keyed.map(({ file }) => file);
  const size = files.reduce((sum, file) => sum + file.stamp.size, 0);
  if (size === 0) {
    const what = files.length === 0 ? 'holds no file' : 'holds only empty files';
    throw new ShoalError(
      'ERR_SOURCE',
      `nothing to share: ${single ? `${absolute[0]} is empty` : `${absolute.join(', ')} ${what}`}`,
    );
  }
  return {
    name: several ? undefined : basename(absolute[0]!),
    root: several ? commonFolder(absolute) : absolute[0]!,
    single,
    files,
    leftOut,
    size,
  };
}

async function statSource(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw sourceError(error, path);
  }
}

function sourceError(error: unknown, path: string): ShoalError {
  if (error instanceof ShoalError) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new ShoalError('ERR_SOURCE', `${path} does not exist`, { reason: 'missing', cause: error });
  if (errno === 'EACCES' || errno === 'EPERM')
    return new ShoalError(
      'ERR_SOURCE',
      `${path} cannot be read: permission denied; change that or leave it out with --exclude`,
      {
        reason: 'unreadable',
        cause: error,
      },
    );
  return new ShoalError('ERR_SOURCE', toDiskError(error, path, 'read').message, { reason: 'unreadable', cause: error });
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0]!);
  while (!paths.every((path) => isInside(folder, path))) folder = dirname(folder);
  return folder;
}

function kindOf(found: Stats | Dirent<Buffer>): string {
  if (found.isSocket()) return 'socket';
  if (found.isFIFO()) return 'FIFO';
  if (found.isBlockDevice() || found.isCharacterDevice()) return 'device';
  return 'special file';
}

class Walk {
  readonly files: SourceFile[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly #exclude: readonly string[];

  constructor(exclude: readonly string[]) {
    // A trailing slash means a folder to most people; the folder itself is what must match.
    this.#exclude = exclude.map((glob) => glob.replace(/\/+$/, ''));
  }

  async file(absolute: string, path: string[]): Promise<void> {
    try {
      await access(absolute, constants.R_OK);
      this.files.push({ path, absolute, stamp: await readStamp(absolute) });
    } catch (error) {
      throw sourceError(error, absolute);
    }
    if (this.files.length > MAX_FILES)
      throw new ShoalError('ERR_SOURCE', `${absolute}: more than ${MAX_FILES} files are too many for one torrent`);
  }

  /** Everything in the folder; links are followed while they stay inside it. */
  async folder(absolute: string, prefix: string[]): Promise<void> {
    let root: string;
    try {
      root = await realpath(absolute);
    } catch (error) {
      throw sourceError(error, absolute);
    }
    // Each entry: a folder to read, with the real folders it lies in, by which a link to one of them is noticed.
    const open: { absolute: string; path: string[]; below: string[]; above: ReadonlySet<string> }[] = [
      { absolute, path: prefix, below: [], above: new Set([root]) },
    ];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      const entries = await this.#read(folder.absolute);
      if (entries.length === 0) this.leftOut.push({ path: folder.absolute, reason: 'empty folder' });
      for (const entry of entries) {
        if (!isUtf8(entry.name)) {
          this.leftOut.push({ path: join(folder.absolute, decodeUtf8(entry.name)), reason: 'its name is not UTF-8' });
          continue;
        }
        const name = decodeUtf8(entry.name);
        const below = [...folder.below, name];
        const child = {
          absolute: join(folder.absolute, name),
          path: [...folder.path, name],
          below,
          above: folder.above,
        };
        if (this.#isExcluded(below)) this.leftOut.push({ path: child.absolute, reason: 'excluded' });
        else if (entry.isFile()) await this.file(child.absolute, child.path);
        else if (entry.isDirectory()) open.push({ ...child, above: await withReal(child.absolute, folder.above) });
        else if (entry.isSymbolicLink()) await this.#link(child, root, open);
        else this.leftOut.push({ path: child.absolute, reason: kindOf(entry) });
      }
    }
  }

  async #read(absolute: string): Promise<Dirent<Buffer>[]> {
    try {
      return await readdir(absolute, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      throw sourceError(error, absolute);
    }
  }

  async #link(
    child: { absolute: string; path: string[]; below: string[]; above: ReadonlySet<string> },
    root: string,
    open: { absolute: string; path: string[]; below: string[]; above: ReadonlySet<string> }[],
  ): Promise<void> {
    const leaveOut = (reason: string): void => {
      this.leftOut.push({ path: child.absolute, reason });
    };
    let target: string;
    try {
      target = await realpath(child.absolute);
    } catch {
      leaveOut('symbolic link to nothing');
      return;
    }
    if (!isInside(root, target)) {
      leaveOut('symbolic link out of the tree');
      return;
    }
    const found = await lstat(target);
    if (found.isFile()) await this.file(child.absolute, child.path);
    else if (!found.isDirectory()) leaveOut(kindOf(found));
    else if (child.above.has(target)) leaveOut('symbolic link to a folder it lies in');
    else open.push({ ...child, above: new Set([...child.above, target]) });
  }

  #isExcluded(below: readonly string[]): boolean {
    const path = below.join('/');
    const name = below.at(-1)!;
    return this.#exclude.some((glob) => matchesGlob(path, glob) || matchesGlob(name, glob));
  }
}

async function withReal(absolute: string, above: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  try {
    return new Set([...above, await realpath(absolute)]);
  } catch (error) {
    throw sourceError(error, absolute);
  }
}
