// Every endpoint of a daemon's HTTP API as plain data: where it is and who may call it. The server registers from this
// table, the OpenAPI document and the client are made from it. Holds no schemas.

import { type Endpoint, MAX_TORRENT_LENGTH } from './endpoints.ts';
import { eventEndpoints } from './event-endpoints.ts';
import { shareEndpoints } from './share-endpoints.ts';
import { streamEndpoints } from './stream-endpoints.ts';

/**
 * Who may call an endpoint.
 * - `token`: who shows the daemon's token, as `Authorization: Bearer` or as the password of `Basic`, or the cookie that was
 *   traded for it. With a cookie anything but GET must come from the daemon's own page.
 * - `login`: anyone may try, and the token in the body decides.
 * - `rpc`: as `token`, for programs that speak Transmission's RPC.
 * - `public`: anyone who reaches the daemon: the files of its page, which hold no secrets.
 * - `stream`: who knows the address, in which there is a secret; the handler must check it.
 */
export type DaemonPolicy = 'token' | 'login' | 'rpc' | 'public' | 'stream';

/** Names of commands that change one torrent, as the last part of a path. */
const TORRENT = '/api/v1/torrents/:infoHash';

export const daemonEndpoints = {
  login: {
    method: 'POST',
    path: '/api/v1/login',
    policy: 'login',
    summary: 'Trade the token for a cookie, for the page',
    bodyLimit: 4096,
  },
  logout: { method: 'POST', path: '/api/v1/logout', policy: 'token', summary: 'Have the cookie taken away' },
  session: {
    method: 'GET',
    path: '/api/v1/session',
    policy: 'token',
    summary: 'The daemon: rates, counts, settings, where things go',
  },
  changeSettings: {
    method: 'PATCH',
    path: '/api/v1/session',
    policy: 'token',
    summary: 'Change settings; null goes back to the default',
  },
  torrents: { method: 'GET', path: '/api/v1/torrents', policy: 'token', summary: 'All torrents, or those that match' },
  add: {
    method: 'POST',
    path: '/api/v1/torrents',
    policy: 'token',
    summary: 'Add a torrent: a magnet link, a .torrent, the address of one, or a name in the catalog',
    bodyLimit: Math.ceil(MAX_TORRENT_LENGTH / 3) * 4 + 64 * 1024,
  },
  torrent: { method: 'GET', path: TORRENT, policy: 'token', summary: 'One torrent' },
  change: { method: 'PATCH', path: TORRENT, policy: 'token', summary: 'Change labels, limits, place in the queue' },
  remove: {
    method: 'DELETE',
    path: TORRENT,
    policy: 'token',
    summary: 'Forget a torrent; its data stays unless `data` says otherwise',
  },
  pause: { method: 'POST', path: `${TORRENT}/pause`, policy: 'token', summary: 'Stop it until it is resumed' },
  resume: { method: 'POST', path: `${TORRENT}/resume`, policy: 'token', summary: 'Let it run, when its turn comes' },
  verify: { method: 'POST', path: `${TORRENT}/verify`, policy: 'token', summary: 'Hash what is on disk anew' },
  announce: { method: 'POST', path: `${TORRENT}/announce`, policy: 'token', summary: 'Ask the trackers for peers now' },
  move: { method: 'POST', path: `${TORRENT}/move`, policy: 'token', summary: 'Put the data into another directory' },
  files: {
    method: 'GET',
    path: `${TORRENT}/files`,
    policy: 'token',
    summary: 'Its files, how much of each is here, and which are wanted',
  },
  changeFiles: {
    method: 'PATCH',
    path: `${TORRENT}/files`,
    policy: 'token',
    summary: 'Say which of its files are wanted, and which first',
    bodyLimit: 64 * 1024 * 1024,
  },
  peers: { method: 'GET', path: `${TORRENT}/peers`, policy: 'token', summary: 'Who it is connected to' },
  trackers: { method: 'GET', path: `${TORRENT}/trackers`, policy: 'token', summary: 'Its trackers and what they said' },
  pieces: { method: 'GET', path: `${TORRENT}/pieces`, policy: 'token', summary: 'The state of each piece' },
  live: {
    method: 'GET',
    path: `${TORRENT}/live`,
    policy: 'token',
    summary: 'All of these at once, for who watches it',
  },
  why: { method: 'GET', path: `${TORRENT}/why`, policy: 'token', summary: 'Where its time went' },
  metadata: {
    method: 'GET',
    path: `${TORRENT}/torrent`,
    policy: 'token',
    summary: 'Its .torrent file',
    replyType: 'application/x-bittorrent',
  },
  strips: {
    method: 'GET',
    path: '/api/v1/strips',
    policy: 'token',
    summary: 'The piece maps of several torrents, each made small enough for a line of a list',
  },
  ...eventEndpoints,
  catalog: {
    method: 'GET',
    path: '/api/v1/catalog',
    policy: 'token',
    summary: "Search the catalogs of the daemon's trackers as one",
  },
  catalogEntry: {
    method: 'GET',
    path: '/api/v1/catalog/:name',
    policy: 'token',
    summary: 'One name in them: verified, with its versions and files',
  },
  swarm: { method: 'GET', path: `${TORRENT}/swarm`, policy: 'token', summary: 'Who has what, as a picture' },
  history: {
    method: 'GET',
    path: '/api/v1/history',
    policy: 'token',
    summary: 'How fast it was: the last minute, hour or day',
  },
  activity: { method: 'GET', path: '/api/v1/activity', policy: 'token', summary: 'What happened' },
  ...shareEndpoints,
  ...streamEndpoints,
  openapi: { method: 'GET', path: '/api/v1/openapi.json', policy: 'token', summary: 'This description' },
} as const satisfies Record<string, Endpoint<DaemonPolicy>>;

export type DaemonEndpointName = keyof typeof daemonEndpoints;
