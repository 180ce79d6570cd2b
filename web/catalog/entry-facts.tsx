// The figures of one entry of the catalog, in words.

import type { ComponentChildren } from 'preact';
import type { CatalogEntryReply } from '../../src/api/daemon-catalog-schemas.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { When } from '../format/when.tsx';
import { useCatalog } from './catalog-source.ts';
import { Publisher } from './publisher.tsx';

export function EntryFacts({ entry }: { entry: CatalogEntryReply }) {
  const { ownWord } = useCatalog();
  const { size, files, seq, latest, published, publisher, own, since, seeds, peers, completed, infoHash } = entry;
  const { pieces, pieceLength, lookalikes, foundOn } = entry;
  return (
    <dl class="entry-facts">
      <Fact title="Size">
        {formatSize(size)}
        {files > 1 && ` in ${files} files`}
      </Fact>
      <Fact title="Version">
        {seq}
        {seq < latest && <span class="warning"> (the newest is {latest})</span>}, published{' '}
        <When at={published * 1000} />
      </Fact>
      <Fact title="Publisher">
        <Publisher publisher={publisher} own={own} ownWord={ownWord} />
        <span class="quiet">
          took the name <When at={since * 1000} />
        </span>
      </Fact>
      <Fact title="Swarm">
        {seeds === 0 ? <span class="warning">nobody has all of it now</span> : count(seeds, 'seed')},{' '}
        {count(peers, 'peer')}, fetched {count(completed, 'time')}
      </Fact>
      <Fact title="Pieces">
        {pieces} of {formatSize(pieceLength)}
        {entry.private && ', private'}
      </Fact>
      {lookalikes.length > 0 && (
        <Fact title="Looks like">
          <span class="warning">{lookalikes.join(', ')}</span>
        </Fact>
      )}
      {foundOn.length > 0 && (
        <Fact title="Found on">
          <span class="mono">{foundOn.join(', ')}</span>
        </Fact>
      )}
      <Fact title="Info-hash">
        <span class="mono">{infoHash}</span>
      </Fact>
    </dl>
  );
}

function Fact({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}
