// What is at the place a torrent goes to, and may we use it: fresh, ours and resumable, complete, or somebody else's. The
// inspection changes nothing on disk; only `prepareDestination` does, and it never removes or cuts a byte.

import type { BigIntStats } from 'node:fs';
import { constants, copyFile, lstat, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Bitfield } from '../../base/bitfield.ts';
import { ShoalError } from '../../base/errors.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import type { TorrentRecord } from '../stores/torrent-record.ts';
import { type CheckOptions, hashFound, matchedBytes } from './check.ts';
import { diskError, errnoOf, toDiskError } from './disk-error.ts';
import { type FileStamp, sameStamp, toStamp } from './file-stamp.ts';
import { requireSpace } from './free-space.ts';
import type { HashPool } from './hash-pool.ts';
import type { Layout, PlacedFile } from './layout.ts';
import { forEachLimited } from './limit.ts';
import { FolderTree, moveWithoutReplacing } from './safe-path.ts';

const STATS_AT_ONCE = 16;

/** One real file of the torrent as it was found. */
export interface FileState {
  place: PlacedFile;
  /** Under which name its bytes are, or will be written. */
  location: 'part' | 'final';
  /** undefined: not there. */
  stamp: FileStamp | undefined;
  /** When its inode last changed, names included, in nanoseconds since 1970: nobody but the system can set that. */
  changedAt: bigint;
  /** Bytes that take up space already. */
  allocated: number;
  hardLinks: number;
  /** The file has its temporary name besides the final one. */
  secondName: boolean;
  /** Something else has the final name, and the user agreed to have it replaced when this file is complete. */
  replace: boolean;
}

export interface DestinationOptions extends CheckOptions {
  metainfo: Metainfo;
  layout: Layout;
  pool: HashPool;
  /** An original that is seeded in place: anything may be missing, nothing is written. */
  readOnly: boolean;
  overwrite: boolean;
  resume: TorrentRecord | undefined;
  singleFile: boolean;
}

export interface Destination {
  /** By index in `metainfo.files`; undefined for pads. */
  files: (FileState | undefined)[];
  have: Bitfield;
  /** Of pieces that are not had, blocks that lie there unverified, in files that nobody has touched since: see TorrentRecord. */
  partials: ReadonlyMap<number, Uint8Array>;
  /** What is there, or will be, is a download of ours. */
  ours: boolean;
}

/** What stands at `path`: its stat, or undefined for nothing. Throws when it is no regular file. */
async function look(path: string, follow: boolean): Promise<BigIntStats | undefined> {
  let found: BigIntStats;
  try {
    found = await (follow ? stat(path, { bigint: true }) : lstat(path, { bigint: true }));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return undefined;
    throw toDiskError(error, path, 'look at');
  }
  if (found.isFile()) return found;
  let kind = 'something that is no file';
  if (found.isDirectory()) kind = 'a directory';
  else if (found.isSymbolicLink()) kind = 'a symbolic link';
  else if (found.isFIFO()) kind = 'a FIFO';
  else if (found.isSocket()) kind = 'a socket';
  else if (found.isCharacterDevice() || found.isBlockDevice()) kind = 'a device';
  throw new ShoalError(
    'ERR_DESTINATION',
    `${kind} is where the file ${path} should be; move it away or choose another place with -o`,
  );
}

/** Says what is there and which pieces of it are good. Throws when the place cannot be used. */
export async function inspectDestination(options: DestinationOptions): Promise<Destination> {
  const { layout, readOnly } = options;
  const files: (FileState | undefined)[] = new Array(layout.files.length);
  const tree = new FolderTree(layout.root);
  const inTheWay: string[] = [];
  await forEachLimited(layout.files, STATS_AT_ONCE, async (place) => {
    if (place.pad) return;
    if (readOnly) {
      files[place.index] = await inspectOriginal(place);
      return;
    }
    files[place.index] = await inspectFile(place, tree, options.singleFile, inTheWay);
  });
  refuseMissing(options, files);
  const have = await checkFound(options, files);
  return {
    files,
    have,
    partials: findPartials(options, files, have),
    ours: !readOnly && decide(options, files, have, inTheWay),
  };
}

function findPartials(
  options: DestinationOptions,
  files: readonly (FileState | undefined)[],
  have: Bitfield,
): Map<number, Uint8Array> {
  const { layout } = options;
  const record = matchingRecord(options);
  const partials = new Map<number, Uint8Array>();
  for (const [piece, blocks] of record?.partials ?? []) {
    const segments = layout.segments(piece * layout.pieceLength, layout.pieceSize(piece));
    const untouched = segments.every(
      ({ file }) => file.pad || sameStamp(files[file.index]?.stamp, record!.files[file.index]),
    );
    if (untouched && !have.has(piece)) partials.set(piece, blocks);
  }
  return partials;
}

/**
 * A file that was there with good pieces in it and is gone: a disk that is not mounted, most likely. To begin again from
 * nothing is for the user to say. Throws ERR_DISK_MISSING.
 */
function refuseMissing(options: DestinationOptions, files: readonly (FileState | undefined)[]): void {
  const record = options.readOnly || options.overwrite ? undefined : matchingRecord(options);
  if (record === undefined) return;
  const missing = files.flatMap((state) => (state?.stamp === undefined && hadPieces(record, state) ? [state] : []));
  const [first] = missing;
  if (first === undefined) return;
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  throw new ShoalError(
    'ERR_DISK_MISSING',
    `${first.place.path}${others}, of which pieces were here already, cannot be found any more; is its disk mounted? Put ` +
      'back what is missing, or use --overwrite to fetch it again',
    { reason: 'missing_files' },
  );
}

function hadPieces(record: TorrentRecord, state: FileState | undefined): state is FileState {
  if (state === undefined || state.place.length === 0) return false;
  const { firstPiece, lastPiece } = state.place;
  for (let piece = firstPiece; piece <= lastPiece; piece++) if (record.have.has(piece)) return true;
  return false;
}

async function inspectOriginal(place: PlacedFile): Promise<FileState> {
  const found = await look(place.path, true);
  return {
    place,
    location: 'final',
    stamp: found === undefined ? undefined : toStamp(found),
    changedAt: found?.ctimeNs ?? 0n,
    allocated: 0,
    hardLinks: 1,
    secondName: false,
    replace: false,
  };
}

async function inspectFile(
  place: PlacedFile,
  tree: FolderTree,
  singleFile: boolean,
  inTheWay: string[],
): Promise<FileState> {
  const state: FileState = {
    place,
    location: 'part',
    stamp: undefined,
    changedAt: 0n,
    allocated: 0,
    hardLinks: 1,
    secondName: false,
    replace: false,
  };
  if (!singleFile && !(await tree.inspect(dirname(place.path)))) return state;
  const final = await look(place.path, false);
  const part = await look(place.partPath, false);
  if (final !== undefined && part !== undefined) {
    if (final.ino === part.ino && final.dev === part.dev) {
      // A run ended between giving the file its final name and taking away the other.
      state.secondName = true;
    } else {
      inTheWay.push(place.path);
      state.replace = true;
    }
  }
  const used = state.replace ? part : (final ?? part);
  if (used === undefined) return state;
  state.location = used === final ? 'final' : 'part';
  state.stamp = toStamp(used);
  state.changedAt = used.ctimeNs;
  state.allocated = Math.min(place.length, Number(used.blocks) * 512);
  state.hardLinks = Number(used.nlink);
  return state;
}

/** Trusts what the record vouches for and hashes the rest. */
async function checkFound(options: DestinationOptions, files: (FileState | undefined)[]): Promise<Bitfield> {
  const { metainfo, layout, pool } = options;
  const record = matchingRecord(options);
  const doubtful = new Bitfield(layout.pieceCount);
  for (const piece of record?.begun ?? []) doubtful.add(piece);
  let anything = false;
  for (const state of files) {
    if (state === undefined) continue;
    if (state.stamp !== undefined) anything = true;
    if (record !== undefined && vouches(record, state)) continue;
    for (let piece = state.place.firstPiece; piece <= state.place.lastPiece; piece++) doubtful.add(piece);
  }
  if (!anything) return new Bitfield(layout.pieceCount);
  const found = files.map((state) =>
    state?.stamp === undefined
      ? undefined
      : { path: state.location === 'part' ? state.place.partPath : state.place.path, size: state.stamp.size },
  );
  const failures = new Map<number, string>();
  const have = await hashFound(metainfo, layout, found, pool, {
    wanted: (piece) => record === undefined || doubtful.has(piece),
    failures,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for (const [index, errno] of failures)
    if (errno !== 'ESHORT' && errno !== 'ENOENT') throw diskError(errno, found[index]?.path ?? layout.root, 'read');
  if (record !== undefined)
    for (let piece = 0; piece < layout.pieceCount; piece++)
      if (!doubtful.has(piece) && record.have.has(piece)) have.add(piece);
  return have;
}

/** Our own writing after a record was made may go on for so long before the next one tells of it. */
const WRITING_AFTER_NS = 5_000_000_000n;

/**
 * Whether what the record says of the file's pieces holds: it is as it was last seen, or all that has happened to it is our
 * own writing of pieces that are hashed anyway. A run that ended in order has written nothing more.
 */
function vouches(record: TorrentRecord, { place, stamp }: FileState): boolean {
  const known = record.files[place.index];
  if (sameStamp(stamp, known)) return true;
  if (record.clean || stamp === undefined || known === undefined || stamp.ino !== known.ino) return false;
  if (stamp.size < known.size || stamp.mtimeNs > BigInt(Math.trunc(record.at)) * 1_000_000n + WRITING_AFTER_NS)
    return false;
  for (const piece of record.begun) if (piece >= place.firstPiece && piece <= place.lastPiece) return true;
  return false;
}

/** After a record was made, files may get their final names for so long before the next one tells of them. */
const NAMING_AFTER_NS = 15_000_000_000n;

/**
 * A file that is whole has its final name at once, and the journal tells of it with the next batch. When the power goes
 * between the two, the file is there, but its neighbours may have lost their part of the pieces they share, so nothing of
 * it passes. Whoever puts something else in its place does that later.
 */
function isNamedSince(record: TorrentRecord, { place, stamp, changedAt }: FileState): boolean {
  if (record.clean || record.files[place.index] !== undefined || stamp?.size !== place.length) return false;
  return changedAt <= BigInt(Math.trunc(record.at)) * 1_000_000n + NAMING_AFTER_NS;
}

function matchingRecord(options: DestinationOptions): TorrentRecord | undefined {
  const { resume, metainfo, layout, readOnly } = options;
  if (resume === undefined || resume.infoHash !== metainfo.infoHash) return undefined;
  if (!readOnly && resume.path !== layout.root) return undefined;
  if (resume.have.size !== layout.pieceCount || resume.files.length !== layout.files.length) return undefined;
  return resume;
}

/** True when every piece of the file passed and its size is right. */
export function isComplete(state: FileState, have: Bitfield): boolean {
  if (state.stamp?.size !== state.place.length) return false;
  for (let piece = state.place.firstPiece; piece <= state.place.lastPiece; piece++) if (!have.has(piece)) return false;
  return true;
}

/** Whether this is our download. Throws when going on would change data that is not, unless the user said so. */
function decide(
  options: DestinationOptions,
  files: readonly (FileState | undefined)[],
  have: Bitfield,
  inTheWay: readonly string[],
): boolean {
  const { layout, overwrite } = options;
  if (overwrite) return true;
  if (inTheWay.length > 0)
    throw new ShoalError(
      'ERR_DESTINATION',
      `${inTheWay[0]} appeared beside its own unfinished download; move it away, or use --overwrite to have it replaced`,
    );
  const record = matchingRecord(options);
  const recorded = record?.ours === true;
  const matched = matchedBytes(layout, have);
  const present = files.filter((state) => state?.stamp !== undefined) as FileState[];
  const partsAreOurs =
    recorded || present.some((state) => state.location === 'part' && matched[state.place.index]! > 0);
  const foreign = present.find((state) => {
    if (isComplete(state, have)) return false;
    if (state.location === 'part') return !partsAreOurs && state.stamp!.size > 0;
    // With some good pieces, or still the file we left: ours, damaged. Without: somebody else's in its place.
    if (!recorded) return true;
    const left = record.files[state.place.index]?.ino === state.stamp!.ino || isNamedSince(record, state);
    return matched[state.place.index] === 0 && !left;
  });
  if (foreign === undefined)
    return (
      recorded || files.some((state) => state !== undefined && (state.location === 'part' || !isComplete(state, have)))
    );
  const total = matched.reduce((sum, bytes) => sum + bytes, 0);
  const size = layout.files.reduce((sum, file) => sum + (file.pad ? 0 : file.length), 0);
  const percent = size === 0 ? 0 : Math.floor((total / size) * 1000) / 10;
  const name = foreign.location === 'part' ? foreign.place.partPath : foreign.place.path;
  const longer = total === size ? `, but ${name} is longer than it should be` : '';
  throw new ShoalError(
    'ERR_DESTINATION',
    `${name} exists and is not this download: ${percent} % (${total} of ${size} bytes) of ${layout.root} match${longer}; ` +
      'use --overwrite to keep what matches and replace the rest, or -o to choose another place',
    { reason: 'foreign_data' },
  );
}

/** Makes folders, checks the space, and gives incomplete files their temporary name. */
export async function prepareDestination(options: DestinationOptions, destination: Destination): Promise<void> {
  const { layout } = options;
  const { files, have } = destination;
  for (const state of files) {
    if (state?.secondName !== true) continue;
    await unlink(state.place.partPath).catch((error) => {
      throw toDiskError(error, state.place.partPath, 'remove');
    });
    state.hardLinks--;
  }
  const incomplete = files.filter((state) => state !== undefined && !isComplete(state, have)) as FileState[];
  if (incomplete.length === 0) return;
  let needed = 0;
  for (const state of incomplete) needed += state.place.length - state.allocated;
  await requireSpace(options.singleFile ? dirname(layout.root) : layout.root, needed);
  const tree = new FolderTree(options.singleFile ? dirname(layout.root) : layout.root);
  for (const state of incomplete) {
    const { path, partPath } = state.place;
    await tree.make(dirname(path));
    if (state.location === 'part') continue;
    try {
      if (state.hardLinks > 1) {
        // The same bytes have another name somewhere: that one must not change with ours.
        await copyFile(path, partPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        await unlink(path);
      } else await moveWithoutReplacing(path, partPath);
    } catch (error) {
      throw toDiskError(error, path, `rename to ${describeName(partPath)}`);
    }
    state.location = 'part';
  }
}

function describeName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
