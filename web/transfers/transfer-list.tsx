// The list of transfers: asks the feed for the lines that are seen and draws them.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { go, hrefOf } from '../app/route.ts';
import { searchText } from '../app/search.ts';
import { ask, showList, useFeed } from '../data/feed.ts';
import { preferences } from '../data/preferences.ts';
import { showStrips } from '../data/strips.ts';
import { VirtualList } from '../list/virtual-list.tsx';
import { COLUMNS } from './columns.ts';
import { FirstRun } from './first-run.tsx';
import { GroupRow } from './group-row.tsx';
import { ListHead } from './list-head.tsx';
import { onListKey } from './list-keys.ts';
import { onListClick, onListMenu } from './list-pointer.ts';
import { selection } from './selection.ts';
import './transfer-list.css';
import { TransferRow } from './transfer-row.tsx';

/** As tokens.css has it. */
const LINES = { normal: 32, dense: 25 };
const NARROW_LINE = 62;
/** By which the head of a group is lower than a transfer on a narrow screen; its style says so, too. */
const LOWER_HEAD = 26;

export function TransferList({ current, narrow }: { current: string | undefined; narrow: boolean }) {
  const list = useFeed(({ list }) => list);
  const state = useFeed(({ link }) => link.state);
  const text = searchText.use();
  const { sort, descending, folded, density } = preferences.use();
  const selected = selection.use(({ infoHashes }) => infoHashes);
  const [range, setRange] = useState({ first: 0, count: 40 });
  const [reveal, setReveal] = useState<number>();
  const known = useRef<string | undefined>(undefined);
  const query = useMemo(() => ({ text, sort, descending, folded }), [text, sort, descending, folded]);
  const onWindow = useCallback((first: number, count: number) => setRange({ first, count }), []);
  useEffect(() => showList(query, range.first, range.count), [query, range]);
  const rows = list.items.flatMap((item) => (item.kind === 'torrent' ? [item.row] : []));
  useEffect(() => showStrips(rows));
  useEffect(() => {
    if (current === undefined || current === known.current) return;
    known.current = current;
    void ask({ kind: 'step', from: current, by: 0 }).then(({ index }) => setReveal(index));
  }, [current]);
  if (list.all === 0) return state === 'live' ? <FirstRun /> : <div class="transfers" />;
  const shown = current !== undefined && rows.some(({ infoHash }) => infoHash === current);
  return (
    <div
      class="transfers"
      role="grid"
      tabIndex={0}
      data-list
      aria-label="Transfers"
      aria-multiselectable="true"
      aria-rowcount={list.total + 1}
      aria-colcount={COLUMNS.length}
      aria-activedescendant={shown ? `row-${current}` : undefined}
      onKeyDown={(event) => onListKey(event, current, rows)}
      onClick={(event) => void onListClick(event)}
      onContextMenu={(event) => onListMenu(event, rows)}
      onDblClick={() => current !== undefined && go(['transfers', current])}
    >
      <ListHead />
      {list.total === 0 ? (
        <p class="transfers-none">
          No transfer matches “{text}”. <a href={hrefOf(['catalog'])}>Look for it in the catalog</a>
        </p>
      ) : (
        <VirtualList
          total={list.total}
          lineHeight={narrow ? NARROW_LINE : LINES[density]}
          first={list.first}
          savedBefore={narrow ? list.headsBefore * LOWER_HEAD : 0}
          saved={narrow ? list.heads * LOWER_HEAD : 0}
          onWindow={onWindow}
          reveal={reveal}
        >
          {list.items.map((item, index) => {
            const place = list.first + index + 2;
            // What is drawn of a line is used again for the next: an order that changes all the time builds nothing anew.
            const slot = place % range.count;
            if (item.kind === 'group') return <GroupRow key={slot} item={item} place={place} />;
            const { infoHash } = item.row;
            return (
              <TransferRow
                key={slot}
                row={item.row}
                place={place}
                selected={selected.has(infoHash)}
                current={infoHash === current}
              />
            );
          })}
        </VirtualList>
      )}
    </div>
  );
}
