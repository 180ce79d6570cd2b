// The saved form of the registry: one line of JSON per record, so that it is written and read in pieces. Times are kept as
// what remains of a lease: the time during which the tracker is down counts against nobody. Reading trusts nothing.

import { Bitfield } from '../base/bitfield.ts';
import { fromHex, toHex } from '../base/bytes.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { leaseEnd, type PeerEntry, packBytes, type SessionEntry } from './peer-entry.ts';

export const SAVED_VERSION = 1;

export interface SavedPeer {
  host: string;
  port: number;
  peerId: string;
  left: number;
  paused: boolean;
  completed: boolean;
  /** Milliseconds that remain of its lease, and since its last announce. */
  remaining: number;
  silent: number;
  /** Its session, or ''. */
  session: string;
}

export type SavedRecord =
  | { kind: 'header'; version: number }
  | { kind: 'session'; id: string; publisher: string; host: string }
  /** A large swarm has several. */
  | { kind: 'swarm'; infoHash: string; completed: number; peers: SavedPeer[] }
  | { kind: 'pieces'; session: string; infoHash: string; pieces: Bitfield };

type PeerRow = [
  host: string,
  port: number,
  peerId: string,
  left: number,
  flags: number,
  remaining: number,
  silent: number,
  session: string,
];

const PAUSED = 1;
const COMPLETED = 2;

export function formatHeader(): string {
  return JSON.stringify(['shoal-registry', SAVED_VERSION]);
}

export function formatSession(session: SessionEntry): string {
  return JSON.stringify(['session', session.id, session.publisher, hex(session.host)]);
}

export function formatSwarm(infoHash: string, completed: number, peers: Iterable<PeerEntry>, now: number): string {
  const rows: PeerRow[] = [];
  for (const peer of peers) if (leaseEnd(peer) > now) rows.push(peerRow(peer, now));
  return JSON.stringify(['swarm', infoHash, completed, rows]);
}

export function formatPieces(session: string, infoHash: string, pieces: Bitfield): string {
  return JSON.stringify(['pieces', session, infoHash, pieces.size, pieces.complete ? '*' : toHex(pieces.bytes)]);
}

function peerRow(peer: PeerEntry, now: number): PeerRow {
  const flags = (peer.paused ? PAUSED : 0) | (peer.completed ? COMPLETED : 0);
  return [
    hex(peer.host),
    peer.port,
    hex(peer.peerId),
    peer.left,
    flags,
    Math.max(0, Math.round(peer.expires - now)),
    Math.max(0, Math.round(now - peer.seen)),
    peer.holding?.session.id ?? '',
  ];
}

/** Undefined when the line is not one of the above. */
export function parseRecord(line: string): SavedRecord | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row)) return undefined;
  switch (row[0]) {
    case 'shoal-registry':
      return isCount(row[1]) ? { kind: 'header', version: row[1] } : undefined;
    case 'session': {
      const host = unhex(row[3], 4, 16);
      if (!isHex(row[1], 32) || !isHex(row[2], 64) || host === undefined) return undefined;
      return { kind: 'session', id: row[1], publisher: row[2], host };
    }
    case 'swarm': {
      if (!isHex(row[1], 40) || !isCount(row[2]) || !Array.isArray(row[3])) return undefined;
      const peers: SavedPeer[] = [];
      for (const item of row[3]) {
        const peer = parsePeer(item);
        if (peer === undefined) return undefined;
        peers.push(peer);
      }
      return { kind: 'swarm', infoHash: row[1], completed: row[2], peers };
    }
    case 'pieces': {
      if (!isHex(row[1], 32) || !isHex(row[2], 40) || !isCount(row[3]) || row[3] > MAX_PIECES) return undefined;
      if (typeof row[4] !== 'string') return undefined;
      const bytes = row[4] === '*' ? undefined : fromHex(row[4]);
      const pieces = row[4] === '*' ? Bitfield.full(row[3]) : bytes && Bitfield.from(bytes, row[3]);
      return pieces && { kind: 'pieces', session: row[1], infoHash: row[2], pieces };
    }
    default:
      return undefined;
  }
}

/** Far above what a .torrent of a size that is taken can list. */
const MAX_PIECES = 1 << 20;

function parsePeer(row: unknown): SavedPeer | undefined {
  if (!Array.isArray(row)) return undefined;
  const [hostHex, port, peerIdHex, left, flags, remaining, silent, session] = row as unknown[];
  const host = unhex(hostHex, 4, 16);
  const peerId = unhex(peerIdHex, 20);
  if (host === undefined || peerId === undefined || !isCount(port) || port === 0 || port > 65535) return undefined;
  if (typeof left !== 'number' || !(left >= 0) || !isCount(flags) || !isCount(remaining) || !isCount(silent))
    return undefined;
  if (session !== '' && !isHex(session, 32)) return undefined;
  const paused = (flags & PAUSED) !== 0;
  return { host, port, peerId, left, paused, completed: (flags & COMPLETED) !== 0, remaining, silent, session };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHex(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]*$/.test(value);
}

function hex(packed: string): string {
  return toHex(encodeLatin1(packed));
}

function unhex(value: unknown, ...lengths: number[]): string | undefined {
  const bytes = typeof value === 'string' ? fromHex(value) : undefined;
  return bytes !== undefined && lengths.includes(bytes.length) ? packBytes(bytes) : undefined;
}
