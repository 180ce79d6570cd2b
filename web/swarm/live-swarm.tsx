// The picture of a swarm, asked for again every second for as long as one looks.

import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { SwarmPicture } from './swarm-picture.tsx';

const EVERY = 1_000;
/** Columns: as many as can be told apart on a wide screen, and pointed at on a narrow one. */
const GROUPS = 160;

export function LiveSwarm({ infoHash }: { infoHash: string }) {
  const { value, failure } = usePoll(infoHash, EVERY, (signal) =>
    api.swarm({ params: { infoHash }, query: { groups: GROUPS }, signal }),
  );
  if (failure?.reason === 'not_running')
    return <p class="quiet">It does not run now, and so it is connected to nobody.</p>;
  if (value === undefined) return failure === undefined ? null : <p class="quiet">{failure.message}</p>;
  if (value.pieceGroups === 0) return <p class="quiet">How many pieces there are is known with the metadata.</p>;
  return <SwarmPicture swarm={value} />;
}
