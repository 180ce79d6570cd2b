// Shares one entry: hashes, publishes, seeds in place, and tells when others can fetch. Used by share and by the shell.

import type { Endpoint } from '../base/endpoint.ts';
import type { Published } from '../engine/catalog-publish.ts';
import { publishCreated, untilAnnounced } from '../engine/sharing.ts';
import type { CatalogAccess } from './catalog-access.ts';
import { hashPaths } from './hashing.ts';
import { unlessAborted } from './interrupt.ts';
import type { Output } from './output.ts';
import type { FollowedTorrent, TorrentHost } from './torrent-host.ts';

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
  const { name, published } = await publishCreated(created, {
    trackers: access.trackers,
    identity: await access.identity(),
    pins: access.pins,
    name: request.name,
    signal,
  });
  for (const warning of published.warnings) output.warn(warning);
  // One content under a second name is served already.
  let torrent = session.torrents.find(({ infoHash }) => infoHash === metainfo.infoHash);
  if (torrent === undefined) {
    const options = { trackers: published.trackers, peers };
    torrent = await unlessAborted(signal, session.seedOriginal(metainfo, created.root, created, options));
  } else torrent.announceTo(published.trackers);
  const warning = await unlessAborted(signal, untilAnnounced(torrent));
  if (warning !== undefined) output.warn(warning);
  return { name, torrent, published };
}
