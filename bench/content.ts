// What is transferred: random bytes, so that nothing compresses or repeats, as one large file or as many small ones.

import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One file `name` of `size` bytes in `folder`. */
export async function makeFile(folder: string, name: string, size: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  const file = await open(path, 'w');
  const block = Buffer.alloc(4 << 20);
  for (let left = size; left > 0; left -= block.length)
    await file.writeFile(randomFillSync(block).subarray(0, Math.min(left, block.length)));
  await file.close();
  return path;
}

/** `count` files of `size` bytes each, a hundred to a folder, below `folder/name`. */
export async function makeFiles(folder: string, name: string, count: number, size: number): Promise<string> {
  const root = join(folder, name);
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < count; i++) {
    const into = join(root, `folder-${String(Math.floor(i / 100)).padStart(3, '0')}`);
    if (i % 100 === 0) await mkdir(into, { recursive: true });
    const file = await open(join(into, `file-${String(i % 100).padStart(2, '0')}.bin`), 'w');
    await file.writeFile(randomFillSync(bytes));
    await file.close();
  }
  return root;
}

/** SHA-256 over all files below `path` in the order of their names, with those names. */
export async function digest(path: string): Promise<string> {
  const digesting = createHash('sha256');
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  const files = entries?.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) ?? [path];
  for (const file of files.sort()) {
    digesting.update(file.slice(path.length));
    const stream = createReadStream(file, { highWaterMark: 1 << 20 });
    stream.on('data', (chunk) => digesting.update(chunk));
    await once(stream, 'end');
  }
  return digesting.digest('hex');
}
