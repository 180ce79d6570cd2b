// How often callers may show a wrong secret before they get no more than "later". Asked only about callers whose secret
// was wrong, so that nobody can keep the owner out.

import { parseAddress } from '../base/endpoint.ts';

export interface FailureLimits {
  /** Wrong secrets from one address (IPv6: /64) until it is locked out, and milliseconds it then is. */
  perAddress: number;
  lockout: number;
  /** Wrong secrets of all together in `window` milliseconds. */
  total: number;
  window: number;
}

export const DEFAULT_FAILURE_LIMITS: FailureLimits = {
  perAddress: 5,
  lockout: 3_600_000,
  total: 20,
  window: 60_000,
};

/** Addresses remembered; an attacker with more than these is held by the limit for all. */
const MOST = 10_000;

interface Failures {
  count: number;
  /** When the last one was, or the lockout began. */
  at: number;
}

export class FailureLimit {
  readonly #limits: FailureLimits;
  readonly #clock: () => number;
  readonly #byAddress = new Map<string, Failures>();
  #recent: number[] = [];

  /** `clock`: milliseconds that never go back. */
  constructor(limits: FailureLimits = DEFAULT_FAILURE_LIMITS, clock: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** A wrong secret was shown. Seconds for which this caller should stay away; 0: it may try again. */
  failed(address: string): number {
    const { perAddress, lockout, total, window } = this.#limits;
    const now = this.#clock();
    this.#recent = this.#recent.filter((at) => now - at < window);
    const key = networkOf(address);
    const known = this.#byAddress.get(key);
    if (known !== undefined && known.count >= perAddress && now - known.at < lockout)
      return Math.ceil((known.at + lockout - now) / 1000);
    if (this.#recent.length >= total) return Math.ceil((this.#recent[0]! + window - now) / 1000);
    this.#recent.push(now);
    const count = known === undefined || now - known.at >= lockout ? 1 : known.count + 1;
    this.#byAddress.delete(key);
    this.#byAddress.set(key, { count, at: now });
    if (this.#byAddress.size > MOST) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    return 0;
  }
}

function networkOf(address: string): string {
  const bytes = parseAddress(address);
  return bytes === undefined || bytes.length === 4 ? address : Buffer.from(bytes.subarray(0, 8)).toString('hex');
}
