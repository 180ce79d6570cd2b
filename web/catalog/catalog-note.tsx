// What is to be said about a search: that it runs, failed, found nothing, or how much; and which trackers do not answer.

import type { Search } from './catalog-search.ts';
import { useCatalog } from './catalog-source.ts';

interface CatalogNoteProps {
  search: Search & { retry: () => void };
  /** How many of the found are shown. */
  shown: number;
  onAll: () => void;
}

export function CatalogNote({ search, shown, onAll }: CatalogNoteProps) {
  const { Empty } = useCatalog();
  const { text, files, trackers, failure } = search;
  const silent = trackers.filter(({ error }) => error !== null);
  const none = text !== undefined && files.length === 0;
  return (
    <div class="catalog-notes">
      {failure !== undefined && (
        <div class="catalog-note failed" role="alert">
          <span>{failure}</span>
          <button type="button" class="button" onClick={search.retry}>
            Try again
          </button>
        </div>
      )}
      {silent.map(({ url, error }) => (
        <p key={url} class="catalog-note failed" role="status">
          <span>{error!.message}</span>
        </p>
      ))}
      {none && text !== '' && <p class="catalog-none">No name in the catalog contains “{text}”.</p>}
      {none && text === '' && trackers.every(({ error }) => error === null) && <Empty />}
      {!none && files.length > 0 && shown === 0 && (
        <p class="catalog-none">
          None of what was found is of this kind and publisher.{' '}
          <button type="button" class="button" onClick={onAll}>
            Show all
          </button>
        </p>
      )}
    </div>
  );
}

/** How many were found, in words. */
export function CatalogCount({ search, shown }: { search: Search; shown: number }) {
  const { text, files, more, asking } = search;
  const part = shown === files.length ? '' : `${shown} of `;
  const noun = files.length === 1 ? 'name' : 'names';
  const found = `${part}${files.length}${more ? ' and more' : ''} ${noun}${text === '' ? '' : ` with “${text}”`}`;
  return (
    <p class="catalog-count small quiet" role="status">
      {asking && text === undefined ? 'Looking into the catalog…' : files.length > 0 && found}
    </p>
  );
}
