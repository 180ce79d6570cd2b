// Keeps what a torrent names inside the folder the user chose: walks and makes folders, refuses symbolic links that lead
// out and things that are no folders, and moves files without ever replacing one.

import { link, lstat, mkdir, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { diskError, errnoOf, toDiskError } from './disk-error.ts';

/** The path with every symbolic link of its existing part resolved; the rest as given. */
export async function resolveRoot(path: string): Promise<string> {
  const absolute = resolve(path);
  const rest: string[] = [];
  for (let at = absolute; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...rest);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' && (await isLink(at)))
        throw new ShoalError(
          'ERR_DESTINATION',
          `${at} is a symbolic link to nothing; remove it or choose another place`,
        );
      if ((errno !== 'ENOENT' && errno !== 'ENOTDIR') || dirname(at) === at) throw toDiskError(error, at, 'open');
      rest.unshift(basename(at));
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The folders of one torrent. `root`: the torrent's own folder, links already resolved. */
export class FolderTree {
  readonly #root: string;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Whether the folder is there. Throws when something else is, or when it lies outside. */
  inspect(folder: string): Promise<boolean> {
    return this.#walk(folder, false);
  }

  /** Makes the folder and those above it. */
  async make(folder: string): Promise<void> {
    await this.#walk(folder, true);
  }

  #walk(folder: string, make: boolean): Promise<boolean> {
    const key = `${make ? '+' : '?'}${folder}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#visit(folder, make);
      this.#known.set(key, known);
    }
    return known;
  }

  async #visit(folder: string, make: boolean): Promise<boolean> {
    const inside = folder !== this.#root && isInside(this.#root, folder);
    if (inside && !(await this.#walk(dirname(folder), make))) return false;
    try {
      if (make) await mkdir(folder, { recursive: !inside });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw toDiskError(error, folder, 'make the folder');
    }
    try {
      const found = await lstat(folder);
      if (found.isDirectory()) return true;
      if (found.isSymbolicLink()) return await this.#follow(folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && !make) return false;
      throw toDiskError(error, folder, 'open the folder');
    }
    throw new ShoalError(
      'ERR_DESTINATION',
      `a file is where the folder ${folder} should be; move it away or choose another place with -o`,
    );
  }

  async #follow(folder: string): Promise<boolean> {
    let target: string;
    try {
      target = await realpath(folder);
    } catch (error) {
      throw toDiskError(error, folder, 'follow the symbolic link');
    }
    if (!isInside(this.#root, target))
      throw new ShoalError(
        'ERR_DESTINATION_ESCAPES',
        `${folder} is a symbolic link to ${target}, outside ${this.#root}: nothing is written through it; ` +
          'remove the link or choose another place with -o',
      );
    if (!(await lstat(target)).isDirectory()) throw diskError('ENOTDIR', folder, 'use the folder');
    return true;
  }
}

/** File systems without hard links say so in one of these ways. */
export const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EACCES',
  'EXDEV',
  'EINVAL',
]);

/** Gives the file `from` the name `to`; throws an EEXIST error when something has that name. */
export async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    // A hard link is the only portable step that fails when the name is taken, whoever took it a moment ago.
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
    let taken = true;
    try {
      await lstat(to);
    } catch {
      taken = false;
    }
    if (taken) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    await rename(from, to);
    return;
  }
  await unlink(from);
}
