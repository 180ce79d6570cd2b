// A typed client of the tracker's HTTP API that needs nothing but `fetch`: one function for each endpoint. Checks and
// bounds everything that comes back; failures are ShoalErrors with the tracker's own code and words. Must stay free of
// anything a browser has not.

import { type ErrorCode, isErrorCode, ShoalError } from '../base/errors.ts';
import { endpoints } from './endpoints.ts';
import { type CallOptions, callEndpoint, type LooseInput, type Target } from './http-call.ts';
import { type Guard, replyGuards } from './reply-guards.ts';
import type { ClientFor, InputFor } from './route-shapes.ts';
import type { RouteName, Routes } from './routes.ts';

/** `token`: the operator's, for `unpublish`. */
export type ClientOptions = CallOptions;

/** What one call takes: path parameters, query and body as the endpoint has them. */
export type CallInput<K extends RouteName> = InputFor<Routes[K]>;

export type Client = ClientFor<Routes>;

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

const MAX_DETAIL = 1000;

/** The base of a tracker's URLs: of `http://host:7070/announce`, `http://host:7070/` and the like `http://host:7070`. */
export function trackerBase(url: string): string {
  return url.replace(/\/+(announce\/*)?(\?.*)?$/, '');
}

/** @param url Base URL of the tracker, or its announce URL. */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const base = trackerBase(url);
  const target: Target = {
    base,
    label: `the tracker ${base}`,
    unreachable: 'ERR_TRACKER_UNREACHABLE',
    badReply: 'ERR_TRACKER_REPLY',
    sendsToken: (endpoint) => endpoint.policy === 'signed-or-admin',
    problem: (status, document) => problemOf(base, status, document),
  };
  const calls: Record<string, unknown> = { url: base };
  for (const name of Object.keys(endpoints) as (keyof typeof endpoints)[]) {
    const guard = (replyGuards as Partial<Record<string, Guard<unknown>>>)[name];
    calls[name] = (input: LooseInput) => callEndpoint(target, endpoints[name], guard, input, options);
  }
  return calls as Client;
}

function problemOf(base: string, status: number, document: Record<string, unknown>): ShoalError {
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
