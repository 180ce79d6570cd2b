// One call of one endpoint over `fetch`: path and query from the table, time-outs, retries, bounded replies, failures as
// ShoalErrors. What the clients of the tracker and of the daemon share; must stay free of anything a browser has not.

import { type ErrorCode, ShoalError } from '../base/errors.ts';
import { type Endpoint, MAX_TORRENT_LENGTH } from './endpoints.ts';
import type { Guard } from './reply-guards.ts';

export interface CallOptions {
  /** Milliseconds one request may take, its reply included. Default 10,000, and 60,000 where a .torrent is sent. */
  timeout?: number;
  /** Go on trying for so many milliseconds while the server cannot be reached or has no time. Default 0: try once. */
  retryFor?: number;
  /** Shown as a bearer where the endpoint's policy lets `sendsToken`. */
  token?: string;
  /** The browser's and Node's `fetch` will do, and is what is used when this is left out. */
  fetch?: Fetch;
}

/** As much of `fetch` as is used here. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchReply>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface FetchReply {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** Path parameters, query and body as they are sent. */
export interface LooseInput {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Whom to call, and how failures of that server are told. */
export interface Target {
  /** Without a slash at the end. */
  base: string;
  /** For messages, such as `the tracker http://…`. */
  label: string;
  unreachable: ErrorCode;
  badReply: ErrorCode;
  sendsToken: (endpoint: Endpoint) => boolean;
  /** The error for a reply that is no success; `document` is its JSON, or empty. */
  problem: (status: number, document: Record<string, unknown>) => ShoalError;
}

const MAX_JSON_LENGTH = 8 * 1024 * 1024;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;

/** Calls until there is an answer or the time for retries is over. Comes back with JSON that passed `guard`, or bytes. */
export async function callEndpoint(
  target: Target,
  endpoint: Endpoint,
  guard: Guard<unknown> | undefined,
  input: LooseInput,
  options: CallOptions,
): Promise<unknown> {
  const started = performance.now();
  const retryFor = options.retryFor ?? 0;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      const left = Math.max(retryFor - (performance.now() - started), 0);
      return await callOnce(target, endpoint, guard, input, options, left);
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== target.unreachable) throw error;
      const elapsed = performance.now() - started;
      if (elapsed + pause <= retryFor) {
        await delay(pause, input.signal);
        continue;
      }
      if (retryFor === 0) throw error;
      const message = `${error.message}, tried for ${Math.max(Math.round(elapsed / 1000), 1)} s`;
      throw new ShoalError(error.code, message, { cause: error.cause });
    }
  }
}

async function callOnce(
  target: Target,
  endpoint: Endpoint,
  guard: Guard<unknown> | undefined,
  input: LooseInput,
  options: CallOptions,
  retryLeft: number,
): Promise<unknown> {
  const patience = options.timeout ?? (isLarge(endpoint) ? 60_000 : 10_000);
  const allowed = retryLeft > 0 && !isLarge(endpoint) ? Math.min(patience, retryLeft) : patience;
  // Bytes of any number take any time.
  const signals = endpoint.requestType === undefined ? [AbortSignal.timeout(Math.ceil(allowed))] : [];
  const signal = AbortSignal.any(input.signal === undefined ? signals : [...signals, input.signal]);
  const headers: Record<string, string> = { accept: endpoint.replyType ?? 'application/json' };
  if (options.token !== undefined && target.sendsToken(endpoint)) headers.authorization = `Bearer ${options.token}`;
  if (input.body !== undefined) headers['content-type'] = endpoint.requestType ?? 'application/json';
  let response: FetchReply;
  let bytes: Uint8Array;
  try {
    response = await (options.fetch ?? fetch)(target.base + pathOf(endpoint, input), {
      method: endpoint.method,
      headers,
      signal,
      ...(input.body === undefined ? {} : { body: bodyOf(endpoint, input.body) }),
    });
    const limit = endpoint.replyType === undefined ? MAX_JSON_LENGTH : 2 * MAX_TORRENT_LENGTH;
    bytes = await readBounded(response, endpoint.replyLimit ?? limit, target.badReply);
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    if (input.signal?.aborted === true) throw input.signal.reason;
    throw new ShoalError(target.unreachable, `cannot reach ${target.label}: ${reasonOf(error)}`, { cause: error });
  }
  if (!response.ok) throw problemFrom(target, response.status, bytes);
  if (endpoint.replyType !== undefined) return bytes;
  const value = parseJson(bytes);
  if (value === undefined || (guard !== undefined && !guard(value)))
    throw new ShoalError(target.badReply, `${target.label} does not answer as it should; is the URL right?`, {
      reason: 'unexpected_reply',
    });
  return value;
}

function bodyOf(endpoint: Endpoint, body: unknown): string | Uint8Array<ArrayBuffer> {
  return endpoint.requestType === undefined ? JSON.stringify(body) : (body as Uint8Array<ArrayBuffer>);
}

/** The error that a reply which is no success tells of, when nothing of its body was read yet. */
export async function refusalOf(target: Target, response: FetchReply): Promise<ShoalError> {
  return problemFrom(target, response.status, await readBounded(response, MAX_JSON_LENGTH, target.badReply));
}

function problemFrom(target: Target, status: number, bytes: Uint8Array): ShoalError {
  return target.problem(status, (parseJson(bytes) ?? {}) as Record<string, unknown>);
}

/** Path and query of a call. */
export function pathOf(endpoint: Endpoint, input: LooseInput): string {
  const path = endpoint.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(input.params?.[key] ?? ''));
  const pairs = Object.entries(input.query ?? {}).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return path;
  return `${path}?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** Carries a whole .torrent, which takes time on a slow line. */
function isLarge(endpoint: Endpoint): boolean {
  return endpoint.bodyLimit !== undefined || endpoint.replyType !== undefined;
}

async function readBounded(response: FetchReply, limit: number, code: ErrorCode): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new ShoalError(code, `a reply of ${response.url} is longer than ${limit} bytes`, {
        reason: 'too_long',
      });
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it does not answer';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there (connection refused)',
    ENOTFOUND: 'its host name is unknown',
    EAI_AGAIN: 'its host name cannot be looked up now',
    ECONNRESET: 'the connection was cut',
    EHOSTUNREACH: 'its host cannot be reached',
    ENETUNREACH: 'its network cannot be reached',
  };
  return known[code ?? ''] ?? (cause instanceof Error ? cause.message || cause.name : String(cause));
}

function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
