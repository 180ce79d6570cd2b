// Tells how often a torrent has to be looked at: ten thousand seeds that nobody asks for must cost next to nothing.

/** A complete torrent to which nobody came for so long is looked at only so often. Milliseconds. */
const QUIET_AFTER = 10_000;
const QUIET_TICK = 5_000;

export class QuietTicks {
  /** When somebody was here last, or came to be known; and the next look, 0 for at once. */
  #stirredAt: number;
  #next = 0;

  constructor(now: number) {
    this.#stirredAt = now;
  }

  /** Something may be about to happen. */
  stir(now: number): void {
    this.#stirredAt = now;
    this.#next = 0;
  }

  /** Whether it is time for a look. `busy`: there is something to look after. */
  due(now: number, busy: boolean): boolean {
    if (now < this.#next) return false;
    if (busy) this.#stirredAt = now;
    this.#next = now - this.#stirredAt >= QUIET_AFTER ? now + QUIET_TICK : 0;
    return true;
  }
}
