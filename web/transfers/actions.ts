// What can be done with transfers. Each is one call to the daemon a transfer; the feed shows what came of it.

import type { TorrentLimits, TorrentRow } from '../../src/api/daemon-schemas.ts';
import { attempt } from '../app/notices.tsx';
import { api } from '../data/api.ts';
import { isStopped } from '../data/figures.ts';

/** Calls under way at a time, so that a thousand selected ones do not lock others out. */
const TOGETHER = 8;

async function each(infoHashes: readonly string[], call: (infoHash: string) => Promise<unknown>): Promise<void> {
  const queue = [...infoHashes];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await call(next);
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
}

export function pause(infoHashes: readonly string[]): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.pause({ params: { infoHash } })));
}

export function resume(infoHashes: readonly string[]): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.resume({ params: { infoHash } })));
}

/** Resumes all when the one looked at is stopped, else pauses all. */
export function pauseOrResume(row: TorrentRow, infoHashes: readonly string[]): Promise<boolean> {
  return isStopped(row) ? resume(infoHashes) : pause(infoHashes);
}

export function verify(infoHashes: readonly string[]): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.verify({ params: { infoHash } })));
}

export function announce(infoHashes: readonly string[]): Promise<boolean> {
  return attempt(
    each(infoHashes, (infoHash) => api.announce({ params: { infoHash } })),
    'Asked the trackers for peers.',
  );
}

export async function remove(infoHashes: readonly string[], data: boolean): Promise<boolean> {
  const kept: string[] = [];
  const removing = each(infoHashes, async (infoHash) => {
    kept.push(...(await api.remove({ params: { infoHash }, query: { data } })).kept);
  });
  const what = infoHashes.length === 1 ? 'Removed.' : `Removed ${infoHashes.length} transfers.`;
  return attempt(
    removing.then(() => (kept.length > 0 ? Promise.reject(new Error(notDeleted(kept))) : undefined)),
    what,
  );
}

function notDeleted(kept: readonly string[]): string {
  return `Removed, but could not be deleted: ${kept.slice(0, 3).join(', ')}${kept.length > 3 ? ' and more' : ''}`;
}

export function limit(infoHashes: readonly string[], limits: TorrentLimits): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.change({ params: { infoHash }, body: { limits } })));
}

export function label(infoHashes: readonly string[], labels: string[]): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.change({ params: { infoHash }, body: { labels } })));
}

export function move(infoHashes: readonly string[], directory: string): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.move({ params: { infoHash }, body: { directory } })));
}

/** To the first place of the queue, or the last. */
export function queue(infoHashes: readonly string[], position: number): Promise<boolean> {
  return attempt(each(infoHashes, (infoHash) => api.change({ params: { infoHash }, body: { position } })));
}

export function magnetOf({ infoHash, name }: Pick<TorrentRow, 'infoHash' | 'name'>): string {
  return `magnet:?xt=urn:btih:${infoHash}&dn=${encodeURIComponent(name)}`;
}
