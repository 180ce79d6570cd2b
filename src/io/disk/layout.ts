// Where the bytes of a torrent lie on disk: which file, at which position, under which name while incomplete. Pure
// arithmetic and names; it never touches the file system.

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Metainfo } from '../../protocol/metainfo.ts';

export interface PlacedFile {
  /** Index in `metainfo.files`. */
  index: number;
  /** For messages: the path below the torrent's root, joined by slashes. */
  label: string;
  length: number;
  /** In the concatenated stream. */
  offset: number;
  pad: boolean;
  /** Absolute path once complete; '' for pads. */
  path: string;
  /** Absolute path while incomplete; '' for pads. */
  partPath: string;
  firstPiece: number;
  /** Inclusive; smaller than `firstPiece` for an empty file. */
  lastPiece: number;
}

/** A stretch of one file. `start` counts from the beginning of the range asked for. */
export interface Segment {
  file: PlacedFile;
  position: number;
  start: number;
  length: number;
}

const NAME_LIMIT = 255;
const PART = '.part';

export class Layout {
  readonly root: string;
  readonly files: readonly PlacedFile[];
  readonly length: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly #hasPads: boolean;

  /** `paths`: for originals that lie anywhere, an absolute path for each file that is not a pad. */
  constructor(metainfo: Metainfo, root: string, paths?: readonly string[]) {
    this.root = root;
    this.length = metainfo.length;
    this.pieceLength = metainfo.pieceLength;
    this.pieceCount = metainfo.pieceCount;
    this.#hasPads = metainfo.files.some((file) => file.pad);
    this.files = placeFiles(metainfo, root, paths);
  }

  pieceSize(piece: number): number {
    return Math.min(this.pieceLength, this.length - piece * this.pieceLength);
  }

  /** Bytes of a piece that belong to real files. */
  contentSize(piece: number): number {
    if (!this.#hasPads) return this.pieceSize(piece);
    let bytes = 0;
    for (const segment of this.segments(piece * this.pieceLength, this.pieceSize(piece)))
      if (!segment.file.pad) bytes += segment.length;
    return bytes;
  }

  /** The files under a range of the stream, pads included, empty files never. The range must lie inside. */
  segments(offset: number, length: number): Segment[] {
    const segments: Segment[] = [];
    let index = this.#fileAt(offset);
    for (let done = 0; done < length; index++) {
      const file = this.files[index]!;
      const position = offset + done - file.offset;
      const step = Math.min(length - done, file.length - position);
      if (step <= 0) continue;
      segments.push({ file, position, start: done, length: step });
      done += step;
    }
    return segments;
  }

  /** Index of the first file that reaches beyond `offset`. */
  #fileAt(offset: number): number {
    let low = 0;
    let high = this.files.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const file = this.files[middle]!;
      if (file.offset + file.length > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function placeFiles(metainfo: Metainfo, root: string, paths: readonly string[] | undefined): PlacedFile[] {
  let real = 0;
  const placed = metainfo.files.map((file, index): PlacedFile => {
    let path = '';
    if (!file.pad) {
      path = paths?.[real] ?? (metainfo.singleFile ? root : join(root, ...file.path));
      real++;
    }
    return {
      index,
      label: file.path.join('/'),
      length: file.length,
      offset: file.offset,
      pad: file.pad,
      path,
      partPath: '',
      firstPiece: Math.floor(file.offset / metainfo.pieceLength),
      lastPiece: file.length === 0 ? -1 : Math.floor((file.offset + file.length - 1) / metainfo.pieceLength),
    };
  });
  const taken = takenNames(placed, root);
  for (const file of placed) if (!file.pad) file.partPath = partPath(file.path, taken);
  return placed;
}

/** What a temporary name must not be: any file or folder of the torrent, compared as a case-blind file system would. */
function takenNames(files: readonly PlacedFile[], root: string): Set<string> {
  const taken = new Set<string>();
  for (const file of files) {
    if (file.pad) continue;
    for (let path = file.path; path.length > root.length; path = dirname(path)) {
      const key = path.toLowerCase();
      if (taken.has(key)) break;
      taken.add(key);
    }
    taken.add(file.path.toLowerCase());
  }
  return taken;
}

/**
 * `NAME.part`; where that is too long for a file system or is the name of another file of the torrent, a shortened name
 * with a digest of the whole one, the same in every run.
 */
function partPath(path: string, taken: ReadonlySet<string>): string {
  const name = basename(path);
  const plain = `${path}${PART}`;
  if (Buffer.byteLength(name) + PART.length <= NAME_LIMIT && !taken.has(plain.toLowerCase())) return plain;
  for (let round = 0; ; round++) {
    const digest = createHash('sha1').update(`${round}:${name}`).digest('hex').slice(0, 8);
    const tail = `~${digest}${PART}`;
    const candidate = join(dirname(path), `${cutName(name, NAME_LIMIT - tail.length)}${tail}`);
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}

/** The longest prefix of whole characters that has at most `limit` bytes in UTF-8. */
function cutName(name: string, limit: number): string {
  let bytes = 0;
  let cut = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    cut += character;
  }
  return cut;
}
