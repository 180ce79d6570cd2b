// Shares one entry: hashes, publishes, seeds in place, and tells when others can fetch. Used by share and by the shell.

import type { Endpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { type Published, publishEntry } from '../engine/catalog-publish.ts';
import type { CatalogAccess } from './catalog-access.ts';
import { hashPaths } from './hashing.ts';
import { unlessAborted } from './interrupt.ts';
import type { Output } from './output.ts';
import type { FollowedTorrent, TorrentHost } from './torrent-host.ts';

const LOOK_EVERY = 20;
/** Milliseconds a tracker that has just taken the entry may need to answer the first announce. */
const ANNOUNCE_PATIENCE = 15_000;

export interface ShareRequest {
  paths: readonly string[];
  /** In the catalog; default the path's own name. */
  name: string | undefined;
  exclude?: readonly string[] | undefined;
  pieceLength?: number | undefined;
  peers?: readonly Endpoint[];
}

export interface Shared {
  /** In the catalog. */
  name: string;
  torrent: FollowedTorrent;
  published: Published;
}

/** Resolves when others can fetch: the entry is published and a tracker has answered the first announce. */
export async function shareEntry(
  session: Pick<TorrentHost, 'torrents' | 'seedOriginal'>,
  access: CatalogAccess,
  request: ShareRequest,
  output: Output,
  signal: AbortSignal,
): Promise<Shared> {
  const { paths, exclude, pieceLength, peers = [] } = request;
  const several = paths.length > 1;
  const created = await hashPaths(output, {
    paths,
    signal,
    // The content keeps its own name, whatever the catalog calls it: identity is the info-hash, a name only points to it.
    ...(several && request.name !== undefined ? { name: request.name } : {}),
    ...(exclude === undefined ? {} : { exclude }),
    ...(pieceLength === undefined ? {} : { pieceLength }),
  });
  const { metainfo } = created;
  const name = (request.name ?? metainfo.name).normalize('NFC');
  const published = await publishEntry({
    trackers: access.trackers,
    identity: await access.identity(),
    pins: access.pins,
    name,
    torrentBytes: created.torrent,
    metainfo,
    signal,
  });
  for (const warning of published.warnings) output.warn(warning);
  // One content under a second name is served already.
  let torrent = session.torrents.find(({ infoHash }) => infoHash === metainfo.infoHash);
  if (torrent === undefined) {
    const options = { trackers: published.trackers, peers };
    torrent = await unlessAborted(signal, session.seedOriginal(metainfo, created.root, created, options));
  } else torrent.announceTo(published.trackers);
  await unlessAborted(signal, untilAnnounced(torrent, output));
  return { name, torrent, published };
}

/** The first answer to `started` makes the peer known to others. Without one by then, the tracker is warned about. */
async function untilAnnounced(torrent: FollowedTorrent, output: Output): Promise<void> {
  const began = performance.now();
  const answered = () => torrent.trackers.some(({ lastAnswer, failure }) => lastAnswer > 0 && failure === undefined);
  while (!answered()) {
    const { error, state } = torrent.status;
    if (error !== undefined) throw error;
    if (state === 'stopped') throw new ShoalError('ERR_INTERRUPTED', `sharing "${torrent.status.name}" was stopped`);
    if (performance.now() - began > ANNOUNCE_PATIENCE) {
      const failure = torrent.trackers.find((tracker) => tracker.failure !== undefined)?.failure ?? 'no answer';
      output.warn(`no tracker has taken the announce of "${torrent.status.name}" yet (${failure}); it is tried again`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}
