// What is known of the pieces in a swarm, made ready to be shown: who holds which, how many copies there are, which are
// rarest. Reads the registry's records and changes nothing.

import type { Bitfield } from '../base/bitfield.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { leaseEnd, type PeerEntry } from './peer-entry.ts';
import { type Asker, addressFor } from './reachability.ts';
import type { Roster } from './roster.ts';

/** One peer, or one session with all its endpoints in the swarm. */
export interface Holder {
  /** Addresses as the asker can reach them; empty when there is none. */
  endpoints: { address: Uint8Array; port: number }[];
  peerId: Uint8Array;
  /** Whether it announced itself complete. */
  seed: boolean;
  /** Bytes it lacked at its last announce. */
  left: number;
  /** What it reported; undefined for peers that report nothing. Live: read it at once, never change it. */
  pieces: Bitfield | undefined;
  /** Milliseconds since its last announce. */
  age: number;
  /** Whether a session holds it. */
  session: boolean;
}

export interface Availability {
  pieceCount: number;
  /** Copies of each piece, those of announced seeds included. Peers that report nothing and lack something count nowhere. */
  copies: Uint32Array;
  /** Holders that have everything, and holders that reported something less. */
  complete: number;
  partial: number;
  /** Holders that lack something and report nothing. */
  unknown: number;
}

/** Of a holder with several endpoints, the one that stands for all. */
function isFirst(peer: PeerEntry): boolean {
  return peer.holding === undefined || peer.holding.peers[0] === peer;
}

function isComplete(peer: PeerEntry): boolean {
  const endpoints = peer.holding?.peers;
  return endpoints === undefined ? peer.seed : endpoints.some((endpoint) => endpoint.seed);
}

/** Up to `limit` holders, drawn at random when there are more; complete ones first. */
export function listHolders(roster: Roster, asker: Asker, limit: number, now: number, random: () => number): Holder[] {
  const holders = roster.draw(limit, true, random, (peer): Holder | undefined => {
    if (!isFirst(peer) || leaseEnd(peer) <= now) return undefined;
    const entries = peer.holding?.peers ?? [peer];
    const endpoints = [];
    for (const entry of entries) {
      const address = addressFor(encodeLatin1(entry.host), entry.scope, asker);
      if (address !== undefined) endpoints.push({ address, port: entry.port });
    }
    return {
      endpoints,
      peerId: encodeLatin1(peer.peerId),
      seed: isComplete(peer),
      left: Math.min(...entries.map((entry) => entry.left)),
      pieces: peer.holding?.pieces,
      age: now - Math.max(...entries.map((entry) => entry.seen)),
      session: peer.holding !== undefined,
    };
  });
  return holders.sort((a, b) => Number(b.seed) - Number(a.seed) || (b.pieces?.count ?? 0) - (a.pieces?.count ?? 0));
}

export function countCopies(roster: Roster | undefined, pieceCount: number, now: number): Availability {
  const known = roster?.copies?.length === pieceCount ? roster.copies : undefined;
  const copies = known?.slice() ?? new Uint32Array(pieceCount);
  let complete = 0;
  let partial = 0;
  let unknown = 0;
  let unreported = 0;
  for (const peer of roster ?? []) {
    if (!isFirst(peer) || leaseEnd(peer) <= now) continue;
    const pieces = peer.holding?.pieces;
    if (isComplete(peer) || pieces?.complete) complete++;
    else if (pieces !== undefined) partial++;
    else unknown++;
    if (isComplete(peer) && pieces === undefined) unreported++;
  }
  if (unreported > 0) for (let piece = 0; piece < pieceCount; piece++) copies[piece]! += unreported;
  return { pieceCount, copies, complete, partial, unknown };
}

/** The pieces with the fewest copies, at most `limit`, rarest first and by index among equals. */
export function rarestPieces(copies: Uint32Array, limit: number): { piece: number; copies: number }[] {
  const rarest: { piece: number; copies: number }[] = [];
  for (let piece = 0; piece < copies.length; piece++) {
    const found = copies[piece]!;
    if (rarest.length === limit && found >= (rarest[limit - 1]?.copies ?? 0)) continue;
    let at = rarest.length;
    while (at > 0 && rarest[at - 1]!.copies > found) at--;
    rarest.splice(at, 0, { piece, copies: found });
    if (rarest.length > limit) rarest.pop();
  }
  return rarest;
}
