// What really is on disk of a torrent, found without the program's own code for it: the truth that a restarted download is
// held to.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Metainfo } from '../../src/protocol/metainfo.ts';

/** A file of the torrent where it lies in the stream of all pieces. */
export interface StreamFile {
  /** The final name. */
  path: string;
  offset: number;
  length: number;
}

/** `path`: the final name of the file or folder itself. Pads are no files here: torrents of these tests have none. */
export function streamFiles({ files, singleFile }: Metainfo, path: string): StreamFile[] {
  let end = 0;
  return files.map((file) => {
    end += file.length;
    return { path: singleFile ? path : join(path, ...file.path), offset: end - file.length, length: file.length };
  });
}

export class GoodPieces {
  readonly #metainfo: Metainfo;
  readonly #files: readonly StreamFile[];
  readonly #good = new Set<number>();

  /** `path`: the final name. */
  constructor(metainfo: Metainfo, path: string) {
    this.#metainfo = metainfo;
    this.#files = streamFiles(metainfo, path);
  }

  /** As of the last look. */
  has(piece: number): boolean {
    return this.#good.has(piece);
  }

  /** Looks at the pieces that were not good before. Nobody may be writing. Returns the bytes of all good ones. */
  look(): number {
    const { pieceCount, pieceLength, pieces, length } = this.#metainfo;
    const buffer = Buffer.alloc(pieceLength);
    const opened = new Map<StreamFile, number>();
    let bytes = 0;
    try {
      for (const file of this.#files) {
        const name = [file.path, `${file.path}.part`].find((path) => existsSync(path));
        if (name !== undefined) opened.set(file, openSync(name, 'r'));
      }
      for (let piece = 0; piece < pieceCount; piece++) {
        const size = Math.min(pieceLength, length - piece * pieceLength);
        if (!this.#good.has(piece)) {
          if (!this.#read(opened, piece * pieceLength, buffer.subarray(0, size))) continue;
          const hash = createHash('sha1').update(buffer.subarray(0, size)).digest();
          if (hash.compare(pieces, piece * 20, piece * 20 + 20) !== 0) continue;
          this.#good.add(piece);
        }
        bytes += size;
      }
    } finally {
      for (const fd of opened.values()) closeSync(fd);
    }
    return bytes;
  }

  /** False when not all of it is there. */
  #read(opened: ReadonlyMap<StreamFile, number>, from: number, into: Uint8Array): boolean {
    for (const file of this.#files) {
      const start = Math.max(from, file.offset);
      const count = Math.min(from + into.length, file.offset + file.length) - start;
      if (count <= 0) continue;
      const fd = opened.get(file);
      if (fd === undefined || readSync(fd, into, start - from, count, start - file.offset) < count) return false;
    }
    return true;
  }
}
