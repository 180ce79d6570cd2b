// Attacks on a daemon by what is said to it: too much, strange, or meant for others. It must refuse and serve on.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import type { SettingsChange } from '../../src/api/settings-schemas.ts';
import { type RawOptions, rawRequest } from '../harness/raw-http.ts';
import { ADD, JSON_TYPE, LINK, open } from './daemon-stage.ts';

describe('attacks by what is said to a daemon', () => {
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
    const { url, bearer, client } = await open(t);
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
    const medianCall = async () => {
      const times: number[] = [];
      for (let round = 0; round < 50; round++) {
        const start = performance.now();
        await client.session({});
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[25]!;
    };
    const before = await medianCall();
    const stop = new AbortController();
    const followers = Array.from({ length: 64 }, () => client.events({ signal: stop.signal }));
    await Promise.all(followers.map((each) => each.next()));
    await assert.rejects(client.events().next(), { status: 503 });
    // Against what the same machine did a moment ago: a time alone would say how busy it is.
    const meanwhile = await medianCall();
    assert.ok(meanwhile < 10 * before + 20, `${meanwhile} ms, and ${before} ms before`);
    stop.abort();
    await Promise.all(followers.map((each) => each.return(undefined).catch(() => undefined)));
  });

  it('A10: who speaks too slowly is cut off', async (t) => {
    const { port, host, bearer } = await open(t, {
      connections: { headersTimeout: 300, requestTimeout: 600, checkEvery: 50 },
    });
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

  it('A13: nothing over the API runs a program or moves what the daemon depends on', async (t) => {
    const { client } = await open(t);
    for (const name of ['onDone', 'script-torrent-done-filename', 'downloads', 'roots', 'token', 'listen'])
      await assert.rejects(
        client.changeSettings({ body: { [name]: '/bin/sh' } as SettingsChange }),
        { status: 400 },
        name,
      );
  });
});
