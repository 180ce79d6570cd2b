// Attacks on the files a daemon can reach: nothing outside is read, written or deleted, and nothing but what was asked.

import assert from 'node:assert/strict';
import { mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, ownerOf, seedFile, seedPath, untilRow } from '../harness/daemon.ts';
import { rawRequest } from '../harness/raw-http.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { ADD, JSON_TYPE, LINK, login, open, rawStatus } from './daemon-stage.ts';

describe('attacks on the files of a daemon', () => {
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
});
