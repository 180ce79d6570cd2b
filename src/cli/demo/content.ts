// The file of the demo: made, measured and digested.

import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat, statfs } from 'node:fs/promises';
import { ShoalError } from '../../base/errors.ts';
import { formatSize } from '../../base/quantity.ts';

const CHUNK = 4 * 1024 * 1024;

/** Bytes of the file at `path`; throws ERR_SOURCE when it is no file with something in it. */
export async function measureFile(path: string): Promise<number> {
  const status = await stat(path).catch((error: Error) => {
    throw new ShoalError('ERR_SOURCE', `cannot read ${path}: ${error.message}`, { cause: error });
  });
  if (!status.isFile()) throw new ShoalError('ERR_SOURCE', `${path} is not a file; the demo shares one file`);
  if (status.size === 0) throw new ShoalError('ERR_SOURCE', `${path} is empty; there is nothing to watch`);
  return status.size;
}

/** Throws ERR_DISK_FULL when `directory` has no room for so many bytes. */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < bytes)
    throw new ShoalError(
      'ERR_DISK_FULL',
      `the demo needs ${formatSize(bytes)} in ${directory} and there are ${formatSize(bavail * bsize)}; set TMPDIR to another place, or give it a smaller file`,
    );
}

/** A file of random bytes, which no compression on the way can make look faster. */
export async function makeFile(path: string, size: number, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const chunk = Buffer.alloc(CHUNK);
    for (let left = size; left > 0; left -= CHUNK) {
      signal.throwIfAborted();
      await file.writeFile(randomFillSync(chunk).subarray(0, Math.min(left, CHUNK)));
    }
  } finally {
    await file.close();
  }
}

/** SHA-256, hexadecimal. */
export async function digestFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
