// What a .torrent says (BEP 3, 12, 27, 47; of a hybrid by BEP 52 its v1 half): parsed, bounded and with file names made
// safe. The info-hash is taken over the bytes of `info` as they came; nothing here re-encodes them.

import { toHex } from '../base/bytes.ts';
import { type Endpoint, parseAddress, parseHostPort } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import type { Sha1 } from '../base/ports.ts';
import { decodeUtf8 } from '../base/utf8.ts';
import { announceTiers, webSeeds } from './announce-list.ts';
import { asBytes, asDict, asInt, asList, asText, type BDict, decodeDocument } from './bencode.ts';
import { type MetainfoFile, type MetainfoSymlink, readFiles } from './metainfo-files.ts';
import { sanitizeName, windowsName } from './names.ts';

/** What is known of a torrent once its `info` is here. Byte arrays are views of the bytes that were parsed. */
export interface Metainfo {
  /** SHA-1 of `infoBytes`, 40 hexadecimal digits. */
  infoHash: string;
  /** The bencoded info dictionary as it came. */
  infoBytes: Uint8Array;
  /** Safe as a file name. Of a torrent with several files it is the folder; the info-hash when it said nothing usable. */
  name: string;
  /** Bytes. Any positive number up to 512 MiB: v1 does not ask for a power of two. */
  pieceLength: number;
  pieceCount: number;
  /** Bytes of all pieces, pad files included. */
  length: number;
  /** Bytes of all files, pad files left out. */
  size: number;
  /** SHA-1 of each piece, 20 bytes a piece. */
  pieces: Uint8Array;
  /** In the order of the stream, pad files included, symlinks left out. */
  files: MetainfoFile[];
  singleFile: boolean;
  /** BEP 27: peers from this torrent's trackers only. */
  private: boolean;
  /** Tiers of trackers (BEP 12), at most 256 addresses, http, https or udp. */
  announce: string[][];
  /** BEP 19 addresses, http or https. */
  webSeeds: string[];
  /** DHT nodes (BEP 5). The host may be a name. */
  nodes: Endpoint[];
  /** BEP 47 symbolic links, which are never created. */
  symlinks: MetainfoSymlink[];
  comment?: string;
  createdBy?: string;
  /** Seconds since 1970. */
  creationDate?: number;
  /** Names of what was accepted but altered or left out, each once: `path_sanitised`, `duplicate_path`, … */
  warnings: string[];
}

/** A .torrent file may be so long (bytes); callers check a file's size before they read it. */
export const MAX_TORRENT_BYTES = 10 * 1024 * 1024;
/** Pieces of one torrent. */
export const MAX_PIECES = 2_097_152;
export const MAX_PIECE_LENGTH = 512 * 1024 * 1024;
const MAX_TEXT_BYTES = 65536;

/** Parses a .torrent file. Throws ERR_BENCODE or ERR_METAINFO whose `reason` names the defect. */
export function parseMetainfo(bytes: Uint8Array, sha1: Sha1): Metainfo {
  const document = decodeDocument(bytes, { form: 'lenient', strictUnder: 'info', maxSize: MAX_TORRENT_BYTES });
  const root = asDict(document.value);
  if (root === undefined) throw defect('not_a_dict', 'it is no dictionary');
  const info = asDict(root.get('info'));
  if (info === undefined) throw defect('missing_info', 'it has no info dictionary');
  const [start, end] = document.spans.get('info')!;
  const warnings = new Set(document.defects.keys());
  const metainfo = readInfo(info, bytes.subarray(start, end), sha1, warnings);
  metainfo.announce = announceTiers(root, warnings);
  metainfo.webSeeds = webSeeds(root, warnings);
  metainfo.nodes = readNodes(root, warnings);
  const comment = readText(root, 'comment');
  if (comment !== undefined) metainfo.comment = comment;
  const createdBy = readText(root, 'created by');
  if (createdBy !== undefined) metainfo.createdBy = createdBy;
  const date = asInt(root.get('creation date'));
  // The year 9999 is the last that every program can show.
  if (date !== undefined && date >= 0 && date < 253_402_300_800) metainfo.creationDate = date;
  metainfo.warnings = [...warnings];
  return metainfo;
}

/** Parses a bare info dictionary, as peers send it (BEP 9); whoever calls has compared its hash. */
export function parseInfo(infoBytes: Uint8Array, sha1: Sha1, announce: string[][] = []): Metainfo {
  const document = decodeDocument(infoBytes, { maxSize: MAX_TORRENT_BYTES });
  const info = asDict(document.value);
  if (info === undefined) throw defect('not_a_dict', 'its info is no dictionary');
  const warnings = new Set(document.defects.keys());
  const metainfo = readInfo(info, infoBytes, sha1, warnings);
  metainfo.announce = announce;
  metainfo.warnings = [...warnings];
  return metainfo;
}

function defect(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_METAINFO', `Not a usable torrent: ${what} (${reason}).`, { reason });
}

function readInfo(info: BDict, raw: Uint8Array, sha1: Sha1, warnings: Set<string>): Metainfo {
  const infoBytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
  const version = info.get('meta version');
  if (typeof version === 'bigint' || (typeof version === 'number' && version > 2))
    throw defect('newer_version', `its meta version ${version} is newer than this program`);
  if ((version === 2 || info.has('file tree')) && !info.has('pieces'))
    throw defect('v2_only', 'it is a BitTorrent v2 torrent without a v1 half, which this program cannot fetch yet');
  const infoHash = toHex(sha1(infoBytes));
  const name = readName(info, infoHash, warnings);
  const pieceLength = asInt(info.get('piece length'));
  if (pieceLength === undefined || pieceLength <= 0 || pieceLength > MAX_PIECE_LENGTH)
    throw defect('bad_piece_length', `its piece length is not a number from 1 to ${MAX_PIECE_LENGTH}`);
  const { files, symlinks, singleFile, length, size } = readFiles(info, name, warnings);
  const pieceCount = Math.ceil(length / pieceLength);
  if (pieceCount > MAX_PIECES) throw defect('too_many_pieces', `it has ${pieceCount} pieces, over ${MAX_PIECES}`);
  if (size === 0) throw defect('empty_torrent', 'it has no data: all its files are empty');
  const pieces = asBytes(info.get('pieces'));
  if (pieces === undefined || pieces.length === 0) throw defect('missing_pieces', 'it has no piece hashes');
  if (pieces.length % 20 !== 0) throw defect('bad_pieces', 'its piece hashes are not 20 bytes each');
  if (pieces.length !== 20 * pieceCount)
    throw defect('piece_count_mismatch', `it has ${pieces.length / 20} hashes for ${pieceCount} pieces`);
  return {
    infoHash,
    infoBytes,
    name,
    pieceLength,
    pieceCount,
    length,
    size,
    pieces,
    files,
    singleFile,
    private: isPrivate(info),
    announce: [],
    webSeeds: [],
    nodes: [],
    symlinks,
    warnings: [],
  };
}

/** `name.utf-8` before `name`, the first that leaves something to show, else the info-hash. */
function readName(info: BDict, infoHash: string, warnings: Set<string>): string {
  const plain = asText(info.get('name'));
  const utf8 = asText(info.get('name.utf-8'));
  if (plain === undefined && utf8 === undefined) throw defect('missing_name', 'it has no name');
  for (const text of [utf8, plain]) {
    if (text === undefined) continue;
    const name = sanitizeName(text);
    if (name !== text) warnings.add('name_sanitised');
    if (name === '') continue;
    if (windowsName(name) !== name) warnings.add('not_on_windows');
    return name;
  }
  return infoHash;
}

/** Anything but zero counts, also a string: when in doubt a torrent stays private (BEP 27). */
function isPrivate(info: BDict): boolean {
  const value = info.get('private');
  if (value instanceof Uint8Array) return value.length > 0 && decodeUtf8(value.subarray(0, 8)) !== '0';
  return typeof value === 'bigint' || (typeof value === 'number' && value !== 0);
}

/** At most 64 KiB of text; the `.utf-8` variant of the key before the key. */
function readText(root: BDict, key: string): string | undefined {
  const bytes = asBytes(root.get(`${key}.utf-8`)) ?? asBytes(root.get(key));
  return bytes === undefined ? undefined : decodeUtf8(bytes.subarray(0, MAX_TEXT_BYTES));
}

/** `nodes` of BEP 5: [host, port] pairs; others are dropped. */
function readNodes(root: BDict, warnings: Set<string>): Endpoint[] {
  const nodes: Endpoint[] = [];
  const value = root.get('nodes');
  if (value === undefined) return nodes;
  for (const entry of asList(value)?.slice(0, 256) ?? [undefined]) {
    const pair = asList(entry);
    const host = asBytes(pair?.[0]);
    const port = asInt(pair?.[1]);
    const text = host === undefined || host.length > 253 ? '' : decodeUtf8(host);
    const usable = parseAddress(text) !== undefined || parseHostPort(`${text}:1`)?.host === text;
    if (usable && /^[\w.:-]+$/.test(text) && port !== undefined && port > 0 && port < 65536)
      nodes.push({ host: text, port });
    else warnings.add('node_dropped');
  }
  return nodes;
}
