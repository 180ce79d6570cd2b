// The catalog of one tracker: the same views as the daemon's page has, with links in place of a daemon.

import '../style/tokens.css';
import '../style/base.css';
import { render } from 'preact';
import { Icon } from '../app/icons.tsx';
import { Notices } from '../app/notices.tsx';
import { go, hrefOf, useRoute } from '../app/route.ts';
import { searchText } from '../app/search.ts';
import '../app/search-field.css';
import '../app/top-bar.css';
import { CatalogList } from '../catalog/catalog-list.tsx';
import { Catalog } from '../catalog/catalog-source.ts';
import { EntryView } from '../catalog/entry-view.tsx';
import { trackerCatalog } from './tracker-catalog.tsx';
import './tracker-page.css';

/** Takes the place of the list without scripts. */
export function start(): void {
  searchText.set(new URLSearchParams(location.search).get('q') ?? '');
  for (const style of document.querySelectorAll('link[href="/style.css"]')) style.remove();
  document.body.replaceChildren();
  render(<TrackerPage />, document.body);
}

function TrackerPage() {
  const name = useRoute(({ path }) => (path[0] === 'catalog' ? path[1] : undefined));
  const version = useRoute(({ query }) => query.get('version'));
  return (
    <Catalog.Provider value={trackerCatalog}>
      <div class="tracker">
        <header class="top-bar">
          <h1 class="tracker-home">
            <a href={hrefOf(['catalog'])}>Shoal</a>
          </h1>
          <SearchField listed={name === undefined} />
        </header>
        <main class="tracker-view" aria-label="Catalog">
          {name === undefined ? (
            <CatalogList />
          ) : (
            <EntryView key={name} name={name} version={version === null ? undefined : Number(version)} />
          )}
        </main>
        <footer class="tracker-foot small quiet">
          Fetch with <span class="mono">shoal get --tracker {document.documentElement.dataset.url} NAME</span>, or open
          a link in any BitTorrent client.
        </footer>
      </div>
      <Notices />
    </Catalog.Provider>
  );
}

/** `listed`: what is typed is looked for in the list that is shown. */
function SearchField({ listed }: { listed: boolean }) {
  return (
    <search class="search-field">
      <Icon name="search" />
      <input
        class="field"
        type="search"
        placeholder="Search the catalog"
        aria-label="Search the catalog"
        autocomplete="off"
        spellcheck={false}
        maxLength={255}
        value={searchText.use()}
        onInput={(event) => {
          searchText.set(event.currentTarget.value);
          if (!listed) go(['catalog']);
        }}
      />
    </search>
  );
}
