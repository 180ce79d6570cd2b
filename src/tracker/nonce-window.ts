// Remembers which signed requests have been seen, for as long as their time stamps would let them pass again. Bounded:
// when full it forgets the oldest, so a flood of valid requests can make old ones pass again but never fill the memory.

export class NonceWindow {
  readonly #span: number;
  readonly #capacity: number;
  /** Nonce -> when it may be forgotten, oldest first. */
  readonly #seen = new Map<string, number>();

  /** `span` in the unit of the times given later. */
  constructor(span: number, capacity: number) {
    this.#span = span;
    this.#capacity = capacity;
  }

  /** False when the nonce has been taken before. */
  take(nonce: string, now: number): boolean {
    for (const [oldest, until] of this.#seen) {
      if (until > now && this.#seen.size < this.#capacity) break;
      this.#seen.delete(oldest);
    }
    if (this.#seen.has(nonce)) return false;
    this.#seen.set(nonce, now + this.#span);
    return true;
  }
}
