// Which torrents may run: those first in the queue, as many downloads and as many seeds as the settings allow. And when a
// seed has given enough. Pure: the same list always gives the same answer.

export interface Queued {
  /** Lower runs first. */
  readonly position: number;
  /** Everything is here: it counts as a seed. */
  readonly complete: boolean;
}

export interface QueueLimits {
  /** 0: no limit. */
  readonly activeDownloads: number;
  readonly activeSeeds: number;
}

/** Those of `torrents` (that want to run) which may. */
export function chooseActive<T extends Queued>(torrents: readonly T[], limits: QueueLimits): Set<T> {
  const active = new Set<T>();
  let downloads = limits.activeDownloads === 0 ? Infinity : limits.activeDownloads;
  let seeds = limits.activeSeeds === 0 ? Infinity : limits.activeSeeds;
  for (const torrent of torrents.toSorted((a, b) => a.position - b.position)) {
    if (torrent.complete ? seeds-- > 0 : downloads-- > 0) active.add(torrent);
  }
  return active;
}

export interface SeedRecord {
  /** Payload bytes over all runs. */
  readonly uploaded: number;
  readonly size: number;
  /** Seconds it has seeded, and since it last sent something. */
  readonly seeded: number;
  readonly idle: number;
}

export interface SeedLimits {
  /** Null: no limit. Times in seconds. */
  readonly ratio: number | null;
  readonly seedTime: number | null;
  readonly idleTime: number | null;
}

/** Whether a seed has given what it was to give. The ratio is to the size of the content, however it came here. */
export function hasSeededEnough(record: SeedRecord, limits: SeedLimits): boolean {
  if (limits.ratio !== null && record.uploaded >= limits.ratio * record.size) return true;
  if (limits.seedTime !== null && record.seeded >= limits.seedTime) return true;
  return limits.idleTime !== null && record.idle >= limits.idleTime;
}
