// The OpenAPI 3.1 description of the tracker's API, made from the route table. States nothing of its own.

import type { TSchema } from 'typebox';
import { type Endpoint, endpoints, type Policy } from './endpoints.ts';
import { type RouteShapes, routes } from './routes.ts';
import { Problem } from './schemas.ts';

const POLICIES: Record<Policy, string> = {
  public: 'Anyone may call this.',
  signed: 'The body carries an ed25519 signature, which decides.',
  'signed-or-admin': 'Either a signed removal in the body, or the operator’s token as a bearer.',
  session: 'The session id in the path is the secret that decides.',
};

/** @param version of the program, @param url base URL of this tracker. */
export function openApiDocument(version: string, url: string): Record<string, unknown> & { openapi: string } {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, endpoint] of Object.entries(endpoints) as [string, Endpoint][]) {
    const shapes = (routes as Partial<Record<string, RouteShapes>>)[name] ?? {};
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = describe(name, endpoint, shapes);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shoal tracker',
      version,
      description: 'Catalog and swarm API of a Shoal tracker. Sizes are bytes, times epoch seconds.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url }],
    paths,
    components: {
      schemas: { Problem: plain(Problem) },
      securitySchemes: { operator: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describe(name: string, endpoint: Endpoint, shapes: RouteShapes): Record<string, unknown> {
  const success =
    shapes.reply === undefined
      ? { [endpoint.replyType ?? 'application/json']: {} }
      : { 'application/json': { schema: plain(shapes.reply) } };
  const operation: Record<string, unknown> = {
    operationId: name,
    summary: endpoint.summary,
    description: POLICIES[endpoint.policy],
    parameters: [...parameters(shapes.params, 'path'), ...parameters(shapes.query, 'query')],
    responses: {
      '2XX': { description: 'Done', content: success },
      default: {
        description: 'What went wrong (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
  if (endpoint.policy === 'signed-or-admin') operation.security = [{}, { operator: [] }];
  if (shapes.body !== undefined)
    operation.requestBody = {
      required: endpoint.policy !== 'signed-or-admin',
      content: { 'application/json': { schema: plain(shapes.body) } },
    };
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

/** Only what JSON shows: the schema library keeps notes of its own on its objects. */
function plain(schema: TSchema): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
}
