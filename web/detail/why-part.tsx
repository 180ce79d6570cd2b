// Why a transfer is as fast as it is: what its time went into, as the engine counted it, for the whole and for each peer.

import type { WhyReply } from '../../src/api/daemon-schemas.ts';
import { sharesOf, WAITING_WORDS } from '../../src/api/waiting-words.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { useDetailTorrent } from './detail-torrent.ts';
import { adviceOf } from './why-advice.ts';
import './why-part.css';

/** Shares below this are left out. */
const LEAST = 0.005;

export function WhyPart() {
  const { infoHash } = useDetailTorrent();
  const { value, failure } = usePoll(infoHash, 2_000, (signal) => api.why({ params: { infoHash }, signal }));
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  const parts = sharesOf(value.times).filter(({ share }) => share >= LEAST);
  if (parts.length === 0) return <p class="detail-note">Nothing has been measured yet.</p>;
  return (
    <div class="why-part">
      <p>{adviceOf(value)}</p>
      <table class="why-shares">
        <caption class="unseen">What its time went into</caption>
        <tbody>
          {parts.map(({ state, share }) => (
            <tr key={state}>
              <th scope="row">{WAITING_WORDS[state] ?? state}</th>
              <td class="number">{Math.round(share * 100)}%</td>
              <td class="why-bar">
                <div style={{ width: `${share * 100}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {value.peers.length > 0 && <Peers peers={value.peers} />}
    </div>
  );
}

function Peers({ peers }: Pick<WhyReply, 'peers'>) {
  return (
    <div class="why-peers">
      <table class="figures folding">
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">Client</th>
            <th scope="col" class="number">
              Gave
            </th>
            <th scope="col">Where its time went</th>
          </tr>
        </thead>
        <tbody>
          {peers.map(({ address, client, downloaded, down }) => (
            <tr key={address}>
              <td class="mono">{address}</td>
              <td>
                <bdi>{client}</bdi>
              </td>
              <td class="number" data-of="gave">
                {formatSize(downloaded)}
              </td>
              <td class="wide">
                {sharesOf(down)
                  .slice(0, 2)
                  .map(({ state, share }) => `${WAITING_WORDS[state] ?? state} ${Math.round(share * 100)}%`)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
