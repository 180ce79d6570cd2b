// Binds the handlers of an API to its route table: shapes from the table check what goes in, the policy of each endpoint
// is put to `authorize` before anything else looks at the request, and nothing is served that is not in the table.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_BODY_LIMIT, type Endpoint } from '../api/endpoints.ts';
import type { BodyFor, ParamsFor, QueryFor, ReplyFor, RouteShapes } from '../api/route-shapes.ts';
import type { HttpServer } from './server.ts';

/** One request that passed its policy and its shapes; `A` is what `authorize` found out about the caller. */
export type CallFor<R, A> = {
  params: ParamsFor<R>;
  query: QueryFor<R>;
  body: BodyFor<R>;
  request: FastifyRequest;
  reply: FastifyReply;
} & A;

/** Text is for replies that are not JSON, and undefined for those the handler has written itself. */
export type HandlerFor<R, A> = (
  call: CallFor<R, A>,
) => Promise<ReplyFor<R> | string | undefined> | ReplyFor<R> | string | undefined;

export type HandlersFor<Routes, A> = { [K in keyof Routes]: HandlerFor<Routes[K], A> };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; a route without it does not start. */
    policy?: string;
    /** Of a body that is not JSON and has any length. */
    bodyType?: string;
  }
}

export interface RouteTable<Routes, P extends string, A extends object> {
  endpoints: Readonly<Record<keyof Routes, Endpoint<P>>>;
  routes: Routes;
  handlers: HandlersFor<Routes, A>;
  /** Throws when the caller may not. Called before the body is read. */
  authorize: (endpoint: Endpoint<P>, request: FastifyRequest, reply: FastifyReply) => A;
}

/** Registers every endpoint of the table. */
export function registerTable<Routes extends Record<string, RouteShapes>, P extends string, A extends object>(
  server: HttpServer,
  table: RouteTable<Routes, P, A>,
): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.policy === undefined) throw new Error(`the route ${route.method} ${route.url} has no policy`);
  });
  const found = new WeakMap<FastifyRequest, A>();
  for (const name of Object.keys(table.endpoints) as (keyof Routes & string)[]) {
    const endpoint = table.endpoints[name];
    const shapes: RouteShapes = table.routes[name]!;
    const handler = table.handlers[name] as HandlerFor<unknown, A>;
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      bodyLimit: endpoint.bodyLimit ?? DEFAULT_BODY_LIMIT,
      config: {
        policy: endpoint.policy,
        ...(endpoint.requestType === undefined ? {} : { bodyType: endpoint.requestType }),
      },
      schema: {
        ...(shapes.params === undefined ? {} : { params: shapes.params }),
        ...(shapes.query === undefined ? {} : { querystring: shapes.query }),
        ...(shapes.body === undefined ? {} : { body: shapes.body }),
        ...(shapes.reply === undefined ? {} : { response: { '2xx': shapes.reply } }),
      },
      onRequest: async (request, reply) => {
        found.set(request, table.authorize(endpoint, request, reply));
      },
      handler: (request, reply) => {
        if (endpoint.replyType !== undefined) void reply.type(endpoint.replyType);
        return handler({
          params: request.params as never,
          query: request.query as never,
          body: request.body as never,
          request,
          reply,
          ...found.get(request)!,
        });
      },
    });
  }
}
