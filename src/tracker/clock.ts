// The two clocks of the tracker, as one port that tests replace: leases run on the one that never jumps, signatures carry
// the other.

export interface TrackerClock {
  /** Milliseconds; never jumps back. */
  now(): number;
  /** Epoch seconds. */
  epoch(): number;
}

export const systemClock: TrackerClock = {
  now: () => performance.now(),
  epoch: () => Date.now() / 1000,
};
