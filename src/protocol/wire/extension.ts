// The extension handshake (BEP 10, with reqq, upload_only of BEP 21 and metadata_size of BEP 9), the metadata messages of
// BEP 9, upload_only as a message (BEP 21) and lt_donthave (BEP 54). Reads what strangers wrote: a hostile field is dropped or clamped, only a hostile frame is refused.

import { copyBytes } from '../../base/bytes.ts';
import { decodeUtf8, encodeUtf8 } from '../../base/utf8.ts';
import { type BValue, type DecodeOptions, decode, decodePrefix, encode } from '../bencode.ts';
import { readUint32, writeUint32 } from './messages.ts';
import { violation } from './violation.ts';

/** An extension handshake may not be longer, in bytes. */
export const MAX_EXTENSION_HANDSHAKE = 65536;
/** Metadata travels in pieces of this size (BEP 9). */
export const METADATA_PIECE_LENGTH = 16384;
/** An info dictionary larger than this is not fetched from peers. */
export const MAX_METADATA_SIZE = 16 * 1024 * 1024;
/** What we believe of `reqq`, whatever the peer says. */
export const MAX_REQUEST_QUEUE = 2048;

/** Names in the handshake's `m`. */
export const UPLOAD_ONLY_EXTENSION = 'upload_only';
export const DONT_HAVE_EXTENSION = 'lt_donthave';

const MAX_EXTENSIONS = 64;
const MAX_NAME_LENGTH = 64;
const MAX_CLIENT_LENGTH = 64;
const LIMITS: DecodeOptions = { form: 'lenient', maxDepth: 10, maxTokens: 2048 };

export interface ExtensionHandshake {
  /** Extension name to the number its sender wants to see it under; 0 switches it off. */
  messages: Map<string, number>;
  /** Client name and version; untrusted text without control characters, at most 64 characters. */
  client?: string;
  /** How many requests the sender lets wait, 1 to 2048. */
  requestQueue?: number;
  /** The sender's listening port. */
  port?: number;
  /** Our address as the sender sees it, 4 or 16 bytes. A vote, nothing more. */
  yourIp?: Uint8Array;
  /** Bytes of the info dictionary, 1 to 16 MiB. */
  metadataSize?: number;
  /** BEP 21: the sender will not download. */
  uploadOnly?: boolean;
}

/** Payload of extended message 0. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const root = new Map<string, BValue>();
  root.set('m', new Map<string, BValue>(handshake.messages));
  if (handshake.client !== undefined) root.set('v', encodeUtf8(handshake.client));
  if (handshake.requestQueue !== undefined) root.set('reqq', handshake.requestQueue);
  if (handshake.port !== undefined) root.set('p', handshake.port);
  if (handshake.yourIp !== undefined) root.set('yourip', handshake.yourIp);
  if (handshake.metadataSize !== undefined) root.set('metadata_size', handshake.metadataSize);
  if (handshake.uploadOnly !== undefined) root.set('upload_only', handshake.uploadOnly ? 1 : 0);
  return encode(root);
}

/** Throws ERR_WIRE `invalid_extended` when the payload is too long, too deep or no dictionary. */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  if (payload.length > MAX_EXTENSION_HANDSHAKE)
    throw violation('invalid_extended', `sent an extension handshake of ${payload.length} bytes`);
  const root = decodeDictionary(payload);
  const handshake: ExtensionHandshake = { messages: readMessages(root.get('m')) };
  const client = root.get('v');
  if (client instanceof Uint8Array) handshake.client = cleanText(client);
  const requestQueue = readInteger(root.get('reqq'), 1, Number.MAX_SAFE_INTEGER);
  if (requestQueue !== undefined) handshake.requestQueue = Math.min(requestQueue, MAX_REQUEST_QUEUE);
  const port = readInteger(root.get('p'), 1, 65535);
  if (port !== undefined) handshake.port = port;
  const yourIp = root.get('yourip');
  if (yourIp instanceof Uint8Array && (yourIp.length === 4 || yourIp.length === 16))
    handshake.yourIp = copyBytes(yourIp);
  const metadataSize = readInteger(root.get('metadata_size'), 1, MAX_METADATA_SIZE);
  if (metadataSize !== undefined) handshake.metadataSize = metadataSize;
  const uploadOnly = readInteger(root.get('upload_only'), 0, Number.MAX_SAFE_INTEGER);
  if (uploadOnly !== undefined) handshake.uploadOnly = uploadOnly !== 0;
  return handshake;
}

function decodeDictionary(payload: Uint8Array): Map<string, BValue> {
  let root: BValue;
  try {
    root = decode(payload, LIMITS);
  } catch {
    throw violation('invalid_extended', 'sent an extension handshake that is not bencoded');
  }
  if (!(root instanceof Map)) throw violation('invalid_extended', 'sent an extension handshake that is no dictionary');
  return root;
}

function readInteger(value: BValue | undefined, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined;
}

/** Entries that are no number, out of range, or a second name for a number already given are dropped. */
function readMessages(value: BValue | undefined): Map<string, number> {
  const messages = new Map<string, number>();
  if (!(value instanceof Map)) return messages;
  const taken = new Set<number>();
  for (const [name, entry] of value) {
    const id = readInteger(entry, 0, 255);
    if (id === undefined || name.length > MAX_NAME_LENGTH || taken.has(id)) continue;
    if (messages.size === MAX_EXTENSIONS) break;
    if (id !== 0) taken.add(id);
    messages.set(name, id);
  }
  return messages;
}

/** Text a person may see: no control, bidi or zero-width characters, bounded. */
function cleanText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes.subarray(0, 4 * MAX_CLIENT_LENGTH)).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
  return [...text].slice(0, MAX_CLIENT_LENGTH).join('').trim();
}

export type MetadataMessage =
  | { type: 'request'; piece: number }
  /** `data` is a view of the payload. */
  | { type: 'data'; piece: number; totalSize: number; data: Uint8Array }
  | { type: 'reject'; piece: number };

const METADATA_TYPES = ['request', 'data', 'reject'] as const;

export function metadataPieceCount(totalSize: number): number {
  return Math.ceil(totalSize / METADATA_PIECE_LENGTH);
}

/** Bytes of metadata piece `piece`. */
export function metadataPieceLength(totalSize: number, piece: number): number {
  return Math.min(METADATA_PIECE_LENGTH, totalSize - piece * METADATA_PIECE_LENGTH);
}

/** Payload of a BEP 9 message, without the extended id. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const root = new Map<string, BValue>([
    ['msg_type', METADATA_TYPES.indexOf(message.type)],
    ['piece', message.piece],
  ]);
  if (message.type !== 'data') return encode(root);
  root.set('total_size', message.totalSize);
  const head = encode(root);
  const out = new Uint8Array(head.length + message.data.length);
  out.set(head);
  out.set(message.data, head.length);
  return out;
}

/**
 * Undefined for anything malformed or of a type nobody knows: BEP 9 wants it ignored, the caller counts it. A data
 * message is whole: its size fits its piece number and the total.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  let root: BValue;
  let end: number;
  try {
    ({ value: root, end } = decodePrefix(payload, LIMITS));
  } catch {
    return undefined;
  }
  if (!(root instanceof Map)) return undefined;
  const kind = readInteger(root.get('msg_type'), 0, METADATA_TYPES.length - 1);
  const piece = readInteger(root.get('piece'), 0, metadataPieceCount(MAX_METADATA_SIZE) - 1);
  if (kind === undefined || piece === undefined) return undefined;
  const type = METADATA_TYPES[kind]!;
  if (type !== 'data') return { type, piece };
  const totalSize = readInteger(root.get('total_size'), 1, MAX_METADATA_SIZE);
  const data = payload.subarray(end);
  if (totalSize === undefined || piece >= metadataPieceCount(totalSize)) return undefined;
  if (data.length !== metadataPieceLength(totalSize, piece)) return undefined;
  return { type, piece, totalSize, data };
}

/** Payload of the upload_only message (BEP 21): one byte. */
export function encodeUploadOnly(uploadOnly: boolean): Uint8Array {
  return Uint8Array.of(uploadOnly ? 1 : 0);
}

/** Undefined when the payload is not one byte: for the caller to ignore and count. */
export function decodeUploadOnly(payload: Uint8Array): boolean | undefined {
  return payload.length === 1 ? payload[0] !== 0 : undefined;
}

/** Payload of lt_donthave (BEP 54): the index of the piece. */
export function encodeDontHave(piece: number): Uint8Array {
  const out = new Uint8Array(4);
  writeUint32(out, 0, piece);
  return out;
}

/** The index, whatever it is. Throws ERR_WIRE `invalid_dont_have` when the payload is not four bytes. */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) throw violation('invalid_dont_have', `sent a lt_donthave of ${payload.length} bytes`);
  return readUint32(payload, 0);
}
