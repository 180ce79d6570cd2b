// The built page as a browser gets it, over a real socket: what may be kept, what is compressed, what is not there.

import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rawRequest } from '../../test/harness/raw-http.ts';
import { temporaryDirectory } from '../../test/harness/shoal.ts';
import { createHttpServer } from './server.ts';
import { registerStaticFiles } from './static-files.ts';

const SCRIPT = 'console.log(1);'.repeat(50);

async function serve(t: TestContext, built = true) {
  const root = await temporaryDirectory();
  const folder = join(root, 'web');
  await writeFile(join(root, 'secret.js'), 'secret');
  const build = async (start: string): Promise<void> => {
    await mkdir(join(folder, 'assets'), { recursive: true });
    for (const [name, bytes] of [
      ['assets/app-abc.js', SCRIPT],
      ['assets/app-abc.js.br', brotliCompressSync(SCRIPT)],
      ['assets/app-abc.js.gz', gzipSync(SCRIPT)],
      ['assets/notes.txt', 'of a type no page needs'],
      ['index.html', start],
    ] as const)
      await writeFile(join(folder, name), bytes);
  };
  if (built) await build('<title>one</title>');
  const server = createHttpServer({ bodyLimit: 1000 });
  registerStaticFiles(server, { folder, missing: '<p>not built</p>' });
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    rawRequest(url + path, { headers, method });
  return { folder, build, get };
}

test('the start is asked for anew each time, and what is named by its content is kept for good', async (t) => {
  const { get } = await serve(t);
  const start = await get('/');
  assert.equal(start.status, 200);
  assert.equal(start.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(start.headers['cache-control'], 'no-cache');
  assert.match(String(start.headers['content-security-policy']), /default-src 'none'/);
  const asset = await get('/assets/app-abc.js');
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(asset.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(asset.text, SCRIPT);
  const again = await get('/', { 'if-none-match': String(start.headers.etag) });
  assert.deepEqual([again.status, again.text], [304, '']);
  const other = await get('/', { 'if-none-match': '"other"' });
  assert.equal(other.status, 200);
});

test('what was compressed beforehand is sent to who takes it, each form with its own tag', async (t) => {
  const { get } = await serve(t);
  const [plain, gzip, brotli, refused] = await Promise.all(
    ['identity', 'gzip, deflate', 'gzip, deflate, br', 'br;q=0, gzip;q=0.0'].map((accepted) =>
      get('/assets/app-abc.js', { 'accept-encoding': accepted }),
    ),
  );
  assert.deepEqual(
    [plain, gzip, brotli, refused].map((reply) => reply?.headers['content-encoding']),
    [undefined, 'gzip', 'br', undefined],
  );
  assert.equal(new Set([plain, gzip, brotli].map((reply) => reply?.headers.etag)).size, 3);
  assert.equal(gzip?.headers.vary, 'accept-encoding');
  const head = await get('/assets/app-abc.js', { 'accept-encoding': 'br' }, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], brotli?.headers['content-length']);
  assert.equal(head.text, '');
});

test('nothing else is there, wherever an address seems to lead', async (t) => {
  const { get } = await serve(t);
  await get('/');
  for (const path of [
    '/assets/../../secret.js',
    '/assets/..%2f..%2fsecret.js',
    '/assets/%2e%2e/%2e%2e/secret.js',
    '/assets/..%5c..%5csecret.js',
    '/assets/app-abc.js%00',
    '/assets//app-abc.js',
    '/assets/',
    '/assets',
    '/assets/app-abc.js.br',
    '/assets/notes.txt',
    '/secret.js',
    '/index.html',
    '/../secret.js',
    '/assets/__proto__',
  ]) {
    const reply = await get(path);
    assert.ok([404, 400].includes(reply.status), `${path}: ${reply.status}`);
    assert.equal(reply.text.includes('secret"'), false, path);
  }
});

test('says how to build what is not built, and serves what was built since', async (t) => {
  const { folder, build, get } = await serve(t, false);
  const missing = await get('/');
  assert.deepEqual([missing.status, missing.text], [503, '<p>not built</p>']);
  await build('<title>one</title>');
  assert.equal((await get('/')).text, '<title>one</title>');
  await build('<title>two</title>');
  await utimes(join(folder, 'index.html'), 1, 1);
  assert.equal((await get('/')).text, '<title>two</title>');
  await rm(folder, { recursive: true });
  assert.equal((await get('/')).text, '<title>two</title>', 'in the middle of the next build');
});
