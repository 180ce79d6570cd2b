// The addresses at which files are played, asked for once each and again when the daemon does not know them any more.

import { useEffect, useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import type { Track } from './player.ts';

/** Asked for anew when it would end within so many milliseconds. */
const SPARE = 3_600_000;

const known = new Map<string, Promise<{ path: string; expires: number }>>();

/** Throws what the daemon says against it. */
export async function pathOf(track: Track): Promise<string> {
  const key = keyOf(track);
  const kept = await known.get(key)?.catch(() => undefined);
  if (kept !== undefined && kept.expires > Date.now() + SPARE) return kept.path;
  const { infoHash, index } = track;
  const asked = api.openStream({ params: { infoHash, index } });
  known.set(key, asked);
  return (await asked).path;
}

export interface StreamPath {
  path: string | undefined;
  failure: string | undefined;
  /** Asks for another. */
  renew(): void;
}

export function useStreamPath(track: Track): StreamPath {
  const key = keyOf(track);
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ key: string; turn: number; path?: string; failure?: string }>();
  useEffect(() => {
    let left = false;
    pathOf(track).then(
      (path) => left || setState({ key, turn, path }),
      (error: Error) => left || setState({ key, turn, failure: error.message }),
    );
    return () => {
      left = true;
    };
  }, [key, turn, track]);
  const isNow = state?.key === key && state.turn === turn;
  return {
    path: isNow ? state.path : undefined,
    failure: isNow ? state.failure : undefined,
    renew() {
      known.delete(key);
      setTurn(turn + 1);
    },
  };
}

function keyOf({ infoHash, index }: Track): string {
  return `${infoHash} ${index}`;
}
