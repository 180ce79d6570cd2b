import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isForeign, isFromOwnPage, isNavigation, isOwnHost } from './own-host.ts';

const LOOPBACK = { localAddress: '127.0.0.1', localPort: 9091 };

test('a host is ours by the address the request came in at, and by names we were given', () => {
  const names = new Set(['shoal.example', 'other.example:444']);
  for (const [host, end, ours] of [
    ['127.0.0.1:9091', LOOPBACK, true],
    ['localhost:9091', LOOPBACK, true],
    ['LocalHost:9091', LOOPBACK, true],
    ['127.0.0.1:9091', { localAddress: '::ffff:127.0.0.1', localPort: 9091 }, true],
    ['[::1]:9091', { localAddress: '::1', localPort: 9091 }, true],
    ['[0:0:0:0:0:0:0:1]:9091', { localAddress: '::1', localPort: 9091 }, true],
    ['127.0.0.1', { localAddress: '127.0.0.1', localPort: 80 }, true],
    ['10.0.0.5:9091', { localAddress: '10.0.0.5', localPort: 9091 }, true],
    ['shoal.example', LOOPBACK, true],
    ['shoal.example:8443', LOOPBACK, true],
    ['other.example:444', LOOPBACK, true],
    ['other.example', LOOPBACK, false],
    ['localhost:9091', { localAddress: '10.0.0.5', localPort: 9091 }, false],
    ['127.0.0.1:9091', { localAddress: '10.0.0.5', localPort: 9091 }, false],
    ['127.0.0.1:9092', LOOPBACK, false],
    ['127.0.0.1', LOOPBACK, false],
    ['127.1:9091', LOOPBACK, false],
    ['evil.example:9091', LOOPBACK, false],
    ['evil.example:9091@127.0.0.1:9091', LOOPBACK, false],
    ['', LOOPBACK, false],
    [undefined, LOOPBACK, false],
    ['127.0.0.1:9091', {}, false],
  ] as const)
    assert.equal(isOwnHost(host, end, names), ours, `${host} at ${JSON.stringify(end)}`);
});

test('what a browser says of the page that asks decides, and who says nothing is no browser', () => {
  const host = '127.0.0.1:9091';
  for (const [headers, foreign, own] of [
    [{}, false, false],
    [{ origin: 'http://127.0.0.1:9091' }, false, true],
    [{ origin: 'https://127.0.0.1:9091' }, false, true],
    [{ origin: 'http://127.0.0.1:9091', 'sec-fetch-site': 'same-origin' }, false, true],
    [{ origin: 'http://127.0.0.1:9091', 'sec-fetch-site': 'none' }, false, false],
    [{ 'sec-fetch-site': 'none' }, false, false],
    [{ 'sec-fetch-site': 'same-origin' }, false, false],
    [{ origin: 'http://127.0.0.1:9092' }, true, false],
    [{ origin: 'http://localhost:9091' }, true, false],
    [{ origin: 'null' }, true, false],
    [{ origin: 'file://127.0.0.1:9091' }, true, false],
    [{ origin: '127.0.0.1:9091' }, true, false],
    [{ origin: 'http://127.0.0.1:9091', 'sec-fetch-site': 'cross-site' }, true, false],
    [{ 'sec-fetch-site': 'same-site' }, true, false],
  ] as const) {
    assert.equal(isForeign({ host, ...headers }), foreign, JSON.stringify(headers));
    assert.equal(isFromOwnPage({ host, ...headers }), own, JSON.stringify(headers));
  }
});

test('a link of another site may be followed, and nothing else', () => {
  const site = 'cross-site';
  const followed = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  assert.equal(isNavigation(followed), true);
  for (const other of [
    {},
    { ...followed, 'sec-fetch-dest': 'iframe' },
    { ...followed, 'sec-fetch-mode': 'no-cors' },
    { ...followed, origin: 'null' },
  ])
    assert.equal(isNavigation(other), false, JSON.stringify(other));
});
