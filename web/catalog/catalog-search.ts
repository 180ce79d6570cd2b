// The search of the catalog: asks a moment after the last key, gives up the question before, and gets further pages when
// they are wanted. What was found before stays until there is something else.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { CatalogReply, CatalogRow } from '../../src/api/daemon-catalog-schemas.ts';
import { useCatalog } from './catalog-source.ts';

export interface Search {
  /** What these were found with; undefined until there is a first answer. */
  text: string | undefined;
  files: readonly CatalogRow[];
  trackers: CatalogReply['trackers'];
  /** There are further pages. */
  more: boolean;
  /** A question is under way. */
  asking: boolean;
  /** Why the last question failed. */
  failure: string | undefined;
}

const AFTER_KEY = 120;
const PAGE = 200;
/** Seeds come and go; only a list of one page is asked for again by itself. */
const REFRESH = 10_000;

const NOTHING: Search = { text: undefined, files: [], trackers: [], more: false, asking: true, failure: undefined };

export function useSearch(text: string): Search & { loadMore: () => void; retry: () => void } {
  const { list } = useCatalog();
  const [search, setSearch] = useState(NOTHING);
  const [round, setRound] = useState(0);
  const next = useRef<string | undefined>(undefined);
  const stop = useRef(new AbortController());
  const busy = useRef(false);

  const ask = async (after: string | undefined, quiet: boolean): Promise<void> => {
    const { signal } = stop.current;
    busy.current = true;
    if (!quiet) setSearch((before) => ({ ...before, asking: true }));
    try {
      const reply = await list({ query: text, limit: PAGE, ...(after === undefined ? {} : { after }) }, signal);
      if (signal.aborted) return;
      next.current = reply.next;
      const { trackers } = reply;
      const found = { text, trackers, more: reply.next !== undefined, asking: false, failure: undefined };
      setSearch((before) => ({
        ...found,
        files: after === undefined ? reply.files : joined(before.files, reply.files),
      }));
    } catch (error) {
      if (signal.aborted) return;
      setSearch((before) => ({ ...before, asking: false, failure: (error as Error).message }));
    }
    busy.current = false;
  };
  const latest = useRef(ask);
  latest.current = ask;

  useEffect(() => {
    const own = new AbortController();
    stop.current = own;
    next.current = undefined;
    let pages = 0;
    const look = (): void => {
      if (!document.hidden && !busy.current && (pages === 0 || next.current === undefined))
        void latest.current(undefined, pages > 0);
      pages++;
      timer = setTimeout(look, REFRESH);
    };
    busy.current = false;
    setSearch((before) => ({ ...before, asking: true }));
    let timer = setTimeout(look, text === '' ? 0 : AFTER_KEY);
    return () => {
      clearTimeout(timer);
      own.abort(new Error('another question'));
    };
  }, [text, round]);

  return {
    ...search,
    loadMore() {
      if (next.current !== undefined && !busy.current) void latest.current(next.current, true);
    },
    retry: () => setRound((count) => count + 1),
  };
}

/** Where trackers differ, a name may come again on a later page. */
function joined(before: readonly CatalogRow[], files: readonly CatalogRow[]): CatalogRow[] {
  const known = new Set(before.map(({ name, infoHash }) => `${infoHash} ${name}`));
  return [...before, ...files.filter(({ name, infoHash }) => !known.has(`${infoHash} ${name}`))];
}
