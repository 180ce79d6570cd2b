// A typed client of the tracker's HTTP API that needs nothing but `fetch`: one function for each endpoint. Checks and
// bounds everything that comes back; failures are ShoalErrors with the tracker's own code and words. Must stay free of
// anything a browser has not.

import { type ErrorCode, isErrorCode, ShoalError } from '../base/errors.ts';
import { type Endpoint, endpoints, MAX_TORRENT_LENGTH } from './endpoints.ts';
import { type Guard, replyGuards } from './reply-guards.ts';
import type { BodyOf, ParamsOf, QueryOf, ReplyOf, RouteName } from './routes.ts';

export interface ClientOptions {
  /** Milliseconds one request may take, its reply included. Default 10,000, and 60,000 where a .torrent is sent. */
  timeout?: number;
  /** Go on trying for so many milliseconds while the tracker cannot be reached or has no time. Default 0: try once. */
  retryFor?: number;
  /** The operator's token, for `unpublish`. */
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
  readonly body?: string;
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

type Given<Name extends string, T> = T extends undefined
  ? { [K in Name]?: undefined }
  : null extends T
    ? { [K in Name]?: T }
    : Record<string, never> extends T
      ? { [K in Name]?: T }
      : { [K in Name]: T };

/** What one call takes: path parameters, query and body as the endpoint has them. */
export type CallInput<K extends RouteName> = Given<'params', ParamsOf<K>> &
  Given<'query', QueryOf<K>> &
  Given<'body', BodyOf<K>> & { signal?: AbortSignal };

export type Client = {
  readonly [K in RouteName]: (input: CallInput<K>) => Promise<ReplyOf<K>>;
} & { readonly url: string };

/** A refusal or failure that the tracker explained. */
export class TrackerProblem extends ShoalError {
  /** HTTP status. */
  readonly status: number;
  /** Names in the catalog near the one asked for. Untrusted text. */
  readonly near: readonly string[];

  constructor(code: ErrorCode, message: string, status: number, reason: string | undefined, near: readonly string[]) {
    super(code, message, reason === undefined ? {} : { reason });
    this.status = status;
    this.near = near;
  }
}

const MAX_JSON_LENGTH = 8 * 1024 * 1024;
const MAX_DETAIL = 1000;
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;

/** The base of a tracker's URLs: of `http://host:7070/announce`, `http://host:7070/` and the like `http://host:7070`. */
export function trackerBase(url: string): string {
  return url.replace(/\/+(announce\/*)?(\?.*)?$/, '');
}

/** @param url Base URL of the tracker, or its announce URL. */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const base = trackerBase(url);
  const calls: Record<string, unknown> = { url: base };
  for (const name of Object.keys(endpoints) as (keyof typeof endpoints)[])
    calls[name] = (input: LooseInput) => call(base, name, input, options);
  return calls as Client;
}

interface LooseInput {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
}

async function call(
  base: string,
  name: keyof typeof endpoints,
  input: LooseInput,
  options: ClientOptions,
): Promise<unknown> {
  const started = performance.now();
  const retryFor = options.retryFor ?? 0;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return await callOnce(base, name, input, options, Math.max(retryFor - (performance.now() - started), 0));
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'ERR_TRACKER_UNREACHABLE') throw error;
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
  base: string,
  name: keyof typeof endpoints,
  input: LooseInput,
  options: ClientOptions,
  retryLeft: number,
): Promise<unknown> {
  const endpoint: Endpoint = endpoints[name];
  const patience = options.timeout ?? (isLarge(endpoint) ? 60_000 : 10_000);
  const allowed = retryLeft > 0 && !isLarge(endpoint) ? Math.min(patience, retryLeft) : patience;
  const timeout = AbortSignal.timeout(Math.ceil(allowed));
  const signal = input.signal === undefined ? timeout : AbortSignal.any([timeout, input.signal]);
  const headers: Record<string, string> = { accept: endpoint.replyType ?? 'application/json' };
  if (options.token !== undefined && endpoint.policy === 'signed-or-admin')
    headers.authorization = `Bearer ${options.token}`;
  if (input.body !== undefined) headers['content-type'] = 'application/json';
  let response: FetchReply;
  let bytes: Uint8Array;
  try {
    response = await (options.fetch ?? fetch)(base + pathOf(endpoint, input), {
      method: endpoint.method,
      headers,
      signal,
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    });
    bytes = await readBounded(response, endpoint.replyType === undefined ? MAX_JSON_LENGTH : 2 * MAX_TORRENT_LENGTH);
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    if (input.signal?.aborted === true) throw input.signal.reason;
    throw new ShoalError('ERR_TRACKER_UNREACHABLE', `cannot reach the tracker ${base}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  if (!response.ok) throw problemOf(base, response.status, bytes);
  if (endpoint.replyType !== undefined) return bytes;
  const value = parseJson(bytes);
  const guard = (replyGuards as Partial<Record<string, Guard<unknown>>>)[name];
  if (value === undefined || (guard !== undefined && !guard(value)))
    throw new ShoalError('ERR_TRACKER_REPLY', `${base} does not answer like a Shoal tracker; is the URL right?`, {
      reason: 'unexpected_reply',
    });
  return value;
}

function pathOf(endpoint: Endpoint, input: LooseInput): string {
  const path = endpoint.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(input.params?.[key] ?? ''));
  const pairs = Object.entries(input.query ?? {}).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return path;
  return `${path}?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** Carries a whole .torrent, which takes time on a slow line. */
function isLarge(endpoint: Endpoint): boolean {
  return endpoint.bodyLimit !== undefined || endpoint.replyType !== undefined;
}

async function readBounded(response: FetchReply, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new ShoalError('ERR_TRACKER_REPLY', `a reply of ${response.url} is longer than ${limit} bytes`, {
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

function problemOf(base: string, status: number, bytes: Uint8Array): ShoalError {
  const document = (parseJson(bytes) ?? {}) as Record<string, unknown>;
  const detail = typeof document.detail === 'string' ? document.detail.slice(0, MAX_DETAIL) : `HTTP status ${status}`;
  const code = typeof document.code === 'string' && isErrorCode(document.code) ? document.code : undefined;
  if (status === 502 || status === 503 || status === 504)
    return new ShoalError('ERR_TRACKER_UNREACHABLE', `the tracker ${base} has no time now: ${detail}`);
  // A tracker's own trouble must not look like trouble of this machine.
  if (code === undefined || status >= 500)
    return new ShoalError('ERR_TRACKER_REPLY', `the tracker ${base} failed: ${detail}`, { reason: `http_${status}` });
  const near = Array.isArray(document.near) ? document.near.filter((name) => typeof name === 'string').slice(0, 5) : [];
  const reason = typeof document.reason === 'string' ? document.reason.slice(0, 100) : undefined;
  return new TrackerProblem(code, detail, status, reason, near);
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
