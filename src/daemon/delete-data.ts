// Deletes what a torrent put on the disk: its own files under their final and temporary names and the folders that are
// empty then. Never follows a symbolic link, never deletes what the torrent does not name, nor what is there under a name of
// its that it did not put there.

import type { BigIntStats } from 'node:fs';
import { lstat, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Layout } from '../io/disk/layout.ts';
import { forEachLimited } from '../io/disk/limit.ts';
import { FolderTree, isInside } from '../io/disk/safe-path.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { type IsOwn, lstatIfThere } from './own-data.ts';

const AT_ONCE = 8;

/** `path`: the file or folder itself. Comes back with what of its files is still there. */
export async function deleteData(metainfo: Metainfo, path: string, isOwn: IsOwn): Promise<string[]> {
  const layout = new Layout(metainfo, path);
  const tree = new FolderTree(layout.root);
  const kept: string[] = [];
  const folders = new Set<string>();
  await forEachLimited(layout.files, AT_ONCE, async (file) => {
    if (file.pad) return;
    const folder = dirname(file.path);
    try {
      // Throws where a link leads out of the torrent's own folder.
      if (!metainfo.singleFile && !(await tree.inspect(folder))) return;
      for (const name of [file.path, file.partPath])
        if (!(await deleteFile(name, (found) => isOwn(file, found, name === file.partPath)))) kept.push(name);
    } catch {
      kept.push(file.path);
    }
    if (!metainfo.singleFile)
      for (let at = folder; isInside(layout.root, at) && !folders.has(at); at = dirname(at)) folders.add(at);
  });
  // The deepest first.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await removeIfEmpty(folder);
  return kept;
}

/** False when it stays. */
async function deleteFile(path: string, isOwn: (found: BigIntStats) => boolean): Promise<boolean> {
  const found = await lstatIfThere(path);
  if (found === undefined) return true;
  if (!found.isFile() || !isOwn(found)) return false;
  await unlink(path);
  return true;
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    if ((await lstat(folder)).isDirectory()) await rmdir(folder);
  } catch {
    // Something of others is in it, or it is gone.
  }
}
