// What is kept of each torrent between runs: its metadata and its resume record, in a folder named by the info-hash.
// Never overwrites what a newer version wrote; sets aside what is damaged instead of deleting it.

import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';
import { writeAtomically } from './atomic-file.ts';
import { decodeRecord, encodeRecord, RECORD_VERSION, type ResumeRecord, recordVersion } from './resume-record.ts';

export interface LoadedState {
  /** The bytes that were saved as the torrent's metadata. */
  torrent?: Uint8Array;
  record?: ResumeRecord;
  /** Where a damaged record was put; the data on disk is then checked in full. */
  setAside?: string;
}

const TORRENT = 'meta.torrent';
const RECORD = 'resume';
/** Far above any real one; a file larger than this is not ours. */
const MAX_FILE = 256 * 1024 * 1024;

export class ResumeStore {
  readonly #stateDir: string | null;
  /** Writes to one torrent's files happen one after the other. */
  readonly #tails = new Map<string, Promise<void>>();

  /** `null` keeps nothing: loads are empty, saves do nothing. */
  constructor(stateDir: string | null) {
    this.#stateDir = stateDir;
  }

  /** The torrent's own folder, also the place of its lock; undefined when nothing is kept. */
  folder(infoHash: string): string | undefined {
    return this.#stateDir === null ? undefined : join(this.#stateDir, 'torrents', infoHash);
  }

  /** Throws ERR_STATE when a newer version wrote the record. */
  async load(infoHash: string): Promise<LoadedState> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return {};
    const loaded: LoadedState = {};
    const torrent = await readIfThere(join(folder, TORRENT));
    if (torrent !== undefined) loaded.torrent = torrent;
    const path = join(folder, RECORD);
    const bytes = await readIfThere(path);
    if (bytes === undefined) return loaded;
    const decoded = decodeRecord(bytes);
    if (decoded.kind === 'newer') throw newerError(path, decoded.version);
    if (decoded.kind === 'record' && decoded.record.infoHash === infoHash) loaded.record = decoded.record;
    else {
      const aside = `${path}.damaged`;
      try {
        await rename(path, aside);
      } catch (error) {
        throw toDiskError(error, path, 'set aside the damaged record');
      }
      loaded.setAside = aside;
    }
    return loaded;
  }

  /** Keeps the metadata. It never changes under one info-hash, so the file is written once. */
  async saveTorrent(infoHash: string, torrent: Uint8Array): Promise<void> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return;
    await this.#inTurn(infoHash, async () => {
      const path = join(folder, TORRENT);
      const present = await readIfThere(path);
      if (present === undefined || Buffer.compare(present, torrent) !== 0) await writeState(path, torrent);
    });
  }

  /** Durable when it resolves. A failure (ERR_STATE) leaves the previous record as it was. */
  async save(record: ResumeRecord): Promise<void> {
    const folder = this.folder(record.infoHash);
    if (folder === undefined) return;
    await this.#inTurn(record.infoHash, async () => {
      const path = join(folder, RECORD);
      const version = await versionOnDisk(path);
      if (version !== undefined && version > RECORD_VERSION) throw newerError(path, version);
      await writeState(path, encodeRecord(record));
    });
  }

  /** Forgets the torrent. The downloaded data is not touched. */
  async remove(infoHash: string): Promise<void> {
    const folder = this.folder(infoHash);
    if (folder === undefined) return;
    await this.#inTurn(infoHash, async () => {
      await rm(join(folder, RECORD), { force: true });
      await rm(join(folder, TORRENT), { force: true });
    });
  }

  async #inTurn(infoHash: string, step: () => Promise<void>): Promise<void> {
    const before = this.#tails.get(infoHash) ?? Promise.resolve();
    const turn = before.then(step);
    const tail = turn.catch(() => undefined);
    this.#tails.set(infoHash, tail);
    try {
      await turn;
    } finally {
      if (this.#tails.get(infoHash) === tail) this.#tails.delete(infoHash);
    }
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    if ((await stat(path)).size > MAX_FILE)
      throw new ShoalError('ERR_STATE', `${path} is too large to be ours; move it away`);
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw stateError(error, path, 'read');
  }
}

async function versionOnDisk(path: string): Promise<number | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw stateError(error, path, 'read');
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return recordVersion(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

async function writeState(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeAtomically(path, bytes);
  } catch (error) {
    throw stateError(error, path, 'save');
  }
}

function stateError(error: unknown, path: string, doing: string): ShoalError {
  if (error instanceof ShoalError) return error;
  const reason = errnoOf(error);
  const { message } = toDiskError(error, path, doing);
  return new ShoalError('ERR_STATE', `${message} (choose another state directory with --state)`, {
    cause: error,
    ...(reason === undefined ? {} : { reason }),
  });
}

function newerError(path: string, version: number): ShoalError {
  return new ShoalError(
    'ERR_STATE',
    `${path} was written by a newer Shoal (format ${version}, this one reads up to ${RECORD_VERSION}); ` +
      'use that version, or another state directory with --state',
    { reason: 'newer_version' },
  );
}
