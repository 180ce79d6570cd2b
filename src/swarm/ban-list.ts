// Who is banned, until when and why, and what that says of the addresses near by. One list serves all torrents of a
// session. Time comes in as an argument; keeps nothing on disk and closes no connection.
//
// What a ban covers: a global address stands for one host, so the whole address. Loopback, private and link-local
// addresses stand for many hosts, so there it is the endpoint where the peer listens, and its peer id at that address.

import { toHex } from '../base/bytes.ts';
import { classifyAddress, formatAddress, formatEndpoint, parseAddress } from '../base/endpoint.ts';

export interface Ban {
  /**
   * A global address; of a peer on a loopback or private one host:port where it listens, or `host#peer-id` when nobody
   * knows where that is.
   */
  readonly address: string;
  readonly since: number;
  /** Infinity: as long as the session. */
  readonly until: number;
  readonly reason: string;
}

/** What the bans near an address say of a stranger from there. */
export type Standing = 'unknown' | 'suspect' | 'refused';

/** A week: home addresses change hands. */
export const BAN_LASTS = 7 * 24 * 3_600_000;
export const MAX_BANS = 10_000;
/** Banned addresses in one /24 or /64 from which on strangers from there are watched, and are refused. */
const SUSPECT_FROM = 3;
const REFUSED_FROM = 8;

/** The address as 4 or 16 bytes when it stands for one host on the internet. */
export function globalAddress(host: string): Uint8Array | undefined {
  const bytes = parseAddress(host);
  return bytes !== undefined && classifyAddress(bytes) === 'global' ? bytes : undefined;
}

/** One spelling for one address. */
function canonical(host: string): string {
  const bytes = host.includes(':') ? parseAddress(host) : undefined;
  return bytes === undefined ? host : formatAddress(bytes);
}

function subnetOf(address: Uint8Array): string {
  return toHex(address.subarray(0, address.length === 4 ? 3 : 8));
}

function idKey(host: string, peerId: string): string {
  return `${host}#${peerId}`;
}

export class BanList {
  /** By what is banned, the oldest first. */
  readonly #bans = new Map<string, Ban>();
  /** Address of the ban by host and peer id. */
  readonly #ids = new Map<string, string>();
  /** Banned addresses a subnet. */
  readonly #subnets = new Map<string, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#bans.size;
  }

  /** `listeningPort` 0: not known. `peerId`: 40 hex digits. An earlier ban of the same address goes on at least as long. */
  add(address: string, listeningPort: number, peerId: string, reason: string, now: number): Ban {
    const host = canonical(address);
    if (globalAddress(host) !== undefined)
      return this.restore({ address: host, since: now, until: now + BAN_LASTS, reason });
    const id = idKey(host, peerId);
    const what = listeningPort === 0 ? id : formatEndpoint({ host, port: listeningPort });
    const ban = this.restore({ address: what, since: now, until: Number.POSITIVE_INFINITY, reason });
    this.#ids.set(id, what);
    return ban;
  }

  /** A ban made before. */
  restore(ban: Ban): Ban {
    const known = this.#bans.get(ban.address);
    if (known !== undefined && known.until > ban.until) return known;
    if (known === undefined) this.#count(ban.address, 1);
    // The newest are last, so that the oldest makes room.
    this.#bans.delete(ban.address);
    this.#bans.set(ban.address, ban);
    this.#nextExpiry = Math.min(this.#nextExpiry, ban.until);
    if (this.#bans.size > MAX_BANS) for (const oldest of this.#bans.keys().take(1)) this.lift(oldest);
    return ban;
  }

  /** `listeningPort` 0: not known, as of somebody who connects to us. */
  covers(address: string, listeningPort: number, peerId?: string): boolean {
    if (this.#bans.size === 0) return false;
    const host = canonical(address);
    return (
      this.#bans.has(host) ||
      (listeningPort > 0 && this.#bans.has(formatEndpoint({ host, port: listeningPort }))) ||
      (peerId !== undefined && this.#ids.has(idKey(host, peerId)))
    );
  }

  /** Of who comes from this address and is not banned itself. Always 'unknown' where addresses stand for many hosts. */
  standing(host: string): Standing {
    if (this.#subnets.size === 0) return 'unknown';
    const bytes = globalAddress(host);
    const count = bytes === undefined ? 0 : (this.#subnets.get(subnetOf(bytes)) ?? 0);
    if (count >= REFUSED_FROM) return 'refused';
    return count >= SUSPECT_FROM ? 'suspect' : 'unknown';
  }

  /** The oldest first. */
  list(): Ban[] {
    return [...this.#bans.values()];
  }

  /** False when nothing of that name is banned. */
  lift(address: string): boolean {
    const ban = this.#bans.get(address);
    if (ban === undefined) return false;
    this.#bans.delete(address);
    this.#count(address, -1);
    for (const [key, banned] of this.#ids) if (banned === address) this.#ids.delete(key);
    return true;
  }

  /** Lifts what has run out. Cheap while nothing has. */
  expire(now: number): void {
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const { address, until } of [...this.#bans.values()])
      if (until <= now) this.lift(address);
      else this.#nextExpiry = Math.min(this.#nextExpiry, until);
  }

  #count(address: string, change: number): void {
    const bytes = globalAddress(address);
    if (bytes === undefined) return;
    const subnet = subnetOf(bytes);
    const count = (this.#subnets.get(subnet) ?? 0) + change;
    if (count > 0) this.#subnets.set(subnet, count);
    else this.#subnets.delete(subnet);
  }
}
