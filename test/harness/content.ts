// Content to share: folders as people have them, with many small files, some large, some empty, names in several scripts.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomFile } from './shoal.ts';

const DIRECTORIES = ['', 'notes', 'Bilder/été', '音楽/ライブ', 'a b/c, d'];

/** A folder of `count` files in nested directories; the same for the same name. Sizes from nothing to `largest`. */
export async function makeFolder(path: string, count: number, largest = 400_000): Promise<string> {
  await mkdir(path, { recursive: true });
  for (let index = 0; index < count; index++) {
    const file = join(path, DIRECTORIES[index % DIRECTORIES.length]!, `${String(index).padStart(4, '0')} теst.dat`);
    const size = index % 10 === 0 ? largest : (index * 7919) % 30_000;
    await randomFile(file, index % 17 === 3 ? 0 : size, `${path.split('/').at(-1)}/${index}`);
  }
  await writeFile(join(path, '.hidden'), 'seen as well\n');
  return path;
}
