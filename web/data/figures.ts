// What follows from the figures of a torrent. Pure.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';

/** Seconds until all of it is here at the rate of now; undefined when nothing arrives or nothing is missing. */
export function secondsLeft({ state, wanted, have, down }: TorrentRow): number | undefined {
  if (state !== 'downloading' || down <= 0 || have >= wanted) return undefined;
  return (wanted - have) / down;
}

export function isStopped({ state }: TorrentRow): boolean {
  return state === 'paused' || state === 'finished' || state === 'failed';
}
