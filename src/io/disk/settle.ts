// The end of a file's download: its bytes are put on the disk, then it gets its final name. Never replaces a file unless
// the user asked for that, and never gives the final name to anything that is not whole.

import { constants, ftruncate } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { errnoOf, isStarved, toDiskError } from './disk-error.ts';
import { type FilePool, READ_FLAGS } from './file-pool.ts';
import { type FileStamp, readStamp } from './file-stamp.ts';
import type { SettledFile } from './hash-job.ts';
import type { HashPool } from './hash-pool.ts';
import type { HeldFile } from './held-file.ts';
import { moveWithoutReplacing } from './safe-path.ts';

/** All pieces of the file are on disk and nothing writes to it. */
export async function settleFile(file: HeldFile, files: FilePool): Promise<void> {
  const { path, partPath, length } = file.place;
  try {
    await cutToLength(file, files);
    await file.sync(files);
    await files.retire(file.pooled, async () => {
      await giveFinalName(file);
      file.names++;
      file.pooled.path = path;
      file.pooled.flags = READ_FLAGS;
      file.stamp = await readStamp(path);
      file.settled = true;
    });
    if (file.stamp?.size !== length)
      throw new ShoalError('ERR_DISK', `${path} has ${file.stamp?.size} bytes and should have ${length}`);
  } catch (error) {
    throw toDiskError(error, partPath, 'finish');
  }
}

/** The same for a small file: one message to a worker that does all of it, many files in one turn. */
export async function settleSmallFile(file: HeldFile, files: FilePool, pool: HashPool): Promise<void> {
  const { path, partPath, length } = file.place;
  let settled: SettledFile | undefined;
  const settle = (sync: boolean): Promise<void> =>
    files.retire(file.pooled, async () => {
      settled = await pool.settle({ path, partPath, length, sync, replace: file.replace });
      if (settled.failure !== undefined) return;
      file.names++;
      file.pooled.path = path;
      file.pooled.flags = READ_FLAGS;
      file.stamp = settled.stamp;
      file.settled = true;
    });
  try {
    await file.syncBy(async () => {
      await settle(true);
      return isWithout(settled) ? file.putOnDisk(files) : stampOf(settled!);
    });
    // Nobody had written to it since a sync of others.
    if (settled === undefined) await settle(false);
    if (isWithout(settled)) {
      await settleFile(file, files);
      return;
    }
    const { stamp, failure } = settled!;
    if (failure?.errno === 'EEXIST') throw takenError(file);
    if (failure !== undefined) throw Object.assign(new Error(failure.message), { code: failure.errno });
    if (stamp?.size !== length)
      throw new ShoalError('ERR_DISK', `${path} has ${stamp?.size} bytes and should have ${length}`);
  } catch (error) {
    throw toDiskError(error, partPath, 'finish');
  }
}

/** The worker could open nothing more: the pool of open files waits until it can. */
function isWithout(settled: SettledFile | undefined): boolean {
  return settled?.failure?.step === 'sync' && isStarved(settled.failure.errno);
}

/** Throws when it is not on the disk. That it could not be named is another matter. */
function stampOf({ stamp, failure }: SettledFile): FileStamp {
  if (stamp === undefined) throw Object.assign(new Error(failure?.message), { code: failure?.errno });
  return stamp;
}

async function giveFinalName(file: HeldFile): Promise<void> {
  const { path, partPath } = file.place;
  if (file.replace) {
    await rename(partPath, path);
    return;
  }
  try {
    await moveWithoutReplacing(partPath, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw takenError(file);
  }
}

function takenError({ place: { path, partPath } }: HeldFile): ShoalError {
  return new ShoalError(
    'ERR_DESTINATION',
    `${path} appeared while it was being downloaded and is left alone; the finished download is ${partPath}: ` +
      'move one of them away and run the command again',
  );
}

/** Data that was there before may be longer than the file should be. */
async function cutToLength(file: HeldFile, files: FilePool): Promise<void> {
  const { partPath, length } = file.place;
  const { size } = await stat(partPath);
  if (size <= length) return;
  await new Promise<void>((resolve, reject) => {
    files.acquire(file.pooled, (openError, fd) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      ftruncate(fd, length, (error) => {
        files.release(file.pooled);
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  });
  file.dirty = true;
}

/** Makes an empty file; one that is there and empty already is fine. Other data that was to be replaced goes. */
export async function makeEmptyFile(file: HeldFile): Promise<void> {
  const { path, partPath } = file.place;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    if (file.replace) await unlink(path);
    await (await open(path, flags)).close();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw toDiskError(error, path, 'make');
    const found = await stat(path);
    if (!found.isFile() || found.size > 0)
      throw new ShoalError('ERR_DESTINATION', `${path} should be an empty file and is not; move it away`);
  }
  await unlink(partPath).catch((error) => {
    if (errnoOf(error) !== 'ENOENT') throw toDiskError(error, partPath, 'remove');
  });
  file.stamp = await readStamp(path);
  file.names++;
  file.settled = true;
}

/** Makes the names of these files durable, those they have now. A file system that cannot sync folders needs nothing. */
export async function syncNames(files: readonly HeldFile[]): Promise<void> {
  const unsure = files.filter(({ names, namesSynced }) => names !== namesSynced);
  const names = unsure.map((file) => file.names);
  await syncFolders(unsure.map(({ place }) => dirname(place.path)));
  for (const [index, file] of unsure.entries()) file.namesSynced = names[index]!;
}

async function syncFolders(folders: Iterable<string>): Promise<void> {
  if (process.platform === 'win32') return;
  for (const folder of new Set(folders)) {
    try {
      const handle = await open(folder, constants.O_RDONLY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'EINVAL' && errno !== 'ENOTSUP' && errno !== 'EPERM' && errno !== 'EACCES')
        throw toDiskError(error, folder, 'sync the folder');
    }
  }
}
