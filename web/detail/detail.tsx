// The details of one transfer: its head with figures and actions, and the parts one can look at. The part is in the address.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { formatPercent, formatRate, formatSize } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import { Lazy } from '../app/lazy.tsx';
import { go, hrefOf, useRoute } from '../app/route.ts';
import { isStopped } from '../data/figures.ts';
import { prefer, preferences } from '../data/preferences.ts';
import { formatRatio } from '../format/ratio.ts';
import { pauseOrResume } from '../transfers/actions.ts';
import { openTransferMenu } from '../transfers/transfer-menu.ts';
import './detail.css';
import { DetailTorrent } from './detail-torrent.ts';
import { PARTS } from './parts.ts';
import { TabList } from './tab-list.tsx';

export function Detail({ row, narrow }: { row: TorrentRow; narrow: boolean }) {
  const named = useRoute(({ path }) => path[2]);
  const remembered = preferences.use(({ tab }) => tab);
  const part = PARTS.find(({ name }) => name === (named ?? remembered)) ?? PARTS[0]!;
  const show = (name: string): void => {
    prefer({ tab: name });
    go(['transfers', row.infoHash, name], { replace: true });
  };
  return (
    <section class="detail" aria-label={`Details of ${row.name}`} data-detail>
      <header class="detail-head">
        {narrow && (
          <a class="button plain" href={hrefOf(['transfers'])} aria-label="Back to the list">
            <Icon name="back" />
          </a>
        )}
        <h2 class="clip" title={row.path}>
          <bdi>{row.name}</bdi>
        </h2>
        <Figures row={row} />
        <button type="button" class="button" onClick={() => void pauseOrResume(row, [row.infoHash])}>
          {isStopped(row) ? 'Resume' : 'Pause'}
        </button>
        <button
          type="button"
          class="button"
          aria-label="All that can be done with it"
          aria-haspopup="menu"
          onClick={(event) => {
            const { left, bottom } = event.currentTarget.getBoundingClientRect();
            openTransferMenu(row, [row.infoHash], left, bottom + 4);
          }}
        >
          <Icon name="menu" />
        </button>
      </header>
      <TabList parts={PARTS} current={part.name} onShow={show} />
      <div class="detail-part" role="tabpanel" id="detail-part" aria-labelledby={`tab-${part.name}`} tabIndex={0}>
        <DetailTorrent.Provider value={row}>
          <Lazy key={part.name} source={part.source} />
        </DetailTorrent.Provider>
      </div>
    </section>
  );
}

function Figures({ row }: { row: TorrentRow }) {
  const { have, size, down, up, uploaded } = row;
  const figures = [
    size > 0 ? `${formatPercent(have, size)} of ${formatSize(size)}` : 'size not known yet',
    down > 0 ? `${formatRate(down)} down` : '',
    up > 0 ? `${formatRate(up)} up` : '',
    uploaded > 0 ? `ratio ${formatRatio(uploaded, size)}` : '',
  ];
  return <span class="detail-figures quiet">{figures.filter(Boolean).join(' · ')}</span>;
}
