// Everything the daemon serves over HTTP, composed on one router: who may call is decided before anything else, and what is
// not in the table is not there. Holds no state of its own.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { type DaemonPolicy, daemonEndpoints } from '../api/daemon-endpoints.ts';
import { type DaemonRoutes, daemonRoutes } from '../api/daemon-routes.ts';
import { DEFAULT_BODY_LIMIT } from '../api/endpoints.ts';
import { boundBody } from '../http/body-deadline.ts';
import { compressReplies } from '../http/compress.ts';
import { HttpError } from '../http/problem.ts';
import { registerTable } from '../http/route-table.ts';
import { createHttpServer } from '../http/server.ts';
import { registerStaticFiles } from '../http/static-files.ts';
import type { Access, AccessControl } from './access.ts';
import type { DaemonHandlers } from './handlers.ts';
import { PAGE_MISSING } from './page-files.ts';
import { type RpcContext, registerTransmissionRpc } from './transmission/rpc.ts';

export interface DaemonAppOptions {
  access: AccessControl;
  handlers: DaemonHandlers;
  rpc: RpcContext;
  /** Milliseconds for a request with its body, except where files are sent. */
  bodyTimeout: number;
  /** Where the built page is. */
  page: string;
  /** A pino logger; none: silence. */
  log?: FastifyBaseLogger | undefined;
}

export interface DaemonApp {
  /** Answers any request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
  /** Every route that is served. */
  readonly routes: readonly { method: string; path: string; policy: string | undefined }[];
}

/** The page loads what this daemon serves, and nothing from anywhere else. */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

export async function createDaemonApp(options: DaemonAppOptions): Promise<DaemonApp> {
  const { access, handlers } = options;
  const server = createHttpServer({
    bodyLimit: DEFAULT_BODY_LIMIT,
    log: options.log,
    contentPolicy: CONTENT_POLICY,
    frank: true,
    isSecret: (url) => url.startsWith('/stream/'),
  });
  // What types vouch for need not be filtered, and ten thousand rows have to be quick.
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));
  compressReplies(server);
  const routes: { method: string; path: string; policy: string | undefined }[] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) routes.push({ method: each, path: url, policy: config?.policy });
  });
  server.addHook('onRequest', async (request, reply) => {
    access.checkOrigin(request, request.routeOptions.config.policy === 'public');
    // What is told here is nobody else's, and old by the next time.
    reply.header('cache-control', 'no-store');
    // The server cuts off who sends nothing; a body of ordinary length has to be whole in time, too.
    if (request.routeOptions.config.bodyType === undefined) boundBody(request.raw, options.bodyTimeout);
  });
  // A form of another site can send text, but never JSON without being asked first.
  server.removeContentTypeParser('text/plain');
  // Bytes are read by the handler, as they come.
  server.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null));
  server.addHook('preValidation', async (request) => {
    const { policy, bodyType } = request.routeOptions.config;
    if (policy === 'rpc') return;
    if (bodyType !== undefined || isBytes(request.headers['content-type'])) {
      if (bodyType !== undefined && isBytes(request.headers['content-type'])) return;
      throw new HttpError(415, 'ERR_USAGE', `a body here has to be ${bodyType ?? 'application/json'}`, {
        reason: 'wrong_type',
      });
    }
    if (request.body !== undefined && request.body !== null && !isJson(request.headers['content-type']))
      throw new HttpError(415, 'ERR_USAGE', 'a body has to be application/json', { reason: 'not_json' });
  });
  registerTable<DaemonRoutes, DaemonPolicy, Access>(server, {
    endpoints: daemonEndpoints,
    routes: daemonRoutes,
    handlers,
    authorize: (endpoint, request, reply) => access.authorize(endpoint.policy, request, reply),
  });
  registerTransmissionRpc(server, {
    context: options.rpc,
    authorize: (request, reply) => void access.authorize('rpc', request, reply),
  });
  registerStaticFiles(server, { folder: options.page, missing: PAGE_MISSING });
  await server.ready();
  return {
    handle: (request, response) => server.routing(request, response),
    close: () => server.close(),
    routes,
  };
}

function isBytes(type: string | undefined): boolean {
  return /^application\/octet-stream\s*(;|$)/i.test(type ?? '');
}

function isJson(type: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(type ?? '');
}
