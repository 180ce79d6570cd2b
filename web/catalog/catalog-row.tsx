// One name of the catalog in the list.

import type { CatalogRow as Row } from '../../src/api/daemon-catalog-schemas.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { hrefOf } from '../app/route.ts';
import { useCatalog } from './catalog-source.ts';
import { Publisher } from './publisher.tsx';

export function CatalogRow({ row, place }: { row: Row; place: number }) {
  const { Fetch, ownWord } = useCatalog();
  const { name, size, files, seq, publisher, own, seeds, peers } = row;
  return (
    <div role="row" class="entry-row" aria-rowindex={place}>
      <div role="cell" class="entry-name clip">
        <a href={hrefOf(['catalog', name])} title={name}>
          <bdi>{name}</bdi>
        </a>
        {files > 1 && <span class="small quiet">{files} files</span>}
      </div>
      <div role="cell" class="number entry-size">
        {formatSize(size)}
      </div>
      <div role="cell" class="number entry-version" title={`Version ${seq}`}>
        <span class="unseen">version </span>
        {seq}
      </div>
      <div role="cell" class="entry-publisher">
        <Publisher publisher={publisher} own={own} ownWord={ownWord} />
      </div>
      <div role="cell" class={seeds === 0 ? 'number entry-seeds warning' : 'number entry-seeds'}>
        {seeds === 0 ? <span title="Nobody has all of it now">none</span> : seeds}
        <span class="unseen"> {seeds === 1 ? 'seed' : 'seeds'}</span>
      </div>
      <div role="cell" class="number entry-peers">
        {peers === 0 ? '' : peers}
      </div>
      <div role="cell" class="entry-fetch">
        <Fetch row={row} />
      </div>
    </div>
  );
}
