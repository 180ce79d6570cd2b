// The tracker client against real HTTP servers on loopback that answer well, badly, late or not at all.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';
import { freePort } from '../../../test/harness/ports.ts';
import { ShoalError } from '../../base/errors.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import type { AnnounceParameters } from '../../protocol/tracker/http.ts';
import { encodeAnnounceReply, encodeFailure, parseAnnounceQuery } from '../../protocol/tracker/http-server.ts';
import { encodeScrapeReply, parseScrapeQuery } from '../../protocol/tracker/scrape.ts';
import { TrackerClient } from './tracker-client.ts';

const INFO_HASH = '0123456789abcdef0123456789abcdef01234567';
const PARAMETERS: AnnounceParameters = {
  infoHash: INFO_HASH,
  peerId: encodeLatin1('-SH0100-abcdefghijkl'),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 5,
  event: 'started',
  key: 'k',
};
const REPLY = encodeAnnounceReply({
  interval: 1800,
  complete: 1,
  incomplete: 2,
  downloaded: 3,
  peers: Uint8Array.of(127, 0, 0, 1, 0x1a, 0xe1),
  compact: true,
});

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

function makeClient(options: ConstructorParameters<typeof TrackerClient>[0] = {}): TrackerClient {
  const client = new TrackerClient(options);
  cleanups.push(() => client.close());
  return client;
}

async function listen(server: net.Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  cleanups.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as net.AddressInfo).port;
}

async function serve(handler: http.RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(http.createServer(handler))}/announce`;
}

/** What `action` rejects with; the code is checked, the error comes back for more. */
async function failureOf(action: Promise<unknown>, code: string, reason?: string): Promise<ShoalError> {
  const error = await action.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ShoalError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.reason, reason, error.message);
  return error;
}

test('an announce reaches the tracker as it was meant, and its answer comes back', async () => {
  const seen: string[] = [];
  const url = await serve((request, response) => {
    seen.push(request.url!);
    response.end(REPLY);
  });
  const reply = await makeClient().announce(`${url}?passkey=p`, { ...PARAMETERS, session: 's1' });
  assert.deepEqual(reply.peers, [{ host: '127.0.0.1', port: 6881 }]);
  assert.deepEqual([reply.complete, reply.incomplete, reply.interval], [1, 2, 1_800_000]);
  assert.match(seen[0]!, /^\/announce\?passkey=p&/);
  const asked = parseAnnounceQuery(seen[0]!.slice(seen[0]!.indexOf('?') + 1));
  assert.ok(!('failure' in asked));
  assert.equal(asked.infoHash, INFO_HASH);
  assert.equal(asked.session, 's1');
});

test('a refusal is a reply', async () => {
  const url = await serve((_, response) => response.end(encodeFailure('no \x1b[2J', { retryIn: 'never' })));
  const reply = await makeClient().announce(url, PARAMETERS);
  assert.equal(reply.failure, 'no \x1b[2J');
  assert.equal(reply.retryIn, 'never');
});

test('one connection serves many announces, and a connection the tracker has closed is no failure', async () => {
  let connections = 0;
  const server = http.createServer((_, response) => response.end(REPLY));
  server.keepAliveTimeout = 0;
  const sockets: net.Socket[] = [];
  server.on('connection', (socket) => {
    connections++;
    sockets.push(socket);
  });
  const url = `http://127.0.0.1:${await listen(server)}/announce`;
  const client = makeClient();
  for (let i = 0; i < 5; i++) await client.announce(url, PARAMETERS);
  assert.equal(connections, 1);
  for (const socket of sockets) socket.resetAndDestroy();
  await client.announce(url, PARAMETERS);
  assert.equal(connections, 2);
});

test('a kept connection that dies under the request is tried again, once, on a new one', async () => {
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests++;
    if (requests === 2) request.socket.resetAndDestroy();
    else response.end(REPLY);
  });
  const url = `http://127.0.0.1:${await listen(server)}/announce`;
  const client = makeClient();
  await client.announce(url, PARAMETERS);
  await client.announce(url, PARAMETERS);
  assert.equal(requests, 3);
  const dying = await serve((request) => request.socket.resetAndDestroy());
  await failureOf(client.announce(dying, PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'connection_reset');
});

test('localhost is found in whichever family the tracker listens', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = http.createServer((_, response) => response.end(REPLY));
    try {
      const port = await listen(server, host);
      const reply = await makeClient().announce(`http://localhost:${port}/announce`, PARAMETERS);
      assert.equal(reply.peers.length, 1);
      if (host === '::1') await makeClient().announce(`http://[::1]:${port}/announce`, PARAMETERS);
    } catch (error) {
      if (host === '::1' && (error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') t.diagnostic('no IPv6 here');
      else throw error;
    }
  }
});

test('nobody there: connection refused, with the address and without the passkey', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/announce?passkey=secret`;
  const error = await failureOf(
    makeClient().announce(url, PARAMETERS),
    'ERR_TRACKER_UNREACHABLE',
    'connection_refused',
  );
  assert.match(error.message, new RegExp(`http://127.0.0.1:${port}/announce cannot be reached: connection refused`));
  assert.ok(!error.message.includes('secret'));
  const both = makeClient().announce(`http://localhost:${port}/announce`, PARAMETERS);
  await failureOf(both, 'ERR_TRACKER_UNREACHABLE', 'connection_refused');
});

test('a host that does not exist is said to be so', async () => {
  // A label this long cannot exist, so the system says so without asking anybody.
  const gone = makeClient().announce(`http://${'x'.repeat(70)}/announce`, PARAMETERS);
  await failureOf(gone, 'ERR_TRACKER_UNREACHABLE', 'no_such_host');
});

test('UDP trackers and nonsense are refused in words', async () => {
  const client = makeClient();
  const udp = await failureOf(client.announce('udp://t:6969', PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'unsupported');
  assert.match(udp.message, /UDP trackers are not supported yet/);
  await failureOf(client.announce('ftp://t/announce', PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'unsupported');
  await failureOf(client.announce('nonsense', PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'bad_url');
  await failureOf(client.announce('http://:0:0/', PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'bad_url');
});

test('a tracker that never answers, or drips, is given up in time', async () => {
  const client = makeClient({ totalTimeout: 200, stopTimeout: 100 });
  const silent = await serve(() => {});
  await failureOf(client.announce(silent, PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'timed_out');
  const stopped = client.announce(silent, { ...PARAMETERS, event: 'stopped' });
  await failureOf(stopped, 'ERR_TRACKER_UNREACHABLE', 'timed_out');
  const dripping = await serve((_, response) => {
    const timer = setInterval(() => response.write('d'), 20);
    response.on('close', () => clearInterval(timer));
  });
  await failureOf(client.announce(dripping, PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'timed_out');
});

test('an endless or too long body is cut off', async () => {
  let sent = 0;
  const url = await serve((_, response) => {
    const chunk = new Uint8Array(65536).fill(0x64);
    const pump = () => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', pump);
          return;
        }
      }
    };
    pump();
  });
  await failureOf(makeClient().announce(url, PARAMETERS), 'ERR_TRACKER_REPLY', 'too_large');
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
});

test('what is no tracker is named', async () => {
  const client = makeClient();
  const page = await serve((_, response) => response.end('<html>welcome</html>'));
  const error = await failureOf(client.announce(page, PARAMETERS), 'ERR_TRACKER_REPLY', 'not_bencoded');
  assert.ok(error.message.includes(page) && error.message.includes('BitTorrent tracker'), error.message);
  const missing = await serve((_, response) => response.writeHead(404).end('x'));
  const status = await failureOf(client.announce(missing, PARAMETERS), 'ERR_TRACKER_REPLY', 'http_status');
  assert.match(status.message, /404/);
  const raw = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  const port = await listen(raw);
  await failureOf(client.announce(`http://127.0.0.1:${port}/`, PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'not_http');
  await failureOf(client.announce(page.replace('http:', 'https:'), PARAMETERS), 'ERR_TRACKER_UNREACHABLE', 'tls');
});

test('redirects are followed five times, to other hosts too, and no further', async () => {
  const end = await serve((_, response) => response.end(REPLY));
  const hops: string[] = [];
  const chain = await serve((request, response) => {
    hops.push(request.url!);
    const left = Number(/^\/(\d)/.exec(request.url!)?.[1] ?? 0);
    const location = left > 0 ? `/${left - 1}` : end;
    response.writeHead(302, { location }).end();
  });
  const at = (path: string) => chain.replace('/announce', path);
  const reply = await makeClient().announce(at('/4'), PARAMETERS);
  assert.equal(reply.peers.length, 1);
  assert.equal(hops.length, 5);
  await failureOf(makeClient().announce(at('/5'), PARAMETERS), 'ERR_TRACKER_REPLY', 'too_many_redirects');
  const astray = await serve((_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end());
  await failureOf(makeClient().announce(astray, PARAMETERS), 'ERR_TRACKER_REPLY', 'bad_redirect');
});

test('a signal ends the request at once', async () => {
  const client = makeClient();
  const aborter = new AbortController();
  const url = await serve(() => aborter.abort());
  await failureOf(client.announce(url, PARAMETERS, aborter.signal), 'ERR_INTERRUPTED');
  await failureOf(client.announce(url, PARAMETERS, aborter.signal), 'ERR_INTERRUPTED');
});

test('a scrape goes to the scrape address and brings the counts', async () => {
  const url = await serve((request, response) => {
    const [path, query] = request.url!.split('?');
    const asked = parseScrapeQuery(query!);
    assert.ok('infoHashes' in asked);
    assert.equal(path, '/scrape');
    response.end(
      encodeScrapeReply(asked.infoHashes.map((hash) => [hash, { complete: 4, incomplete: 5, downloaded: 6 }])),
    );
  });
  const reply = await makeClient().scrape(url, [INFO_HASH]);
  assert.deepEqual(reply.swarms.get(INFO_HASH), { complete: 4, incomplete: 5, downloaded: 6 });
  const none = makeClient().scrape(url.replace('announce', 'a'), [INFO_HASH]);
  await failureOf(none, 'ERR_TRACKER_REPLY', 'no_scrape');
});
