// What a torrent of a session is given: what it shares with the others, and what was said when it was added. Holds no logic.

import type { Random } from '../base/ports.ts';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import type { Ban, BanList } from '../swarm/ban-list.ts';
import type { SwarmOptions } from '../swarm/swarm-state.ts';
import type { FramePool } from './frame-pool.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Slab } from './slab.ts';
import type { Original } from './torrent-disk.ts';
import type { TrackerSessions } from './tracker-sessions.ts';
import type { AddOptions } from './types.ts';

/** What a torrent shares with the others of its session. */
export interface TorrentContext {
  readonly clock: () => number;
  readonly random: Random;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly clientName: string;
  readonly slab: Slab;
  readonly dialTimeout: number;
  readonly handshakeTimeout: number;
  readonly unreadTimeout: number;
  /** What every swarm of the session is told besides what is its own. */
  readonly swarm: Pick<
    SwarmOptions,
    'snubAfter' | 'idleAfter' | 'uploadSlots' | 'seedChoker' | 'superSeed' | 'maxPeers' | 'perAddress' | 'budget'
  >;
  readonly limits: RateLimits;
  readonly bans: BanList;
  readonly frames: FramePool;
  readonly pool: HashPool;
  readonly store: TorrentStore;
  readonly trackers: TrackerSessions;
  /** What the process is doing, for whoever finds the torrent locked. */
  readonly purpose: string;
  readonly lockDirectory: (infoHash: string) => string | undefined;
  /** Something may be about to happen to the torrent of this info-hash: it is to be looked at often again. */
  readonly onStirred: (infoHash: string) => void;
  /** The torrent has banned somebody. */
  readonly onBan: (ban: Ban) => void;
}

/** As it was added; `original`: data that is seeded where it lies. */
export type TorrentOptions = AddOptions & { original?: Original };
