// How much is given to one peer's socket at a time: what the peer takes in a fraction of a quarter of a second, because a
// choke or a limit comes behind what the socket holds already. What the kernel has taken is out of reach, and tells nothing:
// it takes megabytes at once, then nothing for a while. So the rate of some seconds counts, and frames that had to wait.

import { BLOCK_LENGTH } from '../base/geometry.ts';

const FIRST = 128 * 1024;
const LARGEST = 1024 * 1024;
/** Seconds that a frame shall take: half of one may wait before it. */
const FITTED = 0.12;
/** Milliseconds: a frame that took longer was too long, and those of the next seconds are fitted to what it showed. */
const SLOW = 160;
const REMEMBERED = 4_000;
/** A frame is no more than such a part of all that was sent: at first it is the kernel's memory that is filled, at any rate. */
const GROWTH = 16;

export class FrameFit {
  #most = LARGEST;
  #mostUntil = 0;

  /** Payload bytes of the next frame, whole blocks and at least one, by what was sent in all and a second lately. */
  length(total: number, rate: number, now: number): number {
    let most = Math.min(LARGEST, Math.max(FIRST, total / GROWTH));
    if (now < this.#mostUntil) most = Math.min(most, this.#most);
    // Who was sent nothing lately has not shown how fast it is.
    if (rate > 0) most = Math.min(most, rate * FITTED);
    return Math.max(1, Math.floor(most / BLOCK_LENGTH)) * BLOCK_LENGTH;
  }

  /** The kernel took a frame of so many bytes in so many milliseconds. */
  taken(bytes: number, milliseconds: number, now: number): void {
    if (milliseconds <= SLOW) return;
    this.#most = (1000 * bytes * FITTED) / milliseconds;
    this.#mostUntil = now + REMEMBERED;
  }
}
