// Each endpoint of the tracker's API with the shapes of what goes in and comes out. The server registers from this table
// and the OpenAPI document is made from it, so neither can say something else than the other.

import type { EndpointName } from './endpoints.ts';
import type { ReplyFor, RouteShapes } from './route-shapes.ts';
import {
  ClosedReply,
  FileReply,
  HeadQuery,
  HeadReply,
  HealthReply,
  ListQuery,
  ListReply,
  NameParams,
  OpenApiReply,
  PublishBody,
  PublishReply,
  UnpublishBody,
  UnpublishReply,
  VersionQuery,
  VersionsReply,
} from './schemas.ts';
import {
  AvailabilityQuery,
  AvailabilityReply,
  HeartbeatBody,
  HeartbeatReply,
  OpenSessionBody,
  OpenSessionReply,
  PeersQuery,
  PeersReply,
  SessionParams,
  TorrentParams,
} from './session-schemas.ts';

export const routes = {
  publish: { body: PublishBody, reply: PublishReply },
  list: { query: ListQuery, reply: ListReply },
  lookup: { params: NameParams, query: VersionQuery, reply: FileReply },
  versions: { params: NameParams, reply: VersionsReply },
  head: { params: NameParams, query: HeadQuery, reply: HeadReply },
  torrent: { params: NameParams, query: VersionQuery },
  unpublish: { params: NameParams, body: UnpublishBody, reply: UnpublishReply },
  openSession: { body: OpenSessionBody, reply: OpenSessionReply },
  heartbeat: { params: SessionParams, body: HeartbeatBody, reply: HeartbeatReply },
  closeSession: { params: SessionParams, reply: ClosedReply },
  peers: { params: TorrentParams, query: PeersQuery, reply: PeersReply },
  availability: { params: TorrentParams, query: AvailabilityQuery, reply: AvailabilityReply },
  openapi: { reply: OpenApiReply },
  health: { reply: HealthReply },
  metrics: {},
  page: { query: ListQuery },
  style: {},
  apiPage: {},
  asset: { params: NameParams },
} as const satisfies Record<EndpointName, RouteShapes>;

export type RouteName = EndpointName;
export type Routes = typeof routes;

/** What a successful reply carries; bytes when the reply is not JSON. */
export type ReplyOf<K extends RouteName> = ReplyFor<Routes[K]>;
