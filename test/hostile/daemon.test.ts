// Attacks on a daemon's API, by what they try: each must fail, and leave the daemon to those who hold the token.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { createDaemonClient } from '../../src/api/daemon-client.ts';
import type { SettingsChange } from '../../src/api/settings-schemas.ts';
import { openDaemon, ownerOf, seedFile, seedPath, untilRow } from '../harness/daemon.ts';
import { type RawOptions, rawRequest } from '../harness/raw-http.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';

const LINK = `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=x`;
const ADD = '/api/v1/torrents';
const BODY = JSON.stringify({ magnet: LINK, paused: true });
const JSON_TYPE = { 'content-type': 'application/json' };

async function open(t: TestContext, options = {}) {
  const directory = await temporaryDirectory('hostile');
  const opened = await openDaemon(t, directory, options);
  const { daemon } = opened;
  const host = new URL(daemon.url).host;
  return {
    ...opened,
    directory,
    url: daemon.url,
    host,
    port: new URL(daemon.url).port,
    bearer: { authorization: `Bearer ${daemon.token}` },
  };
}

/** A cookie as the page gets it. */
async function login(url: string, token: string): Promise<string> {
  const reply = await rawRequest(`${url}/api/v1/login`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ token }),
  });
  assert.equal(reply.status, 200);
  return String(reply.headers['set-cookie']).split(';')[0]!;
}

/** Of a request whose path is sent as it stands. */
async function rawStatus(url: string, method: string, path: string): Promise<number> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let answer = '';
  for await (const bytes of socket) answer += bytes;
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

describe('attacks on a daemon', () => {
  it('A1: a name that was made to mean this machine is not ours, whoever has the token', async (t) => {
    const { url, host, port, bearer } = await open(t, { names: ['shoal.example', 'other.example:444'] });
    for (const wrong of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.2:${port}`,
      `[::1]:${port}`,
      `localhost.evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `10.0.0.1:${port}`,
      `0:${port}`,
      'other.example',
    ])
      for (const path of ['/', '/api/v1/session', '/api/v1/login', '/nothing']) {
        const reply = await rawRequest(url + path, { headers: { ...bearer, host: wrong } });
        assert.equal(reply.status, 421, `${wrong} ${path}`);
      }
    for (const right of [host, `localhost:${port}`, `LOCALHOST:${port}`, 'shoal.example', 'other.example:444'])
      assert.equal(
        (await rawRequest(`${url}/api/v1/session`, { headers: { ...bearer, host: right } })).status,
        200,
        right,
      );
  });

  it('A2: pages of other sites change nothing, with the cookie or without', async (t) => {
    const { url, daemon, client } = await open(t);
    const cookie = await login(url, daemon.token);
    const refused: [number, Record<string, string>][] = [
      [401, { 'content-type': 'text/plain' }],
      [401, { 'content-type': 'application/x-www-form-urlencoded' }],
      [403, { ...JSON_TYPE, cookie }],
      [403, { 'content-type': 'text/plain', cookie }],
      [403, { ...JSON_TYPE, cookie, origin: 'http://evil.example' }],
      [403, { ...JSON_TYPE, cookie, origin: 'null' }],
      [403, { ...JSON_TYPE, cookie, origin: `${url}.evil.example` }],
      [403, { ...JSON_TYPE, cookie, origin: url, 'sec-fetch-site': 'cross-site' }],
      [403, { ...JSON_TYPE, cookie, origin: url, 'sec-fetch-site': 'same-site' }],
      [403, { ...JSON_TYPE, cookie, 'sec-fetch-site': 'none' }],
      [403, { ...JSON_TYPE, authorization: `Bearer ${daemon.token}`, origin: 'http://evil.example' }],
      [415, { 'content-type': 'text/plain', authorization: `Bearer ${daemon.token}` }],
      [415, { 'content-type': 'text/plain', cookie, origin: url }],
      [415, { 'content-type': 'multipart/form-data; boundary=x', cookie, origin: url }],
      [415, { 'content-type': 'application/jsonp', cookie, origin: url }],
    ];
    for (const [status, headers] of refused) {
      const reply = await rawRequest(url + ADD, { method: 'POST', headers, body: BODY });
      assert.equal(reply.status, status, JSON.stringify(headers));
      assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
    }
    const forged = await rawRequest(`${url}${ADD}/${'a'.repeat(40)}/pause`, { method: 'POST', headers: { cookie } });
    assert.equal(forged.status, 403, 'a request without a body too');
    const read = { cookie, 'sec-fetch-site': 'cross-site' };
    assert.equal((await rawRequest(url + ADD, { headers: read })).status, 403, 'nor is anything read');
    assert.deepEqual((await client.torrents({})).torrents, []);
    const own = { ...JSON_TYPE, cookie, origin: url, 'sec-fetch-site': 'same-origin' };
    assert.equal((await rawRequest(url + ADD, { method: 'POST', headers: own, body: BODY })).status, 201);
  });

  it('A3: streams and upgrades of foreign pages are refused', async (t) => {
    const { url, daemon } = await open(t);
    const cookie = await login(url, daemon.token);
    const events = `${url}/api/v1/events`;
    const foreign = { cookie, origin: 'http://evil.example' };
    assert.equal((await rawRequest(events, { headers: foreign, stream: true })).status, 403);
    const upgrade = { ...foreign, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' };
    assert.equal((await rawRequest(events, { headers: upgrade, stream: true })).status, 403);
    assert.equal((await rawRequest(events, { headers: { cookie }, stream: true })).status, 200);
  });

  it('A4: who guesses is soon told to wait, and who knows the token never', async (t) => {
    const { url, bearer, daemon } = await open(t);
    const guess = (token: string) =>
      rawRequest(`${url}/api/v1/session`, { headers: { authorization: `Bearer ${token}` } });
    for (let round = 0; round < 5; round++) assert.equal((await guess(`wrong-${round}`)).status, 401);
    const locked = await guess('wrong-again');
    assert.equal(locked.status, 429);
    assert.ok(Number(locked.headers['retry-after']) > 3000);
    const basic = Buffer.from('admin:admin').toString('base64');
    for (const [path, headers, body] of [
      ['/api/v1/login', JSON_TYPE, '{"token":"guess"}'],
      ['/api/v1/logout', { ...JSON_TYPE, authorization: `Basic ${basic}` }, '{}'],
      ['/api/v1/logout', { ...JSON_TYPE, cookie: `shoal-${new URL(url).port}=1.2.3` }, '{}'],
    ] as const)
      assert.equal((await rawRequest(url + path, { method: 'POST', headers, body })).status, 429, path);
    assert.equal((await rawRequest(`${url}/api/v1/session`, { headers: bearer })).status, 200);
    const cookie = await login(url, daemon.token);
    assert.equal((await rawRequest(`${url}/api/v1/session`, { headers: { cookie } })).status, 200);
  });

  it('A5: there is no password to begin with but a random token that only its user can read', async (t) => {
    const { daemon, state, url } = await open(t);
    assert.match(daemon.token, /^[A-Za-z0-9_-]{43}$/);
    assert.match(url, /^http:\/\/127\.0\.0\.1:/);
    for (const name of ['api.token', 'owner.token'])
      assert.equal((await stat(join(state, 'daemon', name))).mode & 0o777, 0o600);
    assert.equal((await stat(state)).mode & 0o077, 0);
    const other = await open(t);
    assert.notEqual(other.daemon.token, daemon.token);
    const users = ['admin:adminadmin', 'shoal:', `shoal:${daemon.token}`, ':', 'admin:admin'];
    const statuses = [];
    for (const user of users) {
      const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
      statuses.push((await rawRequest(`${other.url}/api/v1/session`, { headers: { authorization } })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401]);
  });

  it('A6: every route there is asks for the token', async (t) => {
    const { daemon, url, port } = await open(t, { failures: { perAddress: 1e6, total: 1e6, window: 1, lockout: 1 } });
    assert.ok(daemon.routes.length > 15);
    assert.deepEqual(
      daemon.routes.filter(({ policy }) => policy === 'public').map(({ method, path }) => `${method} ${path}`),
      ['GET /', 'HEAD /', 'GET /api.html', 'HEAD /api.html', 'GET /assets/:name', 'HEAD /assets/:name'],
      'only the files of the page, which hold no secrets',
    );
    for (const { method, path, policy } of daemon.routes) {
      assert.ok(policy, `${method} ${path} has no policy`);
      if (policy === 'login' || policy === 'public') continue;
      // Where the secret is in the path, whatever else is shown does not help.
      const refusal = policy === 'stream' ? 404 : 401;
      const address = url + path.replace(':infoHash', 'a'.repeat(40)).replace('*', 'x');
      const body = /^(GET|HEAD|DELETE)$/.test(method) ? undefined : '{}';
      for (const headers of [
        {},
        { authorization: 'Bearer ' },
        { authorization: 'Bearer undefined' },
        { authorization: daemon.token },
        { authorization: `Digest ${daemon.token}` },
        { cookie: `shoal-${port}=` },
        { cookie: `shoal-${port}=${Date.now() + 1e6}.x.${'A'.repeat(43)}` },
      ] as Record<string, string>[]) {
        const reply = await rawRequest(address, {
          method,
          headers: { ...headers, ...(body === undefined ? {} : JSON_TYPE) },
          ...(body === undefined ? {} : { body }),
        });
        assert.equal(reply.status, refusal, `${method} ${path} ${JSON.stringify(headers)}`);
      }
    }
  });

  it('A7: what comes from others stays data', async (t) => {
    const { url, client, bearer } = await open(t);
    const names = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "javascript:alert('1')",
      '</title><svg/onload=alert(1)>',
      '\u202egpj.exe',
      '=HYPERLINK("http://evil.example")',
    ];
    for (const [index, name] of names.entries()) {
      const infoHash = String(index).repeat(40);
      await client.add({
        body: {
          magnet: `magnet:?xt=urn:btih:${infoHash}&dn=${encodeURIComponent(name)}`,
          labels: [name],
          paused: true,
        },
      });
      assert.equal((await client.torrent({ params: { infoHash } })).name, name);
    }
    for (const path of [
      '/api/v1/torrents',
      '/api/v1/openapi.json',
      '/<script>alert(1)</script>',
      '/%00',
      '/api/v1/events',
    ]) {
      const reply = await rawRequest(url + path, { headers: bearer, stream: path.endsWith('events') });
      const { headers } = reply;
      assert.match(String(headers['content-type']), /^(application\/(problem\+)?json|text\/event-stream)/, path);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
      const policy = String(headers['content-security-policy']);
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
        assert.ok(policy.includes(part), part);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    }
    for (const label of ['a,b', 'a\nb', '', 'x'.repeat(65)])
      await assert.rejects(client.change({ params: { infoHash: '0'.repeat(40) }, body: { labels: [label] } }), {
        status: 400,
      });
  });

  it('A8: data goes below the allowed directories or nowhere', async (t) => {
    const directory = await temporaryDirectory('hostile');
    const outside = join(directory, 'outside');
    const roots = [join(directory, 'more')];
    await mkdir(outside);
    await mkdir(roots[0]!);
    const opened = await openDaemon(t, directory, { roots });
    const { client, downloads, state } = opened;
    await mkdir(downloads);
    await symlink(outside, join(downloads, 'link'));
    await symlink(state, join(downloads, 'state'));
    for (const path of [
      '../x',
      'x',
      '',
      '/',
      '/etc',
      outside,
      `${downloads}/../outside`,
      `${downloads}/a/../../outside`,
      `${downloads}-evil`,
      `${downloads}/link`,
      `${downloads}/link/deeper/still`,
      `${downloads}/state/daemon`,
      state,
      'C:\\Windows',
      '\\\\host\\share',
      '//host/share',
      `${downloads}/\0`,
      'file:///etc',
      '~/x',
    ])
      for (const place of [{ path }, { directory: path }]) {
        await assert.rejects(
          client.add({ body: { magnet: LINK, paused: true, ...place } }),
          ({ status }: { status: number }) => status === 403 || (path === '' && status === 400),
          JSON.stringify(place),
        );
      }
    assert.deepEqual((await client.torrents({})).torrents, []);
    const params = { infoHash: 'a'.repeat(40) };
    for (const name of ['../../evil', '/etc/passwd', '..', 'a/b', '\u202e', '.']) {
      const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=${encodeURIComponent(name)}`;
      const { torrent } = await client.add({ body: { magnet, paused: true } });
      assert.equal(dirname(torrent.path), downloads, torrent.path);
      await client.remove({ params, query: { data: true } });
    }
    for (const allowed of [join(downloads, 'new'), join(roots[0]!, 'x', 'y'), downloads]) {
      await client.add({ body: { magnet: LINK, paused: true, directory: allowed } });
      await assert.rejects(client.move({ params, body: { directory: outside } }), { status: 403 });
      await client.remove({ params });
    }
    const owner = await ownerOf(opened);
    await owner.add({ body: { magnet: LINK, paused: true, directory: outside } });
    assert.equal((await client.torrent({ params })).path, join(outside, 'x'));
  });

  it('A8: a torrent deletes nothing through a link that was put in its way', async (t) => {
    const directory = await temporaryDirectory('hostile');
    const album = join(directory, 'album');
    for (const name of ['a.ogg', 'cd/b.ogg']) await randomFile(join(album, name), 30_000);
    const { torrent, peers, infoHash } = await seedPath(t, album);
    const { client, downloads } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await client.pause({ params: { infoHash } });
    const treasure = join(directory, 'treasure');
    await randomFile(join(treasure, 'b.ogg'), 10);
    await rm(join(downloads, 'album', 'cd'), { recursive: true });
    await symlink(treasure, join(downloads, 'album', 'cd'));
    const { kept } = await client.remove({ params: { infoHash }, query: { data: true } });
    assert.deepEqual(kept, [join(downloads, 'album', 'cd', 'b.ogg')]);
    assert.equal((await stat(join(treasure, 'b.ogg'))).size, 10);
  });

  it('A8: what is sent has names that stay below the share root', async (t) => {
    const { client, downloads } = await open(t);
    const refused = { status: 422, code: 'ERR_NAME' };
    for (const name of [
      '..',
      '.',
      '../x',
      'a/b',
      'a\\b',
      '/etc',
      'C:',
      'C:\\x',
      'nul',
      'COM1.txt',
      'a\0b',
      'a\nb',
      'x ',
      'x.',
      'a?b',
      '\u202egpj.exe',
      '.shoal-upload-x',
      'x'.repeat(255).replace('x', '\u00e9'),
    ]) {
      const length = 1;
      await assert.rejects(client.startUpload({ body: { name, files: [{ path: [], length }] } }), refused, name);
      if (name.startsWith('.shoal')) continue;
      for (const path of [[name], ['a', name], [name, 'a']])
        await assert.rejects(
          client.startUpload({ body: { name: 'folder', files: [{ path, length }] } }),
          refused,
          path.join('/'),
        );
    }
    for (const files of [
      [['a'], ['A']],
      [['a'], ['a', 'b']],
      [['a', 'b'], ['A']],
      [[], ['a']],
      [Array(20).fill('x'.repeat(200))],
    ])
      await assert.rejects(
        client.startUpload({ body: { name: 'folder', files: files.map((path) => ({ path, length: 1 })) } }),
        refused,
        JSON.stringify(files),
      );
    for (const body of [
      { name: 'x', files: [] },
      { name: 'x', files: [{ path: [''], length: 1 }] },
      { name: 'x', files: [{ path: Array(33).fill('a'), length: 1 }] },
      { name: 'x', files: [{ path: [], length: -1 }] },
      { name: 'x', files: [{ path: [], length: 0.5 }] },
      { name: 'x', files: [{ path: [], length: 2 ** 60 }] },
    ])
      await assert.rejects(client.startUpload({ body }), { status: 400 }, JSON.stringify(body));
    await assert.rejects(stat(downloads), { code: 'ENOENT' }, 'nothing was made');
  });

  it('A8: what is sent is never more than was said, nor more than there is room for', async (t) => {
    const { client, url, bearer, downloads } = await open(t);
    const { id } = await client.startUpload({ body: { name: 'x', files: [{ path: [], length: 10 }] } });
    const file = `${url}/api/v1/uploads/${id}/files/0`;
    const headers = { ...bearer, 'content-type': 'application/octet-stream' };
    const send = (body: Uint8Array, more: Record<string, string> = {}) =>
      rawRequest(file, { method: 'PUT', headers: { ...headers, ...more }, body }).then(
        ({ status }) => status,
        // The rest of what is sent may meet a closed connection.
        (error: NodeJS.ErrnoException) => (/^(EPIPE|ECONNRESET)$/.test(error.code ?? '') ? 413 : error.code),
      );
    assert.equal(await send(new Uint8Array(11)), 413);
    assert.equal(await send(new Uint8Array(500_000), { 'transfer-encoding': 'chunked' }), 413);
    const [folder] = await readdir(join(downloads, 'shared'));
    const { size } = await stat(join(downloads, 'shared', folder!, 'x'));
    assert.ok(size <= 10, `${size} bytes were written`);
    assert.equal((await client.upload({ params: { id } })).received, size);
    await assert.rejects(client.sendFile({ params: { id, index: 1 }, body: new Uint8Array(1) }), { status: 404 });
    for (const offset of [1, 10, 2 ** 53 - 1])
      await assert.rejects(client.sendFile({ params: { id, index: 0 }, query: { offset }, body: new Uint8Array(1) }), {
        status: 409,
      });
    const length = Number.MAX_SAFE_INTEGER;
    await assert.rejects(client.startUpload({ body: { name: 'y', files: [{ path: [], length }] } }), {
      status: 507,
      code: 'ERR_DISK_FULL',
    });
    for (let count = 1; count < 16; count++)
      await client.startUpload({ body: { name: `x${count}`, files: [{ path: [], length: 1 }] } });
    await assert.rejects(client.startUpload({ body: { name: 'z', files: [{ path: [], length: 1 }] } }), {
      status: 429,
    });
    assert.equal((await readdir(join(downloads, 'shared'))).length, 16);
  });

  it('A8: links in the share root lead nowhere, and nothing outside is shared', async (t) => {
    const directory = await temporaryDirectory('hostile');
    const opened = await openDaemon(t, directory);
    const { client, downloads, state } = opened;
    const secret = await randomFile(join(directory, 'secret'), 100);
    const root = join(downloads, 'shared');
    await mkdir(join(root, 'folder'), { recursive: true });
    await symlink(directory, join(root, 'planted'));
    await symlink(secret, join(root, 'folder', 'link'));
    await symlink(state, join(root, 'folder', 'state'));
    await randomFile(join(root, 'folder', 'plain'), 50_000);
    const files = [{ path: ['secret'], length: 1 }];
    await assert.rejects(client.startUpload({ body: { name: 'planted', files } }), { status: 409, reason: 'exists' });
    const { id } = await client.startUpload({ body: { name: 'later', files } });
    await client.sendFile({ params: { id, index: 0 }, body: new Uint8Array([1]) });
    await symlink(directory, join(root, 'later'));
    await assert.rejects(client.shareUpload({ params: { id }, body: { publish: false } }), { status: 409 });
    assert.equal((await stat(secret)).size, 100);
    for (const path of [secret, directory, state, join(root, 'planted'), join(root, 'planted', 'secret'), '/etc', '/'])
      await assert.rejects(client.share({ body: { path, publish: false } }), { status: 403 }, path);
    await assert.rejects(client.directories({ query: { path: join(root, 'planted') } }), { status: 403 });
    const owner = await ownerOf(opened);
    for (const path of [state, join(state, 'daemon', 'api.token'), directory])
      await assert.rejects(owner.share({ body: { path, publish: false } }), { status: 403, reason: 'own_state' }, path);
    const job = await client.share({ body: { path: join(root, 'folder'), publish: false } });
    for (;;) {
      const row = (await client.shares({})).shares.find((each) => each.id === job.id)!;
      assert.notEqual(row.state, 'failed', row.error?.message);
      if (row.state !== 'done') continue;
      assert.equal(row.leftOut, 2);
      const shared = await client.files({ params: { infoHash: row.infoHash! } });
      assert.deepEqual(
        shared.files.map(({ path }) => path),
        ['plain'],
      );
      break;
    }
  });

  it('A2: bytes are taken from nobody else, and nowhere but for files', async (t) => {
    const { url, daemon, client, bearer } = await open(t);
    const cookie = await login(url, daemon.token);
    const { id } = await client.startUpload({ body: { name: 'x', files: [{ path: [], length: 10 }] } });
    const path = `/api/v1/uploads/${id}/files/0`;
    const bytes = { 'content-type': 'application/octet-stream' };
    const refused: [number, string, string, Record<string, string>][] = [
      [401, 'PUT', path, bytes],
      [403, 'PUT', path, { ...bytes, cookie }],
      [403, 'PUT', path, { ...bytes, cookie, origin: 'http://evil.example' }],
      [403, 'PUT', path, { ...bytes, cookie, origin: url, 'sec-fetch-site': 'cross-site' }],
      [403, 'PUT', path, { ...bytes, ...bearer, origin: 'http://evil.example' }],
      [415, 'PUT', path, { ...JSON_TYPE, ...bearer }],
      [415, 'PUT', path, { 'content-type': 'text/plain', ...bearer }],
      [415, 'PUT', path, bearer],
      [415, 'POST', ADD, { ...bytes, ...bearer }],
      [415, 'POST', '/api/v1/uploads', { ...bytes, ...bearer }],
    ];
    for (const [status, method, to, headers] of refused) {
      const reply = await rawRequest(url + to, { method, headers, body: '{}' });
      assert.equal(reply.status, status, `${method} ${to} ${JSON.stringify(headers)}: ${reply.text}`);
    }
    assert.equal((await client.upload({ params: { id } })).received, 0);
    const own = { ...bytes, cookie, origin: url, 'sec-fetch-site': 'same-origin' };
    assert.equal((await rawRequest(url + path, { method: 'PUT', headers: own, body: '0123456789' })).status, 200);
  });

  it('A9: an address to fetch from leads to nothing inside, by no spelling and no redirect', async (t) => {
    const asked: string[] = [];
    const inner = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('secret');
    });
    await once(inner.listen(0, '127.0.0.1'), 'listening');
    t.after(() => inner.close());
    const { port } = inner.address() as AddressInfo;
    const tracker = createServer((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${port}/by-redirect` }).end();
    });
    await once(tracker.listen(0, '127.0.0.1'), 'listening');
    t.after(() => tracker.close());
    const trusted = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}`;
    const { client } = await open(t, { session: { trackers: [trusted], listen: { host: '127.0.0.1', port: 0 } } });
    for (const host of [
      '127.0.0.1',
      'localhost',
      '127.1',
      '0177.0.0.1',
      '0x7f.1',
      '2130706433',
      '0',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '169.254.169.254',
      '10.0.0.1',
      '192.168.1.1',
      '[fe80::1]',
      '[fd00::1]',
    ])
      await assert.rejects(
        client.add({ body: { url: `http://${host}:${port}/x.torrent` } }),
        { code: 'ERR_SOURCE', reason: 'not_public', status: 422 },
        host,
      );
    for (const url of [
      'file:///etc/passwd',
      'ftp://x.example/a',
      'gopher://127.0.0.1',
      'http://u:p@x.example/',
      'x',
      '//x',
    ])
      await assert.rejects(client.add({ body: { url } }), { code: 'ERR_SOURCE', reason: 'bad_url' }, url);
    await assert.rejects(client.add({ body: { url: `${trusted}/a.torrent` } }), { reason: 'not_public' });
    assert.deepEqual(asked, []);
  });

  it('A10: too much of anything is refused, and others are served meanwhile', async (t) => {
    const { url, bearer, client, port, host } = await open(t, {
      connections: { headersTimeout: 300, requestTimeout: 600, checkEvery: 50 },
    });
    // The rest of what is sent may meet a closed connection before the reply is read.
    const statusOf = (options: RawOptions, expected: number) =>
      rawRequest(url + ADD, options).then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => (/^(EPIPE|ECONNRESET)$/.test(error.code ?? '') ? expected : error.code),
      );
    const body = Buffer.alloc(14 * 1024 * 1024, 32);
    assert.equal(await statusOf({ method: 'POST', headers: { ...bearer, ...JSON_TYPE }, body }, 413), 413);
    assert.equal(await statusOf({ headers: { ...bearer, 'x-filler': 'x'.repeat(64 * 1024) } }, 431), 431);
    const wide = { headers: { ...bearer, 'x-filler': 'x'.repeat(17 * 1024) } };
    assert.equal((await rawRequest(url + ADD, wide)).status, 431);
    const slow = connect(Number(port), '127.0.0.1');
    let answer = '';
    // It may be cut off hard.
    slow.on('error', () => {});
    slow.on('data', (bytes) => {
      answer += bytes;
    });
    slow.write(`GET /api/v1/session HTTP/1.1\r\nHost: ${host}\r\n`);
    await once(slow, 'close');
    assert.match(answer, /^HTTP\/1\.1 408 /);
    const idle = connect(Number(port), '127.0.0.1');
    idle.on('error', () => {});
    idle.write(
      `POST ${ADD} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${bearer.authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    await once(idle, 'close');
    const stop = new AbortController();
    const followers = Array.from({ length: 64 }, () => client.events({ signal: stop.signal }));
    await Promise.all(followers.map((each) => each.next()));
    await assert.rejects(client.events().next(), { status: 503 });
    const times: number[] = [];
    for (let round = 0; round < 50; round++) {
      const start = performance.now();
      await client.session({});
      times.push(performance.now() - start);
    }
    assert.ok(times.sort((a, b) => a - b)[48]! < 200, `${times.at(-1)} ms`);
    stop.abort();
    await Promise.all(followers.map((each) => each.return(undefined).catch(() => undefined)));
  });

  it('A11: strange JSON is refused, and nothing is poisoned', async (t) => {
    const { url, bearer, client } = await open(t);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const body of [
      '{"__proto__":{"polluted":true},"magnet":"x"}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      `{"magnet":"${LINK}","limits":{"down":1e400}}`,
      `{"magnet":"${LINK}","limits":{"down":-1}}`,
      `{"magnet":"${LINK}","limits":{"down":9007199254740993}}`,
      `{"magnet":"${LINK}","limits":{"ratio":"NaN"}}`,
      `{"magnet":"${LINK}","surprise":1}`,
      `{"magnet":["${LINK}"]}`,
      `{"magnet":"${LINK}","paused":null}`,
      `{"magnet":"${LINK}","limits":{"down":"5"}}`,
      `{"magnet":"${LINK}","url":"http://x.example"}`,
      `{"labels":${deep}}`,
      '[]',
      'null',
      '"x"',
      '{',
      '',
    ]) {
      const reply = await rawRequest(url + ADD, { method: 'POST', headers: { ...bearer, ...JSON_TYPE }, body });
      assert.ok(reply.status >= 400 && reply.status < 500, `${body.slice(0, 60)}: ${reply.status}`);
      assert.match(String(reply.json.code), /^ERR_/);
    }
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
    assert.deepEqual((await client.torrents({})).torrents, []);
    const twice = `{"magnet":"${LINK}","paused":false,"paused":true}`;
    const headers = { ...bearer, ...JSON_TYPE };
    const added = await rawRequest(url + ADD, { method: 'POST', headers, body: twice });
    assert.equal((added.json.torrent as { state: string }).state, 'paused', 'as JSON says: the last one counts');
  });

  it('A12: an address to play something gives that file, a part of it, and nothing else', async (t) => {
    const opened = await open(t);
    const { url, client, bearer, daemon, downloads, directory } = opened;
    const size = 300_000;
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', size);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await writeFile(join(downloads, 'secret.txt'), 'secret');
    const params = { infoHash, index: 0 };
    const { path, url: address } = await client.openStream({ params });
    const [, , token] = path.split('/');
    for (const asked of [
      `bytes=${Array.from({ length: 1000 }, (_each, at) => `${at}-${at}`).join(',')}`,
      `bytes=${'0-,'.repeat(2000)}0-`,
      'bytes=0-1,0-1',
      `bytes=${size}-`,
      'bytes=-0',
    ]) {
      const reply = await rawRequest(address, { headers: { range: asked } });
      assert.equal(reply.status, 416, asked.slice(0, 40));
      assert.equal(reply.headers['content-range'], `bytes */${size}`);
      assert.ok(reply.text.length < 1000);
    }
    const far = await rawRequest(address, { headers: { range: `bytes=${size - 5}-${'9'.repeat(1000)}` } });
    assert.deepEqual([far.status, far.headers['content-length']], [206, '5']);
    for (const wrong of [
      '/stream/',
      `/stream/${token}`,
      `/stream/${token}/`,
      `/stream/${token}/secret.txt`,
      `/stream/${token}/../secret.txt`,
      `/stream/${token}/..%2fsecret.txt`,
      `/stream/${token}/..%5csecret.txt`,
      `/stream/${token}/${encodeURIComponent(join(downloads, 'secret.txt'))}`,
      `/stream/${token}/film.mkv/..`,
      `/stream/${token}/film.mkv%00`,
      `/stream/${token}/film.mkv/x`,
      `/stream/${token}/${'x'.repeat(5000)}`,
      `/stream/${token!.slice(1)}/film.mkv`,
      `/stream/${token}A/film.mkv`,
      `/stream/${'A'.repeat(43)}/film.mkv`,
      `/stream/${daemon.token}/film.mkv`,
      '/stream/__proto__/film.mkv',
    ])
      for (const method of ['GET', 'HEAD']) {
        // As it stands: an URL would resolve the dots.
        const status = await rawStatus(url, method, wrong);
        assert.ok(status === 404 || status === 400 || status === 414, `${method} ${wrong.slice(0, 100)}: ${status}`);
      }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
      assert.equal((await rawRequest(address, { method, headers: bearer })).status, 404, method);
    const head = await rawRequest(address, { method: 'HEAD', headers: { range: 'bytes=0-0,2-2' } });
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(size)]);
    const secret = { authorization: `Bearer ${token}` };
    assert.equal(
      (await rawRequest(`${url}/api/v1/session`, { headers: secret })).status,
      401,
      'it is good for nothing else',
    );
    assert.equal((await rawRequest(address, { headers: { host: 'evil.example' } })).status, 421);
    assert.equal((await rawRequest(address, { headers: { origin: 'http://evil.example' } })).status, 403);
    assert.equal((await rawRequest(address, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    const reply = await rawRequest(address);
    assert.equal(reply.status, 200, 'after all that it plays');
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
    await client.remove({ params: { infoHash } });
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.equal((await rawRequest(address)).status, 404, 'the same torrent once more is another');
  });

  it('A13: nothing over the API runs a program or moves what the daemon depends on', async (t) => {
    const { client } = await open(t);
    for (const name of ['onDone', 'script-torrent-done-filename', 'downloads', 'roots', 'token', 'listen'])
      await assert.rejects(
        client.changeSettings({ body: { [name]: '/bin/sh' } as SettingsChange }),
        { status: 400 },
        name,
      );
  });

  it('A14: tokens and cookies are in no log', async (t) => {
    let logged = '';
    const sink = new Writable({
      write(chunk, _encoding, done) {
        logged += chunk;
        done();
      },
    });
    const { url, daemon, client, bearer, state, directory } = await open(t, { log: pino({ level: 'trace' }, sink) });
    const cookie = await login(url, daemon.token);
    await rawRequest(`${url}/api/v1/session`, { headers: bearer });
    await rawRequest(`${url}/api/v1/session`, { headers: { cookie } });
    await rawRequest(`${url}/api/v1/login`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: `{"token":"${daemon.token}x"}`,
    });
    await rawRequest(`${url}/api/v1/session`, { headers: { authorization: `Bearer ${daemon.token}x` } });
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', 1000);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const { path } = await client.openStream({ params: { infoHash, index: 0 } });
    for (const place of [path, `${path}x`, `${path}/x`]) await rawRequest(url + place);
    await rawRequest(url + path, { headers: { range: 'bytes=5000-' } });
    assert.ok(logged.includes('/api/v1/session'), 'there is a log');
    const owner = (await readFile(join(state, 'daemon', 'owner.token'), 'utf8')).trim();
    for (const secret of [daemon.token, owner, cookie.split('=')[1]!, path.split('/')[2]!])
      assert.equal(logged.includes(secret), false);
  });

  it('A15: a new token ends what was traded for the old one', async (t) => {
    const directory = await temporaryDirectory('hostile');
    const first = await openDaemon(t, directory);
    const port = Number(new URL(first.daemon.url).port);
    const cookie = await login(first.daemon.url, first.daemon.token);
    await first.daemon.close();
    const api = { host: '127.0.0.1', port };
    const second = await openDaemon(t, directory, { api });
    const ask = () => rawRequest(`${second.daemon.url}/api/v1/session`, { headers: { cookie } });
    assert.equal((await ask()).status, 200, 'a restart does not');
    await second.daemon.close();
    await rm(join(first.state, 'daemon', 'api.token'));
    const third = await openDaemon(t, directory, { api });
    assert.equal((await ask()).status, 401);
    await assert.rejects(createDaemonClient(third.daemon.url, { token: first.daemon.token }).session({}), {
      status: 401,
    });
    await third.daemon.close();
    await chmod(join(first.state, 'daemon', 'api.token'), 0o600);
  });
});
