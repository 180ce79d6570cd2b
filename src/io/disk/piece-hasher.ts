// Cuts a stream that arrives in chunks of any length into stretches of one length (the last may be short) and takes the
// SHA-1 of each. Reads nothing.

import { createHash, hash } from 'node:crypto';
import { SHA1_LENGTH } from './hash-job.ts';

export class PieceHasher {
  readonly hashes: Uint8Array;
  readonly #pieceLength: number;
  readonly #total: number;
  #piece = 0;
  #inPiece = 0;
  #hash: ReturnType<typeof createHash> | undefined;

  constructor(pieceLength: number, total: number) {
    this.#pieceLength = pieceLength;
    this.#total = total;
    this.hashes = new Uint8Array(Math.ceil(total / pieceLength) * SHA1_LENGTH);
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(this.#pieceLength, this.#total - this.#piece * this.#pieceLength);
      const take = Math.min(size - this.#inPiece, bytes.length - at);
      const part = bytes.subarray(at, at + take);
      at += take;
      if (take === size) this.#store(hash('sha1', part, 'buffer'));
      else {
        this.#hash ??= createHash('sha1');
        this.#hash.update(part);
        this.#inPiece += take;
        if (this.#inPiece === size) this.#store(this.#hash.digest());
      }
    }
  }

  #store(digest: Uint8Array): void {
    this.hashes.set(digest, this.#piece * SHA1_LENGTH);
    this.#piece++;
    this.#inPiece = 0;
    this.#hash = undefined;
  }
}
