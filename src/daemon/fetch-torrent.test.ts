import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MAX_TORRENT_BYTES } from '../protocol/metainfo.ts';
import { fetchTorrent } from './fetch-torrent.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a tracker of ours may be in a private network, and may redirect within itself', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
    else response.end('content');
  });
  const bytes = await fetchTorrent(`${url}/a`, { trusted: [url] });
  assert.equal(Buffer.from(bytes).toString(), 'content');
  await assert.rejects(fetchTorrent(`${url}/a`, { trusted: [] }), { reason: 'not_public' });
});

test('endless redirects, endless bodies and other answers are errors', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
    else if (request.url === '/none') response.writeHead(404).end();
    else if (request.url === '/cut') response.writeHead(200, { 'content-length': 1000 }).end('short');
    else if (request.url === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else {
      const part = Buffer.alloc(1 << 20);
      const write = (): void => {
        while (!response.destroyed && response.write(part));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    }
  });
  const refused = (path: string, expected: object) =>
    assert.rejects(fetchTorrent(url + path, { trusted: [url] }), { code: 'ERR_SOURCE', ...expected }, path);
  await refused('/round', { message: /redirects more than 5 times/ });
  await refused('/none', { message: /answered 404/ });
  await refused('/cut', {});
  await refused('/file', { reason: 'bad_url' });
  await refused('/endless', { message: new RegExp(`longer than ${MAX_TORRENT_BYTES}`) });
});
