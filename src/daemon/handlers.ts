// The handlers of the daemon's own API: thin, from shapes to commands and back.

import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { DaemonRoutes } from '../api/daemon-routes.ts';
import type { SessionReply, TorrentRow } from '../api/daemon-schemas.ts';
import { describeApi, type OpenApiDocument } from '../api/openapi.ts';
import type { SettingsChange } from '../api/settings-schemas.ts';
import type { Session } from '../engine/session.ts';
import { HttpError } from '../http/problem.ts';
import type { HandlersFor } from '../http/route-table.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import type { Access, AccessControl } from './access.ts';
import { type AddContext, describeAdded } from './add-torrent.ts';
import type { AllowedRoots } from './allowed-roots.ts';
import { catalogHandlers } from './catalog-handlers.ts';
import type { DaemonSettings } from './daemon-settings.ts';
import type { EventFeed } from './event-feed.ts';
import { type HistoryContext, historyHandlers } from './history-handlers.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import { type ShareHandlerContext, shareHandlers } from './share-handlers.ts';
import { type StreamHandlerContext, streamHandlers } from './stream-handlers.ts';
import { filesOf, liveOf, piecesOf, stripOf, trackersOf } from './torrent-details.ts';
import { streamTorrentEvents } from './torrent-events.ts';
import type { Torrents } from './torrents.ts';

export interface HandlerContext extends AddContext, ShareHandlerContext, HistoryContext, StreamHandlerContext {
  readonly roots: AllowedRoots;
  readonly session: Session;
  readonly torrents: Torrents;
  readonly settings: DaemonSettings;
  readonly store: TorrentStore;
  readonly access: AccessControl;
  readonly feed: EventFeed;
  /** Its own key. */
  readonly publisher: string;
  readonly describe: () => Promise<SessionReply>;
  /** The OpenAPI document. */
  readonly openApi: (request: { host: string }) => OpenApiDocument;
}

/** Of a strip, for who does not say. */
const DEFAULT_CELLS = 128;

export type DaemonHandlers = HandlersFor<DaemonRoutes, Access>;

export function daemonHandlers(context: HandlerContext): DaemonHandlers {
  const { torrents, settings, access, store } = context;
  const find = ({ infoHash }: { infoHash: string }): ManagedTorrent => findTorrent(torrents, infoHash);
  const rowOf = (torrent: ManagedTorrent): TorrentRow => torrent.row(torrents.ordered().indexOf(torrent));
  /** Runs a command on a torrent and tells how it stands then. */
  const act =
    (command: (torrent: ManagedTorrent) => Promise<unknown> | undefined) =>
    async ({ params }: { params: { infoHash: string } }): Promise<TorrentRow> => {
      const torrent = find(params);
      await command(torrent);
      return rowOf(torrent);
    };
  return {
    login({ body, request, reply }) {
      access.login(body.token, request, reply);
      return { done: true };
    },
    logout({ request, reply }) {
      access.logout(request, reply);
      return { done: true };
    },
    session: () => context.describe(),
    async changeSettings({ body, owner }) {
      await settings.change(await allowDirectories(body, context, owner));
      return context.describe();
    },
    torrents({ query: { label, state, q } }) {
      const text = q?.toLowerCase();
      const rows = allRows(torrents).filter(
        (row) =>
          (label === undefined || row.labels.includes(label)) &&
          (state === undefined || row.state === state) &&
          (text === undefined || row.name.toLowerCase().includes(text)),
      );
      return { torrents: rows };
    },
    async add({ body, owner, reply }) {
      const run = body.paused === undefined ? settings.current.startAdded : !body.paused;
      const { entry, torrent } = await describeAdded(
        body,
        context,
        { owner },
        { position: torrents.lastPosition, run },
      );
      const present = torrents.find(entry.infoHash);
      const isPlaced = body.path !== undefined || body.directory !== undefined;
      if (present !== undefined) await torrents.tryAgain(present, entry, isPlaced);
      const added = present === undefined;
      const managed = await torrents.add(entry, torrent);
      reply.code(added ? 201 : 200);
      return { added, torrent: rowOf(managed) };
    },
    torrent: ({ params }) => rowOf(find(params)),
    change: async ({ params, body }) => {
      const torrent = find(params);
      await torrents.change(torrent, body);
      return rowOf(torrent);
    },
    async remove({ params, query }) {
      return { removed: true, kept: await torrents.remove(find(params), query.data === true, query.state !== false) };
    },
    pause: act((torrent) => torrents.pause(torrent)),
    resume: act((torrent) => torrents.resume(torrent)),
    verify: act((torrent) => torrents.verify(torrent)),
    announce: act((torrent) => {
      torrent.running?.announceTo([]);
      return undefined;
    }),
    async move({ params, body, owner }) {
      const torrent = find(params);
      await torrents.move(torrent, owner ? body.directory : await context.roots.check(body.directory));
      return rowOf(torrent);
    },
    files: ({ params }) => filesOf(find(params), store),
    async changeFiles({ params, body }) {
      const torrent = find(params);
      await torrents.chooseFiles(torrent, () => body.files);
      return filesOf(torrent, store);
    },
    peers({ params }) {
      const torrent = find(params);
      return { pieceCount: torrent.entry.seen.pieceCount, peers: torrent.running?.peers ?? [] };
    },
    trackers: ({ params }) => trackersOf(find(params).running),
    async pieces({ params }) {
      const { pieceLength, states } = await piecesOf(find(params), store);
      return { pieceCount: states.length, pieceLength, pieces: Buffer.from(states).toString('base64') };
    },
    async strips({ query: { torrents: wanted, cells = DEFAULT_CELLS } }) {
      const found = wanted.split(',').map((infoHash) => torrents.find(infoHash));
      const known = found.filter((torrent) => torrent !== undefined);
      return { strips: await Promise.all(known.map((torrent) => stripOf(torrent, store, cells))) };
    },
    async live({ params }) {
      const torrent = find(params);
      return {
        ...liveOf(torrent, rowOf(torrent)),
        pieces: Buffer.from((await piecesOf(torrent, store)).states).toString('base64'),
      };
    },
    why({ params }) {
      const why = find(params).running?.why;
      if (why === undefined) throw notRunning();
      return { ...why, times: { ...why.times }, lastSeen: why.lastSeen ?? null };
    },
    async metadata({ params, reply }) {
      const torrent = find(params);
      const metainfo = await torrent.metainfo();
      if (metainfo === undefined)
        throw new HttpError(404, 'ERR_NOT_FOUND', 'the metadata is not here yet', { reason: 'no_metadata' });
      const { torrent: bytes } = await store.load(torrent.infoHash);
      reply.header('content-disposition', `attachment; filename="${torrent.infoHash}.torrent"`);
      return bytes ?? encodeMetainfo(metainfo);
    },
    async torrentEvents({ params, reply }) {
      const { running } = find(params);
      if (running === undefined) throw notRunning();
      await streamTorrentEvents(running, startStream(reply));
      return undefined;
    },
    async events({ request, reply }) {
      const last = request.headers['last-event-id'];
      await context.feed.add(() => startStream(reply), typeof last === 'string' ? last : undefined);
      return undefined;
    },
    swarm: ({ params, query }) => {
      const { running } = find(params);
      if (running === undefined) throw notRunning();
      return running.swarmPicture(query.groups ?? 128);
    },
    ...historyHandlers(context),
    ...catalogHandlers(context),
    ...shareHandlers(context),
    ...streamHandlers(context, find),
    openapi: ({ request }) => context.openApi({ host: request.headers.host ?? '' }),
  };
}

export function allRows(torrents: Torrents): TorrentRow[] {
  return torrents.ordered().map((torrent, position) => torrent.row(position));
}

/** Directories that are named have to be allowed, and the watched one must not hold what is shared. */
async function allowDirectories(
  body: SettingsChange,
  { roots, downloads }: HandlerContext,
  owner: boolean,
): Promise<SettingsChange> {
  const change = { ...body };
  for (const name of ['moveTo', 'watch'] as const) {
    const path = change[name];
    if (typeof path === 'string') change[name] = await roots.checkWritable(path, owner);
  }
  if (typeof change.watch === 'string' && change.watch === (await roots.check(downloads)))
    throw new HttpError(400, 'ERR_USAGE', 'downloads go there; watch another folder, or one inside it', {
      reason: 'bad_path',
    });
  return change;
}

/** Throws 404. */
function findTorrent(torrents: Torrents, infoHash: string): ManagedTorrent {
  const torrent = torrents.find(infoHash);
  if (torrent !== undefined) return torrent;
  throw new HttpError(404, 'ERR_NOT_FOUND', `this daemon has no torrent ${infoHash}`, { reason: 'no_such_torrent' });
}

function notRunning(): HttpError {
  return new HttpError(409, 'ERR_USAGE', 'the torrent does not run; resume it first', { reason: 'not_running' });
}

/** From here on the handler writes the reply itself; the headers that were set stay. */
function startStream(reply: FastifyReply): ServerResponse {
  const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'cache-control': 'no-store' };
  reply.hijack();
  return reply.raw.writeHead(200, headers as Record<string, string>);
}

export function daemonOpenApi(
  version: string,
  url: string,
  tables: Pick<Parameters<typeof describeApi>[0], 'endpoints' | 'routes'>,
): OpenApiDocument {
  return describeApi({
    title: 'Shoal daemon',
    description: 'A long-running peer. Sizes are bytes, rates bytes per second, times epoch milliseconds.',
    version,
    url,
    ...tables,
    policies: {
      token: "The daemon's token as a bearer or as the password of Basic, or the cookie that was traded for it.",
      login: 'The token in the body decides.',
      public: 'Anyone.',
      stream: 'The secret in the path decides.',
      rpc: "The daemon's token as the password of Basic, or as a bearer.",
    },
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer' },
      password: { type: 'http', scheme: 'basic' },
    },
    security: (policy: string) =>
      policy === 'login' || policy === 'public' || policy === 'stream' ? undefined : [{ token: [] }, { password: [] }],
  });
}
