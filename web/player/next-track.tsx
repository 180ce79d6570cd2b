// What is played next is made ready while the one before it still plays: its address at once, its beginning near the end.

import { useEffect, useState } from 'preact/hooks';
import type { MediaState } from './media-state.ts';
import type { Track } from './player.ts';
import { pathOf } from './stream-paths.ts';

/** Seconds before the end from which on the beginning of the next one is fetched. */
const AHEAD = 30;

export function NextTrack({ track, state }: { track: Track; state: MediaState }) {
  const [path, setPath] = useState<string>();
  const { time, duration, paused } = state;
  useEffect(() => {
    let left = false;
    setPath(undefined);
    pathOf(track).then(
      (found) => left || setPath(found),
      // Its own turn will tell.
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [track]);
  const near = !paused && duration - time < AHEAD;
  if (path === undefined || !near) return null;
  return <audio src={path} preload="auto" muted />;
}
