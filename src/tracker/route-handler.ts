// How the tracker's handlers are bound to the route table: shapes from the table check what goes in, the policy of the
// endpoint is enforced here or named as the handler's duty, and nothing is served that is not in the table.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_BODY_LIMIT, type Endpoint, endpoints, type Policy } from '../api/endpoints.ts';
import type { RouteName } from '../api/routes.ts';
import { type BodyOf, type ParamsOf, type QueryOf, type ReplyOf, type RouteShapes, routes } from '../api/routes.ts';
import type { BearerToken } from '../http/bearer-token.ts';
import { HttpError } from '../http/problem.ts';
import type { HttpServer } from '../http/server.ts';

export interface Call<K extends RouteName> {
  params: ParamsOf<K>;
  query: QueryOf<K>;
  body: BodyOf<K>;
  /** The caller proved to be the operator. Never true but for endpoints whose policy allows it. */
  operator: boolean;
  request: FastifyRequest;
  reply: FastifyReply;
}

export type Handler<K extends RouteName> = (call: Call<K>) => Promise<ReplyOf<K> | string> | ReplyOf<K> | string;
export type Handlers = { [K in RouteName]: Handler<K> };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; a route without it does not start. */
    policy?: Policy;
  }
}

/** Registers every endpoint of the table. */
export function registerRoutes(server: HttpServer, handlers: Handlers, token: BearerToken): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.policy === undefined) throw new Error(`the route ${route.method} ${route.url} has no policy`);
  });
  for (const name of Object.keys(endpoints) as RouteName[]) {
    const endpoint: Endpoint = endpoints[name];
    const shapes: RouteShapes = routes[name];
    const handler = handlers[name] as Handler<never>;
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      bodyLimit: endpoint.bodyLimit ?? DEFAULT_BODY_LIMIT,
      config: { policy: endpoint.policy },
      schema: {
        ...(shapes.params === undefined ? {} : { params: shapes.params }),
        ...(shapes.query === undefined ? {} : { querystring: shapes.query }),
        ...(shapes.body === undefined ? {} : { body: shapes.body }),
        ...(shapes.reply === undefined ? {} : { response: { '2xx': shapes.reply } }),
      },
      handler: (request, reply) => {
        if (endpoint.replyType !== undefined) void reply.type(endpoint.replyType);
        return handler({
          params: request.params as never,
          query: request.query as never,
          body: request.body as never,
          operator: endpoint.policy === 'signed-or-admin' && isOperator(request, token),
          request,
          reply,
        });
      },
    });
  }
}

/** A token that is there and wrong is an error: to go on without it would do something else than was asked. */
function isOperator(request: FastifyRequest, token: BearerToken): boolean {
  const header = request.headers.authorization;
  if (header === undefined) return false;
  if (token.matches(header)) return true;
  throw new HttpError(
    401,
    'ERR_NOT_ALLOWED',
    "the token is not this tracker's admin token; see admin.token in its --data",
    {
      reason: 'wrong_token',
    },
  );
}
