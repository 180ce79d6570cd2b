// A worker thread: what is to be done with pieces in shared slabs (piece-jobs.ts), and ranges of files that are read to be
// hashed. It decides nothing and knows no torrents.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoOf } from './disk-error.ts';
import type { FromWorker, PieceMessage, PieceReply, RangeFailure, RangeMessage, ToWorker } from './hash-job.ts';
import { PieceHasher } from './piece-hasher.ts';
import { PieceJobs } from './piece-jobs.ts';
import { settleNow } from './settle-job.ts';

/** One read of a file. Small enough to stay in the nearest caches of a core until it is hashed: twice as much is slower. */
const READ_LENGTH = 128 * 1024;
/** Answers wait for each other at most for so many bytes, so that short pieces do not cost a message each. */
const REPLY_BYTES = 1024 * 1024;

const port = parentPort;
let readBuffer: Uint8Array | undefined;
const pieces = new PieceJobs(shareBuffer);

function shareBuffer(): Uint8Array {
  readBuffer ??= new Uint8Array(READ_LENGTH);
  return readBuffer;
}

function post(message: FromWorker): void {
  port?.postMessage(message);
}

function runPieces(jobs: readonly PieceMessage[]): void {
  let replies: PieceReply[] = [];
  let bytes = 0;
  for (const job of jobs) {
    const reply = pieces.run(job);
    if (reply === undefined) continue;
    replies.push(reply);
    bytes += job.kind === 'forget' ? 0 : job.length;
    if (bytes >= REPLY_BYTES) {
      post({ type: 'pieces', replies, ...pieces.takeSpent() });
      replies = [];
      bytes = 0;
    }
  }
  if (replies.length > 0) post({ type: 'pieces', replies, ...pieces.takeSpent() });
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
  const buffer = shareBuffer();
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
      pieces.addSlab(message.id, message.slab);
      break;
    case 'forget':
      pieces.dropSlab(message.id);
      break;
    case 'pieces':
      runPieces(message.jobs);
      break;
    case 'range':
      readRange(message.job);
      break;
    case 'settle':
      post({ type: 'settled', ids: message.ids, files: message.files.map(settleNow) });
      break;
  }
});
