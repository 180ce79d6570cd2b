// A daemon as something one calls and listens to: how its refusals become errors, and its streams of events. By itself,
// because who only follows needs no more. Must stay free of anything a browser has not.

import { type ErrorCode, isErrorCode, ShoalError } from '../base/errors.ts';
import type { Endpoint } from './endpoints.ts';
import { readEvents, type ServerEvent } from './event-reader.ts';
import { type CallOptions, type LooseInput, pathOf, refusalOf, type Target } from './http-call.ts';

/** A refusal or failure that the daemon explained. */
export class DaemonProblem extends ShoalError {
  /** HTTP status. */
  readonly status: number;

  constructor(code: ErrorCode, message: string, status: number, reason: string | undefined) {
    super(code, message, reason === undefined ? {} : { reason });
    this.status = status;
  }
}

/** @param base Base URL of the daemon, without a slash at the end. */
export function daemonTarget(base: string): Target {
  return {
    base,
    label: `the daemon at ${base}`,
    unreachable: 'ERR_DAEMON',
    badReply: 'ERR_DAEMON',
    sendsToken: (endpoint) => endpoint.policy !== 'login',
    problem: problemOf,
  };
}

/** The events of an endpoint. `last`: the id of the last one seen, to go on after it. Throws what the daemon says against it. */
export async function* followEvents(
  target: Target,
  endpoint: Endpoint,
  input: LooseInput,
  options: CallOptions,
  last: string | undefined,
): AsyncGenerator<ServerEvent> {
  const { token } = options;
  const signal = input.signal ?? new AbortController().signal;
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (last !== undefined) headers['last-event-id'] = last;
  const response = await (options.fetch ?? fetch)(target.base + pathOf(endpoint, input), {
    method: endpoint.method,
    headers,
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ShoalError(target.unreachable, `cannot reach ${target.label}`, { cause: error });
  });
  if (!response.ok || response.body === null) throw await refusalOf(target, response);
  try {
    yield* readEvents(response.body);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ShoalError) throw error;
    throw new ShoalError(target.unreachable, `${target.label} has gone away`, { cause: error });
  }
}

function problemOf(status: number, document: Record<string, unknown>): ShoalError {
  const detail = typeof document.detail === 'string' ? document.detail : `the daemon answered ${status}`;
  const code = typeof document.code === 'string' && isErrorCode(document.code) ? document.code : 'ERR_DAEMON';
  const reason = typeof document.reason === 'string' ? document.reason : undefined;
  return new DaemonProblem(code, detail, status, reason);
}
