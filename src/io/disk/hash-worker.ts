// A worker thread: hashes pieces in shared slabs and writes those that pass, and reads ranges of files to hash them. It
// decides nothing and knows no torrents. It must never write a byte of a piece before the hash of that piece has passed.

import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoOf } from './disk-error.ts';
import type { CommitMessage, CommitReply, FromWorker, RangeFailure, RangeMessage, ToWorker } from './hash-job.ts';
import { SHA1_LENGTH } from './hash-job.ts';
import { writeFully } from './write-fully.ts';

/** One read of a file. Small enough to stay in the cache of a core until it is hashed. */
const READ_LENGTH = 512 * 1024;
/** Answers wait for each other at most for so many bytes, so that short pieces do not cost a message each. */
const REPLY_BYTES = 1024 * 1024;

const slabs = new Map<number, Uint8Array>();
const port = parentPort;
let readBuffer: Uint8Array | undefined;

function post(message: FromWorker): void {
  port?.postMessage(message);
}

function commit(job: CommitMessage): CommitReply {
  const slab = slabs.get(job.slab);
  if (slab === undefined)
    return { id: job.id, failure: 'disk', errno: 'EINVAL', message: `slab ${job.slab} is not registered` };
  try {
    if (job.expected !== undefined) {
      const piece = slab.subarray(job.offset, job.offset + job.length);
      if (hash('sha1', piece, 'binary') !== job.expected)
        return { id: job.id, failure: 'hash', errno: '', message: '' };
    }
    for (const write of job.writes) writeFully(write.fd, slab, job.offset + write.start, write.length, write.position);
    return { id: job.id, failure: undefined, errno: '', message: '' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id: job.id, failure: 'disk', errno: errnoOf(error) ?? 'EIO', message };
  }
}

function runCommits(jobs: readonly CommitMessage[]): void {
  let replies: CommitReply[] = [];
  let bytes = 0;
  for (const job of jobs) {
    replies.push(commit(job));
    bytes += job.length;
    if (bytes >= REPLY_BYTES) {
      post({ type: 'commits', replies });
      replies = [];
      bytes = 0;
    }
  }
  if (replies.length > 0) post({ type: 'commits', replies });
}

/** Cuts a stream that arrives in chunks into pieces and hashes each. */
class PieceHasher {
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

/** Without O_NONBLOCK the opening of a FIFO that took the place of a file would hang the thread. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The descriptor, or the errno. */
function openRegular(path: string): number | string {
  try {
    const fd = openSync(path, READ_FLAGS);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    return 'EINVAL';
  } catch (error) {
    return errnoOf(error) ?? 'EIO';
  }
}

function readRange(job: RangeMessage): void {
  readBuffer ??= new Uint8Array(READ_LENGTH);
  const buffer = readBuffer;
  let total = 0;
  for (const segment of job.segments) total += segment.length;
  const hasher = new PieceHasher(job.pieceLength, total);
  const failed = new Set<number>();
  const failures: RangeFailure[] = [];
  let at = 0;
  let filled = 0;
  const feed = (length: number): void => {
    at += length;
    filled += length;
    if (filled === buffer.length) {
      hasher.push(buffer);
      filled = 0;
    }
  };
  /** What cannot be read is stepped over; the pieces it belongs to are failed whatever their hash then is. */
  const skip = (length: number): void => {
    for (let piece = Math.floor(at / job.pieceLength); piece * job.pieceLength < at + length; piece++)
      failed.add(piece);
    for (let left = length; left > 0; ) {
      const step = Math.min(left, buffer.length - filled);
      feed(step);
      left -= step;
    }
  };
  for (const [index, segment] of job.segments.entries()) {
    if (segment.path === null) {
      for (let left = segment.length; left > 0; ) {
        const step = Math.min(left, buffer.length - filled);
        buffer.fill(0, filled, filled + step);
        feed(step);
        left -= step;
      }
      continue;
    }
    const fd = openRegular(segment.path);
    if (typeof fd === 'string') {
      failures.push({ segment: index, errno: fd });
      skip(segment.length);
      continue;
    }
    try {
      for (let done = 0; done < segment.length; ) {
        const wanted = Math.min(segment.length - done, buffer.length - filled);
        let count = 0;
        try {
          count = readSync(fd, buffer, filled, wanted, segment.position + done);
        } catch (error) {
          failures.push({ segment: index, errno: errnoOf(error) ?? 'EIO' });
          const toNextPiece = job.pieceLength - (at % job.pieceLength);
          const step = Math.min(segment.length - done, toNextPiece);
          skip(step);
          done += step;
          continue;
        }
        if (count === 0) {
          failures.push({ segment: index, errno: 'ESHORT' });
          skip(segment.length - done);
          break;
        }
        feed(count);
        done += count;
      }
    } finally {
      closeSync(fd);
    }
  }
  if (filled > 0) hasher.push(buffer.subarray(0, filled));
  post({ type: 'range', id: job.id, hashes: hasher.hashes, failed: [...failed], failures });
}

port?.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'slab':
      slabs.set(message.id, new Uint8Array(message.slab));
      break;
    case 'forget':
      slabs.delete(message.id);
      break;
    case 'commits':
      runCommits(message.jobs);
      break;
    case 'range':
      readRange(message.job);
      break;
  }
});
