// The titles of the columns; a click sorts by one, another turns the order. One of them stands for all in the tab order, and
// arrow keys go from one to the next.

import { prefer, preferences } from '../data/preferences.ts';
import { COLUMNS, type Column } from './columns.ts';

export function ListHead() {
  const { sort, descending } = preferences.use();
  const known = COLUMNS.find(({ key }) => key === sort)?.key ?? COLUMNS[0]!.key;
  return (
    <div role="rowgroup">
      <div role="row" class="transfer-head" aria-rowindex={1} onKeyDown={onKeyDown}>
        {COLUMNS.map((column) => (
          <div
            key={column.key}
            role="columnheader"
            class={column.numeric === true ? 'number' : undefined}
            aria-sort={column.key === sort ? (descending ? 'descending' : 'ascending') : 'none'}
          >
            <button type="button" tabIndex={column.key === known ? 0 : -1} onClick={() => sortBy(column)}>
              {column.title}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

function onKeyDown(event: KeyboardEvent): void {
  const cell = (event.target as HTMLElement).parentElement!;
  const next = { ArrowRight: cell.nextElementSibling, ArrowLeft: cell.previousElementSibling }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  next?.querySelector('button')?.focus();
}

function sortBy({ key, downward = false }: Column): void {
  const { sort, descending } = preferences.get();
  prefer(key === sort ? { descending: !descending } : { sort: key, descending: downward });
}
