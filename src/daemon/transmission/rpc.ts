// Transmission's RPC over HTTP, legacy dialect: the session id that keeps forged requests out, one call a request, and the
// answer always with status 200 once a call was understood. Who may call was decided before.

import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DaemonPolicy } from '../../api/daemon-endpoints.ts';
import { MAX_TORRENT_LENGTH } from '../../api/endpoints.ts';
import { ShoalError } from '../../base/errors.ts';
import type { HttpServer } from '../../http/server.ts';
import { Arguments, RpcFailure } from './arguments.ts';
import { METHODS, type MethodContext } from './methods.ts';
import { TorrentIds } from './torrent-ids.ts';

export type RpcContext = Omit<MethodContext, 'ids' | 'sessionId'>;

const PATHS = ['/transmission/rpc', '/transmission/rpc/'];
/** Where people look for Transmission's own page. */
const PAGES = ['/transmission', '/transmission/', '/transmission/web', '/transmission/web/'];
const SESSION_HEADER = 'x-transmission-session-id';
const BODY_LIMIT = Math.ceil(MAX_TORRENT_LENGTH / 3) * 4 + 64 * 1024;

export interface RpcOptions {
  context: RpcContext;
  /** Throws when the caller may not. */
  authorize: (request: FastifyRequest, reply: FastifyReply) => void;
}

/** Serves the RPC on `server`, in a scope of its own: its callers send JSON under any content type. */
export function registerTransmissionRpc(server: HttpServer, { context, authorize }: RpcOptions): void {
  const sessionId = randomBytes(24).toString('base64url');
  const methods: MethodContext = { ...context, ids: new TorrentIds(context.torrents, context.now), sessionId };
  const policy: DaemonPolicy = 'rpc';
  const open: DaemonPolicy = 'public';
  for (const url of PAGES)
    server.route({ method: 'GET', url, config: { policy: open }, handler: (_request, reply) => reply.redirect('/') });
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
    for (const url of PATHS)
      scope.route({
        // Some clients fetch the session id with a plain GET.
        method: ['GET', 'POST'],
        url,
        bodyLimit: BODY_LIMIT,
        config: { policy },
        onRequest: async (request, reply) => {
          authorize(request, reply);
          void reply.header(SESSION_HEADER, sessionId);
          if (request.headers[SESSION_HEADER] === sessionId && request.method === 'POST') return;
          return reply
            .code(409)
            .type('text/html; charset=UTF-8')
            .send(`<h1>409: Conflict</h1><p>Send the header X-Transmission-Session-Id: ${sessionId}</p>`);
        },
        handler: async (request) => answer(request.body as Buffer | undefined, methods, request),
      });
  });
}

interface Answer {
  result: string;
  arguments: Record<string, unknown>;
  tag?: number;
}

async function answer(body: Buffer | undefined, context: MethodContext, request: FastifyRequest): Promise<Answer> {
  let tag: unknown;
  const finish = (result: string, values: Record<string, unknown>): Answer => ({
    result,
    arguments: values,
    ...(typeof tag === 'number' ? { tag } : {}),
  });
  try {
    const call = parse(body);
    tag = call.tag;
    const method =
      typeof call.method === 'string' && Object.hasOwn(METHODS, call.method) ? METHODS[call.method] : undefined;
    if (method === undefined) throw new RpcFailure('method name not recognized');
    context.ids.look();
    return finish('success', await method(new Arguments(call.arguments), context));
  } catch (error) {
    if (error instanceof RpcFailure || error instanceof ShoalError) return finish(error.message, {});
    request.log.error(error);
    return finish('the daemon failed; its log says why', {});
  }
}

function parse(body: Buffer | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body?.toString('utf8') ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new RpcFailure('the request is no JSON object');
}
