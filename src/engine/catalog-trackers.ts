// Asking several trackers the same thing, and believing none of them: who answered, who did not, and whether a record
// they gave is signed by the publisher it names.

import { hash } from 'node:crypto';
import { type Client, createClient, TrackerProblem, trackerBase } from '../api/client.ts';
import type { FileReply } from '../api/schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { verifySignature } from '../io/identity.ts';
import { leanFetch } from '../io/lean-fetch.ts';
import { decodeEntry, type Entry, type SignedRecord } from '../protocol/entry.ts';

export interface AskOptions {
  /** Milliseconds to go on trying while no tracker answers. Default 15,000. */
  retryFor?: number;
  signal?: AbortSignal | undefined;
  /** The operator's token. */
  token?: string | undefined;
}

export interface Answer<T> {
  /** Base URL of the tracker. */
  tracker: string;
  client: Client;
  value: T;
}

export interface TrackerFailure {
  tracker: string;
  error: ShoalError;
}

/** Both in the order in which the trackers were given. */
export interface Answers<T> {
  answers: Answer<T>[];
  failures: TrackerFailure[];
}

const RETRY_FOR = 15_000;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;
/** Milliseconds one request may take. */
const ANSWER_WITHIN = 10_000;
/** When one tracker has answered, the others get so long, in milliseconds. */
const GRACE = 3000;

/** Base URLs, each once. @throws ShoalError ERR_USAGE when there are none or one is no http(s) URL. */
export function normalizeTrackers(urls: readonly string[]): string[] {
  const bases = [...new Set(urls.map((url) => trackerBase(url.trim())))];
  for (const base of bases)
    if (!/^https?:$/.test(URL.parse(base)?.protocol ?? ''))
      throw new ShoalError(
        'ERR_USAGE',
        `${base} is no tracker with a catalog; give an http or https URL with --tracker`,
      );
  if (bases.length === 0) throw new ShoalError('ERR_USAGE', 'no tracker to ask; name one with --tracker');
  return bases;
}

/**
 * Asks all trackers at once. Whoever cannot be reached is tried again as long as nobody answers; once somebody has, the
 * rest get a short time more.
 * @throws ShoalError ERR_TRACKER_UNREACHABLE when no tracker could be reached in time.
 */
export async function askTrackers<T>(
  trackers: readonly string[],
  ask: (client: Client, signal: AbortSignal) => Promise<T>,
  options: AskOptions = {},
): Promise<Answers<T>> {
  const started = performance.now();
  const retryFor = options.retryFor ?? RETRY_FOR;
  const enough = new AbortController();
  const answered = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const noteAnswer = (): void => {
    answered.abort();
    timer ??= setTimeout(() => enough.abort(), GRACE);
  };
  const signal = options.signal === undefined ? enough.signal : AbortSignal.any([enough.signal, options.signal]);

  const token = options.token === undefined ? {} : { token: options.token };
  const askOne = async (tracker: string): Promise<Answer<T> | TrackerFailure> => {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const left = retryFor - (performance.now() - started);
      // One that hangs must not make the whole take much longer than was promised.
      const timeout = retryFor === 0 ? ANSWER_WITHIN : Math.min(Math.max(left, GRACE), ANSWER_WITHIN);
      try {
        const value = await ask(createClient(tracker, { timeout, fetch: leanFetch, ...token }), signal);
        noteAnswer();
        return { tracker, client: createClient(tracker, { fetch: leanFetch, ...token }), value };
      } catch (error) {
        options.signal?.throwIfAborted();
        const failure = toFailure(error, tracker, enough.signal.aborted);
        // The last attempt is made when the time is up, so that a tracker started meanwhile is found.
        const remaining = retryFor - (performance.now() - started);
        if (failure.code !== 'ERR_TRACKER_UNREACHABLE' || remaining <= 0 || answered.signal.aborted)
          return { tracker, error: failure };
        await pauseUnless(Math.min(pause, remaining), AbortSignal.any([signal, answered.signal]));
        options.signal?.throwIfAborted();
        if (answered.signal.aborted) return { tracker, error: failure };
      }
    }
  };

  try {
    const outcomes = await Promise.all(trackers.map(askOne));
    const answers = outcomes.filter((outcome): outcome is Answer<T> => 'value' in outcome);
    const failures = outcomes.filter((outcome): outcome is TrackerFailure => 'error' in outcome);
    if (answers.length === 0 && failures.every(({ error }) => error.code === 'ERR_TRACKER_UNREACHABLE'))
      throw nobodyReached(failures, retryFor === 0 ? 0 : performance.now() - started);
    return { answers, failures };
  } finally {
    clearTimeout(timer);
  }
}

/** The failure to report when every tracker that answered refused. */
export function worstFailure(failures: readonly TrackerFailure[]): ShoalError {
  const refusal = failures.find(({ error }) => !/^ERR_TRACKER_/.test(error.code));
  return (refusal ?? failures[0]!).error;
}

export function describeFailure({ tracker, error }: TrackerFailure): string {
  return error.message.includes(tracker) ? error.message : `${tracker}: ${error.message}`;
}

/** Undefined when the tracker has no such name; its ideas of what was meant go to `near`. */
export async function lookupOn(
  client: Client,
  input: { name: string; version?: number | undefined; signal: AbortSignal },
  near: Set<string>,
): Promise<FileReply | undefined> {
  const query = input.version === undefined ? {} : { version: input.version };
  try {
    return await client.lookup({ params: { name: input.name }, query, signal: input.signal });
  } catch (error) {
    if (!(error instanceof TrackerProblem) || error.code !== 'ERR_NOT_IN_CATALOG') throw error;
    for (const name of error.near) near.add(name);
    return undefined;
  }
}

/** A record whose signature holds. */
export interface Verified<R extends SignedRecord = SignedRecord> {
  record: R;
  bytes: Uint8Array;
  signature: Uint8Array;
  /** SHA-256 of `bytes`, 64 hex digits. */
  hash: string;
}

/** @throws ShoalError ERR_SIGNATURE when the record is not what its publisher signed, or is about another name. */
export function verifyRecord(given: { entry: string; signature: string }, name: string): Verified {
  const bytes = new Uint8Array(Buffer.from(given.entry, 'base64'));
  const signature = new Uint8Array(Buffer.from(given.signature, 'base64'));
  const record = decodeEntry(bytes);
  if (!verifySignature(record.publisher, bytes, signature))
    throw new ShoalError('ERR_SIGNATURE', `what the tracker gives for ${JSON.stringify(name)} is not signed`, {
      reason: 'bad_signature',
    });
  if (record.name !== name)
    throw new ShoalError(
      'ERR_SIGNATURE',
      `the tracker answers for ${JSON.stringify(record.name)} when asked for ${JSON.stringify(name)}`,
      {
        reason: 'wrong_name',
      },
    );
  return { record, bytes, signature, hash: hash('sha256', bytes) };
}

/** As `verifyRecord`, for a record that must be an entry. */
export function verifyEntry(given: { entry: string; signature: string }, name: string): Verified<Entry> {
  const verified = verifyRecord(given, name);
  const { record } = verified;
  if (record.type === 'file') return { ...verified, record };
  throw new ShoalError('ERR_SIGNATURE', `the tracker gives a removal where ${JSON.stringify(name)} should be`, {
    reason: 'wrong_type',
  });
}

export function shortKey(publisher: string): string {
  return `${publisher.slice(0, 16)}…`;
}

function toFailure(error: unknown, tracker: string, gaveUp: boolean): ShoalError {
  if (error instanceof ShoalError) return error;
  if (gaveUp)
    return new ShoalError('ERR_TRACKER_UNREACHABLE', `the tracker ${tracker} did not answer in time`, { cause: error });
  throw error;
}

function nobodyReached(failures: readonly TrackerFailure[], tried: number): ShoalError {
  const duration = tried < 1000 ? '' : ` (tried for ${Math.round(tried / 1000)} s)`;
  const reasons = failures.map(describeFailure).join('; ');
  return new ShoalError(
    'ERR_TRACKER_UNREACHABLE',
    failures.length === 1
      ? `${reasons}${duration}; start it with "shoal tracker", or name another with --tracker`
      : `none of ${failures.length} trackers can be reached${duration}: ${reasons}`,
    { cause: failures[0]?.error },
  );
}

/** Resolves after the time or when the signal fires, whatever is first. */
function pauseUnless(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
