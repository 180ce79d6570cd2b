// What happened to one transfer, the newest first.

import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { When } from '../format/when.tsx';
import { useDetailTorrent } from './detail-torrent.ts';

export function LogPart() {
  const { infoHash } = useDetailTorrent();
  const { value, failure } = usePoll(infoHash, 3_000, (signal) => api.activity({ query: { infoHash }, signal }));
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (value.lines.length === 0) return <p class="detail-note">Nothing has happened to it yet.</p>;
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        {value.lines.toReversed().map(({ id, at, level, text }) => (
          <tr key={id}>
            <td class="quiet">
              <When at={at} />
            </td>
            <td class={`wide ${level === 'error' ? 'danger' : level}`} title={text}>
              {text}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
