// What the registry remembers of a peer and of a session: plain records, shared by the files of this folder. Addresses
// and peer ids are kept as strings of one character per byte, which cost a fifth of a small byte array.

import type { Bitfield } from '../base/bitfield.ts';
import { type AddressClass, classifyAddress } from '../base/endpoint.ts';

/** One peer of one swarm. Its identity is `host` and `port`, so that nobody can touch an entry of another address. */
export interface PeerEntry {
  /** 4 or 16 address bytes, as seen on the socket. */
  readonly host: string;
  readonly scope: AddressClass;
  readonly port: number;
  /** 20 bytes. Never an identity: any peer may claim any. */
  peerId: string;
  /** Bytes it still lacks; 0 is a seed. */
  left: number;
  /** A partial seed (BEP 21): lacks data and wants none. */
  paused: boolean;
  /** Its becoming a seed has been counted. */
  completed: boolean;
  /** When the lease ends, unless a session holds the entry: then the session's lease counts. */
  expires: number;
  /** When it last announced. */
  seen: number;
  holding: Holding | undefined;
  /** Place in the roster's array of seeds or of leechers, as `seed` says. Kept by the roster alone. */
  at: number;
  seed: boolean;
}

/** A session's part in one swarm: the endpoints that announced with it, and the pieces it reported. */
export interface Holding {
  readonly session: SessionEntry;
  readonly infoHash: string;
  readonly peers: PeerEntry[];
  pieces: Bitfield | undefined;
  /** `pieces` is what the session last said; otherwise it must be said again before additions to it can count. */
  fresh: boolean;
}

export interface SessionEntry {
  /** The secret: 32 hex digits. */
  readonly id: string;
  /** 64 hex digits. */
  readonly publisher: string;
  /** Where it was opened from. */
  readonly host: string;
  expires: number;
  readonly holdings: Map<string, Holding>;
}

/** When the entry is over, if nothing is heard before. */
export function leaseEnd(peer: PeerEntry): number {
  return peer.holding === undefined ? peer.expires : peer.holding.session.expires;
}

/** An entry as it is before its first announce is noted. `seed` decides where the roster puts it. */
export function createPeer(address: Uint8Array, port: number, seed: boolean, now: number): PeerEntry {
  return {
    host: packBytes(address),
    scope: classifyAddress(address),
    port,
    peerId: '',
    left: 0,
    paused: false,
    // A peer that comes as a seed has not become one here.
    completed: seed,
    expires: now,
    seen: now,
    holding: undefined,
    at: 0,
    seed,
  };
}

export function packBytes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
