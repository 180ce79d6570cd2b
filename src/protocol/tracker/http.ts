// The asking side of an HTTP tracker announce (BEP 3, 7, 21, 23, 24, 27, 31): the URL to fetch and what the reply means.
// A reply is a stranger's text: every number is clamped, every list capped, and a peer with an impossible address left
// out.

import { copyBytes, fromHex } from '../../base/bytes.ts';
import { classifyAddress, type Endpoint, formatAddress, parseAddress } from '../../base/endpoint.ts';
import { ShoalError } from '../../base/errors.ts';
import type { Milliseconds } from '../../base/ports.ts';
import { decodeLatin1, decodeUtf8, encodeLatin1, encodeUtf8 } from '../../base/utf8.ts';
import { asBytes, asInt, type BDict, type BValue, decode } from '../bencode.ts';
import { percentEncode, splitUrl, withQuery } from './query.ts';

/** '' is a regular announce. `paused` is BEP 21: an incomplete peer that downloads nothing more. */
export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'paused' | '';

export interface AnnounceParameters {
  /** 40 hex digits. */
  infoHash: string;
  /** 20 bytes. */
  peerId: Uint8Array;
  port: number;
  uploaded: number;
  downloaded: number;
  left: number;
  event: AnnounceEvent;
  numwant?: number;
  /** Proves, to the tracker only, that we are the same peer under another address. */
  key?: string;
  /** What this tracker called `tracker id` in an earlier reply; one byte per character. */
  trackerId?: string;
  /** Shoal's own: binds the peer to a session of its tracker. Others ignore it. */
  session?: string;
}

export interface AnnounceReply {
  /** Until the next regular announce. */
  interval: Milliseconds;
  /** Never announce more often than this. */
  minInterval?: Milliseconds;
  peers: Endpoint[];
  /** Peer ids, in step with `peers`, when the tracker answered in the long form. */
  peerIds?: (Uint8Array | undefined)[];
  /** Seeds, leechers, and how often the download was completed. */
  complete?: number;
  incomplete?: number;
  downloaded?: number;
  /** To be sent back as `trackerId`; one byte per character. Its absence does not clear an earlier one. */
  trackerId?: string;
  /** Untrusted text. */
  warning?: string;
  /** The tracker refused. Untrusted text; nothing else but interval, minInterval and retryIn counts then. */
  failure?: string;
  /** BEP 31: when to try again after a failure. */
  retryIn?: Milliseconds | 'never';
  /** BEP 24: our address as the tracker sees it. */
  externalIp?: string;
}

export interface ReplyLimits {
  /** Shortest interval taken from a tracker, in ms. */
  leastInterval?: Milliseconds;
}

/** Longest reply that is read at all, in bytes. */
export const MAX_REPLY_LENGTH = 1024 * 1024;
/** Peers taken from one reply. */
export const MAX_REPLY_PEERS = 2000;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DEFAULT_INTERVAL = 30 * MINUTE;
const LEAST_INTERVAL = MINUTE;
const MOST_INTERVAL = 360 * MINUTE;
const MOST_RETRY = 24 * 60 * MINUTE;
const MAX_TEXT_LENGTH = 1024;
const MAX_TRACKER_ID_LENGTH = 256;
const DECODE = { form: 'lenient', maxSize: MAX_REPLY_LENGTH, maxDepth: 8, maxTokens: 100_000 } as const;

/**
 * The announce URL of a tracker as people name it: `http://host:7070` and `http://host:7070/` get `/announce`; a URL
 * with any other path is one already and stays. Text that is no URL comes back as it is.
 */
export function announceUrlOf(trackerUrl: string): string {
  const parts = splitUrl(trackerUrl);
  if (parts === undefined || (parts.path !== '' && parts.path !== '/')) return trackerUrl.trim();
  return `${parts.origin}/announce${parts.query}`;
}

/** The URL to GET. `announce` may carry a query of its own, such as a passkey. Counters are clamped to what is exact. */
export function announceUrl(announce: string, parameters: AnnounceParameters): string {
  const hash = fromHex(parameters.infoHash);
  if (hash?.length !== 20 || parameters.peerId.length !== 20)
    throw new RangeError('an announce takes an info-hash of 40 hex digits and a peer id of 20 bytes');
  const pairs = [
    `info_hash=${percentEncode(hash)}`,
    `peer_id=${percentEncode(parameters.peerId)}`,
    `port=${parameters.port}`,
    `uploaded=${counter(parameters.uploaded)}`,
    `downloaded=${counter(parameters.downloaded)}`,
    `left=${counter(parameters.left)}`,
    'compact=1',
    'no_peer_id=1',
  ];
  if (parameters.numwant !== undefined) pairs.push(`numwant=${parameters.numwant}`);
  if (parameters.event !== '') pairs.push(`event=${parameters.event}`);
  if (parameters.key !== undefined) pairs.push(`key=${percentEncode(encodeUtf8(parameters.key))}`);
  if (parameters.trackerId !== undefined) pairs.push(`trackerid=${percentEncode(encodeLatin1(parameters.trackerId))}`);
  if (parameters.session !== undefined) pairs.push(`session=${percentEncode(encodeUtf8(parameters.session))}`);
  return withQuery(announce, pairs.join('&'));
}

function counter(value: number): number {
  return Math.max(0, Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER));
}

/**
 * What a tracker answered. Throws ShoalError ERR_TRACKER_REPLY (reason `not_bencoded` or `bad_peers`) for what is no
 * announce reply; a refusal is no error here but a reply with `failure`.
 */
export function parseAnnounceReply(bytes: Uint8Array, limits: ReplyLimits = {}): AnnounceReply {
  const root = decodeReply(bytes);
  const least = limits.leastInterval ?? LEAST_INTERVAL;
  const failure = readText(root.get('failure reason'));
  const seconds = readCount(root.get('interval'));
  const interval = seconds === undefined ? DEFAULT_INTERVAL : clamp(seconds * SECOND, least, MOST_INTERVAL);
  const reply: AnnounceReply = { interval, peers: [] };
  const minSeconds = readCount(root.get('min interval'));
  if (minSeconds !== undefined) reply.minInterval = clamp(minSeconds * SECOND, least, MOST_INTERVAL);
  if (failure !== undefined) {
    reply.failure = failure;
    const retryIn = readRetry(root.get('retry in'));
    if (retryIn !== undefined) reply.retryIn = retryIn;
    return reply;
  }
  readPeers(root, reply);
  const counts = ['complete', 'incomplete', 'downloaded'] as const;
  for (const name of counts) {
    const count = readCount(root.get(name));
    if (count !== undefined) reply[name] = count;
  }
  const trackerId = asBytes(root.get('tracker id'));
  if (trackerId !== undefined && trackerId.length <= MAX_TRACKER_ID_LENGTH) reply.trackerId = decodeLatin1(trackerId);
  const warning = readText(root.get('warning message'));
  if (warning !== undefined) reply.warning = warning;
  const external = asBytes(root.get('external ip'));
  if (external?.length === 4 || external?.length === 16) reply.externalIp = readableAddress(external);
  return reply;
}

/** The dictionary of an announce or scrape reply, or ERR_TRACKER_REPLY `not_bencoded`. */
export function decodeReply(bytes: Uint8Array): BDict {
  let root: BValue | undefined;
  try {
    root = decode(bytes, DECODE);
  } catch (cause) {
    throw refuse('not_bencoded', 'the reply is not bencoded; is this the announce URL of a BitTorrent tracker?', cause);
  }
  if (root instanceof Map) return root;
  throw refuse('not_bencoded', 'the reply is not a dictionary; is this the announce URL of a BitTorrent tracker?');
}

function refuse(reason: string, message: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_TRACKER_REPLY', message, { reason, cause });
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** A count is a non-negative exact integer; anything else is as if it were not there. */
export function readCount(value: BValue | undefined): number | undefined {
  const count = asInt(value);
  return count !== undefined && count >= 0 ? count : undefined;
}

export function readText(value: BValue | undefined): string | undefined {
  const bytes = asBytes(value);
  return bytes === undefined ? undefined : decodeUtf8(bytes.subarray(0, MAX_TEXT_LENGTH));
}

/** BEP 31: minutes, as a number or as text, or `never`. */
function readRetry(value: BValue | undefined): Milliseconds | 'never' | undefined {
  const text = readText(value);
  if (text === 'never') return 'never';
  const minutes = text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : readCount(value);
  return minutes === undefined ? undefined : clamp(minutes * MINUTE, MINUTE, MOST_RETRY);
}

function readPeers(root: BDict, reply: AnnounceReply): void {
  const peers = root.get('peers');
  const seen = new Set<string>();
  if (peers instanceof Uint8Array) readCompact(peers, 4, reply.peers, seen);
  else if (Array.isArray(peers)) readList(peers, reply, seen);
  const peers6 = asBytes(root.get('peers6'));
  if (peers6 !== undefined) {
    readCompact(peers6, 16, reply.peers, seen);
    if (reply.peerIds !== undefined) reply.peerIds.length = reply.peers.length;
  }
}

/** Records of address and port (BEP 23, BEP 7). A length that is no multiple of a record makes every record doubtful. */
function readCompact(bytes: Uint8Array, width: number, peers: Endpoint[], seen: Set<string>): void {
  const stride = width + 2;
  if (bytes.length % stride !== 0)
    throw refuse('bad_peers', `the reply's peers are ${bytes.length} bytes, no multiple of ${stride}`);
  for (let at = 0; at < bytes.length; at += stride) {
    const port = (bytes[at + width]! << 8) | bytes[at + width + 1]!;
    addPeer(bytes.subarray(at, at + width), port, peers, seen);
  }
}

/** The long form of BEP 3. Hosts that are names are left out: looking up a stranger's names is asking for trouble. */
function readList(list: readonly BValue[], reply: AnnounceReply, seen: Set<string>): void {
  reply.peerIds = [];
  for (const entry of list) {
    if (!(entry instanceof Map)) continue;
    const address = parseAddress(readText(entry.get('ip')) ?? '');
    const port = asInt(entry.get('port'));
    if (address === undefined || port === undefined || !addPeer(address, port, reply.peers, seen)) continue;
    const peerId = asBytes(entry.get('peer id'));
    reply.peerIds.push(peerId?.length === 20 ? copyBytes(peerId) : undefined);
  }
}

function addPeer(address: Uint8Array, port: number, peers: Endpoint[], seen: Set<string>): boolean {
  if (port < 1 || port > 65535 || peers.length >= MAX_REPLY_PEERS) return false;
  const host = readableAddress(address);
  const kind = classifyAddress(parseAddress(host)!);
  if (kind === 'unspecified' || kind === 'multicast') return false;
  const key = `${host} ${port}`;
  if (seen.has(key)) return false;
  seen.add(key);
  peers.push({ host, port });
  return true;
}

/** IPv4-mapped IPv6 addresses come out as the IPv4 addresses they are. */
function readableAddress(bytes: Uint8Array): string {
  return formatAddress(parseAddress(formatAddress(bytes))!);
}
