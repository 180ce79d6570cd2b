// The package entry `shoal`: the embeddable engine.

export type { Endpoint } from '../base/endpoint.ts';
export { type ErrorCode, EXIT, ShoalError } from '../base/errors.ts';
export type { Metainfo } from '../protocol/metainfo.ts';
export type { MetainfoFile } from '../protocol/metainfo-files.ts';
export type { Published } from './catalog-publish.ts';
export { Session } from './session.ts';
export {
  type AddOptions,
  type BanStatus,
  type DownloadSummary,
  type GetOptions,
  type LimitRule,
  type Limits,
  type PeerStatus,
  PIECE,
  type ReadOptions,
  type SeedOptions,
  type SessionLimits,
  type SessionOptions,
  type SwarmPicture,
  type Torrent,
  type TorrentEvent,
  type TorrentLimits,
  type TorrentSource,
  type TorrentState,
  type TorrentStatus,
  type TorrentWhy,
  type TrackerStatus,
} from './types.ts';
