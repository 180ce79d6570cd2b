// How fast a transfer was: the last minute, hour or day, as the daemon remembers it.

import { useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { useDetailTorrent } from './detail-torrent.ts';
import { RateGraph } from './rate-graph.tsx';
import './rates-part.css';

const RANGES = [
  { range: '1m', title: 'Minute', every: 1_000 },
  { range: '1h', title: 'Hour', every: 5_000 },
  { range: '1d', title: 'Day', every: 60_000 },
] as const;

export default function RatesPart() {
  const { infoHash, name } = useDetailTorrent();
  const [range, setRange] = useState<(typeof RANGES)[number]['range']>('1m');
  const { every, title } = RANGES.find((each) => each.range === range)!;
  const { value, failure } = usePoll(`${infoHash} ${range}`, every, (signal) =>
    api.history({ query: { infoHash, range }, signal }),
  );
  return (
    <div class="rates-part">
      <fieldset class="rates-ranges">
        <legend class="unseen">How far back</legend>
        {RANGES.map((each) => (
          <label key={each.range}>
            <input
              type="radio"
              name="rates-range"
              checked={each.range === range}
              onChange={() => setRange(each.range)}
            />
            {each.title}
          </label>
        ))}
        <span class="rates-key down">down</span>
        <span class="rates-key up">up</span>
      </fieldset>
      {value !== undefined && <RateGraph history={value} label={`Rates of ${name}: the last ${title.toLowerCase()}`} />}
      {value === undefined && failure !== undefined && <p class="detail-note">{failure.message}</p>}
    </div>
  );
}
