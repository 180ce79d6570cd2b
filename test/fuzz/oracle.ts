// What must hold for every input of every target: only typed errors, bounded time and memory, untouched prototypes. A
// target adds what holds for its own format. A violation is thrown as an ordinary error; nothing here is caught by `accept`.

import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';
import { type ErrorCode, ShoalError } from '../../src/base/errors.ts';
import { copyOf } from './mutator.ts';

/** Inputs are never longer, in bytes. */
export const MAX_INPUT = 1024 * 1024;
/** Milliseconds of processor time for one input. */
const MAX_TIME = 250;
/** Memory taken for one input, garbage included: a fixed part and so many bytes for each of the input. */
const FIXED_MEMORY = 48 * 1024 * 1024;
const MEMORY_PER_BYTE = 64;
/** What is over a bound is tried again so often: a collection or a busy machine may fall into one try. */
const TRIES = 3;

export interface FuzzTarget {
  readonly name: string;
  /** Throws when something that must hold does not. */
  fuzz(bytes: Uint8Array): void | Promise<void>;
  /** Inputs to start from, most of them well-formed. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the format, for the mutator. */
  readonly tokens: readonly Uint8Array[];
  /** Shorter than MAX_INPUT where the format says so. */
  readonly maxLength?: number;
  open?(): Promise<void>;
  close?(): Promise<void>;
}

/** Texts as bytes; one character is one byte. */
export function latin(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

/** Texts as UTF-8. */
export function utf8(...texts: string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text));
}

/** How the last input was taken, for the runner: an input with a new outcome is worth changing further. */
let outcome = '';

export function note(what: string): void {
  if (outcome.length < 400) outcome += `${what};`;
}

/**
 * The value, or undefined when the input was refused by a ShoalError of one of these codes. Every other error is a
 * finding.
 */
export function accept<T>(codes: ErrorCode | readonly ErrorCode[], parse: () => T): T | undefined {
  try {
    const value = parse();
    note('taken');
    return value;
  } catch (error) {
    return refuse(codes, error);
  }
}

/** The same for what answers later. */
export async function acceptLater<T>(
  codes: ErrorCode | readonly ErrorCode[],
  parse: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const value = await parse();
    note('taken');
    return value;
  } catch (error) {
    return refuse(codes, error);
  }
}

function refuse(codes: ErrorCode | readonly ErrorCode[], error: unknown): undefined {
  if (!(error instanceof ShoalError) || ![codes].flat().includes(error.code)) throw error;
  assert.ok(error.message.length > 0 && error.message.length < 20_000, 'an error message of bounded length');
  note(`${error.code} ${error.reason ?? ''}`);
  return undefined;
}

const PROTOTYPES = [Object.prototype, Array.prototype, Map.prototype, Uint8Array.prototype, Function.prototype];
const untouched = PROTOTYPES.map(describe);

function describe(prototype: object): string {
  return Reflect.ownKeys(prototype).map(String).join();
}

function memoryInUse(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Runs one input under all bounds. Returns how it was taken; throws what is wrong. */
export async function examine(target: FuzzTarget, input: Uint8Array): Promise<string> {
  let time = Number.POSITIVE_INFINITY;
  let memory = Number.POSITIVE_INFINITY;
  const memoryBound = FIXED_MEMORY + MEMORY_PER_BYTE * input.length;
  for (let i = 0; i < TRIES && (time > MAX_TIME || memory > memoryBound); i++) {
    outcome = '';
    // A target that kept the bytes would see them change: it works on its own copy, and may not write to them.
    const given = copyOf(input);
    const memoryBefore = memoryInUse();
    const timeBefore = processorTime();
    const pending = target.fuzz(given);
    if (pending !== undefined) await pending;
    time = Math.min(time, processorTime() - timeBefore);
    memory = Math.min(memory, memoryInUse() - memoryBefore);
    assert.ok(Buffer.compare(given, input) === 0, 'the input was written to');
    PROTOTYPES.forEach((prototype, i) => {
      assert.equal(describe(prototype), untouched[i], 'a prototype was changed');
    });
  }
  assert.ok(time <= MAX_TIME, `an input of ${input.length} bytes took ${Math.round(time)} ms`);
  assert.ok(memory <= memoryBound, `an input of ${input.length} bytes took ${memory} bytes of memory`);
  return outcome;
}
