// The catalog of the tracker that served the page: its own API, and links that any BitTorrent client opens.

import { createClient } from '../../src/api/client.ts';
import type { CatalogEntryReply } from '../../src/api/daemon-catalog-schemas.ts';
import { asDict, decodeDict } from '../../src/protocol/bencode.ts';
import { formatMagnet } from '../../src/protocol/magnet.ts';
import { readFiles } from '../../src/protocol/metainfo-files.ts';
import type { CatalogSource, Fetchable } from '../catalog/catalog-source.ts';

const api = createClient(location.origin);
const { announce, url } = document.documentElement.dataset;
/** What a list of files costs is paid once for each torrent. */
const contents = new Map<string, Promise<CatalogEntryReply['contents']>>();
const MOST_KEPT = 20;
const MOST_FILES = 1000;

export const trackerCatalog: CatalogSource = {
  async list({ query, limit, after }, signal) {
    const asked = { ...(query === '' ? {} : { q: query }), limit, ...(after === undefined ? {} : { cursor: after }) };
    const { files, total, next } = await api.list({ query: asked, signal });
    const rows = files.map((file) => ({ ...file, trackers: [], own: false }));
    return { files: rows, total, trackers: [], ...(next === undefined ? {} : { next }) };
  },
  async entry(name, version, signal) {
    const query = version === undefined ? {} : { version };
    const [entry, { versions }] = await Promise.all([
      api.lookup({ params: { name }, query, signal }),
      api.versions({ params: { name }, signal }),
    ]);
    const files = entry.files > 1 ? await contentsOf(entry) : [];
    return { ...entry, versions, contents: files, own: false, firstContact: false, foundOn: [], warnings: [] };
  },
  Fetch,
  fetchTitle: 'Fetch',
  Empty,
  ownWord: '',
};

function contentsOf({ name, seq, infoHash }: Fetchable): Promise<CatalogEntryReply['contents']> {
  const known = contents.get(infoHash);
  if (known !== undefined) return known;
  const asked = api.torrent({ params: { name }, query: { version: seq } }).then(filesOf);
  contents.set(infoHash, asked);
  // What failed is asked for again the next time.
  asked.catch(() => contents.delete(infoHash));
  if (contents.size > MOST_KEPT) contents.delete(contents.keys().next().value!);
  return asked;
}

function filesOf(torrent: Uint8Array): CatalogEntryReply['contents'] {
  const info = asDict(decodeDict(torrent).get('info'));
  if (info === undefined) return [];
  const { files } = readFiles(info, '', new Set());
  const shown = files.filter(({ pad }) => !pad).slice(0, MOST_FILES);
  return shown.map(({ path, length }) => ({ path: path.join('/'), size: length }));
}

function Fetch({ row }: { row: Fetchable }) {
  const { name, infoHash, size, seq } = row;
  const magnet =
    row.magnet ?? formatMagnet({ infoHash, name, length: size, trackers: announce === undefined ? [] : [announce] });
  const torrent = `/api/v1/files/${encodeURIComponent(name)}/torrent?version=${seq}`;
  return (
    <span class="tracker-links">
      <a href={magnet} aria-label={`Magnet link of ${name}`}>
        magnet
      </a>
      <a href={torrent} aria-label={`.torrent of ${name}`}>
        .torrent
      </a>
    </span>
  );
}

function Empty() {
  return (
    <div class="catalog-none">
      <p>Nothing is shared here yet. Be the first:</p>
      <pre class="mono">shoal share --tracker {url} FILE</pre>
    </div>
  );
}
