// The answering side of an HTTP tracker announce (BEP 3, 7, 21, 23, 24, 31): what a query asks for, and replies as bytes.
// Addresses a client claims for itself (ip, ipv4, ipv6) are never read: the socket knows better.

import { toHex } from '../../base/bytes.ts';
import { formatAddress } from '../../base/endpoint.ts';
import { decodeLatin1, decodeUtf8, encodeLatin1 } from '../../base/utf8.ts';
import { type Encodable, encode } from '../bencode.ts';
import type { AnnounceEvent } from './http.ts';
import { forEachPair, percentDecode } from './query.ts';

export interface AnnounceRequest {
  /** 40 lower-case hex digits. */
  infoHash: string;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** 0 only with `stopped`. */
  port: number;
  uploaded: number;
  downloaded: number;
  /** 0 is a seed; MAX_SAFE_INTEGER when the client did not say or does not know. */
  left: number;
  event: AnnounceEvent;
  /** How many peers to hand out, clamped to what we give. */
  numwant: number;
  /** BEP 23; the client wants records and not dictionaries. */
  compact: boolean;
  noPeerId: boolean;
  /** '' when absent. */
  key: string;
  /** One byte per character. */
  trackerId?: string;
  /** Shoal's own: the session this peer belongs to. */
  session?: string;
}

export interface QueryFailure {
  failure: string;
}

export interface AnnounceAnswer {
  /** Seconds. */
  interval: number;
  minInterval?: number;
  complete: number;
  incomplete: number;
  downloaded: number;
  /** IPv4 peers as records of 6 bytes (BEP 23). */
  peers: Uint8Array;
  /** IPv6 peers as records of 18 bytes (BEP 7). */
  peers6?: Uint8Array;
  /** As asked for; false writes the long form. */
  compact: boolean;
  /** One byte per character; only for clients that sent one. */
  trackerId?: string;
  warning?: string;
  /** BEP 24: the asker's address, 4 or 16 bytes. */
  externalIp?: Uint8Array;
}

/** Peers for those who do not say how many, and the most anybody gets. */
export const DEFAULT_NUMWANT = 50;
export const MAX_NUMWANT = 200;
/** A longer query is refused unread, in characters. */
export const MAX_QUERY_LENGTH = 2048;

const EVENTS: ReadonlySet<string> = new Set(['started', 'completed', 'stopped', 'paused']);
const SESSION = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_KEY_LENGTH = 64;
const MAX_TRACKER_ID_LENGTH = 256;

/** A failure instead of a request names what is wrong in words for the client's user. */
export function parseAnnounceQuery(rawQuery: string): AnnounceRequest | QueryFailure {
  if (rawQuery.length > MAX_QUERY_LENGTH) return { failure: 'the announce is too long' };
  const values = new Map<string, string>();
  let hashes = 0;
  forEachPair(rawQuery, (name, value) => {
    if (name === 'info_hash') hashes++;
    if (!values.has(name)) values.set(name, value);
  });
  if (hashes > 1) return { failure: 'an announce is for one info_hash only' };
  const infoHash = percentDecode(values.get('info_hash') ?? '');
  if (infoHash?.length !== 20) return { failure: 'info_hash is missing or not 20 bytes' };
  const peerId = percentDecode(values.get('peer_id') ?? '');
  if (peerId?.length !== 20) return { failure: 'peer_id is missing or not 20 bytes' };
  const said = values.get('event') ?? '';
  const event = EVENTS.has(said) ? (said as AnnounceEvent) : '';
  const port = parseCount(values.get('port'));
  if (port === undefined || port > 65535) return { failure: 'port is missing or out of range' };
  if (port === 0 && event !== 'stopped') return { failure: 'port 0 cannot be reached' };
  const request: AnnounceRequest = {
    infoHash: toHex(infoHash),
    peerId,
    port,
    uploaded: parseCount(values.get('uploaded')) ?? 0,
    downloaded: parseCount(values.get('downloaded')) ?? 0,
    left: parseCount(values.get('left')) ?? Number.MAX_SAFE_INTEGER,
    event,
    numwant: Math.min(parseCount(values.get('numwant')) ?? DEFAULT_NUMWANT, MAX_NUMWANT),
    compact: values.get('compact') !== '0',
    noPeerId: values.get('no_peer_id') === '1',
    key: decodeUtf8(percentDecode(values.get('key') ?? '') ?? new Uint8Array(0)).slice(0, MAX_KEY_LENGTH),
  };
  const trackerId = percentDecode(values.get('trackerid') ?? '');
  if (trackerId !== undefined && trackerId.length > 0 && trackerId.length <= MAX_TRACKER_ID_LENGTH)
    request.trackerId = decodeLatin1(trackerId);
  const session = values.get('session');
  if (session !== undefined && SESSION.test(session)) request.session = session;
  return request;
}

/** Decimal digits; more than is exact becomes MAX_SAFE_INTEGER, and what is no count (-1, say) is as if absent. */
function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,40}$/.test(text)) return undefined;
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

/** `peers` is always there, even when empty: clients take a reply without it for an error. */
export function encodeAnnounceReply(answer: AnnounceAnswer): Uint8Array {
  const peers6 = answer.peers6 ?? new Uint8Array(0);
  if (answer.peers.length % 6 !== 0 || peers6.length % 18 !== 0) throw new RangeError('peers are not whole records');
  const root = new Map<string, Encodable>([
    ['interval', answer.interval],
    ['complete', answer.complete],
    ['incomplete', answer.incomplete],
    ['downloaded', answer.downloaded],
  ]);
  if (answer.minInterval !== undefined) root.set('min interval', answer.minInterval);
  if (answer.compact) {
    root.set('peers', answer.peers);
    if (peers6.length > 0) root.set('peers6', peers6);
  } else root.set('peers', [...listPeers(answer.peers, 4), ...listPeers(peers6, 16)]);
  if (answer.trackerId !== undefined) root.set('tracker id', encodeLatin1(answer.trackerId));
  if (answer.warning !== undefined) root.set('warning message', answer.warning);
  if (answer.externalIp !== undefined) root.set('external ip', answer.externalIp);
  return encode(root);
}

/** The long form of BEP 3, without peer ids, which nobody needs and we do not keep. */
function listPeers(bytes: Uint8Array, width: number): Encodable[] {
  const list: Encodable[] = [];
  for (let at = 0; at < bytes.length; at += width + 2)
    list.push({
      ip: formatAddress(bytes.subarray(at, at + width)),
      port: (bytes[at + width]! << 8) | bytes[at + width + 1]!,
    });
  return list;
}

export interface FailureAdvice {
  /** BEP 31: minutes, or never again. */
  retryIn?: number | 'never';
  /** Seconds. Clients that do not know BEP 31 honour these two inside a failure. */
  interval?: number;
  minInterval?: number;
}

/** A refusal, to be sent with status 200: clients throw the body of any other away. */
export function encodeFailure(reason: string, advice: FailureAdvice = {}): Uint8Array {
  const root = new Map<string, Encodable>([['failure reason', reason]]);
  if (advice.retryIn !== undefined) root.set('retry in', String(advice.retryIn));
  if (advice.interval !== undefined) root.set('interval', advice.interval);
  if (advice.minInterval !== undefined) root.set('min interval', advice.minInterval);
  return encode(root);
}
