import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { boundBody } from './body-deadline.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

async function serve(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const sockets: Socket[] = [];
  const server = createServer({ connectionsCheckingInterval: 3_600_000, requestTimeout: 0 }, answer);
  server.on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return { sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it('cuts the connection of a body that does not come', async (t) => {
  const { url, sockets } = await serve(t, (incoming) => boundBody(incoming, 50));
  const sent = request(url, { method: 'POST', headers: { 'content-length': '10' } });
  sent.write('x');
  const [error] = await once(sent, 'error');
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(sockets[0]!.destroyed, true);
});

it('keeps nothing of a request whose body came, nor of one without', async (t) => {
  const { url } = await serve(t, (incoming, response) => {
    boundBody(incoming, 3_600_000);
    incoming.resume().on('end', () => response.end());
  });
  const before = timers();
  for (const body of ['whole', '']) {
    const sent = request(url, { method: 'POST', agent: false }).end(body);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    await once(reply.resume(), 'close');
  }
  assert.equal(timers(), before);
});

it('keeps nothing of a request that was answered before its body was read', async (t) => {
  const { url, sockets } = await serve(t, (incoming, response) => {
    boundBody(incoming, 3_600_000);
    response.writeHead(413, { connection: 'close' }).end();
  });
  const before = timers();
  const sent = request(url, { method: 'POST', agent: false, headers: { 'content-length': '100000000' } });
  sent.on('error', () => {});
  sent.flushHeaders();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 413);
  sent.destroy();
  if (!sockets[0]!.closed) await once(sockets[0]!, 'close');
  assert.equal(timers(), before);
});
