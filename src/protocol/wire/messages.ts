// The messages of the peer wire by number (BEP 3, BEP 6 fast, BEP 10 extended, BEP 5 port): sizes, writers into a
// caller's buffer, one-off encoders and readers of payloads. Keeps no state and judges nothing but form and range.

import { Bitfield } from '../../base/bitfield.ts';
import { violation } from './violation.ts';

/** Message ids. */
export const MESSAGE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  /** BEP 5: UDP port of the peer's DHT node. */
  port: 9,
  /** BEP 6 from here to allowedFast. */
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  /** BEP 10. */
  extended: 20,
  /** BEP 52 from here to hashReject: of version 2 torrents only. */
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** Length prefix, id, index, begin: what stands before the payload of a piece message. */
export const PIECE_HEADER_LENGTH = 13;
/** A request, cancel or reject with its length prefix. */
export const REQUEST_LENGTH = 17;
/** A have, suggest or allowed-fast with its length prefix. */
export const HAVE_LENGTH = 9;
/** Piece indices above this are nonsense for any torrent we accept. */
export const MAX_PIECE_COUNT = 2_097_152;

const KEEP_ALIVE = Uint8Array.of(0, 0, 0, 0);

export interface BlockRequest {
  piece: number;
  /** Byte offset inside the piece. */
  begin: number;
  length: number;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes big-endian; returns the offset after it. */
export function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

/** A message that is only its id: choke, unchoke, interested, not interested, have all, have none. 5 bytes. */
export function writeSignal(out: Uint8Array, at: number, id: number): number {
  const body = writeUint32(out, at, 1);
  out[body] = id;
  return body + 1;
}

/** A message with one piece index: have, suggest, allowed fast. 9 bytes. */
export function writeIndex(out: Uint8Array, at: number, id: number, piece: number): number {
  const body = writeUint32(out, at, 5);
  out[body] = id;
  return writeUint32(out, body + 1, piece);
}

/** A message about one block: request, cancel, reject. 17 bytes. */
export function writeBlock(
  out: Uint8Array,
  at: number,
  id: number,
  piece: number,
  begin: number,
  length: number,
): number {
  let next = writeUint32(out, at, 13);
  out[next++] = id;
  next = writeUint32(out, next, piece);
  next = writeUint32(out, next, begin);
  return writeUint32(out, next, length);
}

/** The 13 bytes before `length` bytes of payload. */
export function writePieceHeader(out: Uint8Array, at: number, piece: number, begin: number, length: number): number {
  let next = writeUint32(out, at, 9 + length);
  out[next++] = MESSAGE.piece;
  next = writeUint32(out, next, piece);
  return writeUint32(out, next, begin);
}

export function encodeKeepAlive(): Uint8Array {
  return KEEP_ALIVE.slice();
}

export function encodeSignal(
  id: typeof MESSAGE.choke | typeof MESSAGE.unchoke | typeof MESSAGE.interested | typeof MESSAGE.notInterested,
): Uint8Array {
  const out = new Uint8Array(5);
  writeSignal(out, 0, id);
  return out;
}

function encodeIndex(id: number, piece: number): Uint8Array {
  const out = new Uint8Array(HAVE_LENGTH);
  writeIndex(out, 0, id, piece);
  return out;
}

function encodeBlock(id: number, piece: number, begin: number, length: number): Uint8Array {
  const out = new Uint8Array(REQUEST_LENGTH);
  writeBlock(out, 0, id, piece, begin, length);
  return out;
}

export function encodeHave(piece: number): Uint8Array {
  return encodeIndex(MESSAGE.have, piece);
}

export function encodeSuggest(piece: number): Uint8Array {
  return encodeIndex(MESSAGE.suggest, piece);
}

export function encodeAllowedFast(piece: number): Uint8Array {
  return encodeIndex(MESSAGE.allowedFast, piece);
}

export function encodeRequest(piece: number, begin: number, length: number): Uint8Array {
  return encodeBlock(MESSAGE.request, piece, begin, length);
}

export function encodeCancel(piece: number, begin: number, length: number): Uint8Array {
  return encodeBlock(MESSAGE.cancel, piece, begin, length);
}

/** BEP 6: the answer to a request that will not be served. */
export function encodeReject(piece: number, begin: number, length: number): Uint8Array {
  return encodeBlock(MESSAGE.reject, piece, begin, length);
}

export function encodeHaveAll(): Uint8Array {
  const out = new Uint8Array(5);
  writeSignal(out, 0, MESSAGE.haveAll);
  return out;
}

export function encodeHaveNone(): Uint8Array {
  const out = new Uint8Array(5);
  writeSignal(out, 0, MESSAGE.haveNone);
  return out;
}

export function encodeBitfield(field: Bitfield): Uint8Array {
  return encodeFrame(MESSAGE.bitfield, field.bytes);
}

/** BEP 5: the UDP port of our DHT node. */
export function encodePort(port: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 3, MESSAGE.port, port >> 8, port & 255);
}

/** A whole piece message; the fast path writes the header alone and lets the disk fill in the block. */
export function encodePiece(piece: number, begin: number, block: Uint8Array): Uint8Array {
  const out = new Uint8Array(PIECE_HEADER_LENGTH + block.length);
  out.set(block, writePieceHeader(out, 0, piece, begin, block.length));
  return out;
}

/** BEP 10: `extendedId` is the number the *receiver* gave the extension in its handshake; 0 is the handshake itself. */
export function encodeExtended(extendedId: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(6 + payload.length);
  const body = writeUint32(out, 0, 2 + payload.length);
  out[body] = MESSAGE.extended;
  out[body + 1] = extendedId;
  out.set(payload, body + 2);
  return out;
}

/** Any message: length prefix, id, payload. */
export function encodeFrame(id: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(5 + payload.length);
  const body = writeUint32(out, 0, 1 + payload.length);
  out[body] = id;
  out.set(payload, body + 1);
  return out;
}

function expectLength(start: number, end: number, length: number, reason: string, name: string): void {
  if (end - start !== length)
    throw violation(reason, `sent a ${name} with ${end - start} bytes of payload instead of ${length}`);
}

/**
 * The piece index of a have. With `pieceCount` an index outside the torrent is an ERR_WIRE `invalid_have`; without it
 * (no metadata yet) the index comes back as it is and the caller ignores what is over MAX_PIECE_COUNT.
 */
export function decodeHave(buffer: Uint8Array, start: number, end: number, pieceCount?: number): number {
  expectLength(start, end, 4, 'invalid_have', 'have');
  const piece = readUint32(buffer, start);
  if (pieceCount !== undefined && piece >= pieceCount)
    throw violation('invalid_have', `claims piece ${piece} of a torrent of ${pieceCount} pieces`);
  return piece;
}

/** The piece index of a suggest or allowed-fast; out of range ones are for the caller to ignore. */
export function decodeIndex(buffer: Uint8Array, start: number, end: number): number {
  expectLength(start, end, 4, 'invalid_message', 'piece index message');
  return readUint32(buffer, start);
}

/** A copy of the bitfield. Wrong length is `invalid_bitfield_size`, a set spare bit `invalid_bitfield` (BEP 3). */
export function decodeBitfield(buffer: Uint8Array, start: number, end: number, pieceCount: number): Bitfield {
  const length = (pieceCount + 7) >> 3;
  if (end - start !== length)
    throw violation('invalid_bitfield_size', `sent a bitfield of ${end - start} bytes for ${pieceCount} pieces`);
  const field = Bitfield.from(buffer.subarray(start, end), pieceCount);
  if (field === undefined) throw violation('invalid_bitfield', 'set spare bits at the end of its bitfield');
  return field;
}

const BLOCK_REASON: Record<number, string> = {
  [MESSAGE.request]: 'invalid_request',
  [MESSAGE.cancel]: 'invalid_cancel',
  [MESSAGE.reject]: 'invalid_reject',
};

/** The payload of a request, cancel or reject. Numbers are unsigned and unchecked: geometry knows what is in range. */
export function decodeBlock(id: number, buffer: Uint8Array, start: number, end: number): BlockRequest {
  expectLength(start, end, 12, BLOCK_REASON[id] ?? 'invalid_message', 'block message');
  return {
    piece: readUint32(buffer, start),
    begin: readUint32(buffer, start + 4),
    length: readUint32(buffer, start + 8),
  };
}

/** BEP 5. Port 0 is a defect. */
export function decodePort(buffer: Uint8Array, start: number, end: number): number {
  expectLength(start, end, 2, 'invalid_dht_port', 'port');
  const port = (buffer[start]! << 8) | buffer[start + 1]!;
  if (port === 0) throw violation('invalid_dht_port', 'announced DHT port 0');
  return port;
}
