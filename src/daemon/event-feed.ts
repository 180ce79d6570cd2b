// The stream by which pages and programs follow all torrents: one snapshot, then what changed, twice a second, all callers
// the same. Who was away for a while gets what it missed or a new snapshot; who does not read gets a new snapshot later and
// never makes the daemon keep more for it.

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { SessionReply, TorrentRow } from '../api/daemon-schemas.ts';
import type { ActivityLine } from '../api/history-schemas.ts';
import { HttpError } from '../http/problem.ts';

export interface FeedSource {
  rows(): TorrentRow[];
  /** `rows`: as just told. */
  session(rows: readonly TorrentRow[]): Promise<SessionReply>;
  /** Short lists that are told whole when they change. */
  lists?(): Readonly<Record<string, unknown>>;
  /** What happened: new lines are told as they come. */
  activity?: { readonly lastId: number; since(id: number, limit: number): ActivityLine[] };
}

const EVERY = 500;
const MAX_CLIENTS = 64;
/** Bytes a client may leave unread before it is given no more until it has read them. */
const MAX_UNREAD = 4 * 1024 * 1024;
/** Deltas kept for those who come back. */
const KEPT = 120;
const KEPT_BYTES = 8 * 1024 * 1024;
/** Every so many rounds a line goes out even when nothing changed, so that a dead connection is noticed. */
const BEAT = 30;
/** Lines of the log that are told at once. */
const LINES = 200;

type Row = TorrentRow & Record<string, unknown>;

interface Client {
  response: ServerResponse;
  /** It has missed something, or got nothing yet. */
  stale: boolean;
  /** It has its beginning. */
  ready: boolean;
}

export class EventFeed {
  readonly #source: FeedSource;
  /** Tells one run of the daemon from the next. */
  readonly #epoch = randomBytes(6).toString('hex');
  readonly #clients = new Set<Client>();
  #rows = new Map<string, Row>();
  /** The same, as they came. */
  #listed: readonly TorrentRow[] = [];
  #session: SessionReply | undefined;
  /** As JSON, by name. */
  #lists = new Map<string, string>();
  /** Of the newest line that was told. */
  #told: number;
  #revision = 0;
  #kept: { revision: number; text: string }[] = [];
  #keptBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #rounds = 0;
  /** The round under way. */
  #round: Promise<void> | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
    this.#told = source.activity?.lastId ?? 0;
  }

  /**
   * Takes over the response that `begin` gives and keeps it up to date until it is closed. `last`: the id of the last event
   * its caller saw. Throws 503, before anything has begun, when there are too many.
   */
  async add(begin: () => ServerResponse, last: string | undefined): Promise<void> {
    if (this.#clients.size >= MAX_CLIENTS)
      throw new HttpError(503, 'ERR_QUOTA', 'too many follow the events of this daemon', { reason: 'busy' });
    const response = begin();
    const client: Client = { response, stale: false, ready: false };
    this.#clients.add(client);
    response.once('close', () => this.#leave(client));
    response.on('error', () => this.#leave(client));
    await this.#look();
    const missed = this.#missedSince(last);
    if (missed === undefined) this.#snapshot(client);
    else for (const text of missed) response.write(text);
    client.ready = true;
    this.#timer ??= setInterval(() => void this.#look(), EVERY);
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What came after the event `last`; undefined when that is not known any more. */
  #missedSince(last: string | undefined): string[] | undefined {
    const [epoch, revision] = (last ?? '').split('-');
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(revision ?? '')) return undefined;
    const seen = Number(revision);
    if (seen > this.#revision) return undefined;
    if (seen < this.#revision && (this.#kept[0]?.revision ?? Infinity) > seen + 1) return undefined;
    return this.#kept.filter((each) => each.revision > seen).map(({ text }) => text);
  }

  #snapshot(client: Client): void {
    const { lists, activity } = this.#source;
    const lines = activity === undefined ? {} : { activity: activity.since(0, LINES) };
    const data = { torrents: [...this.#rows.values()], session: this.#session, ...lists?.(), ...lines };
    client.stale = false;
    client.response.write(this.#event('snapshot', this.#revision, data));
  }

  #event(name: string, revision: number, data: unknown): string {
    return `event: ${name}\nid: ${this.#epoch}-${revision}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /** Finds what changed and tells everybody. */
  #look(): Promise<void> {
    this.#round ??= this.#compareAndTell().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #compareAndTell(): Promise<void> {
    try {
      const rows = this.#source.rows();
      const session = await this.#source.session(rows);
      const delta = this.#compare(rows, session);
      this.#rounds++;
      if (delta === undefined) {
        if (this.#rounds % BEAT === 0) for (const { response } of this.#clients) response.write(':\n\n');
        return;
      }
      this.#revision++;
      const text = this.#event('delta', this.#revision, delta);
      this.#keep(text);
      for (const client of this.#clients) if (client.ready) this.#tell(client, text);
    } catch {
      // The next round tells it.
    }
  }

  #tell(client: Client, text: string): void {
    if (client.response.writableLength > MAX_UNREAD) client.stale = true;
    else if (client.stale) this.#snapshot(client);
    else client.response.write(text);
  }

  #keep(text: string): void {
    this.#kept.push({ revision: this.#revision, text });
    this.#keptBytes += text.length;
    while (this.#kept.length > KEPT || this.#keptBytes > KEPT_BYTES) this.#keptBytes -= this.#kept.shift()!.text.length;
  }

  #compare(rows: TorrentRow[], session: SessionReply): Record<string, unknown> | undefined {
    const { changed, removed } = this.#compareRows(rows);
    const before = JSON.stringify(this.#session);
    this.#session = session;
    const news = before === JSON.stringify(session) ? undefined : session;
    const lists = this.#changedLists();
    if (changed.length === 0 && removed.length === 0 && news === undefined && lists === undefined) return undefined;
    return { changed, removed, ...(news === undefined ? {} : { session: news }), ...lists };
  }

  #compareRows(rows: TorrentRow[]): { changed: Record<string, unknown>[]; removed: string[] } {
    const changed: Record<string, unknown>[] = [];
    // Rows of which nothing has changed are the same objects: of thousands of seeds nearly always all of them.
    const listed = this.#listed;
    this.#listed = rows;
    if (rows.length === listed.length && rows.every((row, at) => row === listed[at])) return { changed, removed: [] };
    const fresh = new Map<string, Row>();
    for (const row of rows as Row[]) {
      fresh.set(row.infoHash, row);
      const difference = differenceOf(this.#rows.get(row.infoHash), row);
      if (difference !== undefined) changed.push(difference);
    }
    const removed = [...this.#rows.keys()].filter((infoHash) => !fresh.has(infoHash));
    this.#rows = fresh;
    return { changed, removed };
  }

  #changedLists(): Record<string, unknown> | undefined {
    let changed: Record<string, unknown> | undefined;
    for (const [name, list] of Object.entries(this.#source.lists?.() ?? {})) {
      const text = JSON.stringify(list);
      if (this.#lists.get(name) === text) continue;
      this.#lists.set(name, text);
      changed ??= {};
      changed[name] = list;
    }
    const { activity } = this.#source;
    if (activity !== undefined && activity.lastId > this.#told) {
      changed ??= {};
      changed.activity = activity.since(this.#told, LINES);
      this.#told = activity.lastId;
    }
    return changed;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }
}

/** The info-hash and the members that differ; undefined when none does. */
function differenceOf(before: Row | undefined, after: Row): Record<string, unknown> | undefined {
  if (before === after) return undefined;
  if (before === undefined) return after;
  let difference: Record<string, unknown> | undefined;
  for (const key in after) {
    const [was, is] = [before[key], after[key]];
    if (was === is) continue;
    if (typeof is === 'object' && JSON.stringify(was) === JSON.stringify(is)) continue;
    difference ??= { infoHash: after.infoHash };
    difference[key] = is;
  }
  return difference;
}
