// How many requests may be outstanding at all peers together. Each peer's window follows its own rate; but many peers with a
// block or two each are more than a slow downlink carries in any useful time, however modest each of them is. Counts and
// measures, chooses no peer, sends nothing.
//
// What the right number is cannot be computed: if the peers are slow, each more of them adds to the rate; if our own link is,
// none does. So it is tried: a step up or down is taken back when the rate answers to it, and never below what a few seconds
// of the present rate need.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { Tally } from './request-queue.ts';

/** Requests before anything has been measured. */
const FIRST = 32;
const LEAST = 16;
/** What comes in so many seconds may always be asked for. */
const SECONDS = 4;
/** Milliseconds between two steps. */
const PERIOD = 3_000;
const STEP = 1.4;
/** A step up pays when the rate grows so much, a step down costs when it falls so much. */
const GAIN = 1.13;
const LOSS = 0.9;
/** With so much of the rate that could not be raised the link counts as full. */
const FULL = 0.8;
/** Periods at the least number until more is tried again. */
const REST = 5;

export class RequestBudget implements Tally {
  /** Outstanding at all peers; kept by their queues. */
  count = 0;
  limit = FIRST;
  /** Peers that could be asked for something. */
  askable = 0;
  /** Everything that comes from peers, whole blocks or not. */
  readonly arriving = new RateMeter();
  /** Somebody would have been asked for more. */
  limited = false;
  #slowStart = true;
  #lastRate = 0;
  #lookedAt: number;
  #totalThen = 0;
  #rateThen = 0;
  /** The last step: 1 up, -1 down, 0 none. */
  #step = 0;
  #rested = 0;
  /** Bytes per second beyond which asking for more did not help. */
  #fullRate = 0;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** A block came: as long as the rate grows with what is asked for, the number doubles with each round trip. */
  blockCame(): void {
    if (this.#slowStart && this.limited) this.limit++;
  }

  /**
   * How many requests a peer that has `outstanding` may have in all, where its own window says `depth`. A quarter is kept
   * for equal shares, so that the first peers do not take everything. `shared`: it has a part in that.
   */
  depth(outstanding: number, depth: number, shared: boolean): number {
    const spare = Math.floor(this.limit * 0.75) - this.count;
    let most = outstanding + Math.max(0, spare);
    if (shared && most < depth) {
      const room = Math.max(0, Math.floor(this.limit) - this.count);
      const fair = Math.max(1, Math.floor(this.limit / Math.max(1, this.askable)));
      most = Math.max(most, Math.min(fair, outstanding + room));
    }
    if (most >= depth) return depth;
    this.limited = true;
    return most;
  }

  /** Milliseconds in which what is asked for comes at the present rate; 0 when nothing comes at all. */
  delay(now: number): number {
    const rate = this.arriving.rate(now);
    return rate > 0 ? (1000 * this.count * BLOCK_LENGTH) / rate : 0;
  }

  /** Our own link is what everybody waits for: more was tried lately and brought nothing. */
  isFull(now: number): boolean {
    return this.#fullRate > 0 && this.arriving.rate(now) >= FULL * this.#fullRate;
  }

  /** Once a second. */
  retune(now: number): void {
    const rate = this.arriving.lastSecond(now);
    if (this.#slowStart && this.limited && rate < 1.1 * this.#lastRate) this.#slowStart = false;
    this.#lastRate = rate;
    const least = this.#least(now);
    if (this.limit < least) this.limit = least;
    if (now - this.#lookedAt >= PERIOD) this.#look(least, now);
  }

  #least(now: number): number {
    const rate = Math.max(this.arriving.lastSecond(now), this.arriving.rate(now));
    return Math.max(LEAST, Math.ceil((SECONDS * rate) / BLOCK_LENGTH));
  }

  #look(least: number, now: number): void {
    const rate = (this.arriving.total - this.#totalThen) / (now - this.#lookedAt);
    this.#lookedAt = now;
    this.#totalThen = this.arriving.total;
    const long = this.delay(now) > 2000 * SECONDS;
    if (this.limited) {
      this.#step = this.#direction(rate, least, long);
      this.limit = Math.max(least, this.#step > 0 ? this.limit * STEP : this.limit / STEP);
      // In bytes per second.
      this.#fullRate = this.#step > 0 ? 0 : 1000 * rate;
    } else if (long) {
      // Nobody feels the limit, and yet it takes too long for what is asked to come.
      this.#step = -1;
      this.limit = Math.max(least, this.count / STEP);
    } else this.#step = 0;
    this.#rateThen = rate;
    this.limited = false;
  }

  #direction(rate: number, least: number, long: boolean): number {
    this.#rested = this.limit > least ? 0 : this.#rested + 1;
    if (this.#rested > REST) {
      this.#rested = 0;
      return 1;
    }
    if (this.#step > 0) return rate >= GAIN * this.#rateThen ? 1 : -1;
    if (this.#step < 0) return rate <= LOSS * this.#rateThen ? 1 : -1;
    return long ? -1 : 1;
  }
}
