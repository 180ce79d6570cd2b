// Announces one torrent: runs the announce schedule on real time and real trackers, and tells what they said. The
// schedule decides; this file only carries out, and reports peers and failures.

import type { Endpoint } from '../../base/endpoint.ts';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { type AnnounceEvent, type AnnounceReply, announceUrlOf } from '../../protocol/tracker/http.ts';
import { type AnnounceCommand, AnnounceSchedule, type ScheduleEvent } from '../../swarm/announce-schedule.ts';
import type { TrackerStatus } from '../types.ts';
import { TrackerClient } from './tracker-client.ts';

export interface AnnounceStats {
  /** Payload bytes since `start`. */
  uploaded: number;
  downloaded: number;
  /** Bytes still missing; 0 is a seed. */
  left: number;
  /** BEP 21: something is missing but nothing more is wanted. */
  upload_only?: boolean;
}

export interface AnnouncerOptions {
  /** 40 hex digits. */
  infoHash: string;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Where peers reach us. */
  port: number;
  key: string;
  /** Announce URLs or tracker base URLs, in tiers (BEP 12). */
  tiers: readonly (readonly string[])[];
  stats: () => AnnounceStats;
  /** The session we hold at the tracker with this announce URL, if any. */
  session?: (url: string) => string | undefined;
  onPeers: (endpoints: readonly Endpoint[], url: string) => void;
  onStatus?: (status: TrackerStatus) => void;
  /** Milliseconds that never jump back. */
  clock?: () => number;
  random?: () => number;
  client?: TrackerClient;
  /** False: use a tier only while all before it fail (BEP 12). Default: one tracker of every tier. */
  allTiers?: boolean;
}

const NUMWANT = 80;
/** Leaving politely may take no longer, however many trackers there are. */
const STOP_TIMEOUT = 5000;
/** setTimeout cannot wait for more than 24 days. */
const LONGEST_SLEEP = 60 * 60_000;

const monotonic = (): number => performance.now();

/** One client, and so one set of kept connections, for all torrents of a process. */
let sharedClient: TrackerClient | undefined;

export class Announcer {
  readonly #options: Omit<AnnouncerOptions, 'tiers'>;
  readonly #client: TrackerClient;
  readonly #clock: () => number;
  readonly #schedule: AnnounceSchedule;
  readonly #statuses = new Map<string, TrackerStatus>();
  /** Made when a tracker gives one. */
  #trackerIds: Map<string, string> | undefined;
  /** Announces under way; undefined while there is none. */
  #flights: Set<Promise<void>> | undefined;
  #tierCount = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Gives up the announces under way. */
  #running: AbortController | undefined;
  #paused = false;
  #stopping: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    const { tiers, ...rest } = options;
    this.#options = rest;
    sharedClient ??= new TrackerClient();
    this.#client = options.client ?? sharedClient;
    this.#clock = options.clock ?? monotonic;
    this.#schedule = new AnnounceSchedule({
      tiers: this.#note(tiers),
      random: options.random ?? Math.random,
      ...(options.allTiers !== undefined && { allTiers: options.allTiers }),
    });
  }

  start(): void {
    this.#handle({ type: 'started' });
  }

  /** `completed`: the last piece has arrived. `paused`: incomplete, but nothing more is wanted (BEP 21). */
  update(event: 'completed' | 'paused'): void {
    this.#paused = event === 'paused';
    this.#handle({ type: event });
  }

  /** More peers would be welcome: announces again as soon as each tracker's least interval allows. */
  needPeers(): void {
    this.#handle({ type: 'peersNeeded' });
  }

  /** What the trackers know is out of date: the torrent was registered, or a session was opened. Tells them all now. */
  renew(): void {
    this.#handle({ type: 'renewed' });
  }

  addTrackers(tiers: readonly (readonly string[])[]): void {
    this.#handle({ type: 'tiersAdded', tiers: this.#note(tiers) });
  }

  /** These tiers and no others, in this order. What the others still answer is not told. */
  setTiers(tiers: readonly (readonly string[])[]): void {
    const before = new Map(this.#statuses);
    this.#statuses.clear();
    this.#tierCount = 0;
    const noted = this.#note(tiers);
    for (const [url, { tier }] of this.#statuses) {
      const known = before.get(url);
      if (known !== undefined) this.#statuses.set(url, { ...known, tier });
    }
    this.#handle({ type: 'tiersReplaced', tiers: noted });
    for (const url of before.keys()) if (!this.#statuses.has(url)) this.#trackerIds?.delete(url);
  }

  statuses(): TrackerStatus[] {
    return [...this.#statuses.values()].map((status) => ({ ...status }));
  }

  /** Takes leave of every tracker that knows us. Never rejects, and settles within five seconds. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running?.abort();
    await Promise.all(this.#flights ?? []);
    const last = new AbortController();
    this.#running = last;
    const timer = setTimeout(() => last.abort(), STOP_TIMEOUT);
    this.#schedule.handle({ type: 'stopped' }, this.#clock());
    this.#carryOut();
    await Promise.all(this.#flights ?? []);
    clearTimeout(timer);
  }

  /** Remembers new trackers for `statuses`; comes back with their announce URLs. */
  #note(tiers: readonly (readonly string[])[]): string[][] {
    const noted: string[][] = [];
    for (const tier of tiers) {
      const urls = tier.map(announceUrlOf);
      noted.push(urls);
      const fresh = urls.filter((url) => !this.#statuses.has(url));
      for (const url of fresh) this.#statuses.set(url, { url, tier: this.#tierCount, lastAnswer: 0 });
      if (fresh.length > 0) this.#tierCount++;
    }
    return noted;
  }

  #handle(event: ScheduleEvent): void {
    if (this.#stopping !== undefined) return;
    const now = this.#clock();
    this.#followStats(now);
    this.#schedule.handle(event, now);
    this.#carryOut();
    this.#sleep();
  }

  /** A torrent whose stats say whether it is upload-only need not call `update('paused')`. */
  #followStats(now: number): void {
    const { left, upload_only } = this.#options.stats();
    if (upload_only === undefined || this.#paused === (upload_only && left > 0)) return;
    this.#paused = !this.#paused;
    this.#schedule.handle({ type: this.#paused ? 'paused' : 'resumed' }, now);
  }

  #carryOut(): void {
    for (const command of this.#schedule.outbox.splice(0)) {
      this.#flights ??= new Set();
      this.#running ??= new AbortController();
      const flights = this.#flights;
      const flight = this.#announce(command, this.#running.signal).finally(() => {
        flights.delete(flight);
        if (flights.size > 0 || this.#stopping !== undefined) return;
        // Thousands of torrents wait for their next announce for half an hour.
        this.#flights = undefined;
        this.#running = undefined;
      });
      flights.add(flight);
    }
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    const wait = this.#schedule.nextDeadline() - this.#clock();
    if (wait === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => this.#handle({ type: 'deadlinePassed' }),
      Math.min(Math.max(wait, 0), LONGEST_SLEEP),
    );
  }

  async #announce({ url, event }: AnnounceCommand, signal: AbortSignal): Promise<void> {
    let reply: AnnounceReply;
    try {
      reply = await this.#client.announce(url, this.#parameters(url, event), signal);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      if (error.code !== 'ERR_INTERRUPTED') this.#failed(url, error);
      return;
    }
    if (event === 'stopped') return;
    if (reply.failure === undefined) this.#answered(url, reply);
    else this.#refused(url, reply);
  }

  #parameters(url: string, event: AnnounceEvent) {
    const { infoHash, peerId, port, key, stats, session } = this.#options;
    const { uploaded, downloaded, left } = stats();
    const trackerId = this.#trackerIds?.get(url);
    const sessionId = session?.(url);
    return {
      infoHash,
      peerId,
      port,
      key,
      uploaded,
      downloaded,
      left,
      event,
      numwant: event === 'stopped' ? 0 : NUMWANT,
      ...(trackerId !== undefined && { trackerId }),
      ...(sessionId !== undefined && { session: sessionId }),
    };
  }

  #answered(url: string, reply: AnnounceReply): void {
    if (this.#stopping !== undefined || !this.#statuses.has(url)) return;
    if (reply.trackerId !== undefined) {
      this.#trackerIds ??= new Map();
      this.#trackerIds.set(url, reply.trackerId);
    }
    this.#report(url, {
      lastAnswer: Date.now(),
      ...(reply.complete !== undefined && { seeds: reply.complete }),
      ...(reply.incomplete !== undefined && { peers: reply.incomplete }),
    });
    const { interval, minInterval } = reply;
    this.#handle({ type: 'answered', url, interval, ...(minInterval !== undefined && { minInterval }) });
    if (reply.peers.length > 0) this.#options.onPeers(reply.peers, url);
  }

  #refused(url: string, reply: AnnounceReply): void {
    const { retryIn, minInterval } = reply;
    this.#report(url, { lastAnswer: Date.now(), failure: `the tracker refuses: ${printable(reply.failure!)}` });
    this.#handle({
      type: 'failed',
      url,
      ...(retryIn !== undefined && { retryIn }),
      ...(minInterval !== undefined && { minInterval }),
    });
  }

  #failed(url: string, error: ShoalError): void {
    const hopeless = error.reason === 'unsupported' || error.reason === 'bad_url';
    this.#report(url, { failure: error.message });
    this.#handle({ type: 'failed', url, ...(hopeless && { retryIn: 'never' as const }) });
  }

  #report(url: string, change: Partial<TrackerStatus>): void {
    const known = this.#statuses.get(url);
    if (known === undefined) return;
    const { failure: _, ...before } = known;
    const status = { ...before, ...change };
    this.#statuses.set(url, status);
    this.#options.onStatus?.({ ...status });
  }
}
