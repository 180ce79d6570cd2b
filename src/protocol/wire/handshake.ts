// The 68 bytes that open a connection (BEP 3) and what their reserved bits promise. Knows nothing of which torrents
// exist.

import { copyBytes, fromHex, toHex } from '../../base/bytes.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import { violation } from './violation.ts';

export const HANDSHAKE_LENGTH = 68;

const PROTOCOL = encodeLatin1('\x13BitTorrent protocol');

export interface Handshake {
  /** 8 bytes. */
  readonly reserved: Uint8Array;
  /** 40 lower-case hex digits. */
  readonly infoHash: string;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
}

/** What a peer says it understands: BEP 10, BEP 6, BEP 5, and the v2 upgrade of BEP 52. */
export interface Features {
  extended: boolean;
  fast: boolean;
  dht: boolean;
  v2: boolean;
}

export function readFeatures(reserved: Uint8Array): Features {
  return {
    extended: (reserved[5]! & 0x10) !== 0,
    fast: (reserved[7]! & 0x04) !== 0,
    dht: (reserved[7]! & 0x01) !== 0,
    v2: (reserved[7]! & 0x10) !== 0,
  };
}

/** `infoHash` is 40 hex digits, `peerId` 20 bytes. */
export function encodeHandshake(infoHash: string, peerId: Uint8Array, features: Partial<Features> = {}): Uint8Array {
  const hash = fromHex(infoHash);
  if (hash?.length !== 20 || peerId.length !== 20)
    throw new RangeError('a handshake takes an info-hash of 40 hex digits and a peer id of 20 bytes');
  const out = new Uint8Array(HANDSHAKE_LENGTH);
  out.set(PROTOCOL);
  if (features.extended) out[25]! |= 0x10;
  if (features.fast) out[27]! |= 0x04;
  if (features.dht) out[27]! |= 0x01;
  if (features.v2) out[27]! |= 0x10;
  out.set(hash, 28);
  out.set(peerId, 48);
  return out;
}

/**
 * Throws ERR_WIRE `invalid_info_hash` unless the first `known` bytes can begin a plain BitTorrent handshake, so that a
 * browser or a port scanner is seen at its first byte.
 */
export function checkHandshakeStart(bytes: Uint8Array, start: number, known: number): void {
  const compared = Math.min(known, PROTOCOL.length);
  for (let i = 0; i < compared; i++)
    if (bytes[start + i] !== PROTOCOL[i])
      throw violation('invalid_info_hash', 'does not open with the BitTorrent handshake');
}

/** Reads 68 bytes from `start`; the result shares nothing with `bytes`. */
export function parseHandshake(bytes: Uint8Array, start = 0): Handshake {
  if (bytes.length - start < HANDSHAKE_LENGTH) throw violation('invalid_info_hash', 'sent an incomplete handshake');
  checkHandshakeStart(bytes, start, HANDSHAKE_LENGTH);
  return {
    reserved: copyBytes(bytes, start + 20, start + 28),
    infoHash: toHex(bytes.subarray(start + 28, start + 48)),
    peerId: copyBytes(bytes, start + 48, start + 68),
  };
}
