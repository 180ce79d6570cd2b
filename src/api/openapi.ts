// The OpenAPI 3.1 description of an API, made from its route table, and that of the tracker's. States nothing of its own.

import type { TSchema } from 'typebox';
import { type Endpoint, endpoints, type Policy } from './endpoints.ts';
import type { RouteShapes } from './route-shapes.ts';
import { routes } from './routes.ts';
import { Problem } from './schemas.ts';

const POLICIES: Record<Policy, string> = {
  public: 'Anyone may call this.',
  signed: 'The body carries an ed25519 signature, which decides.',
  'signed-or-admin': 'Either a signed removal in the body, or the operator’s token as a bearer.',
  session: 'The session id in the path is the secret that decides.',
};

/** @param version of the program, @param url base URL of this tracker. */
export function openApiDocument(version: string, url: string): OpenApiDocument {
  return describeApi({
    title: 'Shoal tracker',
    description: 'Catalog and swarm API of a Shoal tracker. Sizes are bytes, times epoch seconds.',
    version,
    url,
    endpoints,
    routes,
    policies: POLICIES,
    securitySchemes: { operator: { type: 'http', scheme: 'bearer' } },
    security: (policy) => (policy === 'signed-or-admin' ? [{}, { operator: [] }] : undefined),
  });
}

export type OpenApiDocument = Record<string, unknown> & { openapi: string };

export interface ApiDescription<P extends string> {
  title: string;
  description: string;
  version: string;
  /** Base URL. */
  url: string;
  endpoints: Readonly<Record<string, Endpoint<P>>>;
  routes: Readonly<Partial<Record<string, RouteShapes>>>;
  /** What each policy means, in a sentence. */
  policies: Readonly<Record<P, string>>;
  securitySchemes: Record<string, unknown>;
  /** Alternatives that satisfy a policy; undefined: none is needed. */
  security: (policy: P) => readonly object[] | undefined;
}

export function describeApi<P extends string>(api: ApiDescription<P>): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, endpoint] of Object.entries(api.endpoints)) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = describe(name, endpoint, api);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: api.title,
      version: api.version,
      description: api.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: api.url }],
    paths,
    components: { schemas: { Problem: plain(Problem) }, securitySchemes: api.securitySchemes },
  };
}

function describe<P extends string>(
  name: string,
  endpoint: Endpoint<P>,
  api: ApiDescription<P>,
): Record<string, unknown> {
  const shapes = api.routes[name] ?? {};
  const success =
    shapes.reply === undefined
      ? { [endpoint.replyType ?? 'application/json']: {} }
      : { 'application/json': { schema: plain(shapes.reply) } };
  const operation: Record<string, unknown> = {
    operationId: name,
    summary: endpoint.summary,
    description: api.policies[endpoint.policy],
    parameters: [...parameters(shapes.params, 'path'), ...parameters(shapes.query, 'query')],
    responses: {
      '2XX': { description: 'Done', content: success },
      default: {
        description: 'What went wrong (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
  const security = api.security(endpoint.policy);
  if (security !== undefined) operation.security = security;
  if (shapes.body !== undefined)
    operation.requestBody = {
      required: !takesNull(shapes.body),
      content: { 'application/json': { schema: plain(shapes.body) } },
    };
  if (endpoint.requestType !== undefined)
    operation.requestBody = { required: true, content: { [endpoint.requestType]: {} } };
  return operation;
}

function parameters(schema: TSchema | undefined, place: 'path' | 'query'): Record<string, unknown>[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = plain(schema) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

/** The body may be left out. */
function takesNull(schema: TSchema): boolean {
  const { anyOf = [] } = plain(schema) as { anyOf?: { type?: string }[] };
  return anyOf.some(({ type }) => type === 'null');
}

/** Only what JSON shows: the schema library keeps notes of its own on its objects. */
function plain(schema: TSchema): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
}
