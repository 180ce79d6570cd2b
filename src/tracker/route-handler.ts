// How the tracker's handlers are bound to its route table, and what the policies of its endpoints let pass.

import { type Endpoint, endpoints, type Policy } from '../api/endpoints.ts';
import { type Routes, routes } from '../api/routes.ts';
import type { BearerToken } from '../http/bearer-token.ts';
import { HttpError } from '../http/problem.ts';
import { type HandlersFor, registerTable } from '../http/route-table.ts';
import type { HttpServer } from '../http/server.ts';

interface Access {
  /** The caller proved to be the operator. Never true but for endpoints whose policy allows it. */
  operator: boolean;
}

export type Handlers = HandlersFor<Routes, Access>;

/** Registers every endpoint of the table. */
export function registerRoutes(server: HttpServer, handlers: Handlers, token: BearerToken): void {
  registerTable<Routes, Policy, Access>(server, {
    endpoints,
    routes,
    handlers,
    authorize: (endpoint: Endpoint<Policy>, request) => ({
      operator: endpoint.policy === 'signed-or-admin' && isOperator(request.headers.authorization, token),
    }),
  });
}

/** A token that is there and wrong is an error: to go on without it would do something else than was asked. */
function isOperator(header: string | undefined, token: BearerToken): boolean {
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
