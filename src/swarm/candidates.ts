// Peers we know of and may dial: in which order, when again after failures, and when no more. A peer is an address with its
// port. Nothing here looks at all of them to find the next one.

import { type Endpoint, formatAddress, formatEndpoint, parseAddress } from '../base/endpoint.ts';
import { Heap } from '../base/heap.ts';
import { type BanList, globalAddress } from './ban-list.ts';

export const MAX_CANDIDATES = 2000;
/** Ports of one global address: nobody can make a crowd of us dial one host. */
export const MAX_AT_ONE_ADDRESS = 16;
const FIRST_RETRY = 2_000;
const LAST_RETRY = 5 * 60_000;
/** Who never answered is given up after so many attempts, until it is named again. */
const MAX_ATTEMPTS = 6;
/** Who was a peer before is given up when it has not answered for a day. */
const MISSED_FOR = 24 * 3_600_000;
/** A peer that was fine and left: it may be restarting. */
const RECONNECT = 3_000;
/** A tracker still names it: it is worth a try sooner than its failures say. */
const NAMED_AGAIN = 15_000;
/** Somebody at its address is connected or being dialled: milliseconds until that is looked at again. */
const ADDRESS_TAKEN = 15_000;

/** From whom its address comes, the best first. */
export const SOURCE = { user: 0, tracker: 1, itself: 2 } as const;
export type Source = (typeof SOURCE)[keyof typeof SOURCE];

export interface Candidate {
  readonly key: string;
  readonly endpoint: Endpoint;
  /** At a global address, which stands for one host. */
  readonly global: boolean;
  source: Source;
  /** BEP 40: of the connection between us. */
  rank: number;
  /** Since it answered last. */
  fails: number;
  /** Infinity: given up. */
  nextTry: number;
  lastTry: number;
  /** When a connection with it ended; 0: there was none. */
  metAt: number;
  state: 'idle' | 'dialling' | 'connected';
  /** Has everything, so it is of no use to a seed. */
  seed: boolean;
}

export interface CandidateOptions {
  bans: BanList;
  /** Connections to one global address, at most. Default 1. */
  perAddress?: number;
  /** The rank of a connection with this endpoint (BEP 40), higher is better. */
  rank?: (endpoint: Endpoint) => number;
}

/** Whom to dial first: who fails least, whom the user named, who is near, who was tried longest ago, and then by rank. */
function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.fails !== b.fails) return a.fails < b.fails;
  if ((a.source === SOURCE.user) !== (b.source === SOURCE.user)) return a.source === SOURCE.user;
  if (a.global !== b.global) return b.global;
  if (a.lastTry !== b.lastTry) return a.lastTry < b.lastTry;
  if (a.source !== b.source) return a.source < b.source;
  return a.rank > b.rank;
}

export class Candidates {
  readonly #options: CandidateOptions;
  readonly #perAddress: number;
  readonly #known = new Map<string, Candidate>();
  readonly #selves = new Set<string>();
  /** May be dialled now, the best first. */
  #ready = new Heap<Candidate>(isBetter);
  readonly #waiting = new Heap<Candidate>((a, b) => a.nextTry < b.nextTry);
  /** Idle and failed before: whom to forget for room, the worst first. */
  #failed = new Heap<Candidate>((a, b) => isBetter(b, a));
  /** May be dialled when we want something again. */
  readonly #seeds = new Set<Candidate>();
  /** Candidates at a global address, and connections and attempts there. */
  readonly #knownAt = new Map<string, number>();
  readonly #takenAt = new Map<string, number>();

  constructor(options: CandidateOptions) {
    this.#options = options;
    this.#perAddress = options.perAddress ?? 1;
  }

  get size(): number {
    return this.#known.size;
  }

  /** False when it is known already, banned, ourselves, malformed or there is no room. */
  add(named: Endpoint, now: number, source: Source): boolean {
    const endpoint = canonical(named);
    const { host, port } = endpoint;
    if (host === '' || !Number.isInteger(port) || port < 1 || port > 65535) return false;
    const key = formatEndpoint(endpoint);
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#namedAgain(known, source, now);
      return false;
    }
    const { bans, rank } = this.#options;
    if (this.#selves.has(key) || bans.covers(host, port) || bans.standing(host) === 'refused') return false;
    const global = globalAddress(host) !== undefined;
    const there = this.#knownAt.get(host) ?? 0;
    if (source !== SOURCE.user) {
      if (global && there >= MAX_AT_ONE_ADDRESS) return false;
      if (this.#known.size >= MAX_CANDIDATES && !this.#dropWorst()) return false;
    }
    if (global) this.#knownAt.set(host, there + 1);
    const candidate: Candidate = {
      key,
      endpoint,
      global,
      source,
      rank: rank?.(endpoint) ?? 0,
      fails: 0,
      nextTry: now,
      lastTry: Number.NEGATIVE_INFINITY,
      metAt: 0,
      state: 'idle',
      seed: false,
    };
    this.#known.set(key, candidate);
    this.#file(candidate, now);
    return true;
  }

  /** What the peer says of itself gives it no other chance; what the user says gives one now. */
  #namedAgain(candidate: Candidate, source: Source, now: number): void {
    const soon = source === SOURCE.user ? now : now + NAMED_AGAIN;
    this.#unfile(candidate);
    if (source !== SOURCE.itself) candidate.nextTry = Math.min(candidate.nextTry, soon);
    if (source < candidate.source) candidate.source = source;
    this.#file(candidate, now);
  }

  /** Whether there is somebody to dial now. */
  hasReady(now: number, skipSeeds: boolean): boolean {
    this.#wake(now, skipSeeds);
    return this.#ready.size > 0;
  }

  /** The best candidate that may be dialled now; it counts as being dialled. */
  take(now: number, skipSeeds: boolean): Candidate | undefined {
    this.#wake(now, skipSeeds);
    for (;;) {
      const candidate = this.#ready.pop();
      if (candidate === undefined) return undefined;
      this.#unfile(candidate);
      const { host, port } = candidate.endpoint;
      // Another torrent of the session may have banned it meanwhile.
      if (this.#options.bans.covers(host, port)) this.#drop(candidate.key);
      else if (skipSeeds && candidate.seed) this.#seeds.add(candidate);
      else if (candidate.global && (this.#takenAt.get(host) ?? 0) >= this.#perAddress) {
        candidate.nextTry = now + ADDRESS_TAKEN;
        this.#file(candidate, now);
      } else {
        candidate.lastTry = now;
        this.#become(candidate, 'dialling', now);
        return candidate;
      }
    }
  }

  /** Where a connected peer listens: we need not dial it now, but may when it is gone. */
  connected(endpoint: Endpoint, now: number): void {
    this.add(endpoint, now, SOURCE.itself);
    this.keepBusy(formatEndpoint(canonical(endpoint)), now);
  }

  keepBusy(key: string, now: number): void {
    const candidate = this.#known.get(key);
    if (candidate !== undefined) this.#become(candidate, 'connected', now);
  }

  /** A connection with somebody at this address began, or ended. */
  seated(host: string, change: 1 | -1): void {
    if (globalAddress(host) !== undefined) this.#occupy(host, change);
  }

  /** Connections and attempts there; 0 where addresses stand for many hosts. */
  takenBy(host: string): number {
    return this.#takenAt.get(host) ?? 0;
  }

  dialFailed(key: string, now: number): void {
    const candidate = this.#known.get(key);
    if (candidate === undefined) return;
    this.#unfile(candidate);
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** candidate.fails);
    candidate.fails++;
    candidate.nextTry = this.#isLost(candidate, now) ? Number.POSITIVE_INFINITY : now + wait;
    this.#become(candidate, 'idle', now);
  }

  #isLost({ source, fails, metAt }: Candidate, now: number): boolean {
    if (source === SOURCE.user) return false;
    return metAt === 0 ? fails >= MAX_ATTEMPTS : now - metAt > MISSED_FOR;
  }

  /** A connection that had passed its handshake ended. Not before `wait` milliseconds it is dialled again. */
  disconnected(key: string, now: number, seed: boolean, wait = RECONNECT): void {
    const candidate = this.#known.get(key);
    if (candidate === undefined) return;
    this.#unfile(candidate);
    candidate.fails = 0;
    candidate.seed = seed;
    candidate.metAt = now;
    candidate.nextTry = now + wait;
    this.#become(candidate, 'idle', now);
  }

  /** More is wanted than before: seeds that were fine and left, as nothing was, are not waited for. */
  hurrySeeds(now: number): void {
    for (const candidate of this.#known.values()) {
      const { state, seed, fails, nextTry, metAt } = candidate;
      // Who was sent away for another reason has a longer wait.
      if (state !== 'idle' || !seed || fails > 0 || nextTry <= now || nextTry > metAt + RECONNECT) continue;
      this.#unfile(candidate);
      candidate.nextTry = now;
      this.#file(candidate, now);
    }
  }

  /** The endpoint answered with our own peer id. */
  isSelf(key: string): void {
    this.#selves.add(key);
    this.#drop(key);
  }

  /** It is banned. */
  forget(endpoint: Endpoint): void {
    this.#drop(formatEndpoint(canonical(endpoint)));
  }

  /** Ranks have changed. */
  rerank(): void {
    const { rank } = this.#options;
    if (rank === undefined) return;
    const ready = this.#ready;
    const failed = this.#failed;
    this.#ready = new Heap(isBetter);
    this.#failed = new Heap((a, b) => isBetter(b, a));
    for (const candidate of this.#known.values()) {
      candidate.rank = rank(candidate.endpoint);
      if (ready.delete(candidate)) this.#ready.add(candidate);
      if (failed.delete(candidate)) this.#failed.add(candidate);
    }
  }

  /** Those whose time has come are ready. */
  #wake(now: number, skipSeeds: boolean): void {
    for (let first = this.#waiting.first; first !== undefined && first.nextTry <= now; first = this.#waiting.first) {
      this.#waiting.delete(first);
      this.#ready.add(first);
    }
    if (skipSeeds || this.#seeds.size === 0) return;
    for (const seed of this.#seeds) this.#file(seed, now);
    this.#seeds.clear();
  }

  #become(candidate: Candidate, state: Candidate['state'], now: number): void {
    const { host } = candidate.endpoint;
    if (candidate.global && candidate.state === 'dialling') this.#occupy(host, -1);
    if (candidate.global && state === 'dialling') this.#occupy(host, 1);
    candidate.state = state;
    this.#unfile(candidate);
    this.#file(candidate, now);
  }

  #occupy(host: string, change: number): void {
    addTo(this.#takenAt, host, change);
  }

  /** Puts it where it belongs. */
  #file(candidate: Candidate, now: number): void {
    if (candidate.state !== 'idle') return;
    if (candidate.fails > 0 && candidate.source !== SOURCE.user) this.#failed.add(candidate);
    if (candidate.nextTry <= now) this.#ready.add(candidate);
    else if (candidate.nextTry < Number.POSITIVE_INFINITY) this.#waiting.add(candidate);
  }

  /** To be called before anything changes by which it is sorted. */
  #unfile(candidate: Candidate): void {
    this.#ready.delete(candidate);
    this.#waiting.delete(candidate);
    this.#failed.delete(candidate);
    this.#seeds.delete(candidate);
  }

  #dropWorst(): boolean {
    const worst = this.#failed.first;
    if (worst === undefined) return false;
    this.#drop(worst.key);
    return true;
  }

  #drop(key: string): void {
    const candidate = this.#known.get(key);
    if (candidate === undefined) return;
    this.#known.delete(key);
    this.#unfile(candidate);
    if (!candidate.global) return;
    addTo(this.#knownAt, candidate.endpoint.host, -1);
    if (candidate.state === 'dialling') this.#occupy(candidate.endpoint.host, -1);
  }
}

/** One spelling for one address. A zone (`fe80::1%eth0`) and a name stay as they are. */
function canonical(endpoint: Endpoint): Endpoint {
  const { host, port } = endpoint;
  const bytes = host.includes(':') && !host.includes('%') ? parseAddress(host) : undefined;
  return bytes === undefined ? endpoint : { host: formatAddress(bytes), port };
}

function addTo(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
