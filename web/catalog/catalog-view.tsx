// The catalog as the daemon's page shows it: all its trackers as one, with what is here already.

import { useRoute } from '../app/route.ts';
import { CatalogList } from './catalog-list.tsx';
import { Catalog } from './catalog-source.ts';
import { daemonCatalog } from './daemon-catalog.tsx';
import { EntryView } from './entry-view.tsx';

export default function CatalogView() {
  const name = useRoute(({ path }) => path[1]);
  const version = useRoute(({ query }) => query.get('version'));
  return (
    <Catalog.Provider value={daemonCatalog}>
      {name === undefined ? (
        <CatalogList />
      ) : (
        <EntryView key={name} name={name} version={version === null ? undefined : Number(version)} />
      )}
    </Catalog.Provider>
  );
}
