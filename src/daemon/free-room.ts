// How much room the downloads have, asked of the file system now and then and told at once: a disk that takes long to answer,
// as one over a network may, holds up nobody who asks the daemon how it is.

import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds after which it is asked again, and for which the first answer is waited for. */
const AGE = 10_000;
const PATIENCE = 500;

export class FreeRoom {
  readonly #ask: () => Promise<number>;
  readonly #age: number;
  #bytes = 0;
  #at = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(ask: () => Promise<number>, age = AGE) {
    this.#ask = ask;
    this.#age = age;
  }

  /** Bytes, as of the last answer; 0 while there is none, or when it cannot be asked. */
  async bytes(): Promise<number> {
    if (performance.now() - this.#at > this.#age) this.#asking ??= this.#look();
    if (this.#at === -Infinity) await Promise.race([this.#asking, delay(PATIENCE, undefined, { ref: false })]);
    return this.#bytes;
  }

  async #look(): Promise<void> {
    this.#bytes = await this.#ask().catch(() => 0);
    this.#at = performance.now();
    this.#asking = undefined;
  }
}
