// Fastify as every HTTP face of Shoal uses it: validation from schemas, problem documents for all failures, bounded
// bodies and headers that keep browsers from doing more than they must. Registers no routes and listens nowhere.

import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { HttpError, PROBLEM_TYPE, problem, toProblem } from './problem.ts';
import { compileValidator } from './validation.ts';

export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger
>;

export interface HttpServerOptions {
  /** Bytes of a request body unless a route says otherwise. */
  bodyLimit: number;
  /** A pino logger; none: silence. */
  log?: FastifyBaseLogger | undefined;
  /** What pages of this server may load; default their own style and images, and nothing else from anywhere. */
  contentPolicy?: string;
  /** Callers are told of failures inside the server too: they are its owner. */
  frank?: boolean;
  /** Requests whose address is a secret: they are in no log. */
  isSecret?: (url: string) => boolean;
}

const CONTENT_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { isSecret = () => false } = options;
  const server = fastify({
    ...(options.log === undefined ? { logger: false } : { loggerInstance: options.log }),
    logController: new LogController({ disableRequestLogging: ({ url }) => isSecret(url ?? '') }),
    bodyLimit: options.bodyLimit,
    // Names are up to 255 bytes, each of which may be written as %XX.
    routerOptions: { maxParamLength: 1024 },
    exposeHeadRoutes: false,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply) => {
      const document = problem(400, 'ERR_USAGE', error.message);
      reply.raw.writeHead(document.status, { 'content-type': PROBLEM_TYPE, connection: 'close' });
      reply.raw.end(JSON.stringify(document));
    },
  });
  server.setValidatorCompiler(compileValidator);
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
    reply.header('content-security-policy', options.contentPolicy ?? CONTENT_POLICY);
  });
  server.setNotFoundHandler((request) => {
    throw new HttpError(404, 'ERR_USAGE', `there is no ${request.method} ${request.url.split('?')[0]} here`, {
      reason: 'no_such_route',
    });
  });
  server.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const document = toProblem(error, options.frank);
    if (document.status >= 500) request.log.error(error);
    if (document.status === 503) reply.header('retry-after', '1');
    // As text: a route's own reply schemas describe successes and would drop fields.
    return reply.code(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
  });
  return server;
}
