// The small fetch against a real server: what comes back, redirects, aborts, and that Node's own is not loaded by it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it, type TestContext } from 'node:test';
import { createClient } from '../api/client.ts';
import type { FetchReply } from '../api/http-call.ts';
import { leanFetch } from './lean-fetch.ts';

const LARGE = Buffer.alloc(300_000, 'x');

function answer(request: IncomingMessage, response: ServerResponse): void {
  const turn = (status: number, location: string): void => {
    response.writeHead(status, { location }).end('not this');
  };
  switch (request.url) {
    case '/echo': {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { accept, 'content-length': length } = request.headers;
        response.writeHead(404).end(`${request.method} ${accept} ${length} ${Buffer.concat(parts).toString()}`);
      });
      return;
    }
    case '/large':
      response.end(LARGE);
      return;
    case '/moved':
      turn(302, 'echo');
      return;
    case '/kept':
      turn(307, '/echo');
      return;
    case '/circle':
      turn(302, '/circle');
      return;
    case '/elsewhere':
      turn(302, 'file:///etc/passwd');
      return;
    case '/half':
      response.writeHead(200, { 'content-length': '100' }).write('half');
      return;
    default:
    // No answer at all.
  }
}

async function serve(t: TestContext): Promise<string> {
  const server = createServer(answer);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function textOf(reply: FetchReply): Promise<string> {
  const reader = reply.body!.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(parts).toString();
    parts.push(value!);
  }
}

const init = (method: string, body?: string, signal = new AbortController().signal) => ({
  method,
  headers: { accept: 'application/json' },
  signal,
  ...(body === undefined ? {} : { body }),
});

it('sends method, headers and body as they are, and gives back status and body', async (t) => {
  const url = await serve(t);
  const reply = await leanFetch(`${url}/echo`, init('PUT', 'grüße'));
  assert.deepEqual([reply.ok, reply.status, reply.url], [false, 404, `${url}/echo`]);
  assert.equal(await textOf(reply), 'PUT application/json 7 grüße');
  assert.equal(await textOf(await leanFetch(`${url}/large`, init('GET'))), LARGE.toString());
});

it('goes where it is sent, with a body only when the request stays the same, and not for ever', async (t) => {
  const url = await serve(t);
  assert.equal(await textOf(await leanFetch(`${url}/moved`, init('GET'))), 'GET application/json undefined ');
  assert.equal((await leanFetch(`${url}/moved`, init('POST', 'x'))).status, 302);
  assert.equal(await textOf(await leanFetch(`${url}/kept`, init('POST', 'x'))), 'POST application/json 1 x');
  assert.equal((await leanFetch(`${url}/circle`, init('GET'))).status, 302);
  await assert.rejects(leanFetch(`${url}/elsewhere`, init('GET')), /neither http nor https/);
});

it('ends with the reason of its signal, before the answer and within it', async (t) => {
  const url = await serve(t);
  const gone = new AbortController();
  gone.abort(new Error('gone'));
  await assert.rejects(leanFetch(`${url}/echo`, init('GET', undefined, gone.signal)), /gone/);
  const silent = new AbortController();
  const waiting = leanFetch(`${url}/silent`, init('GET', undefined, silent.signal));
  silent.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  const half = new AbortController();
  const reader = (await leanFetch(`${url}/half`, init('GET', undefined, half.signal))).body!.getReader();
  assert.equal(Buffer.from((await reader.read()).value!).toString(), 'half');
  const rest = reader.read();
  half.abort(new Error('too slow'));
  await assert.rejects(rest, /too slow/);
});

it('tells a client that a tracker is not there or does not answer', async (t) => {
  const url = await serve(t);
  const call = (base: string, timeout: number): Promise<unknown> =>
    createClient(base, { fetch: leanFetch, timeout }).openSession({ body: {} as never });
  await assert.rejects(call('http://127.0.0.1:1', 5000), /connection refused/);
  await assert.rejects(call(`${url}/nothing`, 50), /does not answer/);
});

it("does not load Node's own fetch", () => {
  const module = new URL('lean-fetch.ts', import.meta.url).href;
  const code = `
    import { leanFetch } from ${JSON.stringify(module)};
    await leanFetch('http://127.0.0.1:1/', { method: 'GET', headers: {}, signal: new AbortController().signal }).catch(() => 0);
    console.log(process.moduleLoadList.some((name) => name.includes('undici')));`;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }), 'false\n');
});
