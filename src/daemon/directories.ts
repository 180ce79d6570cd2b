// What callers may see of the disk: names and sizes below the allowed directories, so that something can be picked to share.
// Reads no content, follows no link out.

import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DirectoriesReply } from '../api/share-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from '../io/disk/disk-error.ts';
import { forEachLimited } from '../io/disk/limit.ts';
import type { AllowedRoots } from './allowed-roots.ts';
import { UPLOAD_PREFIX } from './upload-plan.ts';

const MAX_ENTRIES = 5000;
const STATS_AT_ONCE = 8;

/** Links are left out: what they lead to is listed where it is. Throws ERR_NOT_ALLOWED and ERR_NOT_FOUND. */
export async function listDirectory(path: string | undefined, roots: AllowedRoots): Promise<DirectoriesReply> {
  if (path === undefined) {
    const entries = roots.roots.map((root) => ({ name: root, path: root, kind: 'folder' as const, size: null }));
    return { path: null, parent: null, entries, truncated: false };
  }
  const folder = await roots.check(path);
  const found = (await readFolder(folder)).filter(
    (entry) =>
      (entry.isDirectory() || entry.isFile()) &&
      !entry.name.startsWith(UPLOAD_PREFIX) &&
      !roots.isOwn(join(folder, entry.name)),
  );
  found.sort((a, b) => Number(b.isDirectory()) - Number(a.isDirectory()) || (a.name < b.name ? -1 : 1));
  const entries = found.slice(0, MAX_ENTRIES).map((entry): DirectoriesReply['entries'][number] => ({
    name: entry.name,
    path: join(folder, entry.name),
    kind: entry.isDirectory() ? 'folder' : 'file',
    size: null,
  }));
  await forEachLimited(entries, STATS_AT_ONCE, async (entry) => {
    if (entry.kind === 'file') entry.size = (await lstat(entry.path).catch(() => undefined))?.size ?? null;
  });
  const above = await roots.check(dirname(folder)).catch(() => null);
  return { path: folder, parent: above, entries, truncated: found.length > MAX_ENTRIES };
}

async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR')
      throw new ShoalError('ERR_NOT_FOUND', `${folder} is no directory`, { reason: 'no_directory' });
    throw toDiskError(error, folder, 'list');
  }
}
