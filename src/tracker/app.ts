// Everything of the tracker that is HTTP but not announce or scrape, composed: catalog, sessions, page and status on one
// router, mounted by the server after the announce paths. Holds no state of its own.

import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { DEFAULT_BODY_LIMIT } from '../api/endpoints.ts';
import { openApiDocument } from '../api/openapi.ts';
import type { BearerToken } from '../http/bearer-token.ts';
import { HttpError } from '../http/problem.ts';
import { createHttpServer } from '../http/server.ts';
import { API_PAGE, BuiltPage } from '../http/static-files.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import type { Source } from '../registry/reachability.ts';
import { sourceOf } from './announce.ts';
import type { Catalog } from './catalog.ts';
import type { TrackerClock } from './clock.ts';
import { fileHandlers, type SwarmCounts, summarize } from './file-routes.ts';
import { METRICS_TYPE } from './metrics.ts';
import { renderPage } from './page.ts';
import { STYLE } from './page-style.ts';
import { announceUrlFor, baseUrlFor } from './public-address.ts';
import { type Handlers, registerRoutes } from './route-handler.ts';
import type { TrackerSessions } from './sessions.ts';

export interface AppOptions {
  catalog: Catalog;
  registry: SwarmCounts;
  sessions: TrackerSessions;
  clock: TrackerClock;
  /** Lets its holder remove any entry. */
  adminToken: BearerToken;
  /** Base URL others use; without it, whatever address the asker used. */
  publicUrl?: string | undefined;
  /** Folder of the built page, which takes the place of the plain one where scripts run; none: the plain one alone. */
  page?: string | undefined;
  /** The Prometheus text of `/metrics`. */
  metrics: () => string;
  /** A pino logger; none: silence. */
  log?: FastifyBaseLogger | undefined;
}

export interface App {
  /** Answers any request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
  /** Every route that is served. */
  readonly routes: readonly { method: string; path: string; policy: string | undefined }[];
}

const PAGE_SIZE = 50;
/** What the build makes of the tracker's page, and the one script it begins with. */
const BUILT = 'tracker.html';
const SCRIPT = /<script\b[^>]*\bsrc="\.(\/assets\/[\w.-]+\.js)"/;
/** The page loads what this tracker serves, and nothing from anywhere else. */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export async function createApp(options: AppOptions): Promise<App> {
  const { catalog, registry, sessions, clock, publicUrl, metrics } = options;
  const server = createHttpServer({
    bodyLimit: DEFAULT_BODY_LIMIT,
    log: options.log,
    contentPolicy: CONTENT_POLICY,
  });
  const routes: { method: string; path: string; policy: string | undefined }[] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) routes.push({ method: each, path: url, policy: config?.policy });
  });
  const built = options.page === undefined ? undefined : new BuiltPage(options.page);
  const now = (): number => clock.now();
  const handlers: Handlers = {
    ...fileHandlers({ catalog, swarms: registry, now, publicUrl }),
    openSession({ body, request, reply }) {
      reply.code(201);
      return sessions.open(body, askerOf(request.raw));
    },
    heartbeat: ({ params, body }) => sessions.heartbeat(params.id, body),
    closeSession({ params }) {
      sessions.close(params.id);
      return { closed: true };
    },
    peers: ({ params, query, request }) => sessions.peers(params.infoHash, askerOf(request.raw), query.limit),
    availability: ({ params, query }) => sessions.availability(params.infoHash, query.rarest),
    openapi: ({ request }) => openApiDocument(packageVersion(), baseUrlFor(request.raw, publicUrl)),
    async health() {
      // An answer from the catalog's own thread: this is what breaks first when the disk does.
      await catalog.list({ query: '', cursor: undefined, limit: 1 });
      return { status: 'ok', files: catalog.total };
    },
    metrics({ reply }) {
      reply.type(METRICS_TYPE);
      return metrics();
    },
    async page({ query, request }) {
      const { q = '', cursor, limit = PAGE_SIZE } = query;
      const { files, next, total } = await catalog.list({ query: q, cursor, limit });
      await built?.refresh();
      const announce = announceUrlFor(request.raw, publicUrl);
      return renderPage({
        files: files.map((file) => ({
          ...summarize(file, { swarms: registry, now }),
          magnet: formatMagnet({ infoHash: file.infoHash, name: file.name, length: file.size, trackers: [announce] }),
        })),
        total,
        query: q,
        next,
        first: cursor === undefined,
        script: SCRIPT.exec(built?.text(BUILT) ?? '')?.[1],
        announce,
        now: clock.epoch(),
        url: baseUrlFor(request.raw, publicUrl),
      });
    },
    style({ reply }) {
      reply.header('cache-control', 'max-age=3600');
      return STYLE;
    },
    async apiPage({ request, reply }) {
      if (!(await built?.sendPage(API_PAGE, request, reply)))
        throw new HttpError(404, 'ERR_USAGE', 'the page is not built; the document is at /api/v1/openapi.json', {
          reason: 'no_such_route',
        });
      return undefined;
    },
    async asset({ params, request, reply }) {
      if (!(await built?.sendAsset(params.name, request, reply)))
        throw new HttpError(404, 'ERR_USAGE', 'this page has no such part', { reason: 'no_such_route' });
      return undefined;
    },
  };
  registerRoutes(server, handlers, options.adminToken);
  await server.ready();
  return {
    handle: (request, response) => server.routing(request, response),
    close: () => server.close(),
    routes,
  };
}

function askerOf(request: IncomingMessage): Source {
  const source = sourceOf(request);
  if (source === undefined) throw new HttpError(400, 'ERR_USAGE', 'the connection is gone');
  return source;
}

let version: string | undefined;

function packageVersion(): string {
  version ??= JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version as string;
  return version;
}
