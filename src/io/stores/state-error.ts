// What goes wrong with our own files, in words that name the file and the way out.

import { ShoalError } from '../../base/errors.ts';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';

/** Any failure as an ERR_STATE; coded errors pass unchanged. `doing` completes "could not … PATH". */
export function stateError(error: unknown, path: string, doing: string): ShoalError {
  if (error instanceof ShoalError) return error;
  const reason = errnoOf(error);
  const { message } = toDiskError(error, path, doing);
  return new ShoalError('ERR_STATE', `${message} (choose another state directory with --state)`, {
    cause: error,
    ...(reason === undefined ? {} : { reason }),
  });
}

export function newerError(path: string, version: number, known: number): ShoalError {
  return new ShoalError(
    'ERR_STATE',
    `${path} was written by a newer Shoal (format ${version}, this one reads up to ${known}); ` +
      'use that version, or another state directory with --state',
    { reason: 'newer_version' },
  );
}
