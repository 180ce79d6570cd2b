// The peers of one swarm: found by address and port, drawn at random, at most so many for one address. Seeds and leechers
// lie in two dense arrays without order, so that drawing k of n costs k. Does not decide who comes, stays or goes.

import type { PeerEntry } from './peer-entry.ts';

export interface RosterLimits {
  /** Entries of one public address. Others of that address give way, the longest silent first. */
  portsPerAddress: number;
  /** Entries of one public IPv6 /64, which one customer has as a whole. */
  portsPerNetwork: number;
  /** Entries of one address, or /64, that is not public: behind it are many hosts, or many peers of a test. */
  portsPerLocalAddress: number;
}

export class Roster {
  readonly infoHash: string;
  readonly seeds: PeerEntry[] = [];
  readonly leechers: PeerEntry[] = [];
  /** Copies of each piece among the reports that count; kept by the piece reports. */
  copies: Uint32Array | undefined;
  /** No lease here ends before this time. */
  quietUntil = Number.POSITIVE_INFINITY;
  /** By IPv4 address or IPv6 /64. */
  readonly #networks = new Map<string, PeerEntry[]>();

  constructor(infoHash: string) {
    this.infoHash = infoHash;
  }

  get size(): number {
    return this.seeds.length + this.leechers.length;
  }

  find(host: string, port: number): PeerEntry | undefined {
    const network = this.#networks.get(networkOf(host));
    if (network === undefined) return undefined;
    for (const peer of network) if (peer.port === port && peer.host === host) return peer;
    return undefined;
  }

  /** The entry must not be in yet. `seed` says in which array it goes. */
  add(peer: PeerEntry): void {
    const key = networkOf(peer.host);
    const network = this.#networks.get(key);
    if (network === undefined) this.#networks.set(key, [peer]);
    else network.push(peer);
    this.#put(peer);
  }

  remove(peer: PeerEntry): void {
    const key = networkOf(peer.host);
    const network = this.#networks.get(key)!;
    if (network.length === 1) this.#networks.delete(key);
    else {
      network[network.indexOf(peer)] = network[network.length - 1]!;
      network.pop();
    }
    this.#take(peer);
  }

  setSeed(peer: PeerEntry, seed: boolean): void {
    if (peer.seed === seed) return;
    this.#take(peer);
    peer.seed = seed;
    this.#put(peer);
  }

  /** The entry that must go before another of this address can come in, if there is no more room for it. */
  crowdedOut(candidate: Pick<PeerEntry, 'host' | 'scope'>, limits: RosterLimits): PeerEntry | undefined {
    const network = this.#networks.get(networkOf(candidate.host));
    if (network === undefined) return undefined;
    const isPublic = candidate.scope === 'global';
    let ofAddress = 0;
    let oldestOfAddress: PeerEntry | undefined;
    let oldest = network[0]!;
    for (const peer of network) {
      if (peer.seen < oldest.seen) oldest = peer;
      if (peer.host !== candidate.host) continue;
      ofAddress++;
      if (oldestOfAddress === undefined || peer.seen < oldestOfAddress.seen) oldestOfAddress = peer;
    }
    if (ofAddress >= (isPublic ? limits.portsPerAddress : limits.portsPerLocalAddress)) return oldestOfAddress;
    return network.length >= (isPublic ? limits.portsPerNetwork : limits.portsPerLocalAddress) ? oldest : undefined;
  }

  /**
   * Up to `count` values that `take` makes of peers drawn at random, each peer at most once and all alike likely; those
   * for which it gives undefined do not count. Looks at a bounded number of peers, so that a swarm of peers that one
   * asker cannot use costs no more than another.
   */
  draw<T>(count: number, withSeeds: boolean, random: () => number, take: (peer: PeerEntry) => T | undefined): T[] {
    const drawn: T[] = [];
    const { leechers } = this;
    const seeds = withSeeds ? this.seeds : [];
    const total = seeds.length + leechers.length;
    let seedsDrawn = 0;
    let leechersDrawn = 0;
    for (let looks = 4 * count + 32; looks > 0 && drawn.length < count; looks--) {
      const remaining = total - seedsDrawn - leechersDrawn;
      if (remaining === 0) break;
      const peer =
        indexBelow(remaining, random) < seeds.length - seedsDrawn
          ? drawTo(seeds, seedsDrawn++, random)
          : drawTo(leechers, leechersDrawn++, random);
      const value = take(peer);
      if (value !== undefined) drawn.push(value);
    }
    return drawn;
  }

  *[Symbol.iterator](): Iterator<PeerEntry> {
    yield* this.seeds;
    yield* this.leechers;
  }

  #put(peer: PeerEntry): void {
    const peers = peer.seed ? this.seeds : this.leechers;
    peer.at = peers.length;
    peers.push(peer);
  }

  #take(peer: PeerEntry): void {
    const peers = peer.seed ? this.seeds : this.leechers;
    const last = peers.pop()!;
    if (last === peer) return;
    peers[peer.at] = last;
    last.at = peer.at;
  }
}

function networkOf(host: string): string {
  return host.length === 16 ? host.slice(0, 8) : host;
}

function indexBelow(count: number, random: () => number): number {
  // A random number next to 1 may round up in the multiplication.
  return Math.min(count - 1, Math.floor(random() * count));
}

/** One step of a Fisher-Yates shuffle: a random one of the peers from `at` on comes to `at`. */
function drawTo(peers: PeerEntry[], at: number, random: () => number): PeerEntry {
  const other = at + indexBelow(peers.length - at, random);
  const drawn = peers[other]!;
  const displaced = peers[at]!;
  peers[other] = displaced;
  displaced.at = other;
  peers[at] = drawn;
  drawn.at = at;
  return drawn;
}
