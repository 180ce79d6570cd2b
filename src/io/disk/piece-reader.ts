// Fills buffers with stretches of a torrent's files, one vectored read a file, between a look at the name and one at what
// was read: is it still the file that was verified? It never gives out bytes of a file whose stat has changed.

import { fstatSync, readv } from 'node:fs';
import { ShoalError } from '../../base/errors.ts';
import { diskError } from './disk-error.ts';
import type { FilePool } from './file-pool.ts';
import type { HeldFile } from './held-file.ts';
import type { Segment } from './layout.ts';

/** Milliseconds between two looks at a file that is being read. */
const LOOK_EVERY = 1000;
/** Files that one stretch is read from at a time. */
const FILES_AT_ONCE = 8;

export class PieceReader {
  readonly #files: FilePool;
  readonly #held: readonly (HeldFile | undefined)[];
  readonly #onChanged: (file: HeldFile) => void;

  /** `onChanged` may be called more than once a file. */
  constructor(files: FilePool, held: readonly (HeldFile | undefined)[], onChanged: (file: HeldFile) => void) {
    this.#files = files;
    this.#held = held;
    this.#onChanged = onChanged;
  }

  /** `segments` and `buffers` are equally long together. `done` is called once, in a later turn, when nothing is read any more. */
  read(segments: readonly Segment[], buffers: readonly Uint8Array[], done: (error?: ShoalError) => void): void {
    let at = 0;
    let reading = 0;
    let failure: ShoalError | undefined;
    const next = (): void => {
      while (failure === undefined && at < segments.length && reading < FILES_AT_ONCE) {
        const segment = segments[at++]!;
        reading++;
        const part = segments.length === 1 ? buffers : cutBuffers(buffers, segment.start, segment.length);
        this.#readSegment(segment, part, (error) => {
          reading--;
          failure ??= error;
          if (failure === undefined && at < segments.length) next();
          else if (reading === 0) done(failure);
        });
      }
    };
    next();
  }

  #readSegment(segment: Segment, buffers: readonly Uint8Array[], done: (error?: ShoalError) => void): void {
    const { file, position, length } = segment;
    if (file.pad) {
      for (const buffer of buffers) buffer.fill(0);
      // Never in the turn of the call: who asks is not prepared for the answer yet.
      setImmediate(done);
      return;
    }
    const held = this.#held[file.index]!;
    const fail = (error: NodeJS.ErrnoException | null): void => {
      held.changed = true;
      this.#onChanged(held);
      setImmediate(done, sourceError(held.place.path, error));
    };
    // What is opened now is looked at itself, after the read.
    const interval = held.pooled.closed ? Number.POSITIVE_INFINITY : LOOK_EVERY;
    held.checkUnchanged(performance.now(), interval, (unchanged) => {
      if (!unchanged) {
        fail(null);
        return;
      }
      this.#files.acquire(held.pooled, (openError, fd) => {
        if (openError !== null) {
          if (openError.code === 'ENOENT') fail(openError);
          else done(diskError(openError.code, held.pooled.path, 'open', openError));
          return;
        }
        readWhole(fd, buffers, position, length, (error) => {
          const same = error !== undefined || isUnchanged(held, fd);
          this.#files.release(held.pooled);
          if (!same) fail(null);
          else if (error === undefined) done();
          else if (error === null) fail(null);
          else done(diskError(error.code, held.pooled.path, 'read', error));
        });
      });
    });
  }
}

/**
 * Looked at after the read and before anything is sent: what was read by then is what was verified. A file that was
 * replaced under its name is read on as it was, which is right as well, until the look at the name finds out.
 */
function isUnchanged(held: HeldFile, fd: number): boolean {
  const { settled, stamp } = held;
  if (!settled || stamp === undefined) return true;
  try {
    // About a microsecond: the system has the answer in memory.
    const found = fstatSync(fd, { bigint: true });
    return Number(found.size) === stamp.size && found.mtimeNs === stamp.mtimeNs && found.ino === stamp.ino;
  } catch {
    return false;
  }
}

function sourceError(path: string, error: NodeJS.ErrnoException | null): ShoalError {
  const what = error?.code === 'ENOENT' ? 'is gone' : 'changed since it was checked';
  return new ShoalError('ERR_SOURCE', `${path} ${what}: its pieces are not served any more; share it again`, {
    reason: 'changed',
  });
}

/** The part of a list of buffers from `start` on, `length` bytes long, without copying. */
function cutBuffers(buffers: readonly Uint8Array[], start: number, length: number): Uint8Array[] {
  const cut: Uint8Array[] = [];
  let offset = 0;
  for (const buffer of buffers) {
    const from = Math.max(0, start - offset);
    const to = Math.min(buffer.length, start + length - offset);
    if (from < to) cut.push(buffer.subarray(from, to));
    offset += buffer.length;
  }
  return cut;
}

/** Fills the buffers. `done`: undefined for success, null when the file ended early, else the system's error. */
function readWhole(
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  length: number,
  done: (error: NodeJS.ErrnoException | null | undefined) => void,
): void {
  readv(fd, buffers, position, (error, count) => {
    if (error !== null) done(error);
    else if (count === length) done(undefined);
    else if (count === 0) done(null);
    else readWhole(fd, cutBuffers(buffers, count, length - count), position + count, length - count, done);
  });
}
