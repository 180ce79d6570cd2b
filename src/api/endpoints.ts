// Every endpoint of the tracker's HTTP API as plain data: where it is and who may call it. The server registers from
// this table, the OpenAPI document and the client are made from it. Holds no schemas, so that a client can have it
// without a schema library.

/**
 * Who may call an endpoint.
 * - `public`: anyone who reaches the tracker.
 * - `signed`: anyone, with a body that carries an ed25519 signature; the handler must check it.
 * - `signed-or-admin`: as `signed`, or the operator with `Authorization: Bearer` and the admin token.
 * - `session`: who knows the secret session id in the path; the handler must check it.
 */
export type Policy = 'public' | 'signed' | 'signed-or-admin' | 'session';

/** One endpoint of an API; `P` are the policies there are. */
export interface Endpoint<P extends string = string> {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Parameters as `:name`. */
  path: string;
  policy: P;
  summary: string;
  /** Largest request body in bytes; default `DEFAULT_BODY_LIMIT`. */
  bodyLimit?: number;
  /** The request's body is not JSON and of any length: the handler reads it as it comes. */
  requestType?: string;
  /** The reply is not JSON. */
  replyType?: string;
  /** Largest reply a client takes, in bytes. */
  replyLimit?: number;
}

/** The largest .torrent a tracker takes. */
export const MAX_TORRENT_LENGTH = 10 * 1024 * 1024;
export const DEFAULT_BODY_LIMIT = 1024 * 1024;

export const endpoints = {
  publish: {
    method: 'POST',
    path: '/api/v1/files',
    policy: 'signed',
    summary: 'Publish a file, or a new version of one, under a name',
    bodyLimit: Math.ceil(MAX_TORRENT_LENGTH / 3) * 4 + 64 * 1024,
  },
  list: {
    method: 'GET',
    path: '/api/v1/files',
    policy: 'public',
    summary: 'List the catalog by name, or what in it matches a query',
  },
  lookup: {
    method: 'GET',
    path: '/api/v1/files/:name',
    policy: 'public',
    summary: 'One entry: signed record, swarm counts, magnet link',
  },
  versions: {
    method: 'GET',
    path: '/api/v1/files/:name/versions',
    policy: 'public',
    summary: 'All versions of a name, newest first',
  },
  head: {
    method: 'GET',
    path: '/api/v1/files/:name/head',
    policy: 'public',
    summary: 'Where the chain of one publisher under a name stands: what the next record must follow',
  },
  torrent: {
    method: 'GET',
    path: '/api/v1/files/:name/torrent',
    policy: 'public',
    summary: 'The .torrent file as published, with this tracker as its announce URL',
    replyType: 'application/x-bittorrent',
  },
  unpublish: {
    method: 'DELETE',
    path: '/api/v1/files/:name',
    policy: 'signed-or-admin',
    summary: 'Take a name out of the catalog: its publisher with a signed removal, or the operator',
  },
  openSession: {
    method: 'POST',
    path: '/api/v1/sessions',
    policy: 'signed',
    summary: 'Open the one session of a peer process',
  },
  heartbeat: {
    method: 'PUT',
    path: '/api/v1/sessions/:id/heartbeat',
    policy: 'session',
    summary: 'Keep a session alive and report pieces',
    bodyLimit: 4 * 1024 * 1024,
  },
  closeSession: {
    method: 'DELETE',
    path: '/api/v1/sessions/:id',
    policy: 'session',
    summary: 'Leave: the session and all its peers are gone at once',
  },
  peers: {
    method: 'GET',
    path: '/api/v1/torrents/:infoHash/peers',
    policy: 'public',
    summary: 'Who is in a swarm and holds which pieces',
  },
  availability: {
    method: 'GET',
    path: '/api/v1/torrents/:infoHash/availability',
    policy: 'public',
    summary: 'How many copies of each piece a swarm has, and which are rarest',
  },
  openapi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    policy: 'public',
    summary: 'This description',
  },
  health: {
    method: 'GET',
    path: '/healthz',
    policy: 'public',
    summary: 'Whether the tracker works',
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    policy: 'public',
    summary: 'Counters and gauges for Prometheus',
    replyType: 'text/plain',
  },
  page: {
    method: 'GET',
    path: '/',
    policy: 'public',
    summary: 'The catalog as a page',
    replyType: 'text/html',
  },
  style: {
    method: 'GET',
    path: '/style.css',
    policy: 'public',
    summary: 'The style of the page',
    replyType: 'text/css',
  },
  apiPage: {
    method: 'GET',
    path: '/api.html',
    policy: 'public',
    summary: 'This description as a page',
    replyType: 'text/html',
  },
  asset: {
    method: 'GET',
    path: '/assets/:name',
    policy: 'public',
    summary: 'The parts of the page that scripts and styles make of it',
    replyType: 'application/octet-stream',
  },
} as const satisfies Record<string, Endpoint<Policy>>;

export type EndpointName = keyof typeof endpoints;
