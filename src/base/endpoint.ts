// Network addresses as values: parsing, classes, compact form. Classification works on resolved bytes and never on the
// look of a string, so 0177.0.0.1 or ::ffff:7f00:1 cannot pass for something else.

import { toHex } from './bytes.ts';

const MAPPED = '00000000000000000000ffff';
const COMPATIBLE = '000000000000000000000000';
const NAT64 = '0064ff9b0000000000000000';

export interface Endpoint {
  /** A literal IPv4 or IPv6 address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export type AddressClass = 'loopback' | 'private' | 'link-local' | 'unspecified' | 'multicast' | 'global';

/** The 4 bytes of a strict dotted quad, else undefined. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

/** The 16 bytes of an IPv6 literal (a zone after % is ignored), else undefined. */
export function parseIpv6(text: string): Uint8Array | undefined {
  let literal = text.split('%')[0]!;
  const lastColon = literal.lastIndexOf(':');
  if (lastColon < 0) return undefined;
  if (literal.includes('.')) {
    const tail = parseIpv4(literal.slice(lastColon + 1));
    if (tail === undefined) return undefined;
    const high = ((tail[0]! << 8) | tail[1]!).toString(16);
    const low = ((tail[2]! << 8) | tail[3]!).toString(16);
    literal = `${literal.slice(0, lastColon + 1)}${high}:${low}`;
  }
  const halves = literal.split('::');
  if (halves.length > 2) return undefined;
  const head = halves[0] === '' ? [] : halves[0]!.split(':');
  const tail = halves.length === 1 || halves[1] === '' ? [] : halves[1]!.split(':');
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(groups[i]!)) return undefined;
    const value = Number.parseInt(groups[i]!, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 255;
  }
  return bytes;
}

/** 4 or 16 bytes; an IPv4-mapped IPv6 address comes back as its 4 bytes. */
export function parseAddress(text: string): Uint8Array | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return v4;
  const v6 = parseIpv6(text);
  if (v6 === undefined) return undefined;
  for (let i = 0; i < 10; i++) if (v6[i] !== 0) return v6;
  return v6[10] === 255 && v6[11] === 255 ? v6.slice(12) : v6;
}

/** Canonical text of 4 or 16 address bytes (RFC 5952 for IPv6). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const text = groups.map((group) => group.toString(16));
  if (bestStart < 0) return text.join(':');
  return `${text.slice(0, bestStart).join(':')}::${text.slice(bestStart + bestLength).join(':')}`;
}

/**
 * The class of 4 or 16 address bytes. An IPv6 address that only leads to an IPv4 one has the class of that one, or
 * 64:ff9b::7f00:1 would pass for a global address.
 */
export function classifyAddress(bytes: Uint8Array): AddressClass {
  if (bytes.length === 4) {
    const [a, b] = [bytes[0]!, bytes[1]!];
    if (a === 127) return 'loopback';
    if (a === 0) return 'unspecified';
    if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128))
      return 'private';
    if (a === 169 && b === 254) return 'link-local';
    if (a >= 224) return 'multicast';
    return 'global';
  }
  const leadingZero = bytes.subarray(0, 15).every((byte) => byte === 0);
  if (leadingZero && bytes[15] === 1) return 'loopback';
  if (leadingZero && bytes[15] === 0) return 'unspecified';
  if ((bytes[0]! & 0xfe) === 0xfc) return 'private';
  if (bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80) return 'link-local';
  if (bytes[0] === 0xff) return 'multicast';
  const inner = embeddedIpv4(bytes);
  return inner === undefined ? 'global' : classifyAddress(inner);
}

/** IPv4-mapped and -compatible (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses carry an IPv4 address. */
function embeddedIpv4(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return bytes.subarray(2, 6);
  const prefix = toHex(bytes.subarray(0, 12));
  const carries = prefix === MAPPED || prefix === COMPATIBLE || prefix === NAT64;
  return carries ? bytes.subarray(12) : undefined;
}

/** `1.2.3.4:80` or `[::1]:80`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** Splits `HOST:PORT`, `[V6]:PORT` or `:PORT` (host empty). The host may be a name. Undefined when malformed. */
export function parseHostPort(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text);
  if (match === null || (match[1] !== undefined && parseIpv6(match[1]) === undefined)) return undefined;
  const port = Number(match[3]);
  return port > 65535 ? undefined : { host: match[1] ?? match[2] ?? '', port };
}
