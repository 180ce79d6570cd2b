// What commands need of whoever does their work: a session of their own, or a daemon that runs already. The rest of the
// command line cannot tell which.

import type { Endpoint } from '../base/endpoint.ts';
import type { Session } from '../engine/session.ts';
import type { AddOptions, Torrent, TorrentSource } from '../engine/types.ts';
import type { Metainfo } from '../protocol/metainfo.ts';

/** A torrent as far as a command follows it. */
export type FollowedTorrent = Pick<
  Torrent,
  'infoHash' | 'status' | 'peers' | 'trackers' | 'events' | 'pieceMap' | 'announceTo'
>;

export interface TorrentHost {
  readonly torrents: readonly FollowedTorrent[];
  /** Where other peers reach it, as one address. */
  readonly listen: string;
  /** As `Session.add`. */
  add(source: TorrentSource, options: AddOptions): Promise<FollowedTorrent>;
  /** As `Session.seedOriginal`. */
  seedOriginal(
    metainfo: Metainfo,
    root: string,
    original: Parameters<Session['seedOriginal']>[2],
    options: { trackers?: readonly (readonly string[])[]; peers?: readonly Endpoint[] },
  ): Promise<FollowedTorrent>;
  /** Ends what this command began; what it has is kept. */
  close(): Promise<void>;
}
