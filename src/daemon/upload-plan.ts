// What files a caller says it will send, checked before anything is made on disk: every name is one component of a path on
// every system, no two files would be one, and all of it has a bound. Pure.

import type { StartUploadBody } from '../api/share-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { encodeUtf8 } from '../base/utf8.ts';
import { foldComponent, sanitizeComponent, windowsName } from '../protocol/names.ts';

export interface UploadPlan {
  /** Of the file or folder in the share root. */
  name: string;
  /** One file, which has that name itself. */
  single: boolean;
  /** Paths below the folder. */
  files: readonly { path: readonly string[]; length: number }[];
  size: number;
}

/** Folders with uploads that are not whole; nothing that is shared may be called like this. */
export const UPLOAD_PREFIX = '.shoal-upload-';
/** Of a path below the folder, in UTF-8: leaves room for the share root in the 4096 of Linux. */
const MAX_PATH_BYTES = 2048;

/** Throws ERR_NAME, and ERR_SOURCE when there is nothing to share in it. */
export function planUpload({ name, files }: StartUploadBody): UploadPlan {
  checkComponent(name);
  if (name.startsWith(UPLOAD_PREFIX)) throw badName(name, 'reserved', 'is kept for uploads');
  const single = files.length === 1 && files[0]!.path.length === 0;
  const seen = new Map<string, 'file' | 'folder'>();
  let size = 0;
  for (const { path, length } of files) {
    size += length;
    if (single) continue;
    if (path.length === 0) throw badName(name, 'bad_path', 'is a folder, and a file in it has no path');
    for (const component of path) checkComponent(component);
    if (encodeUtf8(path.join('/')).length > MAX_PATH_BYTES) throw badName(path.join('/'), 'too_long', 'is too long');
    for (let depth = 1; depth <= path.length; depth++) {
      const key = path.slice(0, depth).map(foldComponent).join('/');
      const kind = depth === path.length ? 'file' : 'folder';
      const other = seen.get(key);
      if (other !== undefined && (kind === 'file' || other === 'file'))
        throw badName(path.join('/'), 'twice', 'is there twice, or is a file and a folder');
      seen.set(key, kind);
    }
  }
  if (size === 0 || !Number.isSafeInteger(size))
    throw new ShoalError('ERR_SOURCE', `there is nothing to share in ${JSON.stringify(name)}: it has no bytes`, {
      reason: 'empty',
    });
  return { name, single, files, size };
}

function checkComponent(name: string): void {
  if (name === '' || sanitizeComponent(name) !== name || windowsName(name) !== name)
    throw badName(name, 'bad_component', 'cannot be the name of a file here; give it another');
}

function badName(name: string, reason: string, what: string): ShoalError {
  return new ShoalError('ERR_NAME', `${JSON.stringify(name.slice(0, 120))} ${what}`, { reason });
}
