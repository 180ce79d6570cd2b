// Where the catalog's views get what they show, and what can be done with it: a daemon, or a tracker alone. Holds no data.

import { type ComponentType, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CatalogEntryReply, CatalogReply, CatalogRow } from '../../src/api/daemon-catalog-schemas.ts';

export interface CatalogQuestion {
  /** Words that all have to be in the name. */
  query: string;
  limit: number;
  /** `next` of the page before. */
  after?: string;
}

export interface CatalogSource {
  list(question: CatalogQuestion, signal: AbortSignal): Promise<CatalogReply>;
  entry(name: string, version: number | undefined, signal: AbortSignal): Promise<CatalogEntryReply>;
  /** How an entry is fetched, or how much of it is here. `main`: there is nothing else on the page to do. */
  Fetch: ComponentType<{ row: Fetchable; main?: boolean }>;
  /** What is above `Fetch` in a list. */
  fetchTitle: string;
  /** Who has what of it; nothing while that is not known. */
  Swarm?: ComponentType<{ infoHash: string }>;
  /** For who finds nothing at all in the catalog. */
  Empty: ComponentType;
  /** What says that a name is held by the one who looks. */
  ownWord: string;
}

export type Fetchable = Pick<CatalogRow, 'name' | 'infoHash' | 'size' | 'seq'> & { magnet?: string };

export const Catalog = createContext<CatalogSource | undefined>(undefined);

/** Only within the catalog's views. */
export function useCatalog(): CatalogSource {
  return useContext(Catalog)!;
}
