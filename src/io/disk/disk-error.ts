// Turns an errno of the file system into the coded error a user gets: what failed, where, and the way out. Every disk
// failure of the program passes through here, so the same cause always reads the same.

import { type ErrorCode, ShoalError } from '../../base/errors.ts';

/** The process or the system has as many files open as it may; the pool of open files waits for one to be closed. */
export function isStarved(errno: string): boolean {
  return errno === 'EMFILE' || errno === 'ENFILE';
}

interface Explanation {
  code: ErrorCode;
  text: string;
}

const EXPLANATIONS: Record<string, Explanation> = {
  ENOSPC: { code: 'ERR_DISK_FULL', text: 'the disk is full; free some space' },
  EDQUOT: { code: 'ERR_DISK_FULL', text: 'the disk quota is used up; free some space' },
  EROFS: { code: 'ERR_DISK_READ_ONLY', text: 'the file system is read-only; choose another place with -o' },
  EACCES: { code: 'ERR_DISK_READ_ONLY', text: 'permission denied; change the permissions or choose another place' },
  EPERM: { code: 'ERR_DISK_READ_ONLY', text: 'not permitted; change the permissions or choose another place' },
  ENOENT: { code: 'ERR_DISK_MISSING', text: 'it is not there (any more); is the disk mounted?' },
  ENOTDIR: {
    code: 'ERR_DESTINATION',
    text: 'a file is where a folder should be; move it away or choose another place',
  },
  ENODEV: { code: 'ERR_DISK_MISSING', text: 'the device is gone; is the disk mounted?' },
  ENXIO: { code: 'ERR_DISK_MISSING', text: 'the device is gone; is the disk mounted?' },
  ESTALE: { code: 'ERR_DISK_MISSING', text: 'the network file system lost it; is it mounted?' },
  EISDIR: {
    code: 'ERR_DESTINATION',
    text: 'a directory is where a file should be; move it away or choose another place',
  },
  ELOOP: {
    code: 'ERR_DESTINATION',
    text: 'a symbolic link is where a file should be; remove it or choose another place',
  },
  EEXIST: { code: 'ERR_DESTINATION', text: 'something is already there; move it away or choose another place' },
  ENAMETOOLONG: {
    code: 'ERR_DESTINATION',
    text: 'the file system does not take names this long; choose another place',
  },
  EFBIG: { code: 'ERR_DISK', text: 'the file system does not take files this large; choose another place with -o' },
  EMFILE: { code: 'ERR_DISK', text: 'too many open files; raise the limit (ulimit -n)' },
  ENFILE: { code: 'ERR_DISK', text: 'the system has too many open files' },
  EIO: { code: 'ERR_DISK', text: 'the disk failed (input/output error); check it before going on' },
};

/** `errno` such as 'ENOSPC'; `path` what was touched; `doing` completes "could not … PATH". */
export function diskError(errno: string | undefined, path: string, doing = 'use', cause?: unknown): ShoalError {
  const known = errno === undefined ? undefined : EXPLANATIONS[errno];
  const text = known?.text ?? (cause instanceof Error ? cause.message : (errno ?? 'unknown error'));
  return new ShoalError(known?.code ?? 'ERR_DISK', `could not ${doing} ${path}: ${text}`, {
    ...(errno === undefined ? {} : { reason: errno }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The errno of anything thrown by node:fs. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** Any failure as a ShoalError; coded ones pass unchanged. */
export function toDiskError(error: unknown, path: string, doing?: string): ShoalError {
  return error instanceof ShoalError ? error : diskError(errnoOf(error), path, doing, error);
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1536` → `1.5 KiB`. For messages only. */
export function describeSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}` : `${value.toFixed(1)} ${UNITS[unit]}`;
}
