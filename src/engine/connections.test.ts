// Connections of sessions on real sockets: both families, ourselves, caps.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Session } from './session.ts';
import type { SessionOptions, Torrent } from './types.ts';

function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-connections-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(t: TestContext, options: SessionOptions = {}): Promise<Session> {
  const session = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null, ...options });
  t.after(() => session.close());
  return session;
}

function makeFile(folder: string): string {
  const file = path.join(folder, 'file.bin');
  fs.writeFileSync(file, randomBytes(200_000));
  return file;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 20_000; !condition(); await wait(2)) assert.ok(performance.now() < end, what);
}

/** Why connections of this torrent ended, as they end. */
function listenToEnds(torrent: Torrent): string[] {
  const reasons: string[] = [];
  void (async () => {
    for await (const event of torrent.events()) if (event.type === 'peerDisconnected') reasons.push(event.reason);
  })();
  return reasons;
}

test('two sessions meet over IPv6, whichever spelling is used', { timeout: 60_000 }, async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder);
  const seeder = await open(t, { listen: { host: '::1', port: 0 } });
  const getter = await open(t, { listen: { host: '::1', port: 0 } });
  const seed = await seeder.seed(file);
  const out = path.join(folder, 'out.bin');
  const got = await getter.add(seed.metainfo!, {
    path: out,
    peers: [
      { host: '0:0:0:0:0:0:0:1', port: seeder.port },
      { host: '::1', port: seeder.port },
    ],
  });
  const summary = await got.done;
  assert.deepEqual(
    summary.peers.map(({ address }) => address),
    [`[::1]:${seeder.port}`],
  );
  assert.equal(Buffer.compare(fs.readFileSync(file), fs.readFileSync(out)), 0);
});

test('a session that is told its own address finds out once', { timeout: 60_000 }, async (t) => {
  const folder = makeFolder(t);
  const session = await open(t);
  const torrent = await session.seed(makeFile(folder));
  // Between it and itself: every attempt is seen here.
  let attempts = 0;
  let ended = 0;
  const relay = net.createServer((socket) => {
    attempts++;
    socket.on('close', () => ended++);
    const onward = net.connect(session.port, '127.0.0.1');
    for (const end of [socket, onward]) end.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => relay.close(resolve)));
  const { port } = relay.address() as net.AddressInfo;
  torrent.addPeer({ host: '127.0.0.1', port });
  await until(() => ended === 1, 'it is not dialled, or not closed');
  // Whom the user names is dialled at once, in the order of naming.
  torrent.addPeer({ host: '127.0.0.1', port });
  let other = 0;
  const barrier = net.createServer((socket) => {
    other++;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => barrier.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => barrier.close(resolve)));
  torrent.addPeer({ host: '127.0.0.1', port: (barrier.address() as net.AddressInfo).port });
  await until(() => other > 0, 'the other one is not dialled');
  assert.equal(attempts, 1);
  assert.equal(torrent.status.peers, 0);
});

test('who is refused for want of a place is not answered, and hears no more', { timeout: 60_000 }, async (t) => {
  const folder = makeFolder(t);
  const seeder = await open(t, { maxConnectionsPerTorrent: 1 });
  const seed = await seeder.seed(makeFile(folder));
  const first = await open(t);
  const reasons = listenToEnds(seed);
  // Slow enough to be there still.
  first.setLimits({ down: 2000 });
  await first.add(seed.metainfo!, {
    path: path.join(folder, 'a.bin'),
    peers: [{ host: '127.0.0.1', port: seeder.port }],
  });
  await until(() => seed.status.peers === 1, 'the first one is not there');
  const heard: Buffer[] = [];
  const second = net.connect(seeder.port, '127.0.0.1').on('error', () => undefined);
  second.on('data', (data) => heard.push(data));
  const handshake = Buffer.alloc(68, 'z');
  handshake.write('\x13BitTorrent protocol');
  handshake.fill(0, 20, 28);
  Buffer.from(seed.infoHash, 'hex').copy(handshake, 28);
  second.write(handshake);
  await until(() => second.closed, 'it is not closed');
  assert.equal(Buffer.concat(heard).length, 0);
  assert.equal(seed.status.peers, 1);
  assert.deepEqual(reasons, []);
});

test('a session has so many connections and no more, whatever its torrents want', { timeout: 60_000 }, async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder);
  const getter = await open(t, { maxConnections: 3, down: 2000 });
  const seeders = await Promise.all(Array.from({ length: 6 }, () => open(t)));
  const seeds = await Promise.all(seeders.map((seeder) => seeder.seed(file)));
  const got = await getter.add(seeds[0]!.metainfo!, {
    path: path.join(folder, 'out.bin'),
    peers: seeders.map(({ port }) => ({ host: '127.0.0.1', port })),
  });
  await until(() => got.status.peers === 3, 'three are not there');
  for (let i = 0; i < 50; i++) {
    assert.ok(got.status.peers <= 3);
    await wait(10);
  }
});
