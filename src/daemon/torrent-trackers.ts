// The trackers of a torrent: those it announces to, or would if it ran, and the command that changes all of them.

import { ShoalError } from '../base/errors.ts';
import { mergeTiers, resolveSource } from '../engine/torrent-source.ts';
import { MAX_TRACKERS } from '../protocol/announce-list.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import { readTrackers } from './add-torrent.ts';
import type { ManagedTorrent } from './managed-torrent.ts';

/** What metadata names does not change, and would have to be read from the disk each time. */
const named = new WeakMap<ManagedTorrent, string[][]>();

/** In tiers. `usual`: base URLs that the session announces to when nothing names any. */
export async function tiersOf(torrent: ManagedTorrent, usual: readonly string[]): Promise<string[][]> {
  const { running, entry } = torrent;
  if (running !== undefined) {
    const tiers = new Map<number, string[]>();
    for (const { url, tier } of running.trackers) tiers.set(tier, [...(tiers.get(tier) ?? []), url]);
    return [...tiers.values()];
  }
  if (entry.onlyTrackers === true) return entry.trackers;
  const tiers = mergeTiers(entry.trackers, await namedBy(torrent)).map((tier) => tier.map(announceUrlOf));
  return tiers.length > 0 ? tiers : usual.map((url) => [announceUrlOf(url)]);
}

async function namedBy(torrent: ManagedTorrent): Promise<string[][]> {
  const known = named.get(torrent);
  if (known !== undefined) return known;
  const metainfo = await torrent.metainfo();
  const { magnet } = torrent.entry;
  const tiers = metainfo?.announce ?? (magnet === undefined ? [] : resolveSource(magnet).trackers);
  if (metainfo !== undefined) named.set(torrent, tiers);
  return tiers;
}

/** These and no others. Kept when the entry is saved. Throws ERR_USAGE for what is no tracker's address, and too many. */
export function setTrackers(torrent: ManagedTorrent, tiers: readonly (readonly string[])[]): void {
  const read = mergeTiers(tiers.map((tier) => readTrackers(tier).flat()));
  if (read.flat().length > MAX_TRACKERS)
    throw new ShoalError('ERR_USAGE', `a torrent has at most ${MAX_TRACKERS} trackers`, {
      reason: 'too_many_trackers',
    });
  torrent.entry.trackers = read;
  torrent.entry.onlyTrackers = true;
  torrent.running?.setTrackers(read);
}
