// Bytes per second over the last few seconds, counted in whole-second slots so that adding costs nothing.

const SLOTS = 5;
/** Of meters that have measured nothing: many never do. */
const NOTHING = new Float64Array(SLOTS);

export class RateMeter {
  total = 0;
  #slots = NOTHING;
  #second = -1;
  #seconds = 0;

  add(bytes: number, now: number): void {
    this.#advance(now);
    if (this.#slots === NOTHING) this.#slots = new Float64Array(SLOTS);
    this.total += bytes;
    this.#slots[this.#second % SLOTS]! += bytes;
  }

  /** Average of the finished seconds in the window, in bytes per second. */
  rate(now: number): number {
    this.#advance(now);
    const current = this.#second % SLOTS;
    let sum = 0;
    for (let i = 0; i < SLOTS; i++) if (i !== current) sum += this.#slots[i]!;
    const finished = Math.min(SLOTS - 1, this.#seconds);
    if (finished > 0) return sum / finished;
    return this.#slots[current]! / Math.max(0.25, (now % 1000) / 1000);
  }

  /** Bytes of the second that ended last. */
  lastSecond(now: number): number {
    this.#advance(now);
    return this.#second === 0 ? 0 : this.#slots[(this.#second - 1) % SLOTS]!;
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1000);
    if (this.#second === second) return;
    if (this.#second < 0 || second - this.#second >= SLOTS) {
      if (this.#second >= 0) this.#seconds = SLOTS;
      this.#slots.fill(0);
    } else {
      for (let s = this.#second + 1; s <= second; s++) this.#slots[s % SLOTS] = 0;
      this.#seconds = Math.min(SLOTS, this.#seconds + second - this.#second);
    }
    this.#second = second;
  }
}
