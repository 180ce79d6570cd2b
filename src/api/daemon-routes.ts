// Each endpoint of a daemon's API with the shapes of what goes in and comes out.

import type { DaemonEndpointName } from './daemon-endpoints.ts';
import {
  AddBody,
  AddReply,
  ChangeBody,
  DoneReply,
  FilesReply,
  LiveReply,
  LoginBody,
  MoveBody,
  PeersReply,
  PiecesReply,
  RemoveQuery,
  RemoveReply,
  SessionReply,
  SettingsChange,
  TorrentParams,
  TorrentRow,
  TorrentsQuery,
  TorrentsReply,
  TrackersReply,
  WhyReply,
} from './daemon-schemas.ts';
import type { RouteShapes } from './route-shapes.ts';
import { OpenApiReply } from './schemas.ts';

export const daemonRoutes = {
  login: { body: LoginBody, reply: DoneReply },
  logout: { reply: DoneReply },
  session: { reply: SessionReply },
  changeSettings: { body: SettingsChange, reply: SessionReply },
  torrents: { query: TorrentsQuery, reply: TorrentsReply },
  add: { body: AddBody, reply: AddReply },
  torrent: { params: TorrentParams, reply: TorrentRow },
  change: { params: TorrentParams, body: ChangeBody, reply: TorrentRow },
  remove: { params: TorrentParams, query: RemoveQuery, reply: RemoveReply },
  pause: { params: TorrentParams, reply: TorrentRow },
  resume: { params: TorrentParams, reply: TorrentRow },
  verify: { params: TorrentParams, reply: TorrentRow },
  announce: { params: TorrentParams, reply: TorrentRow },
  move: { params: TorrentParams, body: MoveBody, reply: TorrentRow },
  files: { params: TorrentParams, reply: FilesReply },
  peers: { params: TorrentParams, reply: PeersReply },
  trackers: { params: TorrentParams, reply: TrackersReply },
  pieces: { params: TorrentParams, reply: PiecesReply },
  live: { params: TorrentParams, reply: LiveReply },
  why: { params: TorrentParams, reply: WhyReply },
  metadata: { params: TorrentParams },
  torrentEvents: { params: TorrentParams },
  events: {},
  openapi: { reply: OpenApiReply },
} as const satisfies Record<DaemonEndpointName, RouteShapes>;

export type DaemonRoutes = typeof daemonRoutes;
