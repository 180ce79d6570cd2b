// Scrape (BEP 48, with downloaders of BEP 21), both sides: how many seeds and leechers the swarms of some info-hashes
// have. Never the whole tracker: a scrape names its info-hashes.

import { fromHex, toHex } from '../../base/bytes.ts';
import type { Milliseconds } from '../../base/ports.ts';
import { decodeLatin1, encodeLatin1 } from '../../base/utf8.ts';
import { asDict, type Encodable, encode } from '../bencode.ts';
import { decodeReply, readCount, readText } from './http.ts';
import type { QueryFailure } from './http-server.ts';
import { forEachPair, percentDecode, percentEncode, splitUrl, withQuery } from './query.ts';

export interface SwarmCounts {
  /** Seeds, leechers, and completed downloads ever. */
  complete: number;
  incomplete: number;
  downloaded: number;
  /** BEP 21: leechers that do download; `incomplete` counts partial seeds too. */
  downloaders?: number;
}

export interface ScrapeReply {
  /** By info-hash, 40 hex digits. Those the tracker does not know are not there. */
  swarms: Map<string, SwarmCounts>;
  minInterval?: Milliseconds;
  /** Untrusted text. */
  failure?: string;
}

/** Info-hashes answered in one scrape; the rest is silently left out. */
export const MAX_SCRAPE_HASHES = 100;
const MAX_SCRAPE_QUERY_LENGTH = 16384;

/** BEP 48: where to scrape; undefined when the tracker's URL does not follow the convention. */
export function scrapeUrlOf(announceUrl: string): string | undefined {
  const parts = splitUrl(announceUrl);
  if (parts === undefined) return undefined;
  const last = parts.path.lastIndexOf('/') + 1;
  if (!parts.path.startsWith('announce', last)) return undefined;
  return `${parts.origin}${parts.path.slice(0, last)}scrape${parts.path.slice(last + 'announce'.length)}${parts.query}`;
}

/** The URL to GET, or undefined when this tracker cannot be scraped. At least one info-hash of 40 hex digits. */
export function scrapeUrl(announce: string, infoHashes: readonly string[]): string | undefined {
  const base = scrapeUrlOf(announce);
  if (base === undefined || infoHashes.length === 0) return undefined;
  const pairs = infoHashes.slice(0, MAX_SCRAPE_HASHES).map((hash) => {
    const bytes = fromHex(hash);
    if (bytes?.length !== 20) throw new RangeError('a scrape takes info-hashes of 40 hex digits');
    return `info_hash=${percentEncode(bytes)}`;
  });
  return withQuery(base, pairs.join('&'));
}

/** Throws ShoalError ERR_TRACKER_REPLY for what is no scrape reply. */
export function parseScrapeReply(bytes: Uint8Array): ScrapeReply {
  const root = decodeReply(bytes);
  const reply: ScrapeReply = { swarms: new Map() };
  const failure = readText(root.get('failure reason'));
  if (failure !== undefined) reply.failure = failure;
  const seconds = readCount(asDict(root.get('flags'))?.get('min_request_interval'));
  if (seconds !== undefined) reply.minInterval = Math.min(seconds, 86400) * 1000;
  for (const [key, value] of asDict(root.get('files')) ?? []) {
    if (key.length !== 20 || !(value instanceof Map)) continue;
    if (reply.swarms.size === MAX_SCRAPE_HASHES) break;
    const counts: SwarmCounts = {
      complete: readCount(value.get('complete')) ?? 0,
      incomplete: readCount(value.get('incomplete')) ?? 0,
      downloaded: readCount(value.get('downloaded')) ?? 0,
    };
    const downloaders = readCount(value.get('downloaders'));
    if (downloaders !== undefined) counts.downloaders = downloaders;
    reply.swarms.set(toHex(encodeLatin1(key)), counts);
  }
  return reply;
}

/** The info-hashes asked for, each once, in order; an empty list asks for the whole tracker, which nobody gets. */
export function parseScrapeQuery(rawQuery: string): { infoHashes: string[] } | QueryFailure {
  if (rawQuery.length > MAX_SCRAPE_QUERY_LENGTH) return { failure: 'the scrape is too long' };
  const hashes = new Set<string>();
  let malformed = false;
  forEachPair(rawQuery, (name, value) => {
    if (name !== 'info_hash') return;
    const bytes = percentDecode(value);
    if (bytes?.length !== 20) malformed = true;
    else if (hashes.size < MAX_SCRAPE_HASHES) hashes.add(toHex(bytes));
  });
  return malformed ? { failure: 'an info_hash is not 20 bytes' } : { infoHashes: [...hashes] };
}

/** `minInterval` in seconds: how long a client should wait before it scrapes again. */
export function encodeScrapeReply(
  swarms: Iterable<readonly [infoHash: string, counts: SwarmCounts]>,
  minInterval?: number,
): Uint8Array {
  const files = new Map<string, Encodable>();
  for (const [infoHash, counts] of swarms)
    files.set(decodeLatin1(fromHex(infoHash)!), {
      complete: counts.complete,
      incomplete: counts.incomplete,
      downloaded: counts.downloaded,
      downloaders: counts.downloaders,
    });
  const root = new Map<string, Encodable>([['files', files]]);
  if (minInterval !== undefined) root.set('flags', { min_request_interval: minInterval });
  return encode(root);
}
