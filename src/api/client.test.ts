// The client against servers that are absent, slow, hostile or merely different.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '../base/errors.ts';
import { createClient, TrackerProblem, trackerBase } from './client.ts';
import { endpoints } from './endpoints.ts';
import { replyGuards } from './reply-guards.ts';
import type { RouteShapes } from './route-shapes.ts';
import { routes } from './routes.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function failsWith(code: string, reason?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ShoalError, String(error));
    assert.equal(error.code, code, error.message);
    if (reason !== undefined) assert.equal(error.reason, reason);
    return true;
  };
}

const LIST = { files: [], total: 0 };

test('base and announce URLs are the same tracker', () => {
  for (const url of [
    'http://host:7070',
    'http://host:7070/',
    'http://host:7070/announce',
    'http://host:7070/announce/',
    'http://host:7070/announce?key=1',
  ])
    assert.equal(trackerBase(url), 'http://host:7070');
  assert.equal(trackerBase('https://host/shoal/announce'), 'https://host/shoal');
});

test('paths, queries and bodies arrive as they were given', async (t) => {
  const seen: string[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end(JSON.stringify(LIST));
  });
  await createClient(url).list({ query: { q: 'a b&c=d/é', limit: 3 } });
  await assert.rejects(createClient(url).lookup({ params: { name: 'a/b ?#%é' } }));
  assert.deepEqual(seen, [
    'GET /api/v1/files?q=a%20b%26c%3Dd%2F%C3%A9&limit=3',
    'GET /api/v1/files/a%2Fb%20%3F%23%25%C3%A9',
  ]);
});

test('a tracker that is not there is tried for the time given and no longer', async (t) => {
  const url = await serve(t, () => {});
  const closed = createServer();
  await once(closed.listen(0, '127.0.0.1'), 'listening');
  const dead = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await once(closed.close(), 'close');
  const started = performance.now();
  await assert.rejects(createClient(dead, { retryFor: 500 }).list({}), failsWith('ERR_TRACKER_UNREACHABLE'));
  assert.ok(performance.now() - started < 3000);
  await assert.rejects(createClient(url, { timeout: 100 }).list({}), (error) => {
    failsWith('ERR_TRACKER_UNREACHABLE')(error);
    assert.match((error as Error).message, /does not answer/);
    return true;
  });
});

test('a tracker without time is asked again', async (t) => {
  let requests = 0;
  const url = await serve(t, (_request, response) => {
    if (++requests < 3) response.writeHead(503).end();
    else response.end(JSON.stringify(LIST));
  });
  assert.deepEqual(await createClient(url, { retryFor: 20_000 }).list({}), LIST);
  assert.equal(requests, 3);
});

test('a caller who gives up gets its own reason', async (t) => {
  const url = await serve(t, () => {});
  const controller = new AbortController();
  const listing = createClient(url, { retryFor: 60_000 }).list({ signal: controller.signal });
  controller.abort(new ShoalError('ERR_INTERRUPTED', 'enough'));
  await assert.rejects(listing, failsWith('ERR_INTERRUPTED'));
});

test('problems keep the code of the tracker, and only where the fault is ours', async (t) => {
  let status = 409;
  let body: unknown;
  const url = await serve(t, (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  });
  const list = (): Promise<unknown> => createClient(url).list({});
  body = { code: 'ERR_NAME_TAKEN', detail: 'x'.repeat(5000), reason: 'because', near: ['a', 7, 'b'] };
  await assert.rejects(list(), (error) => {
    assert.ok(error instanceof TrackerProblem);
    assert.equal(error.code, 'ERR_NAME_TAKEN');
    assert.equal(error.status, 409);
    assert.equal(error.message.length, 1000);
    assert.deepEqual(error.near, ['a', 'b']);
    return true;
  });
  body = { code: 'ERR_MADE_UP', detail: 'hello' };
  await assert.rejects(list(), failsWith('ERR_TRACKER_REPLY', 'http_409'));
  body = { code: 'toString' };
  await assert.rejects(list(), failsWith('ERR_TRACKER_REPLY', 'http_409'));
  status = 500;
  body = { code: 'ERR_DISK_FULL', detail: 'the disk of the tracker' };
  await assert.rejects(list(), failsWith('ERR_TRACKER_REPLY', 'http_500'));
  body = null;
  await assert.rejects(list(), failsWith('ERR_TRACKER_REPLY', 'http_500'));
});

test('an endless reply is cut off', async (t) => {
  const url = await serve(t, (_request, response) => {
    const chunk = Buffer.alloc(1 << 20, 0x20);
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
  });
  await assert.rejects(createClient(url).list({}), failsWith('ERR_TRACKER_REPLY', 'too_long'));
});

test('the token goes only where the operator may act', async (t) => {
  const seen: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(JSON.stringify(request.method === 'DELETE' ? { name: 'x', removed: 1 } : LIST));
  });
  const client = createClient(url, { token: 'secret' });
  await client.list({});
  await client.unpublish({ params: { name: 'x' } });
  assert.deepEqual(seen, [undefined, 'Bearer secret']);
});

/** A value as the schema describes it; with `omit`, without one of its required properties. */
function sample(schema: Record<string, unknown>, omit?: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.anyOf)) return sample(schema.anyOf[0] as Record<string, unknown>);
  if (schema.type === 'array') return [sample(schema.items as Record<string, unknown>)];
  if (schema.type === 'integer' || schema.type === 'number') return (schema.minimum as number | undefined) ?? 1;
  if (schema.type === 'boolean') return true;
  if (schema.type === 'string') {
    const digits = /\{(\d+)\}/.exec(String(schema.pattern ?? ''))?.[1];
    return digits === undefined ? 'text' : 'a'.repeat(Number(digits));
  }
  const properties = schema.properties as Record<string, Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([key]) => key !== omit)
      .map(([key, property]) => [key, sample(property)]),
  );
}

test('the hand-written guards agree with the schemas', () => {
  for (const [name, shapes] of Object.entries(routes) as [keyof typeof endpoints, RouteShapes][]) {
    if (shapes.reply === undefined) {
      assert.ok('replyType' in endpoints[name], `${name} has no reply shape and is no other type`);
      continue;
    }
    const guard = (replyGuards as Record<string, (value: unknown) => boolean>)[name];
    assert.ok(guard, `${name} has a guard`);
    const schema = JSON.parse(JSON.stringify(shapes.reply)) as Record<string, unknown>;
    assert.equal(guard(sample(schema)), true, `${name} takes what the schema describes`);
    for (const key of schema.required as string[])
      assert.equal(guard(sample(schema, key)), false, `${name} refuses a reply without ${key}`);
    for (const nonsense of [null, undefined, 7, 'text', [], {}]) assert.equal(guard(nonsense), false, name);
  }
});
