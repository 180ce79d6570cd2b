// Where the player appears; fetched when something is played for the first time.

import { Lazy, type Source } from '../app/lazy.tsx';
import { usePlaying } from './player.ts';

const SOURCE: Source = { load: () => import('./player-box.tsx') };

export function PlayerHost() {
  const open = usePlaying((playing) => playing !== undefined);
  return open ? <Lazy source={SOURCE} /> : null;
}
