// Who has what of a transfer.

import { LiveSwarm } from '../swarm/live-swarm.tsx';
import { useDetailTorrent } from './detail-torrent.ts';
import './swarm-part.css';

export default function SwarmPart() {
  const { infoHash } = useDetailTorrent();
  return (
    <div class="swarm-part">
      <LiveSwarm infoHash={infoHash} />
    </div>
  );
}
