// The versions of a name, newest first; each can be looked at.

import type { CatalogEntryReply } from '../../src/api/daemon-catalog-schemas.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { hrefOf } from '../app/route.ts';
import { When } from '../format/when.tsx';

interface EntryVersionsProps {
  name: string;
  /** The one that is shown. */
  shown: number;
  versions: CatalogEntryReply['versions'];
}

export function EntryVersions({ name, shown, versions }: EntryVersionsProps) {
  if (versions.length < 2) return null;
  return (
    <section>
      <h3>Versions</h3>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col" class="number">
              Seeds
            </th>
            <th scope="col" class="number">
              Peers
            </th>
            <th scope="col">Published</th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ seq, size, seeds, peers, published }) => (
            <tr key={seq}>
              <td>
                {seq === shown ? (
                  <strong>{seq}, shown here</strong>
                ) : (
                  <a href={hrefOf(['catalog', name], { version: String(seq) })}>{seq}</a>
                )}
              </td>
              <td class="number">{formatSize(size)}</td>
              <td class="number">{seeds}</td>
              <td class="number">{peers}</td>
              <td>
                <When at={published * 1000} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
