// The trackers of a transfer and what each of them said last.

import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { When } from '../format/when.tsx';
import { announce } from '../transfers/actions.ts';
import { useDetailTorrent } from './detail-torrent.ts';
import './trackers-part.css';

export function TrackersPart() {
  const { infoHash } = useDetailTorrent();
  const { value, failure } = usePoll(infoHash, 5_000, (signal) => api.trackers({ params: { infoHash }, signal }));
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (value.trackers.length === 0) return <p class="detail-note">No tracker is asked for peers of it now.</p>;
  return (
    <>
      <table class="figures folding">
        <thead>
          <tr>
            <th scope="col">Tracker</th>
            <th scope="col" class="number">
              Seeds
            </th>
            <th scope="col" class="number">
              Peers
            </th>
            <th scope="col">Last answer</th>
          </tr>
        </thead>
        <tbody>
          {value.trackers.map(({ url, seeds, peers, lastAnswer, failure }) => (
            <tr key={url}>
              <td class="wide mono" title={url}>
                {url}
              </td>
              <td class="number" data-of="seeds">
                {seeds}
              </td>
              <td class="number" data-of="peers">
                {peers}
              </td>
              <td class={failure === null ? '' : 'danger'}>
                {failure ?? (lastAnswer > 0 ? <When at={lastAnswer} /> : 'none yet')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="trackers-ask">
        <button type="button" class="button" onClick={() => void announce([infoHash])}>
          Ask for peers now
        </button>
      </p>
    </>
  );
}
