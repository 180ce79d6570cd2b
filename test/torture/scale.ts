// How hard the torture is: short with the other tests, a sample with SHOAL_FULL=1, all of it when `npm run torture` says
// so by SHOAL_TORTURE. What was found is told beside the tests and, for the table, in the file that it names.

import { appendFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

/** Numbers that `npm run torture` passes on; each test takes what it knows. */
export interface Torture {
  /** A file that collects rows, one JSON object a line. */
  report: string;
  rounds?: number;
  /** Bytes. */
  size?: number;
  /** Bytes a second. */
  rate?: number;
  seed?: number;
}

export interface Row {
  what: string;
  rounds: number;
  /** What was counted, in words. */
  found: string;
  seconds: number;
}

export const TORTURE: Torture | undefined =
  process.env.SHOAL_TORTURE === undefined ? undefined : (JSON.parse(process.env.SHOAL_TORTURE) as Torture);

/** The number for this kind of run. */
export function scaled(short: number, sample: number, all: number): number {
  if (TORTURE !== undefined) return all;
  return process.env.SHOAL_FULL === '1' ? sample : short;
}

export function tell(t: TestContext, row: Row): void {
  t.diagnostic(`${row.what}: ${row.rounds} rounds in ${row.seconds.toFixed(0)} s, ${row.found}`);
  if (TORTURE !== undefined) appendFileSync(TORTURE.report, `${JSON.stringify(row)}\n`);
}

/** Numbers from 0 to below 1 that are the same for the same seed. */
export function drawFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
