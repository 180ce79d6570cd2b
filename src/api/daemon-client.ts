// A typed client of a daemon's API that needs nothing but `fetch`: one function for each endpoint, and the event streams.
// The command line, the page and the tests all use it; must stay free of anything a browser has not.

import { type DaemonEndpointName, daemonEndpoints } from './daemon-endpoints.ts';
import { daemonTarget, followEvents } from './daemon-events.ts';
import type { DaemonRoutes } from './daemon-routes.ts';
import type { Endpoint } from './endpoints.ts';
import type { ServerEvent } from './event-reader.ts';
import { type CallOptions, callEndpoint, type LooseInput } from './http-call.ts';
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

/** @param url Base URL of the daemon. */
export function createDaemonClient(url: string, options: DaemonClientOptions = {}): DaemonClient {
  const base = url.replace(/\/+$/, '');
  const target = daemonTarget(base);
  const calls: Record<string, unknown> = { url: base };
  for (const name of Object.keys(daemonEndpoints) as DaemonEndpointName[])
    if (daemonEndpoints[name].policy !== 'stream')
      calls[name] = (input: LooseInput) => callEndpoint(target, daemonEndpoints[name], undefined, input, options);
  const follow = (endpoint: Endpoint, input: LooseInput, last?: string) =>
    followEvents(target, endpoint, input, options, last);
  calls.events = ({ last, signal }: { last?: string; signal?: AbortSignal } = {}) =>
    follow(daemonEndpoints.events, signal === undefined ? {} : { signal }, last);
  calls.torrentEvents = (infoHash: string, { signal }: { signal?: AbortSignal } = {}) =>
    follow(daemonEndpoints.torrentEvents, { params: { infoHash }, ...(signal === undefined ? {} : { signal }) });
  return calls as unknown as DaemonClient;
}
