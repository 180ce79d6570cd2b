// What is kept of each torrent between runs: its metadata and its journal, in a folder named by the info-hash. Never
// overwrites what a newer version wrote; sets aside what is damaged instead of deleting it.

import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { errnoOf } from '../disk/disk-error.ts';
import { type FilePool, processFiles } from '../disk/file-pool.ts';
import { ownFiles } from '../disk/limit.ts';
import { writeAtomically } from './atomic-file.ts';
import { Journal } from './journal.ts';
import { JOURNAL_VERSION, readJournal } from './journal-record.ts';
import { OLD_VERSION, readOldRecord } from './resume-upgrade.ts';
import { newerError, stateError } from './state-error.ts';
import { areSameAndComplete, type TorrentRecord } from './torrent-record.ts';

export interface LoadedState {
  /** The bytes that were saved as the torrent's metadata. */
  torrent?: Uint8Array;
  record?: TorrentRecord;
  /** What is there of a record is damaged, wholly or from some point on; opening a journal sets it aside. */
  damaged?: true;
  /** The record is of another form, or under another name, than that of a journal. */
  isOld?: true;
}

const TORRENT = 'meta.torrent';
const JOURNAL = 'journal';
/** How the record was kept before there was a journal. */
const OLD = 'resume';
/** Far above any real one; a file larger than this is not ours. */
const MAX_FILE = 256 * 1024 * 1024;

export class TorrentStore {
  readonly #stateDir: string | null;
  readonly #files: FilePool;

  /** `null` keeps nothing: loads are empty, there are no journals. */
  constructor(stateDir: string | null, files: FilePool = processFiles) {
    this.#stateDir = stateDir;
    this.#files = files;
  }

  /** The torrent's own folder, also the place of its lock; undefined when nothing is kept. */
  folder(infoHash: string): string | undefined {
    return this.#stateDir === null ? undefined : join(this.#stateDir, 'torrents', infoHash);
  }

  /** Changes nothing on disk. Throws ERR_STATE when a newer version wrote the record. */
  async load(infoHash: string): Promise<LoadedState> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return {};
    const torrent = await readIfThere(join(folder, TORRENT));
    const loaded: LoadedState = torrent === undefined ? {} : { torrent };
    const path = join(folder, JOURNAL);
    // Without links a run may end between giving the old journal its other name and naming the new one.
    let bytes = await readIfThere(path);
    if (bytes === undefined) {
      bytes = await readIfThere(`${path}.bak`);
      if (bytes !== undefined) loaded.isOld = true;
    }
    if (bytes === undefined) return this.#loadOld(infoHash, join(folder, OLD), loaded);
    const reading = readJournal(bytes);
    if (reading.kind === 'newer') throw newerError(path, reading.version, JOURNAL_VERSION);
    if (reading.kind === 'record' && reading.record.infoHash === infoHash) {
      loaded.record = reading.record;
      if (reading.torn) loaded.damaged = true;
    } else loaded.damaged = true;
    return loaded;
  }

  async #loadOld(infoHash: string, path: string, loaded: LoadedState): Promise<LoadedState> {
    const bytes = await readIfThere(path);
    if (bytes === undefined) return loaded;
    const reading = readOldRecord(bytes);
    if (reading.kind === 'newer') throw newerError(path, reading.version, OLD_VERSION);
    loaded.isOld = true;
    if (reading.kind === 'record' && reading.record.infoHash === infoHash) loaded.record = reading.record;
    return loaded;
  }

  /**
   * Keeps the metadata. It never changes under one info-hash, so the file is written once. `loaded`: what `load` found, where
   * nobody else can have changed it since.
   */
  async saveTorrent(infoHash: string, torrent: Uint8Array, loaded?: LoadedState): Promise<void> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return;
    const path = join(folder, TORRENT);
    const present = loaded?.torrent ?? (await readIfThere(path));
    if (present !== undefined && Buffer.compare(present, torrent) === 0) return;
    try {
      await writeAtomically(path, torrent);
    } catch (error) {
      throw stateError(error, path, 'save');
    }
  }

  /**
   * Begins a journal that says what `record` says, in place of the one there is. Only for who has the torrent's lock.
   * undefined when nothing is kept. One that says just that of a complete torrent is left as it is until there is something
   * new: thousands of seeds begin quickly so. `loaded`: what `load` found, where nobody else can have changed it since. Throws
   * ERR_STATE, and what was there stays as it is.
   */
  async openJournal(record: TorrentRecord, loaded?: LoadedState): Promise<Journal | undefined> {
    const folder = this.folder(record.infoHash);
    if (folder === undefined) return undefined;
    const { damaged, record: before, isOld } = loaded ?? (await this.load(record.infoHash));
    const path = join(folder, JOURNAL);
    const journal = new Journal(path, record, this.#files);
    if (before !== undefined && damaged !== true && isOld !== true && areSameAndComplete(before, record))
      journal.keep(before.clean);
    else await journal.rewrite(damaged === true);
    await this.#tidy(folder);
    return journal;
  }

  /**
   * Its files, whose root was `from`, were moved to `to`: what is known of each holds on where it kept its stamp. Nothing
   * changes when they were not known to be there. Only for who has the torrent's lock. Throws ERR_STATE.
   */
  async relocate(infoHash: string, from: string, to: string): Promise<void> {
    const { record } = await this.load(infoHash);
    if (record?.path !== from) return;
    const journal = await this.openJournal({ ...record, path: to });
    await journal?.close();
  }

  /** What earlier runs left behind: drafts they did not finish, and the record from before there was a journal. */
  async #tidy(folder: string): Promise<void> {
    try {
      for (const name of await readdir(folder)) {
        if (/^(journal|meta\.torrent|resume)\..*\.tmp$/.test(name)) await rm(join(folder, name), { force: true });
        if (name === OLD) await rename(join(folder, OLD), join(folder, `${OLD}.old`));
      }
    } catch {
      // They are in nobody's way.
    }
  }

  /** Forgets the torrent. The downloaded data is not touched. */
  async remove(infoHash: string): Promise<void> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return;
    for (const name of [JOURNAL, `${JOURNAL}.bak`, OLD, `${OLD}.old`, TORRENT])
      await rm(join(folder, name), { force: true });
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await ownFiles.run(async () => {
      if ((await stat(path)).size > MAX_FILE)
        throw new ShoalError('ERR_STATE', `${path} is too large to be ours; move it away`);
      return await readFile(path);
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw stateError(error, path, 'read');
  }
}
