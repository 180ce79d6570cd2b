// The session's two rate limits. Downloads are limited by not reading: a socket over the limit is paused and TCP slows the
// sender. Uploads are limited before the disk is asked. Whoever has to wait is called again, in turn, when bytes may pass.

import { TokenBucket } from '../base/token-bucket.ts';

/** Payload of one frame while an upload limit is on: at most a quarter of a second's worth. */
const FRAME_SHARE = 0.25;
const LEAST_FRAME = 16_384;

export class Throttle {
  readonly #bucket: TokenBucket;
  readonly #clock: () => number;
  #rate: number;
  #waiting: { resume: () => void; bytes: number }[] = [];
  /** Somebody's turn: nobody else may go first. */
  #waking = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  /** `rate` in bytes per second, 0 for none. */
  constructor(rate: number, clock: () => number) {
    this.#clock = clock;
    this.#rate = rate;
    this.#bucket = new TokenBucket(rate, clock());
  }

  get rate(): number {
    return this.#rate;
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#bucket.setRate(rate, this.#clock());
    this.#wake();
  }

  take(bytes: number): void {
    this.#bucket.take(bytes);
  }

  get exhausted(): boolean {
    return this.#bucket.limited && this.#bucket.available(this.#clock()) <= 0;
  }

  /** Bytes one frame may carry now; 0: wait, also when others have waited longer. */
  frameBytes(): number {
    if (!this.#bucket.limited) return Number.POSITIVE_INFINITY;
    if (this.exhausted || (this.#waiting.length > 0 && !this.#waking)) return 0;
    return Math.max(LEAST_FRAME, this.#rate * FRAME_SHARE);
  }

  /**
   * Calls back once bytes may pass again and those who came before have had their turn. `bytes` are taken then, for a
   * caller that cannot tell yet how many it will take.
   */
  wait(resume: () => void, bytes = 0): void {
    if (this.#closed) return;
    this.#waiting.push({ resume, bytes });
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0) return;
    const delay = Math.max(5, Math.min(1000, this.#bucket.delay(1, this.#clock())));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake();
    }, delay);
  }

  #wake(): void {
    let turns = this.#waiting.length;
    this.#waking = true;
    while (turns-- > 0 && this.#waiting.length > 0 && !this.exhausted) {
      const { resume, bytes } = this.#waiting.shift()!;
      this.take(bytes);
      resume();
    }
    this.#waking = false;
    this.#schedule();
  }
}
