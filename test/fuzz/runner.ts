// Runs one target for a time: first the kept crashers and the seeds as they are, then changed ones. An input that was taken
// in a new way joins the pool. A finding is made smaller, saved as a file and told with the command that repeats it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Mutator, splice } from './mutator.ts';
import { examine, type FuzzTarget, MAX_INPUT } from './oracle.ts';

/** Inputs that once failed, a folder for each target. What is committed here is run every time. */
export const CRASHERS = path.join(import.meta.dirname, 'crashers');
const MAX_POOL = 400;
const SHRINK_TRIES = 400;
const SHRINK_TIME = 5_000;

export interface FuzzReport {
  target: string;
  seed: number;
  runs: number;
  seconds: number;
  /** Ways in which inputs were taken or refused. */
  outcomes: number;
  /** Crashers of earlier runs that were run again. */
  kept: number;
  crash: { file: string; error: Error; command: string } | undefined;
}

/** Stops at the first finding. `crashers`: where it is saved. */
export async function fuzz(
  target: FuzzTarget,
  options: { seconds: number; seed: number; crashers?: string },
): Promise<FuzzReport> {
  const { seconds, seed, crashers = CRASHERS } = options;
  const started = performance.now();
  const mutator = new Mutator(seed ^ nameSeed(target.name));
  const kept = keptCrashers(target.name, crashers);
  const pool = [...target.seeds, ...kept];
  if (pool.length === 0) pool.push(new Uint8Array(0));
  const first = pool.length;
  const seen = new Set<string>();
  const maxLength = target.maxLength ?? MAX_INPUT;
  let runs = 0;
  let crash: FuzzReport['crash'];
  await target.open?.();
  try {
    while (runs < first || performance.now() - started < seconds * 1000) {
      const input = runs < first ? pool[runs]! : mutator.mutate(pool, target.tokens, maxLength);
      runs++;
      try {
        const outcome = await examine(target, input);
        if (!seen.has(outcome) && seen.size < 50_000) {
          seen.add(outcome);
          if (runs > first && pool.length < MAX_POOL && input.length < 20_000) pool.push(input);
        }
      } catch (error) {
        crash = await save(target, input, error as Error, crashers);
        break;
      }
    }
  } finally {
    await target.close?.();
  }
  return {
    target: target.name,
    seed,
    runs,
    seconds: (performance.now() - started) / 1000,
    outcomes: seen.size,
    kept: kept.length,
    crash,
  };
}

/** Each target has its own sequence under one seed. */
function nameSeed(name: string): number {
  return createHash('sha1').update(name).digest().readUInt32BE(0);
}

function keptCrashers(name: string, crashers: string): Uint8Array[] {
  const folder = path.join(crashers, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(path.join(folder, file)));
}

async function save(
  target: FuzzTarget,
  input: Uint8Array,
  error: Error,
  crashers: string,
): Promise<NonNullable<FuzzReport['crash']>> {
  const small = await shrink(target, input, error);
  const folder = path.join(crashers, target.name);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, createHash('sha1').update(small).digest('hex').slice(0, 12));
  writeFileSync(file, small);
  const command = `npm run fuzz -- --target ${target.name} --replay ${path.relative(process.cwd(), file)}`;
  return { file, error, command };
}

/** The input with everything left out that is not needed for the same finding, as far as a few hundred tries go. */
async function shrink(target: FuzzTarget, input: Uint8Array, error: Error): Promise<Uint8Array> {
  let small = input;
  let tries = 0;
  const end = performance.now() + SHRINK_TIME;
  for (let step = input.length >> 1; step > 0; step >>= 1)
    for (let at = 0; at < small.length && tries < SHRINK_TRIES && performance.now() < end; tries++) {
      const shorter = splice(small, at, step, new Uint8Array(0));
      if (await fails(target, shorter, error)) small = shorter;
      else at += step;
    }
  return small;
}

async function fails(target: FuzzTarget, input: Uint8Array, like: Error): Promise<boolean> {
  try {
    await examine(target, input);
    return false;
  } catch (error) {
    return kind(error as Error) === kind(like);
  }
}

function kind(error: Error): string {
  return `${error.name} ${error.message
    .split('\n')[0]!
    .replace(/[0-9]+/g, '#')
    .slice(0, 40)}`;
}

/** The table of a closing report. */
export function formatReports(reports: readonly FuzzReport[]): string {
  const rows = reports.map((report) => [
    report.target,
    String(report.runs),
    report.seconds.toFixed(1),
    String(report.outcomes),
    String(report.kept),
    report.crash === undefined ? '0' : `1: ${path.relative(process.cwd(), report.crash.file)}`,
  ]);
  const table = [['target', 'runs', 'seconds', 'outcomes', 'kept', 'crashers'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
