// A typed client of a daemon's API that needs nothing but `fetch`: one function for each endpoint, and the event streams.
// The command line, the page and the tests all use it; must stay free of anything a browser has not.

import { type ErrorCode, isErrorCode, ShoalError } from '../base/errors.ts';
import { type DaemonEndpointName, daemonEndpoints } from './daemon-endpoints.ts';
import type { DaemonRoutes } from './daemon-routes.ts';
import type { Endpoint } from './endpoints.ts';
import { readEvents, type ServerEvent } from './event-reader.ts';
import { type CallOptions, callEndpoint, type LooseInput, pathOf, refusalOf, type Target } from './http-call.ts';
import type { ClientFor } from './route-shapes.ts';

/** `token`: the daemon's, or its owner's; a page that has traded it for a cookie needs none. */
export type DaemonClientOptions = CallOptions;

type Calls = ClientFor<Omit<DaemonRoutes, 'events' | 'torrentEvents' | 'sendFile' | 'stream' | 'streamHead'>>;
type SendFile = ClientFor<Pick<DaemonRoutes, 'sendFile'>>['sendFile'];

export interface DaemonClient extends Calls {
  /** The bytes of one file of an upload, or a part of them. */
  sendFile(input: Omit<Parameters<SendFile>[0], 'body'> & { body: Uint8Array<ArrayBuffer> }): ReturnType<SendFile>;
  /** A snapshot of all torrents, then what changes. `last`: the id of the last event seen, to go on after it. */
  events(options?: { last?: string | undefined; signal?: AbortSignal }): AsyncGenerator<ServerEvent>;
  /** What happens to one torrent, until it stops. */
  torrentEvents(infoHash: string, options?: { signal?: AbortSignal }): AsyncGenerator<ServerEvent>;
}

/** A refusal or failure that the daemon explained. */
export class DaemonProblem extends ShoalError {
  /** HTTP status. */
  readonly status: number;

  constructor(code: ErrorCode, message: string, status: number, reason: string | undefined) {
    super(code, message, reason === undefined ? {} : { reason });
    this.status = status;
  }
}

/** @param url Base URL of the daemon. */
export function createDaemonClient(url: string, options: DaemonClientOptions = {}): DaemonClient {
  const base = url.replace(/\/+$/, '');
  const target: Target = {
    base,
    label: `the daemon at ${base}`,
    unreachable: 'ERR_DAEMON',
    badReply: 'ERR_DAEMON',
    sendsToken: (endpoint) => endpoint.policy !== 'login',
    problem: problemOf,
  };
  const calls: Record<string, unknown> = { url: base };
  for (const name of Object.keys(daemonEndpoints) as DaemonEndpointName[])
    if (daemonEndpoints[name].policy !== 'stream')
      calls[name] = (input: LooseInput) => callEndpoint(target, daemonEndpoints[name], undefined, input, options);
  const follow = (endpoint: Endpoint, input: LooseInput, last?: string) =>
    streamEvents(target, endpoint, input, options, last);
  calls.events = ({ last, signal }: { last?: string; signal?: AbortSignal } = {}) =>
    follow(daemonEndpoints.events, signal === undefined ? {} : { signal }, last);
  calls.torrentEvents = (infoHash: string, { signal }: { signal?: AbortSignal } = {}) =>
    follow(daemonEndpoints.torrentEvents, { params: { infoHash }, ...(signal === undefined ? {} : { signal }) });
  return calls as unknown as DaemonClient;
}

async function* streamEvents(
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
