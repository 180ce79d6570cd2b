// Asks the file system, before anything is fetched, whether what is missing fits and may be written.

import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { describeSize, errnoOf, toDiskError } from './disk-error.ts';

/** The nearest folder at or above `path` that exists. */
async function existingFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await access(at, constants.F_OK);
      return at;
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'ENOENT' && errno !== 'ENOTDIR') || dirname(at) === at) throw toDiskError(error, at, 'open');
    }
  }
}

/** Bytes an unprivileged process can still write at `path`, which need not exist yet, and those of the whole file system. */
export async function freeSpace(path: string): Promise<{ free: number; total: number; folder: string }> {
  const folder = await existingFolder(path);
  try {
    const found = await statfs(folder, { bigint: true });
    return { free: Number(found.bavail * found.bsize), total: Number(found.blocks * found.bsize), folder };
  } catch (error) {
    throw toDiskError(error, folder, 'ask for the free space of');
  }
}

/** Throws ERR_DISK_FULL or ERR_DISK_READ_ONLY when `needed` more bytes cannot be written to `folder` (or where it will be). */
export async function requireSpace(folder: string, needed: number): Promise<void> {
  const { free, folder: existing } = await freeSpace(folder);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toDiskError(error, existing, 'write to');
  }
  if (needed > free)
    throw new ShoalError(
      'ERR_DISK_FULL',
      `not enough space in ${existing}: ${describeSize(needed)} are needed, ${describeSize(free)} are free; ` +
        'free some space or choose another place with -o',
      { reason: 'ENOSPC' },
    );
}
