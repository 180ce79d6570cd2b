// Whether a request was meant for this server and comes from its own pages: what stands between a browser and DNS
// rebinding or forged requests of other sites. Judges headers only; who may do what is decided elsewhere.

import { classifyAddress, parseAddress, parseHostPort } from '../base/endpoint.ts';

/** The end of the connection that is ours. */
export interface LocalEnd {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/**
 * Whether a Host header names this server: the very address and port the connection came in at, `localhost` when that is a
 * loopback address, or one of `names` (`host` or `host:port`, lower case), under which a proxy or a name server hands it on.
 */
export function isOwnHost(host: string | undefined, { localAddress, localPort }: LocalEnd, names: ReadonlySet<string>) {
  if (host === undefined || localAddress === undefined || localPort === undefined) return false;
  const lower = host.toLowerCase();
  if (names.has(lower)) return true;
  // The default port of http may be left out.
  const named = parseHostPort(lower) ?? parseHostPort(`${lower}:80`);
  if (named === undefined) return false;
  if (names.has(named.host)) return true;
  if (named.port !== localPort) return false;
  const ours = parseAddress(localAddress);
  if (ours === undefined) return false;
  if (named.host === 'localhost') return classifyAddress(ours) === 'loopback';
  const theirs = parseAddress(named.host);
  return theirs !== undefined && Buffer.compare(theirs, ours) === 0;
}

export interface BrowserHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | string[] | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly 'sec-fetch-mode'?: string | string[] | undefined;
  readonly 'sec-fetch-dest'?: string | string[] | undefined;
}

/** Whether a browser says that another site made this request. What is no browser says nothing. */
export function isForeign(headers: BrowserHeaders): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && !isOrigin(String(origin), host)) return true;
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Whether a browser opens this as a page of its own, because somebody followed a link; never within another page. */
export function isNavigation(headers: BrowserHeaders): boolean {
  return (
    headers.origin === undefined && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  );
}

/** Whether a browser vouches that one of our own pages made this request. */
export function isFromOwnPage(headers: BrowserHeaders): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  return origin !== undefined && isOrigin(String(origin), host) && (site === undefined || site === 'same-origin');
}

function isOrigin(origin: string, host: string | undefined): boolean {
  const url = URL.parse(origin);
  return url !== null && /^https?:$/.test(url.protocol) && url.host === host?.toLowerCase();
}
