// Places of one length in a slab of their own, for swarms under test. Throws when a place is given back that was not taken.

import type { Places } from '../../src/swarm/places.ts';

export class FixedPlaces implements Places {
  readonly slab: Uint8Array;
  readonly #length: number;
  readonly #free: number[] = [];

  constructor(count: number, length: number) {
    this.#length = length;
    this.slab = new Uint8Array(count * length);
    for (let place = count - 1; place >= 0; place--) this.#free.push(place * length);
  }

  get free(): number {
    return this.#free.length;
  }

  take(): number {
    return this.#free.pop() ?? -1;
  }

  give(offset: number): void {
    if (offset < 0 || offset % this.#length !== 0 || offset >= this.slab.length || this.#free.includes(offset))
      throw new Error(`nobody took a place at ${offset}`);
    this.#free.push(offset);
  }
}
