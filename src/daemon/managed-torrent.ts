// One torrent of the daemon: what is kept of it, and the running torrent while it runs. Starts and stops it, counts over
// runs, tells how it stands. When it may run is decided elsewhere.

import { join } from 'node:path';
import type { TorrentLimits, TorrentRow, TorrentState } from '../api/daemon-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { checkFilePriorities, wantedParts } from '../engine/file-priorities.ts';
import type { Session } from '../engine/session.ts';
import { sha1 } from '../engine/torrent-source.ts';
import { PIECE, type Torrent, type TorrentEvent } from '../engine/types.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import { sanitizeName } from '../protocol/names.ts';
import type { Activity, ActivityLog } from './activity-log.ts';
import { openEntry } from './open-entry.ts';
import { isDownload } from './own-data.ts';
import type { QueueLimits, SeedLimits } from './queue.ts';
import type { RateHistory } from './rate-history.ts';
import type { TorrentEntry, TorrentList } from './torrent-list.ts';
import { describeTorrent, stateOf } from './torrent-row.ts';

export interface ManagedContext {
  readonly session: Session;
  readonly store: TorrentStore;
  readonly list: TorrentList;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: { warn(message: string): void };
  /** Payload bytes of all torrents since the daemon began; counted here. */
  readonly traffic: { downloaded: number; uploaded: number };
  readonly history: RateHistory;
  readonly activity: ActivityLog;
  /** Read again whenever it is needed. */
  readonly limits: () => QueueLimits & SeedLimits & { readonly moveTo: string | null };
  /** It is complete and has to be moved. */
  readonly onToMove: (torrent: ManagedTorrent) => void;
  /** It ended to run, or became complete: the queue has to be looked at. */
  readonly onChanged: () => void;
}

/** Milliseconds between saves of counters that grow: after bytes moved, and when only time passed. */
const SAVE_EVERY = 60_000;
const SAVE_TIME_EVERY = 4 * 3_600_000;
const NOT_RUNNING = -1;
/** Milliseconds between looks at a seed to which nobody is connected. */
const QUIET_LOOK = 10_000;

export class ManagedTorrent {
  readonly entry: TorrentEntry;
  readonly #context: ManagedContext;
  #torrent: Torrent | undefined;
  #starting = false;
  #error: ShoalError | undefined;
  /** Somebody wants another try after this run: its failure is told more than once and late, and counts no more. */
  #forgiven = false;
  /** Counters of earlier runs, while it runs. */
  #before = { downloaded: 0, uploaded: 0 };
  #tickedAt: number;
  #sentAt: number;
  #savedAt: number;
  #activeAt = 0;
  #nextLook = 0;
  #startedAt = 0;
  /** Calls of `stop` under way. */
  #leaving = 0;
  /** What is done to it while it must not run. */
  #holds = 0;
  /** The next start hashes what is on disk, whatever is known of it. */
  #doubted = false;
  /** As it was told last; undefined when anything of it may have changed since. */
  #row: { readonly row: TorrentRow; readonly stillness: number | undefined } | undefined;
  /** Of the running torrent, when it was looked at last. */
  #stillness: number | undefined;
  /** Commands one after another. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(entry: TorrentEntry, context: ManagedContext) {
    this.entry = entry;
    this.#context = context;
    this.#tickedAt = this.#sentAt = context.now();
    // Thousands that begin together are not all saved together.
    this.#savedAt = this.#tickedAt - Math.random() * SAVE_TIME_EVERY;
  }

  get infoHash(): string {
    return this.entry.infoHash;
  }

  /** The engine's torrent, while there is one. */
  get running(): Torrent | undefined {
    return this.#torrent;
  }

  get isStarting(): boolean {
    return this.#starting;
  }

  get error(): ShoalError | undefined {
    return this.#error;
  }

  get isComplete(): boolean {
    const { size, have, wanted = size } = this.entry.seen;
    return size > 0 && have === wanted;
  }

  /** Where its data is or will be. */
  get path(): string {
    return this.#torrent?.status.path ?? this.#place();
  }

  /** Where its data is by its metadata; a link may call it anything. */
  placeOf({ name }: Metainfo): string {
    const { place } = this.entry;
    return 'path' in place ? place.path : join(place.directory, name);
  }

  /** For display: the name may still be that of a link. */
  #place(): string {
    const { place, name, infoHash } = this.entry;
    return 'path' in place ? place.path : join(place.directory, sanitizeName(name) || infoHash);
  }

  /** When bytes of its content moved last, and when it began to run, in epoch milliseconds; 0: not since the daemon began. */
  get activeAt(): number {
    return this.#activeAt;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** Seconds without an upload while it runs. */
  get idle(): number {
    return (this.#context.now() - this.#sentAt) / 1000;
  }

  /** Runs `act` after all commands before it. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const work = this.#work.then(act);
    this.#work = work.catch(() => undefined);
    return work;
  }

  /** Nothing starts it at the moment, whatever the queue says. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Stops it for `act`, and lets nothing start it again before that has ended. */
  async whileStopped<T>(act: () => Promise<T>): Promise<T> {
    this.#holds++;
    try {
      await this.stop();
      return await this.inTurn(act);
    } finally {
      this.#holds--;
      this.#context.onChanged();
    }
  }

  /** Begins to run; resolves once the disk was checked. A failure is kept as its error and not thrown. */
  start(): Promise<void> {
    if (this.#torrent !== undefined || this.#starting || this.isHeld) return Promise.resolve();
    this.#starting = true;
    this.#row = undefined;
    this.#error = undefined;
    this.#forgiven = false;
    return this.inTurn(async () => {
      try {
        await this.#open();
      } catch (error) {
        this.#failed(error);
      } finally {
        this.#starting = false;
      }
    });
  }

  async #open(): Promise<void> {
    const { entry } = this;
    const { session } = this.#context;
    this.#before = { downloaded: entry.downloaded, uploaded: entry.uploaded };
    const opening = await openEntry(entry, this.#context, this.#doubted);
    const torrent = session.find(entry.infoHash);
    if (torrent !== undefined) {
      this.#torrent = torrent;
      this.#tickedAt = this.#sentAt = this.#startedAt = this.#context.now();
      torrent.setLimits(limitsOf(entry));
      void this.#follow(torrent);
      if (this.#leaving > 0) void torrent.stop();
    }
    await opening.work;
    this.#doubted = false;
    if (entry.overwrite) {
      entry.overwrite = false;
      await this.save();
    }
    this.#look();
  }

  #failed(thrown: unknown): void {
    const error =
      thrown instanceof ShoalError ? thrown : new ShoalError('ERR_INTERNAL', String(thrown), { cause: thrown });
    // Stopped while its disk was checked.
    if (error.code === 'ERR_INTERRUPTED' || this.#forgiven) return;
    // Its event and the end of its start tell the same.
    const isNews = this.#error?.message !== error.message;
    this.#error = error;
    this.#row = undefined;
    if (isNews) this.note('failed', 'error', error.message);
  }

  async #follow(torrent: Torrent): Promise<void> {
    for await (const event of torrent.events()) {
      if (this.#torrent !== torrent) return;
      await this.#told(event).catch((error) => this.#context.log.warn(String(error)));
    }
    if (this.#torrent !== torrent) return;
    this.#look();
    this.#torrent = undefined;
    this.#context.onChanged();
  }

  async #told(event: TorrentEvent): Promise<void> {
    const { entry } = this;
    switch (event.type) {
      case 'metadata':
        this.#look();
        if (entry.name === event.name) return;
        entry.name = event.name;
        await this.save();
        return;
      case 'checked':
        this.#look();
        if (entry.priorities !== undefined) await this.save();
        return;
      case 'done': {
        const isNews = entry.done === null || event.summary.downloaded > 0 || !this.isComplete;
        this.#look();
        if (entry.done === null) {
          entry.done = this.#context.now();
          this.note('complete', 'info', 'everything is here');
          const { moveTo } = this.#context.limits();
          // Kept with the rest, so that a kill before the move does not forget it.
          if (moveTo !== null && entry.originals === undefined) entry.moveTo = moveTo;
        }
        if (isNews) {
          await this.save();
          this.#context.onChanged();
        }
        if (entry.moveTo !== undefined) this.#context.onToMove(this);
        return;
      }
      case 'failed':
        this.#failed(event.error);
        return;
      case 'warning':
        this.note('warning', 'warning', event.message);
        return;
      case 'peerBanned':
        this.note('warning', 'warning', `${event.address} is banned: ${event.reason}`);
        return;
      default:
        return;
    }
  }

  /** Takes over what the running torrent says of itself. */
  #look(): void {
    const { entry } = this;
    const torrent = this.#torrent;
    if (torrent === undefined) return;
    const { status, metainfo, stillness } = torrent;
    this.#stillness = stillness;
    this.#row = undefined;
    const now = this.#context.now();
    const downloaded = this.#before.downloaded + status.downloaded;
    const uploaded = this.#before.uploaded + status.uploaded;
    if (uploaded > entry.uploaded) this.#sentAt = now;
    if (uploaded > entry.uploaded || downloaded > entry.downloaded) this.#activeAt = now;
    this.#context.traffic.downloaded += downloaded - entry.downloaded;
    this.#context.traffic.uploaded += uploaded - entry.uploaded;
    const moved = [downloaded - entry.downloaded, uploaded - entry.uploaded] as const;
    this.#context.history.add(entry.infoHash, ...moved, this.#tickedAt, now);
    entry.downloaded = downloaded;
    entry.uploaded = uploaded;
    if (status.state === 'seeding') entry.seeded += now - this.#tickedAt;
    else if (status.state === 'downloading' || status.state === 'metadata') entry.fetched += now - this.#tickedAt;
    this.#tickedAt = now;
    // Nothing is had before the check has ended, and what was had before is not forgotten for that.
    if (metainfo === undefined || status.state === 'checking' || status.state === 'metadata') return;
    const { filePriorities } = torrent;
    if (filePriorities !== undefined) {
      entry.priorities = filePriorities;
      delete entry.files;
      delete entry.listed;
    }
    entry.seen = {
      size: status.size,
      have: status.have,
      wanted: status.wanted,
      pieceCount: status.pieceCount,
      piecesHave: status.piecesHave,
      piecesWanted: status.piecesWanted,
      private: metainfo.private,
    };
  }

  /** Called about once a second while it runs. False when there was nothing to look at. */
  tick(): boolean {
    const now = this.#context.now();
    if (now < this.#nextLook) return false;
    const stillness = this.#torrent?.stillness;
    if (stillness !== undefined && stillness === this.#stillness) {
      this.entry.seeded += now - this.#tickedAt;
      this.#tickedAt = now;
    } else this.#look();
    this.#nextLook = stillness === undefined ? 0 : now + QUIET_LOOK;
    const every = this.#activeAt > this.#savedAt ? SAVE_EVERY : SAVE_TIME_EVERY;
    if (now - this.#savedAt >= every) {
      this.#savedAt = now;
      this.save().catch((error) => this.#context.log.warn(String(error)));
    }
    return true;
  }

  /** Leaves the swarm; afterwards it can be started again. */
  async stop(): Promise<void> {
    this.#leaving++;
    try {
      // What is being checked stops at once and need not end first.
      await this.#torrent?.stop();
      await this.inTurn(async () => {
        await this.#torrent?.stop();
        this.#look();
        this.#torrent = undefined;
      });
    } finally {
      this.#leaving--;
    }
    await this.save();
  }

  /** Forgets what is known of its data, so that the next start hashes all of it. Only while it is stopped. */
  async doubt(): Promise<void> {
    this.#doubted = true;
    this.#error = undefined;
    const { store } = this.#context;
    const { torrent, record } = await store.load(this.infoHash);
    if (this.entry.originals !== undefined || torrent === undefined) return;
    const metainfo = parseMetainfo(torrent, sha1);
    const isOurs = await isDownload(metainfo, this.placeOf(metainfo), record);
    await store.remove(this.infoHash);
    await store.saveTorrent(this.infoHash, torrent);
    // Damaged files of a download of ours are to be repaired.
    if (isOurs) this.entry.overwrite = true;
    await this.save();
  }

  /** A new try after a failure. */
  forgive(): void {
    this.#error = undefined;
    this.#forgiven = true;
    this.#row = undefined;
  }

  setLimits(limits: TorrentLimits): void {
    this.#row = undefined;
    this.entry.limits = { ...limits };
    this.#torrent?.setLimits(limitsOf(this.entry));
  }

  setSequential(sequential: boolean): void {
    this.#row = undefined;
    this.entry.sequential = sequential;
    this.#torrent?.setSequential(sequential);
  }

  /** A priority a file of the metadata, 0 to 7. Throws ERR_USAGE when something is none. Kept when `save` is called. */
  setFilePriorities(metainfo: Metainfo, priorities: readonly number[], states: Uint8Array): void {
    checkFilePriorities(priorities);
    const { entry } = this;
    delete entry.files;
    delete entry.listed;
    entry.priorities = priorities;
    Object.assign(
      entry.seen,
      wantedParts(metainfo, priorities, (piece) => states[piece] === PIECE.have),
    );
    this.#torrent?.setFilePriorities(priorities);
    this.#look();
  }

  save(): Promise<void> {
    this.#row = undefined;
    return this.#context.list.save(this.entry);
  }

  /** A line of the daemon's log. */
  note(kind: Activity['kind'], level: Activity['level'], text: string): void {
    const { infoHash, name } = this.entry;
    this.#context.activity.add({ kind, level, infoHash, name, text });
  }

  /** The metadata, from the running torrent or from disk. */
  async metainfo(): Promise<Metainfo | undefined> {
    const running = this.#torrent?.metainfo;
    if (running !== undefined) return running;
    const { torrent } = await this.#context.store.load(this.infoHash);
    return torrent === undefined ? undefined : parseMetainfo(torrent, sha1);
  }

  get state(): TorrentState {
    return stateOf(this.entry, this.#torrent?.status, this.#error);
  }

  /** How it stands now; the same object as before when nothing has changed. `position` among all. */
  row(position: number): TorrentRow {
    const kept = this.#row;
    const stillness = this.#torrent === undefined ? NOT_RUNNING : this.#torrent.stillness;
    if (kept !== undefined && kept.stillness === stillness && kept.row.position === position) return kept.row;
    const row = this.#describe(position);
    // Rates go down for some seconds after all is still.
    const isStill = stillness !== undefined && !this.#starting && row.down === 0 && row.up === 0;
    this.#row = isStill ? { row, stillness } : undefined;
    return row;
  }

  #describe(position: number): TorrentRow {
    const status = this.#torrent?.status;
    return describeTorrent({
      entry: this.entry,
      status,
      before: this.#before,
      path: status?.path ?? this.#place(),
      error: this.#error,
      position,
    });
  }
}

function limitsOf({ limits }: TorrentEntry): { down: number; up: number } {
  return { down: limits.down ?? 0, up: limits.up ?? 0 };
}
