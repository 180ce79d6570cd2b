// The small numbers by which Transmission's clients name torrents: given once, never twice, as long as the daemon runs. And
// which torrents a call means.

import type { ManagedTorrent } from '../managed-torrent.ts';
import type { Torrents } from '../torrents.ts';
import { RpcFailure } from './arguments.ts';

/** Milliseconds for which a torrent counts as recently active, or as recently removed. */
const RECENT = 60_000;
const MAX_REMOVED = 10_000;

export class TorrentIds {
  readonly #torrents: Torrents;
  readonly #now: () => number;
  readonly #ids = new Map<string, number>();
  readonly #hashes = new Map<number, string>();
  /** What was seen of each last, and when it was first seen so. */
  readonly #seen = new Map<string, { signature: string; at: number }>();
  #removed: { id: number; at: number }[] = [];
  #next = 1;

  constructor(torrents: Torrents, now: () => number) {
    this.#torrents = torrents;
    this.#now = now;
  }

  idOf(torrent: ManagedTorrent): number {
    const known = this.#ids.get(torrent.infoHash);
    if (known !== undefined) return known;
    const id = this.#next++;
    this.#ids.set(torrent.infoHash, id);
    this.#hashes.set(id, torrent.infoHash);
    return id;
  }

  /** Notices who is new, who changed and who is gone. Called before every answer. */
  look(): void {
    const now = this.#now();
    for (const torrent of this.#torrents.ordered()) {
      this.idOf(torrent);
      const { entry, state, running } = torrent;
      const { down = 0, up = 0, peers = 0 } = running?.status ?? {};
      const moving = down > 0 || up > 0;
      const signature = `${state} ${entry.seen.have} ${entry.uploaded} ${peers} ${entry.labels} ${entry.position}`;
      const seen = this.#seen.get(torrent.infoHash);
      if (moving || seen?.signature !== signature) this.#seen.set(torrent.infoHash, { signature, at: now });
    }
    for (const [infoHash, id] of this.#ids) {
      if (this.#torrents.find(infoHash) !== undefined) continue;
      this.#ids.delete(infoHash);
      this.#hashes.delete(id);
      this.#seen.delete(infoHash);
      this.#removed.push({ id, at: now });
    }
    this.#removed = this.#removed.filter(({ at }) => now - at < RECENT).slice(-MAX_REMOVED);
  }

  /** Ids of torrents that were removed a short while ago. */
  get removed(): number[] {
    return this.#removed.map(({ id }) => id);
  }

  /**
   * Those that `ids` means: absent all, a number or an info-hash one, a list of them several, `recently-active` those that
   * changed of late. What is not here is left out. Throws RpcFailure.
   */
  choose(ids: unknown): ManagedTorrent[] {
    const all = this.#torrents.ordered();
    if (ids === undefined || ids === null) return [...all];
    if (isRecentlyActive(ids)) {
      const now = this.#now();
      return all.filter(({ infoHash }) => now - (this.#seen.get(infoHash)?.at ?? 0) < RECENT);
    }
    const chosen = new Set<ManagedTorrent>();
    for (const id of Array.isArray(ids) ? ids : [ids]) {
      if (typeof id !== 'number' && typeof id !== 'string') throw new RpcFailure('ids holds something that is no id');
      const infoHash = typeof id === 'number' ? this.#hashes.get(id) : id.toLowerCase();
      const torrent = infoHash === undefined ? undefined : this.#torrents.find(infoHash);
      if (torrent !== undefined) chosen.add(torrent);
    }
    return [...chosen];
  }
}

export function isRecentlyActive(ids: unknown): boolean {
  return ids === 'recently-active';
}
