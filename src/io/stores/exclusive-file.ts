// Makes a small file that only one of several racing processes can make, and that nobody ever sees half written.

import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { errnoOf } from '../disk/disk-error.ts';

/** What `link` says where there are no hard links (FAT, some network file systems). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** False when the file is there already. Synced; readable by us only. Throws the errno errors of the system. */
export async function createExclusively(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeNew(temporary, text);
    await link(temporary, path);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return false;
    if (!NO_LINKS.has(errno)) throw error;
    // At the price of a moment in which the file is short.
    return await writeNew(path, text).then(
      () => true,
      (again: unknown) => {
        if (errnoOf(again) === 'EEXIST') return false;
        throw again;
      },
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
