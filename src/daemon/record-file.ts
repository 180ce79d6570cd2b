// Small files that keep a JSON value with a checksum: replaced as a whole, so that after a crash the old value or the new
// one is there, and one that was damaged is known to be. Knows nothing of what they say.

import { readFile, rename, stat } from 'node:fs/promises';
import { crc32c } from '../base/crc32c.ts';
import { ShoalError } from '../base/errors.ts';
import { errnoOf } from '../io/disk/disk-error.ts';
import { ownFiles } from '../io/disk/limit.ts';
import { writeAtomically } from '../io/stores/atomic-file.ts';
import { newerError, stateError } from '../io/stores/state-error.ts';

const FORMAT = 'shoal-daemon';
const VERSION = 1;
/** Far above any real one: magnet links may be long, and so may lists of original files. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** Throws ERR_STATE. */
export async function writeRecord(path: string, value: unknown): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  const head = Buffer.from(`${FORMAT} ${VERSION} ${checksum(body)}\n`);
  try {
    await writeAtomically(path, Buffer.concat([head, body]));
  } catch (error) {
    throw stateError(error, path, 'save');
  }
}

/**
 * The value; undefined when there is none. A damaged file is renamed to `PATH.damaged` and told of by `onDamaged`. Throws
 * ERR_STATE when the file cannot be read or a newer version wrote it.
 */
export async function readRecord(path: string, onDamaged: (message: string) => void): Promise<unknown> {
  let bytes: Buffer;
  try {
    bytes = await ownFiles.run(async () => {
      if ((await stat(path)).size > MAX_LENGTH)
        throw new ShoalError('ERR_STATE', `${path} is too large to be ours; move it away`);
      return readFile(path);
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw stateError(error, path, 'read');
  }
  const value = decode(path, bytes);
  if (value !== undefined) return value;
  const aside = `${path}.damaged`;
  await rename(path, aside).catch(() => undefined);
  onDamaged(`${path} is damaged and was set aside as ${aside}`);
  return undefined;
}

function decode(path: string, bytes: Buffer): unknown {
  const end = bytes.indexOf(10);
  const head = /^shoal-daemon (\d{1,9}) ([0-9a-f]{8})$/.exec(
    bytes.toString('latin1', 0, Math.max(0, Math.min(end, 64))),
  );
  if (head === null) return undefined;
  const version = Number(head[1]);
  if (version > VERSION) throw newerError(path, version, VERSION);
  const body = bytes.subarray(end + 1);
  if (checksum(body) !== head[2]) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function checksum(body: Uint8Array): string {
  return crc32c(body).toString(16).padStart(8, '0');
}
