// The catalog through the daemon: one click fetches, and what is here shows its pieces.

import { useEffect, useState } from 'preact/hooks';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { formatPercent } from '../../src/base/quantity.ts';
import { attempt } from '../app/notices.tsx';
import { hrefOf } from '../app/route.ts';
import { api } from '../data/api.ts';
import { useFeed, useTorrent } from '../data/feed.ts';
import { showStrips, useStrip } from '../data/strips.ts';
import { Strip } from '../strip/strip.tsx';
import { LiveSwarm } from '../swarm/live-swarm.tsx';
import type { CatalogSource, Fetchable } from './catalog-source.ts';

export const daemonCatalog: CatalogSource = {
  list: ({ query, limit, after }, signal) =>
    api.catalog({
      query: { ...(query === '' ? {} : { query }), limit, ...(after === undefined ? {} : { after }) },
      signal,
    }),
  entry: (name, version, signal) =>
    api.catalogEntry({ params: { name }, query: version === undefined ? {} : { version }, signal }),
  Fetch,
  fetchTitle: 'Here',
  Swarm,
  Empty,
  ownWord: 'you',
};

function Fetch({ row, main = false }: { row: Fetchable; main?: boolean }) {
  const { name, infoHash, seq } = row;
  const torrent = useTorrent(infoHash);
  const [busy, setBusy] = useState(false);
  if (torrent !== undefined) return <Here torrent={torrent} />;
  const fetch = async (): Promise<void> => {
    setBusy(true);
    await attempt(api.add({ body: { name, version: seq } }), `Fetching ${name}.`);
    setBusy(false);
  };
  return (
    <button
      type="button"
      class={main ? 'button main' : 'button'}
      disabled={busy}
      aria-label={`Get ${name}`}
      onClick={() => void fetch()}
    >
      {busy ? 'Asking…' : 'Get'}
    </button>
  );
}

/** Only of what is here: the daemon knows the others' swarms from outside alone. */
function Swarm({ infoHash }: { infoHash: string }) {
  if (useTorrent(infoHash) === undefined) return null;
  return (
    <section>
      <h3>Swarm</h3>
      <LiveSwarm infoHash={infoHash} />
    </section>
  );
}

const shown = new Map<string, TorrentRow>();

function Here({ torrent }: { torrent: TorrentRow }) {
  const { infoHash, have, wanted, size } = torrent;
  useEffect(() => {
    shown.set(infoHash, torrent);
    showStrips([...shown.values()]);
  });
  useEffect(() => () => void shown.delete(infoHash), [infoHash]);
  const strip = useStrip(torrent);
  const percent = size > 0 ? formatPercent(have, wanted) : '';
  return (
    <a class="here" href={hrefOf(['transfers', infoHash])} title="To the transfer">
      <Strip cells={strip?.cells} of={infoHash} label={`${percent} here`} quiet={size > 0 && have >= wanted} />
      <span class="number small">{percent}</span>
    </a>
  );
}

function Empty() {
  const trackers = useFeed(({ session }) => session?.trackers);
  if (trackers?.length === 0)
    return (
      <div class="catalog-none">
        <p>This daemon has no tracker, and so no catalog. Start it with one:</p>
        <pre class="mono">shoal daemon --tracker http://HOST:7070</pre>
      </div>
    );
  return <p class="catalog-none">Nothing is in the catalog yet. What you share is the first thing here.</p>;
}
