// Says why a torrent is as fast as it is: where its time and that of its peers went. Made anew on each question; the file
// for another process is written once a second while a download runs, cheaply: a reader sees the old one or the new one.

import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { addressOf } from './contributions.ts';
import type { Shortage, TorrentStatus, TorrentWhy } from './types.ts';

/** Name of the file in the torrent's own state directory. */
export const WHY_FILE = 'why.json';
const WHY_VERSION = 1;
const WRITE_EVERY = 1000;
/** Peers that are told of; those that gave most come first. */
const MOST_PEERS = 100;

/** What is in the file. */
export interface WhyRecord extends TorrentWhy {
  version: number;
  /** The process that downloads, or did. */
  pid: number;
  /** When this was written, in epoch milliseconds. */
  at: number;
  /** How the download ended; absent while it runs. */
  ended?: 'done' | 'stopped' | 'failed';
}

export function explain(
  view: Readonly<SwarmState>,
  { infoHash, name, size, have, wanted }: TorrentStatus,
  shortage: Shortage,
  limits: { down: number; up: number },
  { backlog, spent }: Pick<HashPool, 'backlog' | 'spent'>,
): TorrentWhy {
  const peers = [...view.peers.values()].map((peer) => ({
    address: addressOf(peer),
    client: peer.client,
    downloaded: peer.down.total,
    uploaded: peer.up.total,
    down: peer.downTimes.read(),
    up: peer.upTimes.read(),
  }));
  return {
    infoHash,
    name,
    size,
    have,
    wanted,
    limits,
    storage: { backlog, hashing: Math.round(spent.hashing), writing: Math.round(spent.writing) },
    times: view.times.read(),
    connected: peers.length,
    piecesNowhere: shortage.pieces,
    ...(shortage.lastSeen === undefined ? {} : { lastSeen: shortage.lastSeen }),
    peers: peers.sort((a, b) => b.downloaded - a.downloaded).slice(0, MOST_PEERS),
  };
}

export class WhyFile {
  readonly #path: string | undefined;
  readonly #clock: () => number;
  #next = 0;
  #writing: Promise<void> = Promise.resolve();
  #busy = false;
  #ended = false;

  /** `folder`: undefined keeps nothing. */
  constructor(folder: string | undefined, clock: () => number) {
    this.#path = folder === undefined ? undefined : path.join(folder, WHY_FILE);
    this.#clock = clock;
  }

  /** Call with each tick. */
  sometimes(make: () => TorrentWhy): void {
    const now = this.#clock();
    if (this.#path === undefined || this.#ended || this.#busy || now < this.#next) return;
    this.#next = now + WRITE_EVERY;
    this.#write(make(), undefined);
  }

  /** The last time; what was written before stays as it is. */
  async end(why: TorrentWhy, ended: NonNullable<WhyRecord['ended']>): Promise<void> {
    if (this.#path === undefined || this.#ended) return;
    this.#ended = true;
    this.#write(why, ended);
    await this.#writing;
  }

  /** Losing it is no loss worth a word. */
  #write(why: TorrentWhy, ended: WhyRecord['ended']): void {
    const target = this.#path!;
    const record: WhyRecord = { version: WHY_VERSION, pid: process.pid, at: Date.now(), ...why };
    if (ended !== undefined) record.ended = ended;
    const temporary = `${target}.${process.pid}.tmp`;
    this.#busy = true;
    this.#writing = this.#writing
      .then(() => writeFile(temporary, JSON.stringify(record), { mode: 0o600 }))
      .then(() => rename(temporary, target))
      .catch(() => undefined)
      .finally(() => {
        this.#busy = false;
      });
  }
}
