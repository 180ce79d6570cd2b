// The end of a small file's download, in a worker: a handful of system calls one after the other, which take microseconds
// each and would cost a turn of the main thread and of a pool thread each. Nothing gets its final name before it is on disk.

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { errnoOf } from './disk-error.ts';
import { WRITE_FLAGS } from './file-pool.ts';
import { type FileStamp, toStamp } from './file-stamp.ts';
import type { SettledFile, SettleFile } from './hash-job.ts';
import { NO_LINKS } from './safe-path.ts';

/** It is there already: a missing one is a trouble. */
const FLAGS = WRITE_FLAGS & ~constants.O_CREAT;

export function settleNow(file: SettleFile): SettledFile {
  let stamp: FileStamp;
  try {
    stamp = putOnDisk(file);
  } catch (error) {
    return failed('sync', error);
  }
  try {
    if (file.replace) renameSync(file.partPath, file.path);
    else move(file.partPath, file.path);
  } catch (error) {
    return { stamp, ...failed('name', error) };
  }
  return { stamp };
}

function putOnDisk({ partPath, length, sync }: SettleFile): FileStamp {
  const fd = openSync(partPath, FLAGS);
  try {
    // Data that was there before may be longer than the file should be.
    const stamp = toStamp(fstatSync(fd, { bigint: true }));
    if (stamp.size > length) ftruncateSync(fd, length);
    if (stamp.size > length || sync) fdatasyncSync(fd);
    return stamp.size > length ? toStamp(fstatSync(fd, { bigint: true })) : stamp;
  } finally {
    closeSync(fd);
  }
}

/** See moveWithoutReplacing. */
function move(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

function failed(step: 'sync' | 'name', error: unknown): SettledFile {
  const message = error instanceof Error ? error.message : String(error);
  return { failure: { step, errno: errnoOf(error) ?? 'EIO', message } };
}
