// Writes that a full disk has refused: they are kept where they are, in memory, and tried again until there is room. Who
// asked for them is not answered meanwhile, so the memory fills up and nothing more is fetched. Never gives a write up.

import type { ShoalError } from '../base/errors.ts';
import type { StoreResult } from '../io/disk/piece-writer.ts';

type Done = (result: StoreResult) => void;

interface HeldWrite {
  readonly write: (done: Done) => void;
  readonly done: Done;
}

/** Milliseconds until the first of the writes is tried again. */
const PROBE_EVERY = 2000;

export class HeldWrites {
  readonly #onChange: (full: ShoalError | undefined) => void;
  #held: HeldWrite[] = [];
  #full: ShoalError | undefined;
  #probing = false;
  #probedAt = 0;
  #now = 0;

  /** `onChange`: the disk is full, with the error that says so, or has room again. */
  constructor(onChange: (full: ShoalError | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Why nothing is written; undefined while the disk has room. */
  get full(): ShoalError | undefined {
    return this.#full;
  }

  /** Does it, now or when there is room. `done` hears everything but that the disk is full, once. */
  write(write: HeldWrite['write'], done: Done): void {
    const held = { write, done };
    if (this.#full === undefined) this.#try(held);
    else this.#held.push(held);
  }

  /** To be called now and then; `now` in milliseconds of a clock that never jumps back. */
  tick(now: number): void {
    this.#now = now;
    if (this.#full === undefined || this.#probing || now - this.#probedAt < PROBE_EVERY) return;
    const first = this.#held.shift();
    if (first === undefined) return;
    this.#probedAt = now;
    this.#probing = true;
    this.#try(first);
  }

  #try(held: HeldWrite): void {
    held.write((result) => {
      if (!result.ok && result.kind === 'disk' && result.error.code === 'ERR_DISK_FULL')
        this.#refused(held, result.error);
      else this.#accepted(held, result);
    });
  }

  #refused(held: HeldWrite, error: ShoalError): void {
    this.#probing = false;
    this.#held.unshift(held);
    if (this.#full !== undefined) return;
    this.#full = error;
    this.#probedAt = this.#now;
    this.#onChange(error);
  }

  #accepted({ done }: HeldWrite, result: StoreResult): void {
    // Others that were on their way when the disk was found full say nothing about it.
    if (this.#probing) {
      this.#probing = false;
      this.#full = undefined;
      this.#onChange(undefined);
      for (const held of this.#held.splice(0)) this.#try(held);
    }
    done(result);
  }
}
