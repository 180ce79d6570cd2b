// How a torrent of the daemon stands, in the words of the API: what is kept of it, and what it says of itself while it runs.
// Pure.

import type { Failure, TorrentRow, TorrentState } from '../api/daemon-schemas.ts';
import type { ShoalError } from '../base/errors.ts';
import type { TorrentStatus } from '../engine/types.ts';
import type { TorrentEntry } from './torrent-list.ts';

export interface TorrentFacts {
  readonly entry: TorrentEntry;
  /** While it runs. */
  readonly status: TorrentStatus | undefined;
  /** Counters of earlier runs. */
  readonly before: { downloaded: number; uploaded: number };
  readonly path: string;
  readonly error: ShoalError | undefined;
  /** Among all. */
  readonly position: number;
}

export function describeTorrent({ entry, status, before, path, error, position }: TorrentFacts): TorrentRow {
  const { seen } = entry;
  const known = status !== undefined && status.state !== 'checking' && status.size > 0 ? status : seen;
  return {
    infoHash: entry.infoHash,
    name: entry.name,
    state: stateOf(entry, status, error),
    path,
    size: status !== undefined && status.size > 0 ? status.size : seen.size,
    have: known.have,
    wanted: known.wanted ?? known.size,
    pieceCount: known.pieceCount,
    piecesHave: known.piecesHave,
    piecesWanted: known.piecesWanted ?? known.pieceCount,
    downloaded: status === undefined ? entry.downloaded : before.downloaded + status.downloaded,
    uploaded: status === undefined ? entry.uploaded : before.uploaded + status.uploaded,
    wasted: status?.wasted ?? 0,
    down: Math.round(status?.down ?? 0),
    up: Math.round(status?.up ?? 0),
    peers: status?.peers ?? 0,
    seeds: status?.seeds ?? 0,
    checked: Math.min(1, status?.checked ?? 0),
    labels: entry.labels,
    limits: entry.limits,
    position,
    added: entry.added,
    done: entry.done,
    sequential: entry.sequential === true,
    private: seen.private,
    error: describeFailure(error),
    waiting: describeFailure(status?.diskFull),
  };
}

export function stateOf(
  { wanted }: TorrentEntry,
  status: TorrentStatus | undefined,
  error: ShoalError | undefined,
): TorrentState {
  if (error !== undefined) return 'failed';
  const state = status?.state;
  if (state !== undefined && state !== 'stopped' && state !== 'failed') return state;
  return wanted === 'pause' ? 'paused' : wanted === 'finished' ? 'finished' : 'queued';
}

export function describeFailure(error: ShoalError | undefined): Failure | null {
  if (error === undefined) return null;
  const { code, message, reason } = error;
  return { code, message, ...(reason === undefined ? {} : { reason }) };
}
