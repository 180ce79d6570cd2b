// The titles of the columns; a click sorts by one, another turns the order.

import { prefer, preferences } from '../data/preferences.ts';
import { COLUMNS, type Column } from './columns.ts';

export function ListHead() {
  const { sort, descending } = preferences.use();
  return (
    <div role="rowgroup">
      <div role="row" class="transfer-head" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <div
            key={column.key}
            role="columnheader"
            class={column.numeric === true ? 'number' : undefined}
            aria-sort={column.key === sort ? (descending ? 'descending' : 'ascending') : 'none'}
          >
            <button type="button" tabIndex={-1} onClick={() => sortBy(column)}>
              {column.title}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

function sortBy({ key, downward = false }: Column): void {
  const { sort, descending } = preferences.get();
  prefer(key === sort ? { descending: !descending } : { sort: key, descending: downward });
}
