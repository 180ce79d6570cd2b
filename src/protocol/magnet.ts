// Magnet links (BEP 9, BEP 53): text to values and back. A link is foreign input: its length, the number of its trackers
// and peers, and the schemes it may name are bounded here.

import { fromHex, toHex } from '../base/bytes.ts';
import { type Endpoint, formatEndpoint, parseAddress, parseHostPort } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.ts';
import { MAX_TRACKERS, trackerUrl } from './announce-list.ts';
import { percentEncode } from './tracker/query.ts';

export interface Magnet {
  /** v1 info-hash, 40 hexadecimal digits. */
  infoHash: string;
  /** `dn`: what the link's author calls it. Not sanitised, only for display and until the metadata is here. */
  name?: string;
  /** `tr`: http, https or udp, each once, at most 256. */
  trackers: string[];
  /** `x.pe`: peers to try, at most 256. The host may be a name. */
  peers: Endpoint[];
  /** `xl`: bytes in all, as the link claims. */
  length?: number;
  /** `so`: file indices as the link has them, at most 1024 characters (BEP 53). */
  selectOnly?: string;
}

const MAX_URI_LENGTH = 1024 * 1024;
const MAX_PEERS = 256;
const MAX_NAME_LENGTH = 1024;
const MAX_SELECT_LENGTH = 1024;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Throws ERR_MAGNET with `reason` too_large, not_a_magnet, missing_hash, bad_hash, ambiguous_hash or v2_only. */
export function parseMagnet(uri: string): Magnet {
  if (uri.length > MAX_URI_LENGTH) throw defect('too_large', `it is longer than ${MAX_URI_LENGTH} characters`);
  const text = uri.trim();
  if (!/^magnet:\?/i.test(text)) throw defect('not_a_magnet', 'it does not start with magnet:?');
  const magnet: Magnet = { infoHash: '', trackers: [], peers: [] };
  const trackers = new Set<string>();
  const peers = new Map<string, Endpoint>();
  let v2 = false;
  for (const pair of text.slice(8).split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    // Numbered forms such as xt.1 and tr.2 are the same parameter given several times.
    const key = pair
      .slice(0, equals)
      .toLowerCase()
      .replace(/\.\d+$/, '');
    const value = pair.slice(equals + 1);
    if (key === 'xt') {
      const topic = percentDecode(value);
      if (/^urn:btmh:/i.test(topic)) v2 = true;
      if (!/^urn:btih:/i.test(topic)) continue;
      const infoHash = readHash(topic.slice(9));
      if (magnet.infoHash !== '' && magnet.infoHash !== infoHash)
        throw defect('ambiguous_hash', 'it names two torrents');
      magnet.infoHash = infoHash;
    } else if (key === 'tr') {
      const url = trackers.size < MAX_TRACKERS ? trackerUrl(percentDecode(value)) : undefined;
      if (url !== undefined) trackers.add(url);
    } else if (key === 'x.pe') {
      const peer = peers.size < MAX_PEERS ? readPeer(percentDecode(value)) : undefined;
      if (peer !== undefined) peers.set(formatEndpoint(peer), peer);
    } else if (key === 'dn' && magnet.name === undefined) {
      const name = percentDecode(value.slice(0, 9 * MAX_NAME_LENGTH))
        .slice(0, MAX_NAME_LENGTH)
        .toWellFormed();
      if (name !== '') magnet.name = name;
    } else if (key === 'xl' && /^\d{1,15}$/.test(value)) magnet.length = Number(value);
    else if (key === 'so' && value.length <= MAX_SELECT_LENGTH) magnet.selectOnly = percentDecode(value);
  }
  if (magnet.infoHash === '')
    throw v2
      ? defect('v2_only', 'it names a BitTorrent v2 torrent only (btmh), which this program cannot fetch yet')
      : defect('missing_hash', 'it has no xt=urn:btih: with an info-hash');
  magnet.trackers = [...trackers];
  magnet.peers = [...peers.values()];
  return magnet;
}

/** The link that `parseMagnet` reads back. */
export function formatMagnet(magnet: {
  infoHash: string;
  name?: string;
  trackers?: readonly string[];
  peers?: readonly Endpoint[];
  length?: number;
  selectOnly?: string;
}): string {
  let uri = `magnet:?xt=urn:btih:${magnet.infoHash}`;
  if (magnet.name !== undefined) uri += `&dn=${escapeText(magnet.name)}`;
  if (magnet.length !== undefined) uri += `&xl=${magnet.length}`;
  for (const url of magnet.trackers ?? []) uri += `&tr=${escapeText(url)}`;
  for (const peer of magnet.peers ?? []) {
    // Unescaped, because other clients read a peer's address as it stands; one that cannot stand so is left out.
    const address = formatEndpoint(peer);
    if (readPeer(address) !== undefined) uri += `&x.pe=${address}`;
  }
  if (magnet.selectOnly !== undefined) uri += `&so=${escapeText(magnet.selectOnly)}`;
  return uri;
}

function escapeText(text: string): string {
  return percentEncode(encodeUtf8(text));
}

function defect(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_MAGNET', `Not a usable magnet link: ${what} (${reason}).`, { reason });
}

function readHash(text: string): string {
  if (text.length === 40) {
    const bytes = fromHex(text);
    if (bytes !== undefined) return toHex(bytes);
  } else if (/^[A-Za-z2-7]{32}$/.test(text)) return toHex(decodeBase32(text));
  throw defect('bad_hash', 'its info-hash is neither 40 hexadecimal digits nor 32 of base 32');
}

/** 32 digits of base 32 (RFC 4648) are exactly 20 bytes. */
function decodeBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(20);
  let bits = 0;
  let pending = 0;
  let at = 0;
  for (const digit of text.toUpperCase()) {
    pending = ((pending << 5) | BASE32.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = pending >> bits;
  }
  return bytes;
}

function readPeer(text: string): Endpoint | undefined {
  if (text.length > 300) return undefined;
  const peer = parseHostPort(text);
  if (peer === undefined || peer.port === 0) return undefined;
  const known = parseAddress(peer.host) !== undefined || /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(peer.host);
  return known ? peer : undefined;
}

/** Query decoding: `+` is a space, a malformed escape stays as it is, bytes that are no UTF-8 become U+FFFD. */
function percentDecode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const raw = encodeUtf8(text);
  const bytes = new Uint8Array(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const high = raw[at] === 0x25 ? hexDigit(raw[at + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(raw[at + 2]);
    if (low >= 0) {
      bytes[length++] = high * 16 + low;
      at += 2;
    } else bytes[length++] = raw[at] === 0x2b ? 0x20 : raw[at]!;
  }
  return decodeUtf8(bytes.subarray(0, length));
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
