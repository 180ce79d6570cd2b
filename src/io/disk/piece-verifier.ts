// Finds out whether a piece that was stored unverified is right: has read back what did not go into its hash in passing. A
// piece over many files takes several jobs of the hash pool. Writes nothing.

import { diskError } from './disk-error.ts';
import type { HashPool } from './hash-pool.ts';
import type { Segment } from './layout.ts';
import type { StoreResult } from './piece-writer.ts';
import { FILES_A_JOB, type PinnedFiles } from './pinned-files.ts';
import type { PieceResult } from './pool-worker.ts';

export interface StoredPiece {
  /** The name of its hash in the pool. */
  readonly key: number;
  readonly size: number;
  /** 20 bytes. */
  readonly expected: Uint8Array;
  /** What of the files, pads among them, makes up the piece from `start` on. */
  segments(start: number): readonly Segment[];
}

interface Pass {
  readonly piece: StoredPiece;
  readonly segments: readonly Segment[];
  /** How many of `segments` have been read. */
  read: number;
  /** Bytes of the piece that are in its hash. */
  at: number;
  readonly digests: boolean;
  readonly done: (result: StoreResult) => void;
}

export class PieceVerifier {
  readonly #pool: HashPool;
  readonly #pinned: PinnedFiles;

  constructor(pool: HashPool, pinned: PinnedFiles) {
    this.#pool = pool;
    this.#pinned = pinned;
  }

  /** A piece that fails is read once more for the digests of its blocks, if they were not asked for in the first place. */
  verify(piece: StoredPiece, digests: boolean, done: (result: StoreResult) => void): void {
    this.#begin(piece, digests, (result) => {
      if (result.ok || result.kind !== 'hash' || result.digests !== undefined) done(result);
      else this.#begin(piece, true, done);
    });
  }

  #begin(piece: StoredPiece, digests: boolean, done: (result: StoreResult) => void): void {
    const at = digests ? 0 : this.#pool.hashed(piece.key);
    this.#readSome({ piece, segments: piece.segments(at), read: 0, at, digests, done });
  }

  #readSome(pass: Pass): void {
    const { piece, digests } = pass;
    const batch = pass.segments.slice(pass.read, pass.read + FILES_A_JOB);
    this.#pinned.acquire(batch, false, (error, failed, fds) => {
      if (error !== null) {
        this.#fail(pass, error.code ?? 'EIO', failed, error);
        return;
      }
      let length = 0;
      for (const segment of batch) length += segment.length;
      const reads = batch.map((segment, i) => ({ fd: fds[i]!, position: segment.position, length: segment.length }));
      const last = pass.read + batch.length === pass.segments.length;
      const { key, size: total } = piece;
      const expected = last ? piece.expected : undefined;
      this.#pool.verify({ key, start: pass.at, length, total, reads, digests, expected }, (result: PieceResult) => {
        this.#pinned.release(batch, fds);
        if (!result.ok && result.kind === 'disk') {
          this.#fail(pass, result.errno, batch[0], new Error(result.message));
          return;
        }
        pass.read += batch.length;
        pass.at += length;
        if (last) pass.done(result);
        else this.#readSome(pass);
      });
    });
  }

  #fail({ piece, done }: Pass, errno: string, segment: Segment | undefined, cause: Error): void {
    this.#pool.forget(piece.key);
    const error = diskError(errno, segment?.file.partPath ?? 'the download', 'read', cause);
    done({ ok: false, kind: 'disk', errno, message: error.message, error });
  }
}
