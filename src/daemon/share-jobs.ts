// What the daemon is asked to share: hashed one after another, put into the catalogs, and taken into the list of torrents,
// where it is seeded from where it lies. What was not done when the daemon ended is begun again when it starts.

import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import type { ShareRow } from '../api/share-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { requireFreeName } from '../engine/catalog-publish.ts';
import type { Session } from '../engine/session.ts';
import { publishCreated, untilAnnounced } from '../engine/sharing.ts';
import type { CreatedTorrent } from '../io/disk/create.ts';
import type { Identity } from '../io/identity.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import { catalogName } from '../protocol/names.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import type { Activity, ActivityLog } from './activity-log.ts';
import { type AddContext, describeAdded } from './add-torrent.ts';
import { keepOriginal } from './keep-original.ts';
import { readRecord, writeRecord } from './record-file.ts';
import { describeFailure } from './torrent-row.ts';
import type { Torrents } from './torrents.ts';
import { UPLOAD_PREFIX } from './upload-plan.ts';

export interface ShareContext extends AddContext {
  readonly session: Session;
  readonly torrents: Torrents;
  readonly store: TorrentStore;
  readonly identity: Identity;
  readonly activity: ActivityLog;
  /** Where what is not done is kept. */
  readonly file: string;
  readonly log: { warn(message: string): void };
}

export interface ShareRequest {
  /** Absolute, links resolved. */
  path: string;
  /** In the catalog; default the path's own name. */
  name: string | undefined;
  publish: boolean;
}

interface Job {
  readonly row: ShareRow;
  readonly request: ShareRequest;
  readonly ended: AbortController;
}

/** Kept on the list, those that are over included. */
const MAX_JOBS = 100;
/** Milliseconds for which a tracker that cannot be reached is tried: hashing may have taken hours. */
const PUBLISH_FOR = 5 * 60_000;

export class ShareJobs {
  readonly #context: ShareContext;
  readonly #jobs = new Map<string, Job>();
  /** Of the jobs before: one at a time has the disks and the hash threads. */
  #work: Promise<unknown> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(context: ShareContext) {
    this.#context = context;
  }

  /** Begins anew what an earlier run did not end. Throws ERR_STATE. */
  static async open(context: ShareContext): Promise<ShareJobs> {
    const jobs = new ShareJobs(context);
    const kept = await readRecord(context.file, (message) => context.log.warn(message));
    if (Array.isArray(kept)) for (const each of kept) if (isRequest(each)) jobs.#begin(each);
    return jobs;
  }

  get rows(): ShareRow[] {
    return [...this.#jobs.values()].map(({ row }) => row);
  }

  /** Throws ERR_NAME and ERR_QUOTA when `share` would. */
  check({ path, name, publish }: ShareRequest): void {
    if (publish) catalogName(name ?? basename(path));
    for (const [id, { row }] of this.#jobs) {
      if (this.#jobs.size < MAX_JOBS) break;
      if (isOver(row)) this.#jobs.delete(id);
    }
    if (this.#jobs.size >= MAX_JOBS)
      throw new ShoalError('ERR_QUOTA', 'too much waits to be shared already', { reason: 'too_many_shares' });
  }

  /** Kept when this resolves. Throws ERR_NAME, ERR_QUOTA and ERR_STATE. */
  async share(request: ShareRequest): Promise<ShareRow> {
    this.check(request);
    const row = this.#begin(request);
    await this.#save();
    return row;
  }

  /** Stops it, or takes it off the list. False when there is no such job. */
  async cancel(id: string): Promise<boolean> {
    const job = this.#jobs.get(id);
    if (job === undefined) return false;
    this.#jobs.delete(id);
    job.ended.abort(new ShoalError('ERR_INTERRUPTED', 'sharing was cancelled'));
    await this.#save();
    return true;
  }

  #begin(request: ShareRequest): ShareRow {
    const row: ShareRow = {
      id: randomBytes(16).toString('hex'),
      name: (request.name ?? basename(request.path)).normalize('NFC'),
      path: request.path,
      state: 'waiting',
      hashed: 0,
      size: 0,
      started: this.#context.now(),
      infoHash: null,
      magnet: null,
      version: null,
      leftOut: 0,
      warnings: [],
      error: null,
    };
    const job: Job = { row, request, ended: new AbortController() };
    this.#jobs.set(row.id, job);
    this.#work = this.#work.then(() => this.#run(job));
    return row;
  }

  async #run(job: Job): Promise<void> {
    const { row, ended } = job;
    if (ended.signal.aborted || this.#closed) return;
    try {
      await this.#steps(job);
      row.state = 'done';
      this.#note(row, 'info', `shared as ${row.name}`);
    } catch (error) {
      // Begun again with the next start, or nobody asks for it any more.
      if (ended.signal.aborted) return;
      row.state = 'failed';
      row.error = describeFailure(
        error instanceof ShoalError ? error : new ShoalError('ERR_INTERNAL', String(error), { cause: error }),
      );
      this.#note(row, 'error', `not shared: ${row.error?.message ?? ''}`);
    }
    await this.#save().catch((error) => this.#context.log.warn(String(error)));
  }

  #note({ infoHash, name }: ShareRow, level: Activity['level'], text: string): void {
    this.#context.activity.add({ kind: level === 'error' ? 'failed' : 'shared', level, infoHash, name, text });
  }

  async #steps({ row, request, ended: { signal } }: Job): Promise<void> {
    const { session, trackers, pins, identity } = this.#context;
    row.state = 'hashing';
    const asking = { trackers, identity, pins, signal };
    // Before hours of hashing. One that cannot be reached now is asked again afterwards.
    if (request.publish) await requireFreeName({ ...asking, name: row.name, retryFor: 0 });
    const created = await session.hash({
      paths: [request.path],
      exclude: [`${UPLOAD_PREFIX}*`],
      signal,
      onProgress: ({ hashed, size }) => {
        row.hashed = hashed;
        row.size = size;
      },
    });
    const { infoHash, name, size } = created.metainfo;
    row.infoHash = infoHash;
    row.leftOut = created.skipped.length;
    row.state = 'publishing';
    const tiers: string[][] = [];
    if (request.publish) {
      const { published } = await publishCreated(created, { ...asking, name: row.name, retryFor: PUBLISH_FOR });
      row.warnings.push(...published.warnings);
      row.version = published.entry.seq;
      row.magnet = published.magnet;
      tiers.push(...published.trackers);
    } else {
      tiers.push(...trackers.map((url) => [announceUrlOf(url)]));
      row.magnet = formatMagnet({ infoHash, name, length: size, trackers: tiers.flat() });
    }
    signal.throwIfAborted();
    await this.#seed(created, tiers.flat(), row);
  }

  async #seed(created: CreatedTorrent, trackers: string[], row: ShareRow): Promise<void> {
    const { torrents, store } = this.#context;
    const { infoHash, infoBytes } = created.metainfo;
    const present = torrents.find(infoHash);
    if (present === undefined) {
      const bytes = encodeMetainfo({ infoBytes });
      await keepOriginal(store, bytes, created.record);
      const body = {
        torrent: Buffer.from(bytes).toString('base64'),
        path: created.root,
        originals: created.paths,
        trackers,
      };
      // The path was allowed when the share was asked for.
      const place = { position: torrents.lastPosition, run: true };
      const { entry, torrent } = await describeAdded(body, this.#context, { owner: true }, place);
      const managed = await torrents.add({ ...entry, done: this.#context.now() }, torrent);
      await managed.start();
    } else {
      await torrents.change(present, { trackers });
      present.running?.announceTo(trackers.map((url) => [url]));
      if (present.entry.wanted !== 'run' || present.error !== undefined) await torrents.resume(present);
    }
    // It may have to wait for its turn in the queue.
    const running = torrents.find(infoHash)?.running;
    const warning = running === undefined || trackers.length === 0 ? undefined : await untilAnnounced(running);
    if (warning !== undefined) row.warnings.push(warning);
  }

  #save(): Promise<void> {
    const open = [...this.#jobs.values()].filter(({ row }) => !isOver(row)).map(({ request }) => request);
    this.#saving = this.#saving.catch(() => undefined).then(() => writeRecord(this.#context.file, open));
    return this.#saving;
  }

  /** Stops what is under way; the next start begins it again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { row, ended } of this.#jobs.values())
      if (!isOver(row)) ended.abort(new ShoalError('ERR_INTERRUPTED', 'the daemon is stopping'));
    await this.#work;
    await this.#saving.catch(() => undefined);
  }
}

function isOver({ state }: ShareRow): boolean {
  return state === 'done' || state === 'failed';
}

function isRequest(value: unknown): value is ShareRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { path, name, publish } = value as Partial<Record<keyof ShareRequest, unknown>>;
  return typeof path === 'string' && (name === undefined || typeof name === 'string') && typeof publish === 'boolean';
}
