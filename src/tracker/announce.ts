// Announce and scrape over HTTP (BEP 3, 48), answered straight from the registry before any framework sees the request.
// Clients throw away the body of every status but 200, so refusals have it too. Never waits for anything.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseAddress } from '../base/endpoint.ts';
import {
  type AnnounceRequest,
  encodeAnnounceReply,
  encodeFailure,
  parseAnnounceQuery,
} from '../protocol/tracker/http-server.ts';
import { encodeScrapeReply, parseScrapeQuery } from '../protocol/tracker/scrape.ts';
import type { Source } from '../registry/reachability.ts';
import type { Registry } from '../registry/registry.ts';
import type { AnnounceReply } from '../registry/registry-types.ts';
import type { TrackerClock } from './clock.ts';
import type { AnnounceCounters } from './metrics.ts';

/** Seconds between scrapes that we ask of clients. */
const SCRAPE_INTERVAL = 60;

export type AnnounceHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The handler is true when the request was for it; then it has been answered. */
export function createAnnounceHandler(
  registry: Registry,
  clock: TrackerClock,
  counters: AnnounceCounters,
): AnnounceHandler {
  return (request, response) => {
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const answer = path === '/announce' ? answerAnnounce : path === '/scrape' ? answerScrape : undefined;
    if (answer === undefined) return false;
    if (request.method !== 'GET') {
      // The body, if there is one, will not be read: nothing may follow it on this connection.
      response.writeHead(405, { allow: 'GET', connection: 'close', 'content-length': 0 }).end();
      return true;
    }
    const started = performance.now();
    const body = answer(mark < 0 ? '' : url.slice(mark + 1), request, registry, clock, counters);
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
    counters.seconds.observe((performance.now() - started) / 1000);
    return true;
  };
}

/** The two ends of a request's connection. The far one is always known while there is something to answer. */
export function sourceOf(request: IncomingMessage): Source | undefined {
  const { remoteAddress, localAddress } = request.socket;
  const address = remoteAddress === undefined ? undefined : parseAddress(remoteAddress);
  if (address === undefined) return undefined;
  return { address, reachedAs: localAddress === undefined ? undefined : parseAddress(localAddress) };
}

function answerAnnounce(
  query: string,
  request: IncomingMessage,
  registry: Registry,
  clock: TrackerClock,
  counters: AnnounceCounters,
): Uint8Array {
  const announce = parseAnnounceQuery(query);
  if ('failure' in announce) {
    counters.malformed++;
    return encodeFailure(announce.failure);
  }
  const source = sourceOf(request);
  if (source === undefined) return encodeFailure('the connection is gone');
  const outcome = registry.announce(announce, source, clock.now());
  if (outcome.kind === 'refusal') {
    counters.refused++;
    const { reason, final, interval } = outcome;
    // Few clients know "retry in" (BEP 31); most honour the intervals.
    return encodeFailure(reason, {
      retryIn: final ? 'never' : Math.ceil(interval / 60),
      interval,
      minInterval: interval,
    });
  }
  counters.answered++;
  counters.peersHanded += outcome.peers.length;
  return encodeAnnounceReply({ ...outcome, ...packPeers(outcome.peers), ...echo(announce) });
}

function echo(announce: AnnounceRequest): { compact: boolean; trackerId?: string } {
  const { compact, trackerId } = announce;
  return trackerId === undefined ? { compact } : { compact, trackerId };
}

/** Records of address and port: 6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7). */
function packPeers(found: AnnounceReply['peers']): { peers: Uint8Array; peers6: Uint8Array } {
  let count4 = 0;
  for (const { address } of found) if (address.length === 4) count4++;
  const peers = new Uint8Array(6 * count4);
  const peers6 = new Uint8Array(18 * (found.length - count4));
  let at4 = 0;
  let at6 = 0;
  for (const { address, port } of found) {
    const records = address.length === 4 ? peers : peers6;
    let at = address.length === 4 ? at4 : at6;
    records.set(address, at);
    at += address.length;
    records[at++] = port >> 8;
    records[at++] = port & 255;
    if (address.length === 4) at4 = at;
    else at6 = at;
  }
  return { peers, peers6 };
}

function answerScrape(
  query: string,
  _request: IncomingMessage,
  registry: Registry,
  clock: TrackerClock,
  counters: AnnounceCounters,
): Uint8Array {
  const scrape = parseScrapeQuery(query);
  if ('failure' in scrape) {
    counters.malformed++;
    return encodeFailure(scrape.failure);
  }
  counters.scrapes++;
  const found = registry.scrape(scrape.infoHashes, clock.now());
  return encodeScrapeReply(
    found.map((counts) => [counts.infoHash, counts] as const),
    SCRAPE_INTERVAL,
  );
}
