// What goes into the registry and what comes out of it. Addresses are 4 or 16 bytes, intervals seconds, times
// milliseconds.

import type { RosterLimits } from './roster.ts';

/** The part of an announce (BEP 3) that the registry acts on. Addresses it may claim are left out on purpose. */
export interface Announcement {
  /** 40 hex digits. */
  infoHash: string;
  /** 20 bytes. */
  peerId: Uint8Array;
  port: number;
  left: number;
  /** `paused` is a partial seed (BEP 21). */
  event: 'started' | 'completed' | 'stopped' | 'paused' | '';
  /** Already within what one reply may hold. */
  numwant: number;
  /** A session of this tracker, for peers that opened one. */
  session?: string | undefined;
}

export interface AnnounceReply {
  kind: 'reply';
  /** Ask again after so many seconds, and not before `minInterval`. */
  interval: number;
  minInterval: number;
  /** Seeds, other peers, and downloads that ended here. */
  complete: number;
  incomplete: number;
  downloaded: number;
  peers: { address: Uint8Array; port: number }[];
  /** The asker's own address as the tracker sees it (BEP 24). */
  externalIp: Uint8Array;
  warning?: string;
}

export interface AnnounceRefusal {
  kind: 'refusal';
  reason: string;
  /** Do not come back with this torrent. */
  final: boolean;
  /** Seconds after which asking again makes sense. */
  interval: number;
}

export type AnnounceOutcome = AnnounceReply | AnnounceRefusal;

export interface Counts {
  seeds: number;
  /** Peers that are not seeds. */
  peers: number;
  completed: number;
}

/** One torrent of a scrape (BEP 48). */
export interface ScrapeCounts {
  infoHash: string;
  complete: number;
  incomplete: number;
  downloaded: number;
  /** Those of `incomplete` that do download: partial seeds do not (BEP 21). */
  downloaders: number;
}

export interface SessionRequest {
  /** The secret: 128 random bits as 32 hex digits. */
  id: string;
  /** Raw ed25519 public key, 64 hex digits, already proven. */
  publisher: string;
  address: Uint8Array;
}

export interface HeartbeatResult {
  /** Info-hashes whose pieces must be reported whole, because nothing or only an old state is known. */
  resend: string[];
  /** Info-hashes whose reports do not fit the torrent, or for which there is no room: not to be reported again. */
  refused: string[];
}

export interface RegistryStats {
  swarms: number;
  seeds: number;
  peers: number;
  sessions: number;
  allowed: number;
  reportBytes: number;
}

export interface RegistryOptions {
  /** Track any info-hash and not only those allowed. */
  open: boolean;
  /** Seconds between announces of one peer while there are few; each reply varies it by a tenth. */
  interval: number;
  /** Seconds it may grow to, so that all peers together announce at most `announcesPerSecond` times. */
  maxInterval: number;
  announcesPerSecond: number;
  minInterval: number;
  /** Milliseconds from a heartbeat to the end of the session, if none follows. */
  sessionLease: number;
  maxPeers: number;
  maxSwarms: number;
  maxSessions: number;
  /** Sessions opened from one public address; ten times as many from one that is not public. */
  sessionsPerAddress: number;
  /** Bytes for all piece reports together. */
  maxReportBytes: number;
  rosters: RosterLimits;
}

/** A lease lasts this many announce intervals: one announce may be late or lost. */
export const LEASE_INTERVALS = 1.5;

export const DEFAULT_OPTIONS: RegistryOptions = {
  open: false,
  interval: 300,
  maxInterval: 1800,
  announcesPerSecond: 1000,
  minInterval: 60,
  sessionLease: 45_000,
  maxPeers: 1_000_000,
  maxSwarms: 500_000,
  maxSessions: 50_000,
  sessionsPerAddress: 256,
  maxReportBytes: 256 * 1024 * 1024,
  rosters: { portsPerAddress: 8, portsPerNetwork: 256, portsPerLocalAddress: 1024 },
};
