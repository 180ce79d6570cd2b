// Announce and scrape over real sockets, as clients, hurried clients, broken clients and attackers speak HTTP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../base/bytes.ts';
import { decodeLatin1, decodeUtf8 } from '../base/utf8.ts';
import { type BDict, decodeDict } from '../protocol/bencode.ts';
import { parseAnnounceReply } from '../protocol/tracker/http.ts';
import { parseScrapeReply } from '../protocol/tracker/scrape.ts';
import { Registry } from '../registry/registry.ts';
import { createAnnounceHandler } from './announce.ts';
import { systemClock } from './clock.ts';
import { bind, type ConnectionLimits, createTrackerServer, DEFAULT_CONNECTION_LIMITS } from './listen.ts';
import { AnnounceCounters } from './metrics.ts';

const HASH = '%aa%bb%cc%dd%ee%ff%00%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d';
const INFO_HASH = 'aabbccddeeff000102030405060708090a0b0c0d';

interface Running {
  port: number;
  server: Server;
  registry: Registry;
  counters: AnnounceCounters;
  close(): Promise<void>;
}

async function serve(limits: Partial<ConnectionLimits> = {}, host = '127.0.0.1'): Promise<Running> {
  const registry = new Registry({}, Math.random);
  registry.allow(INFO_HASH, 4);
  const counters = new AnnounceCounters();
  const server = createTrackerServer({ ...DEFAULT_CONNECTION_LIMITS, ...limits });
  const handle = createAnnounceHandler(registry, systemClock, counters);
  server.on('request', (request, response) => {
    if (!handle(request, response)) response.writeHead(404, { 'content-length': 8 }).end('not mine');
  });
  const { port } = await bind(server, { host, port: 0 }, '--listen');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { port, server, registry, counters, close };
}

/** A socket that keeps everything it is sent. */
class RawClient {
  readonly socket: net.Socket;
  readonly closed: Promise<unknown>;
  received = Buffer.alloc(0);

  constructor(port: number, host = '127.0.0.1') {
    this.socket = net.connect(port, host);
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.received = Buffer.concat([this.received, data]);
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** The next reply, or undefined when the connection ended before one was complete. */
  async reply(): Promise<{ status: number; head: string; body: Buffer } | undefined> {
    let ended = false;
    void this.closed.then(() => {
      ended = true;
    });
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.received.toString('latin1', 0, end);
        const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
        if (this.received.length >= end + 4 + length) {
          const body = this.received.subarray(end + 4, end + 4 + length);
          this.received = this.received.subarray(end + 4 + length);
          return { status: Number(head.slice(9, 12)), head, body };
        }
      }
      if (ended) return undefined;
      await Promise.race([once(this.socket, 'data').catch(() => undefined), this.closed]);
    }
  }
}

function get(path: string, version = '1.1', extra = ''): string {
  return `GET ${path} HTTP/${version}\r\nHost: tracker\r\n${extra}\r\n`;
}

function announcePath(port: number, more = ''): string {
  return `/announce?info_hash=${HASH}&peer_id=-qB4650-${String(port).padStart(12, '0')}&port=${port}&left=1${more}`;
}

function dict(body: Buffer): BDict {
  return decodeDict(new Uint8Array(body));
}

describe('announce over HTTP', () => {
  let tracker: Running;
  before(async () => {
    tracker = await serve();
  });
  after(() => tracker.close());

  it('answers a client, and the next on the same connection', async () => {
    const client = new RawClient(tracker.port);
    client.write(get(announcePath(1001, '&left=0&event=started')));
    const first = await client.reply();
    assert.equal(first?.status, 200);
    const reply = parseAnnounceReply(new Uint8Array(first.body));
    assert.equal(reply.failure, undefined);
    assert.deepEqual(reply.peers, []);
    assert.equal(decodeLatin1(dict(first.body).get('peers') as Uint8Array), '', 'peers are there even when empty');
    assert.equal(toHex(dict(first.body).get('external ip') as Uint8Array), '7f000001');
    client.write(get(announcePath(1002)));
    const second = await client.reply();
    assert.deepEqual(parseAnnounceReply(new Uint8Array(second!.body)).peers, [{ host: '127.0.0.1', port: 1001 }]);
    client.socket.destroy();
  });

  it('answers pipelined requests in their order, however the bytes arrive', async () => {
    const requests = Array.from({ length: 200 }, (_, i) => {
      if (i % 10 === 3) return get(`/scrape?info_hash=${HASH}`);
      return get(i % 10 === 7 ? '/announce?nonsense' : announcePath(2000 + i, `&trackerid=${i}`));
    });
    const bytes = Buffer.from(requests.join(''), 'latin1');
    for (const portion of [bytes.length, 97]) {
      const client = new RawClient(tracker.port);
      for (let at = 0; at < bytes.length; at += portion) {
        client.write(bytes.subarray(at, at + portion));
        if (at % 9700 === 0) await delay(1);
      }
      for (let i = 0; i < requests.length; i++) {
        const reply = await client.reply();
        assert.equal(reply?.status, 200, `reply ${i}`);
        const value = dict(reply.body);
        if (i % 10 === 3) assert.ok(value.has('files'));
        else if (i % 10 === 7) assert.ok(value.has('failure reason'));
        else assert.equal(decodeUtf8(value.get('tracker id') as Uint8Array), String(i));
      }
      client.socket.destroy();
    }
  });

  it('answers the last announce of a client that has already closed its side', async () => {
    const client = new RawClient(tracker.port);
    client.write(get(announcePath(3000)) + get(announcePath(3000, '&event=stopped')));
    client.socket.end();
    assert.equal((await client.reply())?.status, 200);
    assert.equal((await client.reply())?.status, 200);
    await client.closed;
  });

  it('speaks HTTP/1.0, and takes a request in single bytes', async () => {
    const client = new RawClient(tracker.port);
    client.socket.setNoDelay(true);
    for (const byte of Buffer.from(get(announcePath(3001), '1.0'), 'latin1')) {
      client.write(Buffer.from([byte]));
      await new Promise((next) => setImmediate(next));
    }
    const reply = await client.reply();
    assert.equal(reply?.status, 200);
    assert.equal(parseAnnounceReply(new Uint8Array(reply.body)).failure, undefined);
    await client.closed;
  });

  it('refuses with status 200, because clients read no other', async () => {
    const client = new RawClient(tracker.port);
    for (const [path, reason] of [
      ['/announce', /info_hash/],
      ['/announce?', /info_hash/],
      [announcePath(1).replace(HASH, 'x'.repeat(20)), /catalog/],
      [announcePath(70000), /port/],
      [announcePath(1, `&x=${'y'.repeat(2048)}`), /too long/],
      ['/scrape?info_hash=%zz', /info_hash/],
    ] as const) {
      client.write(get(path));
      const reply = await client.reply();
      assert.equal(reply?.status, 200);
      const value = dict(reply.body);
      assert.match(decodeUtf8(value.get('failure reason') as Uint8Array), reason);
    }
    client.write(get(announcePath(1).replace(HASH, 'x'.repeat(20))));
    const refused = dict((await client.reply())!.body);
    assert.equal(refused.get('interval'), 60);
    assert.equal(refused.get('min interval'), 60);
    assert.equal(decodeUtf8(refused.get('retry in') as Uint8Array), '1');
    client.socket.destroy();
  });

  it('answers other methods with 405 and other paths not at all', async () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const client = new RawClient(tracker.port);
      client.write(get(announcePath(1)).replace('GET', method));
      assert.equal((await client.reply())?.status, 405, method);
      await client.closed;
    }
    const post = new RawClient(tracker.port);
    post.write(`POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`);
    assert.equal((await post.reply())?.status, 405);
    await post.closed;
    const client = new RawClient(tracker.port);
    for (const path of ['/', '/announce/', '/announcex?info_hash=1', '/Announce', '/api/v1/files', '//announce']) {
      client.write(get(path));
      assert.equal((await client.reply())?.status, 404, path);
    }
    client.socket.destroy();
  });

  it('writes the long form for who asks for it, and IPv6 peers in a list of their own', async () => {
    const { registry } = tracker;
    const peerId = new Uint8Array(20).fill(66);
    const source = { address: new Uint8Array([0xfd, ...new Array<number>(14).fill(0), 7]) };
    registry.announce(
      { infoHash: INFO_HASH, peerId, port: 77, left: 1, event: '', numwant: 0 },
      source,
      systemClock.now(),
    );
    const client = new RawClient(tracker.port);
    client.write(get(announcePath(3003, '&numwant=200')));
    const compact = dict((await client.reply())!.body);
    assert.equal((compact.get('peers') as Uint8Array).length % 6, 0);
    assert.equal(toHex(compact.get('peers6') as Uint8Array), `fd${'00'.repeat(14)}07004d`);
    client.write(get(announcePath(3003, '&numwant=200&compact=0')));
    const long = dict((await client.reply())!.body);
    const rows = (long.get('peers') as BDict[]).map(
      (row) => `${decodeUtf8(row.get('ip') as Uint8Array)} ${row.get('port')}`,
    );
    assert.ok(rows.includes('fd00::7 77') && rows.includes('127.0.0.1 1001'), rows.join());
    client.socket.destroy();
  });

  it('scrapes what is known and leaves out what is not', async () => {
    const client = new RawClient(tracker.port);
    client.write(get(`/scrape?info_hash=${HASH}&info_hash=${'x'.repeat(20)}`));
    const reply = parseScrapeReply(new Uint8Array((await client.reply())!.body));
    assert.deepEqual([...reply.swarms.keys()], [INFO_HASH]);
    assert.ok(reply.swarms.get(INFO_HASH)!.incomplete > 0);
    assert.equal(reply.minInterval, 60_000);
    client.write(get('/scrape'));
    assert.equal(parseScrapeReply(new Uint8Array((await client.reply())!.body)).swarms.size, 0, 'nobody gets all');
    client.socket.destroy();
  });

  it('survives garbage, and says what it is', async () => {
    for (const [garbage, status] of [
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
      ['\x13BitTorrent protocol'.padEnd(68, '\0'), 400],
      ['GET\r\n\r\n', 400],
      ['GET / HTTP/9.9\r\n\r\n', 400],
      [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431],
      [`GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(20_000)}\r\n`, 431],
      ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
      ['\0'.repeat(10_000), 400],
      // Bytes that no request line may hold unescaped.
      [get(announcePath(1).replace(HASH, '\xaa'.repeat(20))), 400],
    ] as const) {
      const client = new RawClient(tracker.port);
      client.write(garbage);
      assert.equal((await client.reply())?.status, status, JSON.stringify(garbage.slice(0, 30)));
      await client.closed;
    }
    const client = new RawClient(tracker.port);
    client.write(get(announcePath(3004)));
    assert.equal((await client.reply())?.status, 200);
    client.socket.destroy();
  });

  it('counts what it did', () => {
    const { answered, refused, malformed, scrapes } = tracker.counters;
    assert.ok(answered > 300 && refused === 2 && malformed > 40 && scrapes > 40, JSON.stringify(tracker.counters));
  });
});

describe('slow and greedy clients', () => {
  it('who does not finish a request in time is cut off, while others are served', async () => {
    const tracker = await serve({ headersTimeout: 300, requestTimeout: 600, checkEvery: 50 });
    try {
      const slow = new RawClient(tracker.port);
      slow.write('GET /announce?info_ha');
      const drip = setInterval(() => slow.write('x'), 40);
      const other = new RawClient(tracker.port);
      other.write(get(announcePath(1)));
      assert.equal((await other.reply())?.status, 200);
      assert.equal((await slow.reply())?.status, 408);
      await slow.closed;
      clearInterval(drip);
      other.socket.destroy();
    } finally {
      await tracker.close();
    }
  });

  it('who says nothing is cut off', async () => {
    const tracker = await serve({ stallTimeout: 300, keepAliveTimeout: 300 });
    try {
      const silent = new RawClient(tracker.port);
      await silent.closed;
      const idle = new RawClient(tracker.port);
      idle.write(get(announcePath(1)));
      assert.equal((await idle.reply())?.status, 200);
      await idle.closed;
    } finally {
      await tracker.close();
    }
  });

  it('who asks without end and never reads is held back, then cut off', async () => {
    const tracker = await serve({ stallTimeout: 500, keepAliveTimeout: 500 });
    try {
      for (let port = 1; port <= 200; port++) {
        const client = new RawClient(tracker.port);
        client.write(get(announcePath(port)));
        await client.reply();
        client.socket.destroy();
      }
      const greedy = net.connect(tracker.port, '127.0.0.1');
      greedy.on('error', () => {});
      greedy.pause();
      const closed = new Promise((resolve) => greedy.once('close', resolve));
      const request = Buffer.from(get(announcePath(201, '&numwant=200')), 'latin1');
      const before = tracker.counters.answered;
      for (let i = 0; i < 50_000; i++) greedy.write(request);
      let gone = false;
      void closed.then(() => {
        gone = true;
      });
      // Nobody reads, so nothing but the tracker's patience ends this.
      const other = new RawClient(tracker.port);
      other.write(get(announcePath(202)));
      assert.equal((await other.reply())?.status, 200);
      other.socket.destroy();
      const served = tracker.counters.answered - before;
      assert.ok(served <= 1100, `${served} requests of one connection were answered`);
      greedy.resume();
      await closed;
      assert.ok(gone);
    } finally {
      await tracker.close();
    }
  });

  it('one address has no more than its share of connections', async () => {
    const tracker = await serve({ perLocalAddress: 5 });
    try {
      const clients: RawClient[] = [];
      for (let i = 0; i < 5; i++) {
        const client = new RawClient(tracker.port);
        clients.push(client);
        client.write(get(announcePath(i + 1)));
        assert.equal((await client.reply())?.status, 200);
      }
      const sixth = new RawClient(tracker.port);
      sixth.write(get(announcePath(6)));
      assert.equal(await sixth.reply(), undefined);
      const first = clients[0]!;
      const gone = once(tracker.server, 'connection').then(() => undefined);
      first.socket.destroy();
      await first.closed;
      // The tracker may hear of the end a moment later than we do.
      let status: number | undefined;
      while (status === undefined) {
        const again = new RawClient(tracker.port);
        again.write(get(announcePath(6)));
        status = (await again.reply())?.status;
        again.socket.destroy();
      }
      await gone;
      assert.equal(status, 200);
      for (const client of clients) client.socket.destroy();
    } finally {
      await tracker.close();
    }
  });
});

it('knows IPv4 peers as such on a socket for both families, and IPv6 peers too', async (t) => {
  let tracker: Running;
  try {
    tracker = await serve({}, '::');
  } catch {
    t.skip('no IPv6 here');
    return;
  }
  try {
    const four = new RawClient(tracker.port, '127.0.0.1');
    four.write(get(announcePath(1)));
    const reply = dict((await four.reply())!.body);
    assert.equal(toHex(reply.get('external ip') as Uint8Array), '7f000001');
    const six = new RawClient(tracker.port, '::1');
    six.write(get(announcePath(2)));
    assert.deepEqual(parseAnnounceReply(new Uint8Array((await six.reply())!.body)).peers, [
      { host: '127.0.0.1', port: 1 },
    ]);
    four.write(get(announcePath(1)));
    assert.deepEqual(parseAnnounceReply(new Uint8Array((await four.reply())!.body)).peers, [{ host: '::1', port: 2 }]);
    four.socket.destroy();
    six.socket.destroy();
  } finally {
    await tracker.close();
  }
});
