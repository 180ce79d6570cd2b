// The catalog as one HTML page that works without scripts: a search field, a table, a link to the next page. Where scripts
// run, one of them puts the built page in its place. Every text
// comes from others and is escaped where it is put in; nothing else makes HTML.

import type { FileSummary } from '../api/schemas.ts';
import { printable } from '../base/printable.ts';

export interface PageInput {
  files: readonly (FileSummary & { magnet: string })[];
  /** Names in the whole catalog. */
  total: number;
  query: string;
  /** Cursor of the next page. */
  next: string | undefined;
  /** Whether this is the first page. */
  first: boolean;
  /** Epoch seconds. */
  now: number;
  /** Address of the script that makes the list live; none where the page was not built. */
  script: string | undefined;
  /** Where the tracker takes announces, for links. */
  announce: string;
  /** How others reach this tracker, for the lines that show how to begin. */
  url: string;
}

export function renderPage(input: PageInput): string {
  const { query, files } = input;
  return `<!doctype html>
<html lang="en" data-url="${escapeHtml(input.url)}" data-announce="${escapeHtml(input.announce)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${query === '' ? '' : `${escapeHtml(query)} – `}Shoal catalog</title>
<link rel="stylesheet" href="/style.css">
${input.script === undefined ? '' : `<script type="module" src="${escapeHtml(input.script)}"></script>\n`}</head>
<body>
<header>
<h1><a href="/">Shoal</a></h1>
<form action="/" role="search">
<input type="search" name="q" value="${escapeHtml(query)}" placeholder="Search the catalog" aria-label="Search the catalog" maxlength="255">
<button>Search</button>
</form>
<p class="total">${count(input.total, 'name', 'names')}</p>
</header>
<main>
${files.length === 0 ? renderEmpty(input) : renderTable(input)}
</main>
<footer>
<p>Fetch with <code>shoal get --tracker ${escapeHtml(input.url)} NAME</code>, or open a magnet link or .torrent in any BitTorrent client.</p>
</footer>
</body>
</html>
`;
}

function renderEmpty({ query, url, first }: PageInput): string {
  if (!first) return `<p class="empty">No more names. <a href="${listLink(query)}">Back to the first page</a></p>`;
  if (query !== '')
    return `<p class="empty">No name here contains <q>${escapeHtml(query)}</q>. <a href="/">Show all names</a></p>`;
  return `<div class="empty">
<p>Nothing is shared here yet. Be the first:</p>
<pre>shoal share --tracker ${escapeHtml(url)} FILE</pre>
</div>`;
}

function renderTable(input: PageInput): string {
  return `<table>
<thead>
<tr><th scope="col" class="name">Name</th><th scope="col" class="number">Size</th><th scope="col" class="number">Seeds</th><th scope="col" class="number">Peers</th><th scope="col">Published</th><th scope="col">Publisher</th><th scope="col">Fetch</th></tr>
</thead>
<tbody>
${input.files.map((file) => renderRow(file, input.now)).join('\n')}
</tbody>
</table>
${renderPaging(input)}`;
}

function renderRow(file: PageInput['files'][number], now: number): string {
  const version = file.seq === 1 ? '' : ` <span class="version">version ${file.seq}</span>`;
  const files = file.files === 1 ? '' : ` <span class="version">${count(file.files, 'file', 'files')}</span>`;
  const torrent = `/api/v1/files/${encodeURIComponent(file.name)}/torrent`;
  return `<tr${file.seeds === 0 ? ' class="unseeded"' : ''}>
<th scope="row" class="name"><bdi>${escapeHtml(file.name)}</bdi>${version}${files}</th>
<td class="number" data-label="Size"><span title="${file.size.toLocaleString('en')} bytes">${size(file.size)}</span></td>
<td class="number" data-label="Seeds">${file.seeds === 0 ? '<span title="nobody has all of it now">none</span>' : file.seeds}</td>
<td class="number" data-label="Peers">${file.peers}</td>
<td data-label="Published"><time datetime="${new Date(file.published * 1000).toISOString()}" title="${new Date(file.published * 1000).toUTCString()}">${age(now - file.published)}</time></td>
<td data-label="Publisher"><code title="${file.publisher}">${file.publisher.slice(0, 8)}</code></td>
<td class="links"><a href="${escapeHtml(file.magnet)}">magnet</a> <a href="${escapeHtml(torrent)}">.torrent</a></td>
</tr>`;
}

function renderPaging({ query, next, first }: PageInput): string {
  if (next === undefined && first) return '';
  const links = [
    first ? '' : `<a href="${listLink(query)}">First page</a>`,
    next === undefined ? '' : `<a rel="next" href="${listLink(query, next)}">Next page</a>`,
  ];
  return `<nav class="paging" aria-label="Pages">${links.join('')}</nav>`;
}

function listLink(query: string, cursor?: string): string {
  const pairs = [
    query === '' ? '' : `q=${encodeURIComponent(query)}`,
    cursor === undefined ? '' : `cursor=${encodeURIComponent(cursor)}`,
  ].filter((pair) => pair !== '');
  return escapeHtml(pairs.length === 0 ? '/' : `/?${pairs.join('&')}`);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text made safe inside an element and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

function age(seconds: number): string {
  if (seconds < 60) return 'just now';
  const steps: [number, string][] = [
    [86400 * 365, 'year'],
    [86400 * 30, 'month'],
    [86400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  const [length, unit] = steps.find(([each]) => seconds >= each)!;
  const number = Math.floor(seconds / length);
  return `${number} ${unit}${number === 1 ? '' : 's'} ago`;
}
