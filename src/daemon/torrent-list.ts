// The daemon's own list of torrents: one checksummed file each, so that a change costs one small write however many there
// are, and damage costs one torrent its settings and none its data. Keeps; decides nothing.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachLimited } from '../io/disk/limit.ts';
import { stateError } from '../io/stores/state-error.ts';
import { areListedFiles, type ListedFiles } from './file-lists.ts';
import { readRecord, writeRecord } from './record-file.ts';

/** When it stops seeding; absent: as the daemon's settings say, null: never. Ratios of bytes, times in seconds. */
export interface SeedGoals {
  ratio?: number | null;
  seedTime?: number | null;
  idleTime?: number | null;
}

/** What is kept of one torrent. Times are epoch milliseconds unless a name says otherwise. */
export interface TorrentEntry {
  /** v1, 40 hex digits. */
  infoHash: string;
  name: string;
  added: number;
  /** How to find the metadata, while it is not here. */
  magnet?: string;
  /** The file or folder itself, or the folder that gets it under its own name; absolute. */
  place: { path: string } | { directory: string };
  /** Replace what lies at the destination and does not match; until it has been opened once. */
  overwrite: boolean;
  /** Files that are seeded where they lie: absolute path of each that is no pad, in order. `place.path` is their root. */
  originals?: string[];
  /** It is complete and is to be moved there; until it has been. */
  moveTo?: string;
  /** Tiers besides those in the metadata, or in place of them. */
  trackers: string[][];
  onlyTrackers?: boolean;
  /** What of it is wanted, as numbers and patterns, until the metadata says which files that is. */
  files?: (number | string)[];
  /** What is changed in that then. */
  listed?: ListedFiles[];
  /** What of it is wanted: a priority a file of the metadata, 0 (not at all) to 7. Absent: everything. */
  priorities?: readonly number[];
  sequential?: boolean;
  /** HOST:PORT of peers to try. */
  peers: string[];
  wanted: 'run' | 'pause' | 'finished';
  labels: string[];
  /** Bytes per second. */
  limits: { down?: number; up?: number } & SeedGoals;
  /** Order in the queue, any number; ties by `added`. */
  position: number;
  /** When everything was here first. */
  done: number | null;
  /** Over all runs: payload bytes, and milliseconds it has fetched and seeded. */
  downloaded: number;
  uploaded: number;
  fetched: number;
  seeded: number;
  /** As last seen, to be shown while it does not run. What is wanted is as in `TorrentStatus`; absent: all of it. */
  seen: {
    size: number;
    have: number;
    wanted?: number;
    pieceCount: number;
    piecesHave: number;
    piecesWanted?: number;
    private: boolean;
  };
}

const READS_AT_ONCE = 32;
const SUFFIX = '.torrent-entry';

export class TorrentList {
  readonly #folder: string;
  /** The write under way of each torrent, so that a later one never loses against an earlier. */
  readonly #writing = new Map<string, Promise<void>>();

  /** `folder` is made when needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All entries in the order of the queue. What is damaged is set aside and told. Throws ERR_STATE. */
  async load(onDamaged: (message: string) => void): Promise<TorrentEntry[]> {
    let names: string[];
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      names = await readdir(this.#folder);
    } catch (error) {
      throw stateError(error, this.#folder, 'read');
    }
    const entries: TorrentEntry[] = [];
    await forEachLimited(names, READS_AT_ONCE, async (name) => {
      const path = join(this.#folder, name);
      if (name.endsWith('.tmp')) await rm(path, { force: true });
      if (!name.endsWith(SUFFIX)) return;
      const value = await readRecord(path, onDamaged);
      if (value === undefined) return;
      if (isEntry(value) && name === value.infoHash + SUFFIX) entries.push(value);
      else onDamaged(`${path} is not an entry of the daemon's list and is left alone`);
    });
    return entries.sort((a, b) => a.position - b.position || a.added - b.added);
  }

  /** Keeps the entry as it is now; on disk when this resolves. Throws ERR_STATE. */
  async save(entry: TorrentEntry): Promise<void> {
    const copy = structuredClone(entry);
    await this.#after(entry.infoHash, () => writeRecord(this.#path(entry.infoHash), copy));
  }

  async remove(infoHash: string): Promise<void> {
    await this.#after(infoHash, async () => {
      try {
        await rm(this.#path(infoHash), { force: true });
      } catch (error) {
        throw stateError(error, this.#path(infoHash), 'remove');
      }
    });
  }

  async #after(infoHash: string, act: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(infoHash) ?? Promise.resolve();
    const work = before.catch(() => undefined).then(act);
    this.#writing.set(infoHash, work);
    try {
      await work;
    } finally {
      if (this.#writing.get(infoHash) === work) this.#writing.delete(infoHash);
    }
  }

  #path(infoHash: string): string {
    return join(this.#folder, infoHash + SUFFIX);
  }
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isGoal = (value: unknown): boolean => value === undefined || value === null || isNumber(value);

const isList = (value: unknown, test: (item: number) => boolean): boolean =>
  value === undefined || (Array.isArray(value) && value.every(test));

/** The checksum says that it is whole; this says that it is ours. */
function isEntry(value: unknown): value is TorrentEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof TorrentEntry, unknown>>;
  const { place, limits, seen } = entry as {
    place?: Record<string, unknown>;
    limits?: Record<string, unknown>;
    seen?: Record<string, unknown>;
  };
  return (
    /^[0-9a-f]{40}$/.test(String(entry.infoHash)) &&
    isText(entry.name) &&
    (isText(place?.path) || isText(place?.directory)) &&
    ['run', 'pause', 'finished'].includes(String(entry.wanted)) &&
    isTexts(entry.labels) &&
    isTexts(entry.peers) &&
    Array.isArray(entry.trackers) &&
    entry.trackers.every(isTexts) &&
    (entry.magnet === undefined || isText(entry.magnet)) &&
    (entry.originals === undefined || isTexts(entry.originals)) &&
    (entry.moveTo === undefined || isText(entry.moveTo)) &&
    isList(entry.files, (term) => isText(term) || isNumber(term)) &&
    (entry.listed === undefined || areListedFiles(entry.listed)) &&
    isList(entry.priorities, (priority) => Number.isInteger(priority) && 0 <= priority && priority <= 7) &&
    (entry.onlyTrackers === undefined || typeof entry.onlyTrackers === 'boolean') &&
    (entry.sequential === undefined || typeof entry.sequential === 'boolean') &&
    [seen?.wanted, seen?.piecesWanted].every((each) => each === undefined || isNumber(each)) &&
    typeof entry.overwrite === 'boolean' &&
    (entry.done === null || isNumber(entry.done)) &&
    Number.isFinite(entry.position) &&
    [entry.added, entry.downloaded, entry.uploaded, entry.fetched, entry.seeded].every(isNumber) &&
    limits !== undefined &&
    [limits.ratio, limits.seedTime, limits.idleTime, limits.down, limits.up].every(isGoal) &&
    [seen?.size, seen?.have, seen?.pieceCount, seen?.piecesHave].every(isNumber) &&
    typeof seen?.private === 'boolean'
  );
}
