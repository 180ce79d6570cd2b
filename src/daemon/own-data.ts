// Which files at a torrent's place are what it left there, by what the journal says of them: only those may be deleted or
// moved with it. What somebody else put in their place, or had there before, is none of it. Reads no content.

import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { errnoOf } from '../io/disk/disk-error.ts';
import { sameStamp, toStamp } from '../io/disk/file-stamp.ts';
import { Layout, type PlacedFile } from '../io/disk/layout.ts';
import type { TorrentRecord } from '../io/stores/torrent-record.ts';
import type { Metainfo } from '../protocol/metainfo.ts';

/** Whether `found`, which has the final name of `file` or its temporary one, is what the torrent left. */
export type IsOwn = (file: Pick<PlacedFile, 'index'>, found: BigIntStats, temporary: boolean) => boolean;

/**
 * By inode, so that a file that was moved or damaged since counts. `path`: where the torrent is to be, the file or folder
 * itself. Without a record it has left nothing anywhere.
 */
export function leftBy(record: TorrentRecord | undefined, path: string): IsOwn {
  return ({ index }, found, temporary) => {
    const known = record?.files[index];
    return known === undefined ? temporary && isUnfinishedAt(record, path) : found.ino === known.ino;
  };
}

/** What it has fetched, as it left it: what was there before it, or was changed since, is not to be deleted. */
export function fetchedBy(record: TorrentRecord | undefined, path: string): IsOwn {
  if (record?.ours !== true) return () => false;
  return ({ index }, found, temporary) =>
    (temporary && isUnfinishedAt(record, path)) || sameStamp(toStamp(found), record.files[index]);
}

/** Nobody else uses the temporary name there. */
function isUnfinishedAt(record: TorrentRecord | undefined, path: string): boolean {
  return record?.ours === true && record.path === path;
}

/** Whether nothing at the torrent's names is somebody else's. */
export async function isAllOwn(metainfo: Metainfo, path: string, isOwn: IsOwn): Promise<boolean> {
  for (const file of new Layout(metainfo, path).files) {
    if (file.pad) continue;
    for (const name of [file.path, file.partPath]) {
      const found = await lstatIfThere(name);
      if (found !== undefined && !isOwn(file, found, name === file.partPath)) return false;
    }
  }
  return true;
}

/** Whether it is a download of ours, damaged perhaps, that nothing of others has taken the place of. */
export async function isDownload(
  metainfo: Metainfo,
  path: string,
  record: TorrentRecord | undefined,
): Promise<boolean> {
  return record?.ours === true && isAllOwn(metainfo, path, leftBy(record, path));
}

/** Undefined when nothing has that name. Does not follow a link. */
export async function lstatIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
