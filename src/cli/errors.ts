// Turns whatever was thrown into the one kind of error users see, and into an exit code.

import { EXIT, ShoalError } from '../base/errors.ts';

const DISK: Readonly<Record<string, 'ERR_DISK' | 'ERR_DISK_FULL' | 'ERR_DISK_READ_ONLY' | 'ERR_DISK_MISSING'>> = {
  ENOSPC: 'ERR_DISK_FULL',
  EDQUOT: 'ERR_DISK_FULL',
  EROFS: 'ERR_DISK_READ_ONLY',
  EACCES: 'ERR_DISK_READ_ONLY',
  EPERM: 'ERR_DISK_READ_ONLY',
  ENOENT: 'ERR_DISK_MISSING',
  ENOTDIR: 'ERR_DISK_MISSING',
  EISDIR: 'ERR_DISK',
  EIO: 'ERR_DISK',
  EMFILE: 'ERR_DISK',
  ENAMETOOLONG: 'ERR_DISK',
  ELOOP: 'ERR_DISK',
};

interface SystemError extends Error {
  code: string;
  syscall: string;
  path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string';
}

/** A ShoalError stays itself; errors of the operating system become disk or socket errors; the rest is our own fault. */
export function asShoalError(thrown: unknown): ShoalError {
  if (thrown instanceof ShoalError) return thrown;
  if (isSystemError(thrown)) {
    const code = DISK[thrown.code];
    if (code !== undefined && thrown.path !== undefined) return new ShoalError(code, thrown.message, { cause: thrown });
    if (thrown.syscall === 'listen' || thrown.syscall === 'bind')
      return new ShoalError('ERR_LISTEN', `${thrown.message}; choose another address with --listen`, { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ShoalError(
    'ERR_INTERNAL',
    `something went wrong inside shoal: ${message}\nThis is a fault of the program. Run the command again with --verbose and report what it prints.`,
    { cause: thrown },
  );
}

/** Exit code for the negative codes of the command line parser; its others are ours already. */
export function exitCodeOfParser(code: number): number {
  // -5 unknown command, -4 arguments that cannot be understood
  return code === -4 || code === -5 ? EXIT.usage : code < 0 ? EXIT.failed : code;
}
