// One name of the catalog: what it is, who published it, its files and versions, its link, and who has what of it.

import { formatSize } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import { hrefOf } from '../app/route.ts';
import { usePoll } from '../data/poll.ts';
import { useCatalog } from './catalog-source.ts';
import { EntryFacts } from './entry-facts.tsx';
import { EntryVersions } from './entry-versions.tsx';
import './entry-view.css';
import { LinkBox } from './link-box.tsx';

const REFRESH = 10_000;

export function EntryView({ name, version }: { name: string; version: number | undefined }) {
  const { entry: ask, Fetch, Swarm } = useCatalog();
  const { value, failure } = usePoll(`${version ?? ''} ${name}`, REFRESH, (signal) => ask(name, version, signal));
  return (
    <article class="entry" aria-busy={value === undefined && failure === undefined}>
      <header class="entry-title">
        <a class="button plain" href={hrefOf(['catalog'])} aria-label="Back to the catalog">
          <Icon name="back" />
        </a>
        <h2>
          <bdi>{name}</bdi>
        </h2>
        {value !== undefined && <Fetch row={value} main />}
      </header>
      {failure !== undefined && (
        <p class="catalog-note failed" role="alert">
          {failure.message}
        </p>
      )}
      {value !== undefined && (
        <>
          {value.warnings.map((warning) => (
            <p key={warning} class="catalog-note failed">
              {warning}
            </p>
          ))}
          <div class="entry-columns">
            <div class="entry-main">
              <EntryFacts entry={value} />
              {Swarm !== undefined && <Swarm infoHash={value.infoHash} />}
              <Files contents={value.contents} count={value.files} />
              <EntryVersions name={name} shown={value.seq} versions={value.versions} />
            </div>
            <aside class="entry-side" aria-label="Link">
              <h3>Link</h3>
              <LinkBox magnet={value.magnet} name={name} />
            </aside>
          </div>
        </>
      )}
    </article>
  );
}

function Files({ contents, count }: { contents: readonly { path: string; size: number }[]; count: number }) {
  if (contents.length < 2) return null;
  return (
    <section>
      <h3>Files</h3>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {contents.map(({ path, size }) => (
            <tr key={path}>
              <td class="wide" title={path}>
                <bdi>{path}</bdi>
              </td>
              <td class="number">{formatSize(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {contents.length < count && <p class="entry-rest quiet">and {count - contents.length} more</p>}
    </section>
  );
}
