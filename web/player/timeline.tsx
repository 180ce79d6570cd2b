// Where one is in a file: the strip of its pieces, below it what the browser holds, over both a slider.

import { useMemo } from 'preact/hooks';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { cellsOf } from '../../src/api/strip-cells.ts';
import { formatPercent } from '../../src/base/quantity.ts';
import { api } from '../data/api.ts';
import { bytesOf } from '../data/base64.ts';
import { usePoll } from '../data/poll.ts';
import { Strip } from '../strip/strip.tsx';
import { formatPosition } from './media-kind.ts';
import type { MediaState } from './media-state.ts';
import type { Track } from './player.ts';

/** As many as a wide screen shows. */
const CELLS = 1024;

export interface TimelineProps {
  track: Track;
  row: TorrentRow | undefined;
  state: MediaState;
  onSeek: (seconds: number) => void;
}

export function Timeline({ track, row, state, onSeek }: TimelineProps) {
  const { time, duration, buffered } = state;
  const known = Number.isFinite(duration) && duration > 0;
  const cells = useCells(track, row);
  return (
    <div class="player-time">
      <span class="number small">{formatPosition(time)}</span>
      <div class="player-line">
        <Strip cells={cells} of={`${track.infoHash} ${track.index}`} label={`Pieces of ${track.name}`} />
        <div class="player-buffered" aria-hidden="true">
          {buffered.map(([from, to]) => (
            <span key={from} style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} />
          ))}
        </div>
        <input
          type="range"
          aria-label="Position"
          aria-valuetext={`${formatPosition(time)} of ${formatPosition(duration)}`}
          min={0}
          max={known ? duration : 1}
          step="any"
          value={known ? time : 0}
          disabled={!known}
          onInput={(event) => onSeek(event.currentTarget.valueAsNumber)}
        />
      </div>
      <span class="number small">{formatPosition(duration)}</span>
    </div>
  );
}

/** Of the pieces the file lies in. */
function useCells({ infoHash, index, offset, size }: Track, row: TorrentRow | undefined): Uint8Array | undefined {
  const complete = row !== undefined && row.size > 0 && row.have === row.size;
  const { value } = usePoll(`${infoHash} ${index}`, complete ? 30_000 : 1_000, (signal) =>
    api.pieces({ params: { infoHash }, signal }),
  );
  return useMemo(() => {
    if (value === undefined || value.pieceLength === 0) return undefined;
    const pieces = bytesOf(value.pieces);
    const first = Math.floor(offset / value.pieceLength);
    return cellsOf(pieces.subarray(first, Math.ceil((offset + size) / value.pieceLength)), CELLS);
  }, [value, offset, size]);
}

/** How much of the transfer is here, while not all of it is. */
export function shareText(row: TorrentRow | undefined): string {
  return row === undefined || row.have >= row.wanted ? '' : `${formatPercent(row.have, row.wanted)} here`;
}
