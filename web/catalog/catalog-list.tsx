// The catalog as a list: what the search finds, of the chosen kind and publisher. Asks for more as it is scrolled.

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { searchText } from '../app/search.ts';
import { VirtualList } from '../list/virtual-list.tsx';
import './catalog-list.css';
import { CatalogCount, CatalogNote } from './catalog-note.tsx';
import { CatalogRow } from './catalog-row.tsx';
import { useSearch } from './catalog-search.ts';
import { useCatalog } from './catalog-source.ts';
import { ALL, Facets, matches } from './facets.tsx';
import { useNarrow } from './narrow.ts';

const LINE = 32;
const NARROW_LINE = 58;
/** How many are asked for by scrolling or choosing alone. */
const MOST = 10_000;

export function CatalogList() {
  const { fetchTitle } = useCatalog();
  const text = searchText.use();
  const search = useSearch(text.trim());
  const [choice, setChoice] = useState(ALL);
  const [range, setRange] = useState({ first: 0, count: 40 });
  const narrow = useNarrow();
  const { files, more, asking } = search;
  const shown = useMemo(() => files.filter((row) => matches(choice, row)), [files, choice]);
  const onWindow = useCallback((first: number, count: number) => setRange({ first, count }), []);
  useEffect(() => {
    if (more && range.first + range.count >= shown.length && files.length < MOST) search.loadMore();
  });
  const first = Math.min(range.first, Math.max(0, shown.length - 1));
  return (
    <div class="catalog">
      <div class="catalog-bar">
        <CatalogCount search={search} shown={shown.length} />
        <Facets files={files} more={more} choice={choice} onChoose={setChoice} />
      </div>
      <CatalogNote search={search} shown={shown.length} onAll={() => setChoice(ALL)} />
      {shown.length > 0 && (
        <div
          class="catalog-table"
          role="table"
          aria-label="Catalog"
          aria-busy={asking}
          aria-rowcount={more ? -1 : shown.length + 1}
          onKeyDown={onArrow}
        >
          <div role="rowgroup">
            <div role="row" class="entry-head" aria-rowindex={1}>
              <div role="columnheader">Name</div>
              <div role="columnheader" class="number">
                Size
              </div>
              <div role="columnheader" class="number">
                Version
              </div>
              <div role="columnheader">Publisher</div>
              <div role="columnheader" class="number">
                Seeds
              </div>
              <div role="columnheader" class="number">
                Peers
              </div>
              <div role="columnheader">{fetchTitle}</div>
            </div>
          </div>
          <VirtualList total={shown.length} lineHeight={narrow ? NARROW_LINE : LINE} first={first} onWindow={onWindow}>
            {shown.slice(first, range.first + range.count).map((row, index) => (
              <CatalogRow key={`${row.infoHash} ${row.name}`} row={row} place={first + index + 2} />
            ))}
          </VirtualList>
        </div>
      )}
    </div>
  );
}

/** Up and down go from name to name. */
function onArrow(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = (event.target as HTMLElement).closest('.entry-row');
  if (step === undefined || row === null) return;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  next?.querySelector('a')?.focus();
  event.preventDefault();
}
