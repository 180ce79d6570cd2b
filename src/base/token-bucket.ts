// A rate limit as a bucket of bytes that fills with time. Holds no timer: the owner asks and passes the time in.

export class TokenBucket {
  #rate: number;
  #burst: number;
  #tokens: number;
  #filledAt: number;

  /** `rate` in bytes per second, 0 for no limit; `burst` is how much may be saved up, as seconds of the rate. */
  constructor(rate: number, now: number, burstSeconds = 0.25) {
    this.#rate = rate;
    this.#burst = burstSeconds;
    this.#tokens = rate * burstSeconds;
    this.#filledAt = now;
  }

  get limited(): boolean {
    return this.#rate > 0;
  }

  /** What was saved up is cut to the new rate; an overdraft takes as long to pay back as before, not more bytes. */
  setRate(rate: number, now: number): void {
    const saved = this.limited ? this.available(now) : 0;
    const share = saved < 0 ? Math.min(1, rate / this.#rate) : 1;
    this.#rate = rate;
    this.#tokens = Math.min(saved * share, rate * this.#burst);
    this.#filledAt = now;
  }

  /** Bytes that may pass now; Infinity without a limit, negative after an overdraft. */
  available(now: number): number {
    if (this.#rate <= 0) return Number.POSITIVE_INFINITY;
    const gained = ((now - this.#filledAt) * this.#rate) / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(this.#tokens + gained, Math.max(this.#rate * this.#burst, 16384));
    return this.#tokens;
  }

  /** Takes bytes that have passed or are about to; the balance may go below zero and is then paid back by time. */
  take(bytes: number): void {
    if (this.#rate > 0) this.#tokens -= bytes;
  }

  /** Milliseconds until at least `bytes` may pass. */
  delay(bytes: number, now: number): number {
    const missing = bytes - this.available(now);
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / this.#rate);
  }
}
