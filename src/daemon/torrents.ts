// All torrents of the daemon: the list and its order, who runs, and the commands that change them. Commands on one torrent
// come one after another; the queue is looked at again after each.

import { basename, dirname, join } from 'node:path';
import type { ChangeBody } from '../api/daemon-schemas.ts';
import { parseHostPort } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { HttpError } from '../http/problem.ts';
import { MAX_TRACKERS } from '../protocol/announce-list.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { readTrackers } from './add-torrent.ts';
import { deleteData } from './delete-data.ts';
import { changePriorities, type FileChoice } from './file-choice.ts';
import { choicesOf, type ListedFiles, MAX_LISTS } from './file-lists.ts';
import { type ManagedContext, ManagedTorrent } from './managed-torrent.ts';
import { fetchedBy } from './own-data.ts';
import { hasSeededEnough } from './queue.ts';
import { QueueRunner } from './queue-runner.ts';
import { relocate } from './relocate.ts';
import { piecesOf } from './torrent-details.ts';
import type { TorrentEntry } from './torrent-list.ts';
import { setTrackers } from './torrent-trackers.ts';

export type TorrentsOptions = Omit<ManagedContext, 'onChanged' | 'onToMove' | 'traffic'>;

const LOOK_EVERY = 1000;

export class Torrents {
  readonly #context: ManagedContext;
  readonly #limits: ManagedContext['limits'];
  readonly #runner: QueueRunner;
  /** Payload bytes since the daemon began, up to about a second ago. */
  readonly traffic = { downloaded: 0, uploaded: 0 };
  readonly #byHash = new Map<string, ManagedTorrent>();
  #order: ManagedTorrent[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TorrentsOptions) {
    this.#limits = options.limits;
    this.#runner = new QueueRunner({
      ordered: () => this.ordered(),
      limits: options.limits,
      onFailed: (error) => options.log.warn(String(error)),
    });
    this.#context = {
      ...options,
      traffic: this.traffic,
      onChanged: () => this.look(),
      onToMove: (torrent) => void this.#moveComplete(torrent),
    };
  }

  /** Takes up the list and begins to run what is to run. Throws ERR_STATE. */
  async load(): Promise<void> {
    const { list, log } = this.#context;
    for (const entry of await list.load((message) => log.warn(message)))
      this.#byHash.set(entry.infoHash, new ManagedTorrent(entry, this.#context));
    this.#order = undefined;
    this.#timer = setInterval(() => this.#tick(), LOOK_EVERY);
    this.look();
  }

  get size(): number {
    return this.#byHash.size;
  }

  find(infoHash: string): ManagedTorrent | undefined {
    return this.#byHash.get(infoHash);
  }

  /** In the order of the queue. */
  ordered(): readonly ManagedTorrent[] {
    this.#order ??= [...this.#byHash.values()].sort(
      (a, b) => a.entry.position - b.entry.position || a.entry.added - b.entry.added,
    );
    return this.#order;
  }

  /** Takes in a torrent that is not here yet; kept when this resolves. `torrent`: its .torrent, if it is known. */
  async add(entry: TorrentEntry, torrent: Uint8Array | undefined): Promise<ManagedTorrent> {
    if (this.#closed) throw new ShoalError('ERR_INTERRUPTED', 'the daemon is stopping', { reason: 'closed' });
    const present = this.#byHash.get(entry.infoHash);
    if (present !== undefined) return present;
    const managed = new ManagedTorrent(entry, this.#context);
    const isLast = entry.position >= this.lastPosition;
    this.#byHash.set(entry.infoHash, managed);
    if (isLast) this.#order?.push(managed);
    else this.#order = undefined;
    try {
      await managed.inTurn(async () => {
        if (torrent !== undefined) await this.#context.store.saveTorrent(entry.infoHash, torrent);
        await managed.save();
      });
    } catch (error) {
      this.#byHash.delete(entry.infoHash);
      this.#order = undefined;
      throw error;
    }
    managed.note('added', 'info', `added, to go to ${managed.path}`);
    this.look();
    return managed;
  }

  /** A place behind all others. */
  get lastPosition(): number {
    return (this.ordered().at(-1)?.entry.position ?? -1) + 1;
  }

  async pause(torrent: ManagedTorrent): Promise<void> {
    torrent.entry.wanted = 'pause';
    torrent.forgive();
    await torrent.stop();
    torrent.note('paused', 'info', 'paused');
    this.look();
  }

  async resume(torrent: ManagedTorrent): Promise<void> {
    // Who resumes what has reached its goal wants it to go on beyond that.
    if (torrent.entry.wanted === 'finished')
      torrent.entry.limits = { ...torrent.entry.limits, ratio: null, seedTime: null, idleTime: null };
    torrent.entry.wanted = 'run';
    torrent.forgive();
    await torrent.save();
    torrent.note('resumed', 'info', 'resumed');
    this.look();
  }

  /**
   * One that failed because something else is in its place, or its data gone, is added once more: it may overwrite now, or
   * go elsewhere (`isPlaced`) as long as nothing of it is here. Anything else changes nothing.
   */
  async tryAgain(torrent: ManagedTorrent, { overwrite, place }: TorrentEntry, isPlaced: boolean): Promise<void> {
    const { entry, error } = torrent;
    if (error?.code !== 'ERR_DESTINATION' && error?.code !== 'ERR_DISK_MISSING') return;
    const goes = isPlaced && entry.seen.have === 0;
    if (!overwrite && !goes) return;
    if (goes) entry.place = place;
    entry.overwrite = overwrite;
    entry.wanted = 'run';
    torrent.forgive();
    await torrent.save();
    this.look();
  }

  /** Hashes what is on disk anew; a paused one is checked when it is resumed. */
  async verify(torrent: ManagedTorrent): Promise<void> {
    await torrent.whileStopped(() => torrent.doubt());
  }

  async change(torrent: ManagedTorrent, change: ChangeBody): Promise<void> {
    const { entry } = torrent;
    if (change.labels !== undefined) entry.labels = [...new Set(change.labels)];
    if (change.limits !== undefined) {
      torrent.setLimits(change.limits);
      if (entry.wanted === 'finished' && !this.#isSatisfied(torrent)) entry.wanted = 'run';
    }
    if (change.onlyTrackers !== undefined) setTrackers(torrent, change.onlyTrackers);
    if (change.trackers !== undefined && change.trackers.length > 0) {
      const tiers = readTrackers(change.trackers);
      const known = new Set(entry.trackers.flat());
      entry.trackers.push(...tiers.filter(([url]) => !known.has(url!)).slice(0, MAX_TRACKERS - known.size));
      torrent.running?.announceTo(tiers);
    }
    if (change.sequential !== undefined) torrent.setSequential(change.sequential);
    for (const peer of change.peers ?? []) {
      const endpoint = parseHostPort(peer);
      if (endpoint !== undefined) torrent.running?.addPeer(endpoint);
    }
    if (change.position !== undefined) this.#place(torrent, change.position);
    await torrent.save();
    this.look();
  }

  /** Kept when this resolves. Throws ERR_USAGE for a file that is not there, 409 while the metadata is not here. */
  async chooseFiles(
    torrent: ManagedTorrent,
    choose: (metainfo: Metainfo, before: readonly number[] | undefined) => readonly FileChoice[],
  ): Promise<void> {
    const metainfo = await torrent.metainfo();
    if (metainfo === undefined)
      throw new HttpError(409, 'ERR_USAGE', 'the files are not known before the metadata is here', {
        reason: 'no_metadata',
      });
    const { states } = await piecesOf(torrent, this.#context.store);
    const before = torrent.entry.priorities;
    torrent.setFilePriorities(metainfo, changePriorities(metainfo, before, choose(metainfo, before)), states);
    // One that failed because its selection meant nothing has one now.
    if (torrent.error?.reason === 'no_file_chosen') torrent.forgive();
    await torrent.save();
    this.look();
  }

  /** The same in lists; while the metadata is not here they are kept for when it is. */
  async listFiles(torrent: ManagedTorrent, lists: readonly ListedFiles[]): Promise<void> {
    const { entry } = torrent;
    if ((await torrent.metainfo()) !== undefined || torrent.running?.metainfo !== undefined)
      return this.chooseFiles(torrent, (metainfo, before) => choicesOf(metainfo, before, lists));
    const listed = [...(entry.listed ?? []), ...lists];
    if (listed.length > MAX_LISTS)
      throw new ShoalError('ERR_USAGE', `too much was said of the files of ${entry.name} before they are known`, {
        reason: 'too_many_lists',
      });
    entry.listed = listed;
    await torrent.save();
  }

  /** Between its new neighbours, so that nobody else's place has to be saved. */
  #place(torrent: ManagedTorrent, index: number): void {
    const others = this.ordered().filter((each) => each !== torrent);
    const at = Math.min(index, others.length);
    const before = others[at - 1]?.entry.position;
    const after = others[at]?.entry.position;
    torrent.entry.position =
      before === undefined ? (after ?? 0) - 1 : after === undefined ? before + 1 : (before + after) / 2;
    this.#order = undefined;
  }

  /**
   * Takes it out of the list. `data`: deletes what it put on the disk; comes back with the files that could not be. `state`:
   * forgets what is known of its data as well.
   */
  async remove(torrent: ManagedTorrent, data: boolean, state = true): Promise<string[]> {
    const { entry, infoHash } = torrent;
    if (data && entry.originals !== undefined)
      throw new ShoalError(
        'ERR_NOT_ALLOWED',
        `${entry.name} is shared from where it lies and was not downloaded; its files are yours to delete`,
        { reason: 'shared_in_place' },
      );
    entry.wanted = 'pause';
    return torrent.whileStopped(async () => {
      const metainfo = await torrent.metainfo();
      const kept = data && metainfo !== undefined ? await this.#deleteData(torrent, metainfo) : [];
      await this.#context.list.remove(infoHash);
      if (state) await this.#context.store.remove(infoHash);
      this.#byHash.delete(infoHash);
      this.#order = undefined;
      this.#context.history.forget(infoHash);
      torrent.note('removed', 'info', data ? 'removed, with its data' : 'removed; its data stays');
      return kept;
    });
  }

  async #deleteData(torrent: ManagedTorrent, metainfo: Metainfo): Promise<string[]> {
    const path = torrent.placeOf(metainfo);
    const { record } = await this.#context.store.load(torrent.infoHash);
    return deleteData(metainfo, path, fetchedBy(record, path));
  }

  /**
   * Puts its data below another directory, under the name it has. It stops meanwhile; what had to be copied, because that is
   * on another file system, is hashed afterwards.
   */
  async move(torrent: ManagedTorrent, directory: string): Promise<void> {
    if (dirname(torrent.path) === directory) return;
    const place = (before: TorrentEntry['place']) =>
      'path' in before ? { path: join(directory, basename(before.path)) } : { directory };
    await relocate(torrent, this.#context, (from) => join(directory, basename(from)), place);
    torrent.note('moved', 'info', `moved to ${directory}`);
  }

  /** Gives its file or folder another name where it is; the same way. `name`: one component. */
  async rename(torrent: ManagedTorrent, name: string): Promise<void> {
    const path = join(dirname(torrent.path), name);
    if (torrent.path === path) return;
    await relocate(
      torrent,
      this.#context,
      () => path,
      () => ({ path }),
    );
    torrent.note('moved', 'info', `renamed to ${name}`);
  }

  /** What the settings said when it became complete; told, not thrown. */
  async #moveComplete(torrent: ManagedTorrent): Promise<void> {
    const { entry } = torrent;
    const directory = entry.moveTo;
    if (directory === undefined) return;
    try {
      await this.move(torrent, directory);
    } catch (error) {
      torrent.note('warning', 'warning', `not moved to ${directory}: ${(error as Error).message}`);
      this.look();
    }
    delete entry.moveTo;
    await torrent.save().catch((error) => this.#context.log.warn(String(error)));
  }

  /** The queue may have changed: soon starts and stops what that asks for. */
  look(): void {
    this.#runner.look();
  }

  #isSatisfied(torrent: ManagedTorrent): boolean {
    const { limits, uploaded, seeded, seen } = torrent.entry;
    const general = this.#limits();
    return hasSeededEnough(
      { uploaded, size: seen.wanted ?? seen.size, seeded: seeded / 1000, idle: torrent.idle },
      {
        ratio: limits.ratio === undefined ? general.ratio : limits.ratio,
        seedTime: limits.seedTime === undefined ? general.seedTime : limits.seedTime,
        idleTime: limits.idleTime === undefined ? general.idleTime : limits.idleTime,
      },
    );
  }

  #tick(): void {
    for (const torrent of this.#byHash.values()) {
      if (torrent.running === undefined || !torrent.tick()) continue;
      if (torrent.entry.wanted === 'run' && this.#isSatisfied(torrent) && torrent.state === 'seeding') {
        torrent.entry.wanted = 'finished';
        torrent.note('finished', 'info', 'it has given what it was to give, and stops seeding');
        void this.#runner.stop(torrent).then(() => this.look());
      }
    }
  }

  /** Stops all politely; what they were to do is kept. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#runner.close();
    clearInterval(this.#timer);
    await Promise.all(
      [...this.#byHash.values()].map(async (torrent) => {
        if (torrent.running === undefined && !torrent.isStarting) return;
        await torrent.stop().catch((error) => this.#context.log.warn(String(error)));
      }),
    );
  }
}
