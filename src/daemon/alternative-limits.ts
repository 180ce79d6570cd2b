// Switches the alternative limits on when their time of the week begins and off when it ends. What a user switches by hand
// in between stays until the next of both.

import { activeRule } from '../engine/limit-schedule.ts';
import type { DaemonSettings } from './daemon-settings.ts';

/** Milliseconds between looks at the clock on the wall. */
const LOOK_EVERY = 1000;

export class AlternativeLimits {
  readonly #settings: DaemonSettings;
  readonly #time: () => Date;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** Whether the time held at the last look, and which time that was; undefined while there is none. */
  #held: { times: string; holds: boolean } | undefined;

  /** `time`: by the clock on the wall. */
  constructor(settings: DaemonSettings, time: () => Date, warn: (message: string) => void) {
    this.#settings = settings;
    this.#time = time;
    this.#warn = warn;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY);
    this.look();
  }

  /** Acts only when the time has begun or ended, or is another one and holds now. */
  look(): void {
    const { altTimes, alternative } = this.#settings.current;
    if (!altTimes.on) {
      this.#held = undefined;
      return;
    }
    // A time that ends when it begins is none.
    const holds = altTimes.from !== altTimes.to && activeRule([altTimes], this.#time()) !== undefined;
    const before = this.#held;
    const times = JSON.stringify(altTimes);
    this.#held = { times, holds };
    const isNew = before?.times !== times;
    if ((isNew ? !holds : before.holds === holds) || alternative === holds) return;
    this.#settings.change({ alternative: holds }).catch((error) => this.#warn(String(error)));
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
