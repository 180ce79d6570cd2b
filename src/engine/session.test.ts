import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import test, { type TestContext } from 'node:test';
import type { ShoalError } from '../base/errors.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import { Session } from './session.ts';
import type { SessionOptions, Torrent, TorrentEvent } from './types.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-session-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let count = 0;
async function open(t: TestContext, folder: string, options: SessionOptions = {}): Promise<Session> {
  const session = await Session.open({ listen: LOOPBACK, state: path.join(folder, `state${count++}`), ...options });
  t.after(() => session.close());
  return session;
}

function at(session: Session): { host: string; port: number } {
  return { host: '127.0.0.1', port: session.port };
}

function makeFile(folder: string, name: string, size: number): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, randomBytes(size));
  return file;
}

function assertSame(a: string, b: string): void {
  assert.equal(Buffer.compare(fs.readFileSync(a), fs.readFileSync(b)), 0, `${a} and ${b} differ`);
}

async function next<K extends TorrentEvent['type']>(
  torrent: Torrent,
  type: K,
): Promise<Extract<TorrentEvent, { type: K }>> {
  for await (const event of torrent.events())
    if (event.type === type) return event as Extract<TorrentEvent, { type: K }>;
  throw new Error(`no ${type} came`);
}

test('a closed session leaves nothing behind', { timeout: 30_000 }, async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 100_000);
  {
    await using seeder = await Session.open({ listen: LOOPBACK, state: null });
    await using getter = await Session.open({ listen: LOOPBACK, state: null });
    const seed = await seeder.seed(file);
    const got = await getter.add(seed.metainfo!, { path: path.join(folder, 'out.bin'), peers: [at(seeder)] });
    await got.done;
  }
  // A destroyed socket gives its handle back in a later turn of the event loop.
  const left = (): string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
  while (left().length > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('a file goes from one session to another, by metadata and by magnet link', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 5_000_001);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file);
  assert.equal(seed.status.state, 'seeding');

  const first = await open(t, folder);
  const direct = await first.add(seed.metainfo!, { directory: path.join(folder, 'direct'), peers: [at(seeder)] });
  const summary = await direct.done;
  assertSame(file, path.join(folder, 'direct', 'file.bin'));
  assert.equal(summary.downloaded, 5_000_001);
  assert.equal(summary.wasted, 0);
  assert.deepEqual(
    summary.peers.map((peer) => [peer.address, peer.client, peer.bytes]),
    [[`127.0.0.1:${seeder.port}`, 'Shoal 0.1.0', 5_000_001]],
  );

  const second = await open(t, folder);
  const magnet = formatMagnet({ infoHash: seed.infoHash, name: 'file.bin', trackers: [], peers: [at(first)] });
  const linked = await second.add(magnet, { path: path.join(folder, 'linked.bin') });
  await linked.done;
  assertSame(file, path.join(folder, 'linked.bin'));
});

test('a folder keeps its files, empty ones and all, and its names in any script', async (t) => {
  const folder = makeFolder(t);
  const names = ['a.txt', 'sub/empty', 'sub/深い/файл', 'z'.repeat(255), '.hidden', 'emoji 🐟'];
  for (const [i, name] of names.entries()) makeFile(path.join(folder, 'tree'), name, i === 1 ? 0 : 40_000 * i + 7);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(path.join(folder, 'tree'), { pieceLength: 16_384 });
  const getter = await open(t, folder);
  const got = await getter.add(seed.metainfo!, { directory: path.join(folder, 'out'), peers: [at(seeder)] });
  await got.done;
  for (const name of names) assertSame(path.join(folder, 'tree', name), path.join(folder, 'out', 'tree', name));
});

test('what was fetched before a stop is used again', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 8_000_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file, { pieceLength: 65_536 });
  const state = path.join(folder, 'resumed');
  const target = path.join(folder, 'out.bin');

  const first = await Session.open({ listen: LOOPBACK, state, down: 2_000_000 });
  const partial = await first.add(seed.metainfo!, { path: target, peers: [at(seeder)] });
  for await (const event of partial.events()) if (event.type === 'piece' && partial.status.piecesHave >= 20) break;
  const { have } = partial.status;
  await first.close();
  await assert.rejects(partial.done, { code: 'ERR_INTERRUPTED' });
  assert.ok(have < 8_000_000);

  const second = await open(t, folder, { state });
  const rest = await second.add(seed.metainfo!, { path: target, peers: [at(seeder)] });
  const summary = await rest.done;
  assert.ok(summary.reused >= have, `${summary.reused} of ${have} bytes were used again`);
  // Blocks of unfinished pieces were kept as well; they count as reused for nothing.
  const counted = summary.reused + summary.downloaded - summary.wasted;
  assert.ok(counted <= 8_000_000 && counted > 8_000_000 - 20 * 65_536, `${counted} bytes`);
  assertSame(file, target);
});

for (const pieceLength of [512 * 1024, 8 * 1024 * 1024])
  test(`blocks of unfinished pieces of ${pieceLength} bytes are not fetched twice after a stop`, async (t) => {
    const folder = makeFolder(t);
    const size = 10_000_000;
    const file = makeFile(folder, 'file.bin', size);
    const seeder = await open(t, folder, { up: 3_000_000 });
    const seed = await seeder.seed(file, { pieceLength });
    const state = path.join(folder, 'resumed');
    const target = path.join(folder, 'out.bin');
    const fetch = (session: Session): Promise<Torrent> =>
      session.add(seed.metainfo!, { path: target, peers: [at(seeder)] });

    let arrived = 0;
    for (const least of [1_300_000, 2_600_000]) {
      const session = await Session.open({ listen: LOOPBACK, state });
      const torrent = await fetch(session);
      while (arrived + torrent.status.downloaded < least) await new Promise((resolve) => setImmediate(resolve));
      await session.close();
      // A block that had begun to arrive at each stop is lost.
      arrived += torrent.status.downloaded;
      assert.equal(torrent.status.state, 'stopped');
    }
    seeder.setLimits({});
    const last = await open(t, folder, { state });
    const summary = await (await fetch(last)).done;
    assertSame(file, target);
    assert.ok(arrived >= 2_600_000 && summary.downloaded + arrived <= size, `${arrived} and ${summary.downloaded}`);
  });

test('one torrent is open in one process at a time, and the second hears who has it', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 100_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file);
  const state = path.join(folder, 'shared');
  const first = await open(t, folder, { state, purpose: 'shoal get file.bin' });
  await first.add(seed.metainfo!, { path: path.join(folder, 'a.bin') });
  const second = await open(t, folder, { state });
  await assert.rejects(second.add(seed.metainfo!, { path: path.join(folder, 'b.bin') }), (error: ShoalError) => {
    assert.equal(error.code, 'ERR_LOCKED');
    assert.match(error.message, new RegExp(`${process.pid}`));
    return true;
  });
});

test('foreign data in the destination is refused and kept, unless it may be replaced', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 1_000_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file, { pieceLength: 65_536 });
  const target = path.join(folder, 'target.bin');
  const foreign = fs.readFileSync(file);
  foreign.fill(0, 0, 100);
  fs.writeFileSync(target, foreign);

  const getter = await open(t, folder);
  await assert.rejects(getter.add(seed.metainfo!, { path: target, peers: [at(seeder)] }), { code: 'ERR_DESTINATION' });
  assert.equal(Buffer.compare(fs.readFileSync(target), foreign), 0);

  const again = await getter.add(seed.metainfo!, { path: target, peers: [at(seeder)], overwrite: true });
  const summary = await again.done;
  assert.equal(summary.reused, 1_000_000 - 65_536);
  assertSame(file, target);
});

test('complete data in the destination is seeded without a byte fetched', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 1_000_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file);
  const copy = path.join(folder, 'copy.bin');
  fs.copyFileSync(file, copy);
  const getter = await open(t, folder);
  const got = await getter.add(seed.metainfo!, { path: copy });
  const summary = await got.done;
  assert.equal(summary.reused, 1_000_000);
  assert.equal(got.status.state, 'seeding');
});

for (const side of ['down', 'up'] as const)
  test(`the ${side} limit holds`, async (t) => {
    const folder = makeFolder(t);
    const size = 3_000_000;
    const file = makeFile(folder, 'file.bin', size);
    const seeder = await open(t, folder, side === 'up' ? { up: 1_500_000 } : {});
    const seed = await seeder.seed(file, { pieceLength: 65_536 });
    const getter = await open(t, folder, side === 'down' ? { down: 1_500_000 } : {});
    const started = performance.now();
    const got = await getter.add(seed.metainfo!, { path: path.join(folder, 'out.bin'), peers: [at(seeder)] });
    await got.done;
    const seconds = (performance.now() - started) / 1000;
    // A burst of a quarter of a second may pass at once, and the last read may overdraw by one buffer.
    assert.ok(seconds > (size - 524_288) / 1_500_000 - 0.3, `took only ${seconds} s`);
    assertSame(file, path.join(folder, 'out.bin'));
  });

test('garbage on the listening port ends that connection and nothing else', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 200_000);
  const seeder = await open(t, folder, { handshakeTimeout: 500 });
  const seed = await seeder.seed(file);
  const ended = (bytes: Uint8Array | undefined): Promise<void> =>
    new Promise((resolve) => {
      const socket = net.connect(seeder.port, '127.0.0.1', () => {
        if (bytes !== undefined) socket.write(bytes);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });
  await Promise.all([ended(Buffer.from('GET / HTTP/1.1\r\n\r\n')), ended(randomBytes(5000)), ended(undefined)]);
  const getter = await open(t, folder);
  const got = await getter.add(seed.metainfo!, { path: path.join(folder, 'out.bin'), peers: [at(seeder)] });
  await got.done;
});

test('a file that changes while it is seeded is not served any more', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 500_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file);
  const warning = next(seed, 'warning');
  fs.writeFileSync(file, randomBytes(400_000));
  const getter = await open(t, folder);
  const got = await getter.add(seed.metainfo!, { path: path.join(folder, 'out.bin'), peers: [at(seeder)] });
  assert.match((await warning).message, /changed/);
  assert.equal(got.status.failedPieces, 0);
  assert.equal(got.status.piecesHave, 0);
});

test('a session closed while it checks the disk ends at once, says so, and can be opened again', async (t) => {
  const folder = makeFolder(t);
  const file = makeFile(folder, 'file.bin', 60_000_000);
  const seeder = await open(t, folder);
  const seed = await seeder.seed(file);
  const copy = path.join(folder, 'copy.bin');
  fs.copyFileSync(file, copy);
  const state = path.join(folder, 'again');
  const first = await Session.open({ listen: LOOPBACK, state });
  const adding = first.add(seed.metainfo!, { path: copy });
  const [result] = await Promise.allSettled([adding, first.close()]);
  if (result.status === 'rejected') assert.equal(result.reason.code, 'ERR_INTERRUPTED', result.reason.message);
  const second = await open(t, folder, { state });
  const got = await second.add(seed.metainfo!, { path: copy });
  assert.equal((await got.done).reused, 60_000_000);
});

for (const pieceLength of [16, 64])
  test(`pieces of ${pieceLength} MiB pass through four MiB of memory from several peers`, {
    timeout: 120_000,
  }, async (t) => {
    const folder = makeFolder(t);
    const file = makeFile(folder, 'long.bin', 3 * 16 * 1024 * 1024 - 1_234_567);
    const first = await open(t, folder);
    const seed = await first.seed(file, { pieceLength: pieceLength * 1024 * 1024 });
    const second = await open(t, folder);
    const other = await second.add(seed.metainfo!, { path: path.join(folder, 'other.bin'), peers: [at(first)] });
    await other.done;

    const getter = await open(t, folder, { memory: 4 * 1024 * 1024 });
    const got = await getter.add(seed.metainfo!, {
      path: path.join(folder, 'out.bin'),
      peers: [at(first), at(second)],
    });
    const summary = await got.done;
    // The end game may ask twice for the last few blocks.
    assert.ok(summary.wasted <= 1024 * 1024, `${summary.wasted} bytes came twice`);
    assert.equal(summary.downloaded - summary.wasted, fs.statSync(file).size);
    assertSame(file, path.join(folder, 'out.bin'));
  });
