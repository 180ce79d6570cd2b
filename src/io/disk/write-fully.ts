// The one way bytes reach a file. A write may take fewer bytes than it was given without an error (a disk that is nearly
// full does it), so every write loops until all is taken or an error says why not.

import { writeSync } from 'node:fs';
import { errnoOf } from './disk-error.ts';

/** Takes some of the bytes at `offset` … `offset + length` of `bytes` to `position` of the file and returns how many. */
type Write = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;

const MAX_INTERRUPTS = 1000;

/** Writes `length` bytes of `bytes` from `start` at `position`. Throws what the system call throws. */
export function writeFully(
  fd: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  position: number,
  write: Write = writeSync,
): void {
  let written = 0;
  let interrupts = 0;
  while (written < length) {
    let taken = 0;
    try {
      taken = write(fd, bytes, start + written, length - written, position + written);
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'EINTR' && errno !== 'EAGAIN') || ++interrupts > MAX_INTERRUPTS) throw error;
      continue;
    }
    if (taken <= 0 && ++interrupts > MAX_INTERRUPTS)
      throw Object.assign(new Error('the system accepts no bytes for this file'), { code: 'EIO' });
    written += taken;
  }
}
