// Where the page is, kept in the address behind `#`: a path of segments and a query, such as `#/transfers/HASH/peers`.

import { createStore } from '../data/store.ts';

export interface Route {
  /** Decoded; the first names the view. Never empty. */
  path: readonly string[];
  query: URLSearchParams;
}

const HOME = 'transfers';

const route = createStore<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

export const useRoute = route.use;
export const currentRoute = route.get;

/** What is no address of ours, such as a token that is about to be taken out, is the beginning. */
export function parseRoute(hash: string): Route {
  if (!hash.startsWith('#/')) return { path: [HOME], query: new URLSearchParams() };
  const [path = '', query = ''] = hash.slice(2).split('?', 2);
  const segments = path.split('/').filter(Boolean).map(decode);
  return { path: segments.length === 0 ? [HOME] : segments, query: new URLSearchParams(query) };
}

/** For `href`. */
export function hrefOf(path: readonly string[], query: Record<string, string> = {}): string {
  const pairs = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${pairs === '' ? '' : `?${pairs}`}`;
}

/** `replace`: the place before is not come back to. */
export function go(path: readonly string[], options: { query?: Record<string, string>; replace?: boolean } = {}): void {
  const href = hrefOf(path, options.query);
  if (href === location.hash) return;
  if (options.replace === true) {
    history.replaceState(null, '', href);
    route.set(parseRoute(href));
  } else location.hash = href;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
