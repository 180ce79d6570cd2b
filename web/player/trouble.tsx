// Why nothing is heard or seen, and the way out: resume the transfer, wait for the daemon, or another player.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { attempt, notify } from '../app/notices.tsx';
import { api } from '../data/api.ts';
import { isStopped } from '../data/figures.ts';

/** `format`: this browser cannot play it. `away`: the daemon does not answer. */
export type Trouble = { kind: 'format' } | { kind: 'away' } | { kind: 'said'; text: string };

export interface TroubleNoteProps {
  trouble: Trouble | undefined;
  /** Of the file. */
  name: string;
  path: string | undefined;
  row: TorrentRow | undefined;
  starved: boolean;
  onRetry: () => void;
}

export function TroubleNote({ trouble, name, path, row, starved, onRetry }: TroubleNoteProps) {
  const resume = async (infoHash: string): Promise<void> => {
    if (await attempt(api.resume({ params: { infoHash } }))) onRetry();
  };
  const stopped = row !== undefined && isStopped(row) && row.have < row.wanted;
  if (stopped && (trouble !== undefined || starved))
    return (
      <>
        <span>The transfer is stopped, and not all of it is here.</span>
        <button type="button" class="button" onClick={() => void resume(row.infoHash)}>
          Resume
        </button>
      </>
    );
  // As long as it has something to play, nobody needs to know.
  if (trouble?.kind === 'away')
    return starved ? <span>The daemon does not answer; it goes on when it is back.</span> : null;
  if (trouble?.kind === 'format')
    return (
      <>
        <span>
          This browser cannot play <bdi>{name}</bdi>. A player such as mpv or VLC can, at its address.
        </span>
        {path !== undefined && (
          <button type="button" class="button" onClick={() => copyAddress(path)}>
            Copy the address
          </button>
        )}
        {path !== undefined && (
          <a class="button" href={path} target="_blank" rel="noreferrer">
            Open it
          </a>
        )}
      </>
    );
  if (trouble !== undefined)
    return (
      <>
        <span>{trouble.text}</span>
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      </>
    );
  return starved ? <span class="quiet">Waiting for its next pieces…</span> : null;
}

/** For another player: it needs no token, and is for this file alone. */
export function copyAddress(path: string): void {
  const url = new URL(path, location.href).href;
  const copied = navigator.clipboard?.writeText(url) ?? Promise.reject(new Error('no clipboard'));
  copied.then(
    () => notify('Copied the address. It is for this file alone, and for twelve hours.'),
    () => notify(url),
  );
}
