// Attacks on a daemon by who has no right to speak to it: each must fail, and leave it to those who hold the token.

import assert from 'node:assert/strict';
import { chmod, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { createDaemonClient } from '../../src/api/daemon-client.ts';
import { openDaemon, seedFile, untilRow } from '../harness/daemon.ts';
import { rawRequest } from '../harness/raw-http.ts';
import { temporaryDirectory } from '../harness/shoal.ts';
import { ADD, BODY, JSON_TYPE, login, open } from './daemon-stage.ts';

describe('attacks on who may speak to a daemon', () => {
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
    const shown = [];
    for (const { method, path, policy } of daemon.routes) {
      if (policy !== 'public') continue;
      const { status, headers, text } = await rawRequest(url + path, { method });
      if (status === 302 && headers.location === '/' && text === '') continue;
      shown.push(`${method} ${path}`);
    }
    assert.deepEqual(
      shown,
      ['GET /', 'HEAD /', 'GET /api.html', 'HEAD /api.html', 'GET /assets/:name', 'HEAD /assets/:name'],
      'only the files of the page, which hold no secrets, and what leads to them',
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
