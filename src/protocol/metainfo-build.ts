// Writes torrents (BEP 3): the info dictionary of files that were hashed, and the .torrent around an info dictionary
// whose bytes are kept as they are. What is written here, metainfo.ts reads.

import { ShoalError } from '../base/errors.ts';
import { type Encodable, encode, Preencoded } from './bencode.ts';
import { MAX_PIECE_LENGTH, MAX_PIECES } from './metainfo.ts';

const MIN_PIECE_LENGTH = 16 * 1024;
const LARGEST_CHOSEN_PIECE = 16 * 1024 * 1024;

interface FileInput {
  path: readonly string[];
  length: number;
}

export interface InfoInput {
  /** Of the file, or of the folder that holds the files. */
  name: string;
  /** Bytes. */
  pieceLength: number;
  /** 20 bytes for each piece of all files in their order. */
  pieces: Uint8Array;
  private?: boolean;
  /** Files of a folder in stream order, with path components below `name`; or the length of the one file. */
  files: readonly FileInput[] | { length: number };
}

export interface TorrentInput {
  infoBytes: Uint8Array;
  /** Tiers of BEP 12; written outside `info`, so they do not change the info-hash. */
  announce?: readonly (readonly string[])[];
  comment?: string;
  createdBy?: string;
  /** Seconds since 1970. */
  creationDate?: number;
  /** More keys of the outermost dictionary; the keys above and `info` win. */
  extra?: { readonly [key: string]: Encodable };
}

/** The canonical info dictionary. Throws ERR_METAINFO for what no client could use, with the parser's reasons. */
export function buildInfo(input: InfoInput): Uint8Array {
  const { name, pieceLength, pieces, files } = input;
  if (name === '') throw refusal('missing_name', 'it has no name');
  if (!Number.isInteger(pieceLength) || pieceLength <= 0 || pieceLength > MAX_PIECE_LENGTH)
    throw refusal('bad_piece_length', `a piece length of ${pieceLength} is not a number from 1 to ${MAX_PIECE_LENGTH}`);
  const list = Array.isArray(files) ? (files as readonly FileInput[]) : undefined;
  let total = 0;
  for (const { length } of list ?? [files as { length: number }]) {
    if (!Number.isSafeInteger(length) || length < 0) throw refusal('bad_length', `${length} is no length of a file`);
    total += length;
  }
  if (list?.some(({ path }) => path.length === 0 || path.includes('')))
    throw refusal('bad_path', 'the path of a file is empty');
  if (total === 0) throw refusal('empty_torrent', 'it has no data: all its files are empty');
  const count = Math.ceil(total / pieceLength);
  if (count > MAX_PIECES) throw refusal('too_many_pieces', `${count} pieces are over ${MAX_PIECES}: use longer pieces`);
  if (pieces.length !== 20 * count)
    throw refusal('piece_count_mismatch', `${pieces.length} bytes of hashes do not fit ${count} pieces`);
  return encode({
    name,
    'piece length': pieceLength,
    pieces,
    private: input.private === true ? 1 : undefined,
    ...(list === undefined ? { length: total } : { files: list.map(({ path, length }) => ({ path, length })) }),
  });
}

/** A .torrent file around `infoBytes`, which are written untouched. */
export function encodeMetainfo(torrent: TorrentInput): Uint8Array {
  const tiers = (torrent.announce ?? []).filter((tier) => tier.length > 0);
  const several = tiers.length > 1 || (tiers[0]?.length ?? 0) > 1;
  return encode({
    ...torrent.extra,
    announce: tiers[0]?.[0],
    'announce-list': several ? tiers : undefined,
    comment: torrent.comment,
    'created by': torrent.createdBy,
    'creation date': torrent.creationDate,
    info: new Preencoded(torrent.infoBytes),
  });
}

/** Bytes: the power of two from 16 KiB to 16 MiB that cuts `totalLength` into 1,000 to 2,000 pieces, when one does. */
export function choosePieceLength(totalLength: number): number {
  let length = MIN_PIECE_LENGTH;
  while (length < LARGEST_CHOSEN_PIECE && totalLength / length > 2000) length *= 2;
  return length;
}

function refusal(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_METAINFO', `Cannot make this torrent: ${what} (${reason}).`, { reason });
}
