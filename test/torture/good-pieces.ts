// What really is on disk of a torrent of one file, found without the program's own code for it: the truth that a
// restarted download is held to.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import type { Metainfo } from '../../src/protocol/metainfo.ts';

export class GoodPieces {
  readonly #metainfo: Metainfo;
  readonly #path: string;
  readonly #good = new Set<number>();

  /** `path`: the final name. */
  constructor(metainfo: Metainfo, path: string) {
    this.#metainfo = metainfo;
    this.#path = path;
  }

  /** As of the last look. */
  has(piece: number): boolean {
    return this.#good.has(piece);
  }

  /** Looks at the pieces that were not good before. Nobody may be writing. Returns the bytes of all good ones. */
  look(): number {
    const { pieceCount, pieceLength, pieces, length } = this.#metainfo;
    const path = [this.#path, `${this.#path}.part`].find((name) => existsSync(name));
    if (path === undefined) return 0;
    const buffer = Buffer.alloc(pieceLength);
    const file = openSync(path, 'r');
    let bytes = 0;
    try {
      for (let piece = 0; piece < pieceCount; piece++) {
        const size = Math.min(pieceLength, length - piece * pieceLength);
        if (!this.#good.has(piece)) {
          if (readSync(file, buffer, 0, size, piece * pieceLength) < size) continue;
          const hash = createHash('sha1').update(buffer.subarray(0, size)).digest();
          if (hash.compare(pieces, piece * 20, piece * 20 + 20) !== 0) continue;
          this.#good.add(piece);
        }
        bytes += size;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  }
}
