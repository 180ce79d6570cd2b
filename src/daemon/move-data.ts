// Moves what a torrent has on the disk to another place: each file by a new name where the file system allows it, by a copy
// elsewhere. The source of a copy stays until the copy is synced and has its size. Never replaces a file, and leaves alone
// what others put under one of its names.

import type { BigIntStats } from 'node:fs';
import { constants, copyFile, mkdir, open, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from '../io/disk/disk-error.ts';
import { Layout } from '../io/disk/layout.ts';
import { FolderTree, isInside, moveWithoutReplacing } from '../io/disk/safe-path.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { type IsOwn, isAllOwn, lstatIfThere } from './own-data.ts';

/**
 * `from` and `to`: the file or folder itself. What was moved before a failure stays where it is then; the same call goes on.
 * Comes back with whether everything under its names there is its own. Throws ERR_DESTINATION when something has one of the
 * names, and an ERR_DISK code.
 */
export async function moveData(metainfo: Metainfo, from: string, to: string, isOwn: IsOwn): Promise<boolean> {
  const old = new Layout(metainfo, from);
  const fresh = new Layout(metainfo, to);
  const source = new FolderTree(metainfo.singleFile ? dirname(from) : from);
  const target = new FolderTree(metainfo.singleFile ? dirname(to) : to);
  const folders = new Set<string>();
  const moved = new Set<string>();
  for (const [index, file] of old.files.entries()) {
    if (file.pad) continue;
    const folder = dirname(file.path);
    if (!(await source.inspect(folder))) continue;
    const place = fresh.files[index]!;
    await target.make(dirname(place.path));
    if (await moveFile(file.path, place.path, (found) => isOwn(file, found, false))) moved.add(place.path);
    if (await moveFile(file.partPath, place.partPath, (found) => isOwn(file, found, true))) moved.add(place.partPath);
    if (!metainfo.singleFile)
      for (let at = folder; isInside(from, at) && !folders.has(at); at = dirname(at)) folders.add(at);
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await rmdir(folder).catch(() => undefined);
  return isAllOwn(metainfo, to, (file, found, temporary) => {
    const { path, partPath } = fresh.files[file.index]!;
    return moved.has(temporary ? partPath : path) || isOwn(file, found, temporary);
  });
}

/** False when there is nothing of it to move. */
async function moveFile(from: string, to: string, isOwn: (found: BigIntStats) => boolean): Promise<boolean> {
  try {
    const found = await lstatIfThere(from);
    if (found === undefined || (found.isFile() && !isOwn(found))) return false;
    if (!found.isFile()) throw new ShoalError('ERR_DESTINATION', `${from} is no file and is not moved`);
    try {
      await moveWithoutReplacing(from, to);
    } catch (error) {
      if (errnoOf(error) !== 'EXDEV') throw error;
      await copyOver(from, to, Number(found.size));
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) === 'EEXIST')
      throw new ShoalError('ERR_DESTINATION', `${to} is there already; move it away or choose another directory`);
    throw toDiskError(error, from, 'move');
  }
}

async function copyOver(from: string, to: string, size: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  try {
    const copy = await open(to, 'r+');
    try {
      await copy.sync();
      if ((await copy.stat()).size !== size) throw new ShoalError('ERR_DISK', `${from} changed while it was copied`);
    } finally {
      await copy.close();
    }
  } catch (error) {
    await unlink(to).catch(() => undefined);
    throw error;
  }
  await unlink(from);
}
