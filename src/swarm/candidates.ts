// Peers we know of and may dial: back-off after failures, and who is connected already. A peer is an address with its port.

import { type Endpoint, formatEndpoint } from '../base/endpoint.ts';
import type { BanList } from './ban-list.ts';

export const MAX_CANDIDATES = 2000;
const FIRST_RETRY = 2_000;
const LAST_RETRY = 5 * 60_000;
/** A peer that was fine and left: it may be restarting. */
const RECONNECT = 3_000;
/** A tracker still names it: it is worth a try sooner than its failures say. */
const NAMED_AGAIN = 15_000;

export interface Candidate {
  readonly key: string;
  readonly endpoint: Endpoint;
  /** Peers given by the user are never dropped for room. */
  pinned: boolean;
  fails: number;
  nextTry: number;
  busy: boolean;
  /** Has everything, so it is of no use to a seed. */
  seed: boolean;
}

export class Candidates {
  readonly #known = new Map<string, Candidate>();
  readonly #selves = new Set<string>();
  readonly #bans: BanList;

  constructor(bans: BanList) {
    this.#bans = bans;
  }

  get size(): number {
    return this.#known.size;
  }

  /** False when it is known already, banned, ourselves, malformed or there is no room. */
  add(endpoint: Endpoint, now: number, pinned = false): boolean {
    const { host, port } = endpoint;
    if (host === '' || !Number.isInteger(port) || port < 1 || port > 65535) return false;
    const key = formatEndpoint(endpoint);
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.pinned ||= pinned;
      known.nextTry = Math.min(known.nextTry, pinned ? now : now + NAMED_AGAIN);
    }
    if (known !== undefined || this.#selves.has(key) || this.#bans.covers(host, port)) return false;
    if (this.#bans.standing(host) === 'refused') return false;
    if (!pinned && this.#known.size >= MAX_CANDIDATES && !this.#dropWorst()) return false;
    this.#known.set(key, { key, endpoint, pinned, fails: 0, nextTry: now, busy: false, seed: false });
    return true;
  }

  /** Up to `count` candidates that may be dialled now; they are marked busy. */
  take(count: number, now: number, skipSeeds: boolean): Candidate[] {
    const chosen: Candidate[] = [];
    if (count <= 0) return chosen;
    for (const candidate of this.#known.values()) {
      if (candidate.busy || candidate.nextTry > now || (skipSeeds && candidate.seed)) continue;
      chosen.push(candidate);
    }
    chosen.sort((a, b) => a.fails - b.fails || a.nextTry - b.nextTry);
    chosen.length = Math.min(chosen.length, count);
    for (const candidate of chosen) candidate.busy = true;
    return chosen;
  }

  /** Where a connected peer listens: we need not dial it now, but may when it is gone. */
  connected(endpoint: Endpoint, now: number): void {
    this.add(endpoint, now);
    this.keepBusy(formatEndpoint(endpoint));
  }

  keepBusy(key: string): void {
    const candidate = this.#known.get(key);
    if (candidate !== undefined) candidate.busy = true;
  }

  dialFailed(key: string, now: number): void {
    const candidate = this.#known.get(key);
    if (candidate === undefined) return;
    candidate.busy = false;
    candidate.nextTry = now + Math.min(LAST_RETRY, FIRST_RETRY * 2 ** candidate.fails);
    candidate.fails++;
  }

  /** A connection that had passed its handshake ended. */
  disconnected(key: string, now: number, seed: boolean): void {
    const candidate = this.#known.get(key);
    if (candidate === undefined) return;
    candidate.busy = false;
    candidate.fails = 0;
    candidate.seed = seed;
    candidate.nextTry = now + RECONNECT;
  }

  /** The endpoint answered with our own peer id. */
  isSelf(key: string): void {
    this.#selves.add(key);
    this.#known.delete(key);
  }

  /** It is banned. */
  forget(endpoint: Endpoint): void {
    this.#known.delete(formatEndpoint(endpoint));
  }

  #dropWorst(): boolean {
    let worst: Candidate | undefined;
    for (const candidate of this.#known.values())
      if (!candidate.busy && !candidate.pinned && candidate.fails > (worst?.fails ?? 0)) worst = candidate;
    return worst !== undefined && this.#known.delete(worst.key);
  }
}
