// When to tell which tracker what, for one torrent: tiers (BEP 12), intervals, back-off, and each event once to each
// tracker it concerns (BEP 3, BEP 21). Decides only: the runner does the announces it finds in the outbox and reports
// how they went.

import { drawPermutation } from '../base/permutation.ts';
import type { Milliseconds, Random } from '../base/ports.ts';
import type { AnnounceEvent } from '../protocol/tracker/http.ts';

export interface AnnounceCommand {
  type: 'announce';
  url: string;
  event: AnnounceEvent;
}

export type ScheduleEvent =
  | { type: 'started' }
  | { type: 'deadlinePassed' }
  /** The tracker took the announce. */
  | { type: 'answered'; url: string; interval: Milliseconds; minInterval?: Milliseconds }
  /** It could not be reached or refused; `retryIn` and `minInterval` are its own advice. */
  | { type: 'failed'; url: string; retryIn?: Milliseconds | 'never'; minInterval?: Milliseconds }
  /** The last piece has arrived while we ran. */
  | { type: 'completed' }
  /** BEP 21: incomplete, but nothing more is wanted, until `resumed`. */
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'peersNeeded' }
  /** What a tracker knows of us or of the torrent is out of date (it was registered, a session was opened): tell all now. */
  | { type: 'renewed' }
  | { type: 'tiersAdded'; tiers: readonly (readonly string[])[] }
  /**
   * These tiers in place of all before. Who is in none of them is asked no more, hears `stopped` if it may know us, and is
   * ignored; who is in use goes on being so in its tier.
   */
  | { type: 'tiersReplaced'; tiers: readonly (readonly string[])[] }
  /** Leave the swarm: announces under way are given up and never reported; whoever may know us hears `stopped`. */
  | { type: 'stopped' };

export interface ScheduleOptions {
  tiers: readonly (readonly string[])[];
  random: Random;
  /**
   * True (the default): one tracker of every tier is kept informed, so that the swarm survives all but one of them.
   * False: as BEP 12 has it, a tier is used only while all before it fail.
   */
  allTiers?: boolean;
}

const SECOND = 1000;
/** The first waits of a tracker that never answered and of one that did; each failed round doubles them. */
const FIRST_WAIT = SECOND;
const LATER_WAIT = 5 * SECOND;
const LONGEST_WAIT = 30 * 60 * SECOND;
/** While peers are needed no failing tracker is left alone for longer. */
const LONGEST_WAIT_IN_NEED = 60 * SECOND;
/** Between announces made for want of peers, when the tracker names no minimum. */
const WAIT_FOR_PEERS = 60 * SECOND;
/** Trackers of one torrent, over all tiers. */
const MAX_TRACKERS = 256;

interface Tracker {
  readonly url: string;
  /** An announce was answered, so our leaving concerns it. */
  knowsUs: boolean;
  owesCompleted: boolean;
  /** Its own wish after a refusal; Infinity: never again. */
  notBefore: Milliseconds;
}

/** Trackers of which one at a time is used: a tier, or all tiers in order. */
interface Group {
  readonly tiers: Tracker[][];
  /** Those not yet tried in this round. */
  queue: Tracker[];
  busy: { tracker: Tracker; event: AnnounceEvent } | undefined;
  nextAt: Milliseconds;
  lastTry: Milliseconds;
  /** Rounds in which every tracker failed, since the last answer. */
  fails: number;
  everAnswered: boolean;
  /** Shortest time between two announces for want of peers. */
  gap: Milliseconds;
  /** Something happened during the announce under way that the trackers must hear at once. */
  again: boolean;
  /** The announce under way may be refused for what has changed meanwhile. */
  renewed: boolean;
}

export class AnnounceSchedule {
  /** To be drained by the runner after every call. */
  readonly outbox: AnnounceCommand[] = [];
  readonly #groups: Group[] = [];
  readonly #known = new Set<string>();
  readonly #random: Random;
  readonly #allTiers: boolean;
  readonly #leaving = new Set<string>();
  #phase: 'idle' | 'running' | 'stopped' = 'idle';
  #paused = false;

  constructor(options: ScheduleOptions) {
    this.#random = options.random;
    this.#allTiers = options.allTiers ?? true;
    this.#addTiers(options.tiers);
  }

  /** True once `stopped` was handled and every tracker that had to hear it has answered or failed. */
  get done(): boolean {
    return this.#phase === 'stopped' && this.#leaving.size === 0;
  }

  /** When to call `handle` with `deadlinePassed`; Infinity when nothing is due. */
  nextDeadline(): Milliseconds {
    let next = Number.POSITIVE_INFINITY;
    if (this.#phase !== 'running') return next;
    for (const group of this.#groups) if (group.busy === undefined) next = Math.min(next, group.nextAt);
    return next;
  }

  handle(event: ScheduleEvent, now: Milliseconds): void {
    switch (event.type) {
      case 'started':
        if (this.#phase !== 'idle') return;
        this.#phase = 'running';
        for (const group of this.#groups) group.nextAt = now;
        break;
      case 'deadlinePassed':
        break;
      case 'answered':
        this.#answered(event.url, event.interval, event.minInterval, now);
        break;
      case 'failed':
        this.#failed(event.url, event.retryIn, event.minInterval, now);
        break;
      case 'completed':
        this.#paused = false;
        for (const tracker of this.#trackers())
          if (tracker.knowsUs || this.#isBusy(tracker)) tracker.owesCompleted = true;
        this.#announceNow(now);
        break;
      case 'paused':
      case 'resumed':
        if (this.#paused === (event.type === 'paused')) return;
        this.#paused = event.type === 'paused';
        this.#announceNow(now);
        break;
      case 'peersNeeded':
        for (const group of this.#groups) this.#hurry(group, now);
        break;
      case 'renewed':
        for (const tracker of this.#trackers()) tracker.notBefore = 0;
        for (const group of this.#groups)
          if (group.busy === undefined) group.nextAt = now;
          else {
            group.again = true;
            group.renewed = true;
          }
        break;
      case 'tiersAdded':
        for (const group of this.#addTiers(event.tiers)) group.nextAt = Math.min(group.nextAt, now);
        break;
      case 'tiersReplaced':
        this.#replace(event.tiers, now);
        break;
      case 'stopped':
        this.#stop();
        return;
      default:
        event satisfies never;
    }
    this.#announceDue(now);
  }

  /** `kept`: trackers that are known already, by their URLs. */
  #addTiers(tiers: readonly (readonly string[])[], kept?: ReadonlyMap<string, Tracker>): Group[] {
    const touched: Group[] = [];
    for (const urls of tiers) {
      const named: Tracker[] = [];
      for (const url of urls) {
        if (this.#known.has(url) || this.#known.size === MAX_TRACKERS) continue;
        this.#known.add(url);
        named.push(kept?.get(url) ?? { url, knowsUs: false, owesCompleted: false, notBefore: 0 });
      }
      if (named.length === 0) continue;
      // BEP 12: the trackers of a tier are put in random order when they are first read.
      const tier = Array.from(drawPermutation(named.length, this.#random), (at) => named[at]!);
      let group = this.#allTiers ? undefined : this.#groups[0];
      if (group === undefined) {
        group = {
          tiers: [],
          queue: [],
          busy: undefined,
          nextAt: Number.POSITIVE_INFINITY,
          lastTry: 0,
          fails: 0,
          everAnswered: false,
          gap: WAIT_FOR_PEERS,
          again: false,
          renewed: false,
        };
        this.#groups.push(group);
      }
      group.tiers.push(tier);
      // A further tier of the one group waits for its turn unless those before it are failing.
      if (group.tiers.length === 1 || group.fails > 0) touched.push(group);
    }
    return touched;
  }

  #replace(tiers: readonly (readonly string[])[], now: Milliseconds): void {
    const wanted = new Set(tiers.flat());
    const kept = new Map<string, Tracker>();
    for (const tracker of this.#trackers()) {
      if (wanted.has(tracker.url)) kept.set(tracker.url, tracker);
      else if (tracker.knowsUs || this.#isBusy(tracker))
        this.outbox.push({ type: 'announce', url: tracker.url, event: 'stopped' });
    }
    const before = this.#groups.splice(0);
    this.#known.clear();
    this.#addTiers(tiers, kept);
    for (const group of this.#groups) inherit(group, before, now);
  }

  #trackers(): Tracker[] {
    return this.#groups.flatMap((group) => group.tiers.flat());
  }

  #isBusy(tracker: Tracker): boolean {
    return this.#groups.some((group) => group.busy?.tracker === tracker);
  }

  #announceNow(now: Milliseconds): void {
    for (const group of this.#groups) {
      if (group.busy !== undefined) group.again = true;
      else if (group.fails === 0) group.nextAt = now;
    }
  }

  #hurry(group: Group, now: Milliseconds): void {
    const wait = group.fails > 0 ? LONGEST_WAIT_IN_NEED : group.gap;
    group.nextAt = Math.min(group.nextAt, Math.max(now, group.lastTry + wait));
  }

  #announceDue(now: Milliseconds): void {
    if (this.#phase !== 'running') return;
    for (const group of this.#groups) if (group.busy === undefined && group.nextAt <= now) this.#beginRound(group, now);
  }

  #beginRound(group: Group, now: Milliseconds): void {
    const trackers = group.tiers.flat();
    group.queue = trackers.filter((tracker) => tracker.notBefore <= now);
    if (group.queue.length > 0) this.#tryNext(group, now);
    else group.nextAt = Math.min(...trackers.map((tracker) => tracker.notBefore));
  }

  #tryNext(group: Group, now: Milliseconds): void {
    const tracker = group.queue.shift();
    if (tracker === undefined) {
      this.#roundFailed(group, now);
      return;
    }
    const event = this.#eventFor(tracker);
    group.busy = { tracker, event };
    group.lastTry = now;
    group.again = false;
    group.renewed = false;
    this.outbox.push({ type: 'announce', url: tracker.url, event });
  }

  /** BEP 21 has `paused` in every announce of a partial seed, in place of started and of nothing. */
  #eventFor(tracker: Tracker): AnnounceEvent {
    if (tracker.owesCompleted) return 'completed';
    if (this.#paused) return 'paused';
    return tracker.knowsUs ? '' : 'started';
  }

  #roundFailed(group: Group, now: Milliseconds): void {
    const first = group.everAnswered ? LATER_WAIT : FIRST_WAIT;
    const wait = Math.min(first * 2 ** group.fails, LONGEST_WAIT) * (0.8 + 0.4 * this.#random());
    group.fails++;
    const earliest = Math.min(...group.tiers.flat().map((tracker) => tracker.notBefore));
    group.nextAt = Math.max(now + wait, earliest);
  }

  #answered(url: string, interval: Milliseconds, minInterval: Milliseconds | undefined, now: Milliseconds): void {
    if (this.#leaving.delete(url)) return;
    const group = this.#take(url);
    if (group?.busy === undefined) return;
    const { tracker, event } = group.busy;
    group.busy = undefined;
    group.queue = [];
    tracker.knowsUs = true;
    if (event === 'completed') tracker.owesCompleted = false;
    moveToFront(group.tiers, tracker);
    group.fails = 0;
    group.everAnswered = true;
    group.gap = minInterval ?? Math.min(interval, WAIT_FOR_PEERS);
    group.nextAt = group.again || tracker.owesCompleted ? now : now + Math.max(interval, minInterval ?? 0);
  }

  #failed(
    url: string,
    retryIn: Milliseconds | 'never' | undefined,
    minInterval: number | undefined,
    now: number,
  ): void {
    if (this.#leaving.delete(url)) return;
    const group = this.#take(url);
    if (group?.busy === undefined) return;
    const { tracker } = group.busy;
    group.busy = undefined;
    if (group.renewed) {
      group.nextAt = now;
      return;
    }
    tracker.notBefore = retryIn === 'never' ? Number.POSITIVE_INFINITY : now + (retryIn ?? minInterval ?? 0);
    // It will be told `started` with nothing left, which is all it needs to know.
    if (!tracker.knowsUs) tracker.owesCompleted = false;
    this.#tryNext(group, now);
  }

  #take(url: string): Group | undefined {
    return this.#groups.find((group) => group.busy?.tracker.url === url);
  }

  #stop(): void {
    if (this.#phase === 'stopped') return;
    for (const tracker of this.#trackers())
      if (tracker.knowsUs || this.#isBusy(tracker)) {
        this.#leaving.add(tracker.url);
        this.outbox.push({ type: 'announce', url: tracker.url, event: 'stopped' });
      }
    for (const group of this.#groups) group.busy = undefined;
    this.#phase = 'stopped';
  }
}

function moveToFront(tiers: Tracker[][], tracker: Tracker): void {
  for (const tier of tiers) {
    const at = tier.indexOf(tracker);
    if (at > 0) {
      tier.splice(at, 1);
      tier.unshift(tracker);
    }
  }
}

/** Takes over what goes on with the trackers of a new group; what is new is asked now. */
function inherit(group: Group, before: readonly Group[], now: Milliseconds): void {
  const own = new Set(group.tiers.flat());
  group.nextAt = now;
  let inUse = false;
  for (const old of before) {
    // Whoever answered last stands first.
    const front = old.everAnswered ? old.tiers.flat().find(({ knowsUs }) => knowsUs) : undefined;
    if (front !== undefined && own.has(front)) {
      group.nextAt = inUse ? Math.min(group.nextAt, old.nextAt) : old.nextAt;
      group.lastTry = Math.max(group.lastTry, old.lastTry);
      group.gap = old.gap;
      group.fails = old.fails;
      group.everAnswered = inUse = true;
      moveToFront(group.tiers, front);
    }
    const { busy } = old;
    if (busy === undefined || !own.has(busy.tracker)) continue;
    // Of two that are asked only one answer is waited for; the other will know us all the same.
    if (group.busy !== undefined) busy.tracker.knowsUs = true;
    else Object.assign(group, { busy, again: old.again, renewed: old.renewed, lastTry: old.lastTry });
    group.queue.push(...old.queue.filter((tracker) => own.has(tracker)));
  }
}
