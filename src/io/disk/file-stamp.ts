// What tells, without reading it, whether a file is still the one that was checked: size, modification time, inode.

import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface FileStamp {
  size: number;
  mtimeNs: bigint;
  ino: bigint;
}

export function toStamp(found: BigIntStats): FileStamp {
  return { size: Number(found.size), mtimeNs: found.mtimeNs, ino: found.ino };
}

/** Follows symbolic links. Throws what `stat` throws. */
export async function readStamp(path: string): Promise<FileStamp> {
  return toStamp(await stat(path, { bigint: true }));
}

export function sameStamp(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino;
}
