// What a hash worker does with pieces: commit one that lies whole in a slab, store an extent of one unverified, verify what
// was stored. A commit never writes a byte before the hash of the piece has passed. Decides nothing and knows no torrents.

import { createHash, type Hash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { BLOCK_LENGTH } from '../../base/geometry.ts';
import { errnoOf } from './disk-error.ts';
import { WRITE_FLAGS } from './file-pool.ts';
import type {
  CommitMessage,
  PieceMessage,
  PieceReply,
  ReadRange,
  StoreMessage,
  VerifyMessage,
  WriteRange,
} from './hash-job.ts';
import { DIGEST_LENGTH, SHA1_LENGTH } from './hash-job.ts';
import { PieceHasher } from './piece-hasher.ts';
import { writeFully } from './write-fully.ts';

/** A piece whose hash is under way. */
interface Unfinished {
  hash: Hash;
  /** Bytes of the piece that are in it. */
  at: number;
  blocks: PieceHasher | undefined;
}

export class PieceJobs {
  readonly #slabs = new Map<number, Uint8Array>();
  readonly #unfinished = new Map<number, Unfinished>();
  readonly #buffer: () => Uint8Array;
  #hashing = 0;
  #writing = 0;

  /** `buffer`: lends one to read files into. */
  constructor(buffer: () => Uint8Array) {
    this.#buffer = buffer;
  }

  addSlab(id: number, slab: SharedArrayBuffer): void {
    this.#slabs.set(id, new Uint8Array(slab));
  }

  dropSlab(id: number): void {
    this.#slabs.delete(id);
  }

  /** Milliseconds since the last call. Reading back counts as writing: both are the disk. */
  takeSpent(): { hashing: number; writing: number } {
    const spent = { hashing: this.#hashing, writing: this.#writing };
    this.#hashing = 0;
    this.#writing = 0;
    return spent;
  }

  /** Undefined when the job has no answer. */
  run(job: PieceMessage): PieceReply | undefined {
    if (job.kind === 'forget') {
      this.#unfinished.delete(job.key);
      return undefined;
    }
    try {
      if (job.kind === 'commit') return this.#commit(job);
      if (job.kind === 'store') return this.#store(job);
      return this.#verify(job);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ...done(job.id), failure: 'disk', errno: errnoOf(error) ?? 'EIO', message };
    }
  }

  #slab(id: number): Uint8Array {
    const slab = this.#slabs.get(id);
    if (slab === undefined) throw Object.assign(new Error(`slab ${id} is not registered`), { code: 'EINVAL' });
    return slab;
  }

  #commit(job: CommitMessage): PieceReply {
    const slab = this.#slab(job.slab);
    const reply = done(job.id);
    const began = performance.now();
    if (job.expected !== undefined) {
      const piece = slab.subarray(job.offset, job.offset + job.length);
      if (hash('sha1', piece, 'binary') !== job.expected) reply.failure = 'hash';
      if (job.digests || reply.failure === 'hash') reply.digests = digestsOf(piece);
      this.#hashing += performance.now() - began;
      if (reply.failure === 'hash') return reply;
    }
    this.#write(slab, job);
    return reply;
  }

  #write(slab: Uint8Array, job: CommitMessage | StoreMessage): void {
    const began = performance.now();
    write(slab, job.offset, job.writes);
    this.#writing += performance.now() - began;
  }

  /** Written first: what is not on disk must not be in the hash, or another version of it could never be. */
  #store(job: StoreMessage): PieceReply {
    const slab = this.#slab(job.slab);
    this.#write(slab, job);
    const reply = done(job.id);
    if (job.length === 0) return reply;
    if (job.start === 0) this.#begin(job.key, undefined);
    const piece = this.#unfinished.get(job.key);
    if (piece === undefined || piece.at !== job.start) return reply;
    const began = performance.now();
    piece.hash.update(slab.subarray(job.offset, job.offset + job.length));
    this.#hashing += performance.now() - began;
    piece.at += job.length;
    reply.hashed = true;
    return reply;
  }

  #begin(key: number, blocks: PieceHasher | undefined): Unfinished {
    const piece = { hash: createHash('sha1'), at: 0, blocks };
    this.#unfinished.set(key, piece);
    return piece;
  }

  #verify(job: VerifyMessage): PieceReply {
    let piece = this.#unfinished.get(job.key);
    if (job.start === 0)
      piece = this.#begin(job.key, job.digests ? new PieceHasher(BLOCK_LENGTH, job.total) : undefined);
    if (piece === undefined || piece.at !== job.start)
      throw Object.assign(new Error('the hash of a piece was lost'), { code: 'EINVAL' });
    for (const range of job.reads) this.#readBack(range, piece);
    const reply = done(job.id);
    if (job.expected === undefined) return reply;
    this.#unfinished.delete(job.key);
    if (piece.hash.digest('binary') !== job.expected) reply.failure = 'hash';
    if (piece.blocks !== undefined) reply.digests = cutDigests(piece.blocks.hashes);
    return reply;
  }

  #readBack({ fd, position, length }: ReadRange, piece: Unfinished): void {
    const buffer = this.#buffer();
    if (fd < 0) buffer.fill(0, 0, Math.min(length, buffer.length));
    for (let at = 0; at < length; ) {
      const wanted = Math.min(length - at, buffer.length);
      const began = performance.now();
      const count = fd < 0 ? wanted : readSync(fd, buffer, 0, wanted, position + at);
      const read = performance.now();
      this.#writing += read - began;
      if (count === 0)
        throw Object.assign(new Error('the file is shorter than what was written to it'), { code: 'EIO' });
      const bytes = buffer.subarray(0, count);
      piece.hash.update(bytes);
      piece.blocks?.push(bytes);
      this.#hashing += performance.now() - read;
      piece.at += count;
      at += count;
    }
  }
}

function done(id: number): PieceReply {
  return { id, failure: undefined, errno: '', message: '', digests: undefined, hashed: false };
}

function write(slab: Uint8Array, offset: number, writes: readonly WriteRange[]): void {
  for (const { fd, path, position, start, length } of writes)
    if (path === undefined) writeFully(fd, slab, offset + start, length, position);
    else writeOnce(path, slab, offset + start, length, position);
}

function writeOnce(path: string, bytes: Uint8Array, start: number, length: number, position: number): void {
  const fd = openSync(path, WRITE_FLAGS, 0o666);
  try {
    writeFully(fd, bytes, start, length, position);
  } finally {
    closeSync(fd);
  }
}

function digestsOf(piece: Uint8Array): Uint8Array {
  const blocks = new PieceHasher(BLOCK_LENGTH, piece.length);
  blocks.push(piece);
  return cutDigests(blocks.hashes);
}

function cutDigests(hashes: Uint8Array): Uint8Array {
  const digests = new Uint8Array((hashes.length / SHA1_LENGTH) * DIGEST_LENGTH);
  for (let block = 0; block * SHA1_LENGTH < hashes.length; block++)
    digests.set(hashes.subarray(block * SHA1_LENGTH, block * SHA1_LENGTH + DIGEST_LENGTH), block * DIGEST_LENGTH);
  return digests;
}
