// What happens to a torrent between the events others look at: stops in the middle, files that change, pads.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { encode } from '../protocol/bencode.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import { Session } from './session.ts';
import { sha1 } from './torrent-source.ts';
import type { SessionOptions } from './types.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

class Place {
  readonly folder: string;
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-torrent-'));
    t.after(() => fs.rmSync(this.folder, { recursive: true, force: true }));
  }

  path(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  file(name: string, size: number): string {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), randomBytes(size));
    return this.path(name);
  }

  async session(options: SessionOptions = {}): Promise<Session> {
    const session = await Session.open({ listen: LOOPBACK, state: null, ...options });
    this.#t.after(() => session.close());
    return session;
  }
}

function at(session: Session): { host: string; port: number } {
  return { host: '127.0.0.1', port: session.port };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 20_000; !condition(); await wait(5))
    assert.ok(performance.now() < end, `${what} did not come`);
}

test('a peer told of while the disk is still to be checked is dialled after that', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  const seed = await seeder.seed(place.file('file.bin', 32_000_000), { pieceLength: 65_536 });
  const getter = await place.session({ state: place.path('state') });
  place.file('got.bin', 32_000_000);
  const adding = getter.add(seed.metainfo!, { path: place.path('got.bin'), overwrite: true });
  const [got] = getter.torrents;
  const events: string[] = [];
  const watching = (async () => {
    for await (const event of got!.events()) events.push(event.type);
  })();
  got!.addPeer(at(seeder));
  await adding;
  await got!.done;
  await getter.close();
  await watching;
  const order = events.filter((type) => ['metadata', 'checked', 'peerConnected'].includes(type));
  assert.deepEqual(order, ['metadata', 'checked', 'peerConnected']);
});

test('a download that is complete does not fetch again what is lost on disk', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  const seed = await seeder.seed(place.file('file.bin', 1_000_000), { pieceLength: 65_536 });
  const getter = await place.session();
  const got = await getter.add(seed.metainfo!, { path: place.path('got.bin'), peers: [at(seeder)] });
  await got.done;
  const endings: string[] = [];
  const watching = (async () => {
    for await (const event of got.events()) if (event.type === 'peerDisconnected') endings.push(event.reason);
  })();
  fs.truncateSync(place.path('got.bin'), 500_000);
  const asker = await place.session();
  const asked = await asker.add(seed.metainfo!, { path: place.path('asked.bin'), peers: [at(getter)] });
  await until(() => got.status.piecesHave < got.status.pieceCount, 'the loss');
  // It meets a seed that could give everything once more, and a peer that lacks it.
  got.addPeer(at(seeder));
  asked.addPeer(at(seeder));
  await asked.done;
  assert.equal(got.status.state, 'seeding');
  assert.equal(got.status.downloaded, 1_000_000);
  assert.equal(got.status.error, undefined);
  await getter.close();
  await watching;
  assert.deepEqual(
    endings.filter((reason) => /internal/.test(reason)),
    [],
  );
});

test('pads are no bytes that are had, reused or left', async (t) => {
  const place = new Place(t);
  const pieceLength = 65_536;
  const sizes = [1, 100_000, 30_000];
  const stream: Buffer[] = [];
  const files: unknown[] = [];
  for (const [i, size] of sizes.entries()) {
    const content = fs.readFileSync(place.file(`tree/${i}`, size));
    const pad = (pieceLength - (size % pieceLength)) % pieceLength;
    stream.push(content, Buffer.alloc(pad));
    files.push({ length: size, path: [`${i}`] }, { attr: 'p', length: pad, path: ['.pad', `${pad}`] });
  }
  files.pop();
  stream.pop();
  const bytes = Buffer.concat(stream);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += pieceLength)
    pieces.push(sha1(bytes.subarray(start, start + pieceLength)));
  const info = { files, name: 'tree', 'piece length': pieceLength, pieces: Buffer.concat(pieces) };
  const torrent = encode({ info } as never);

  const seeder = await place.session();
  const seed = await seeder.add(torrent, { path: place.path('tree') });
  assert.deepEqual([seed.status.size, seed.status.have, seed.status.reused], [130_001, 130_001, 130_001]);
  const contents = [1, 65_536, 34_464, 30_000];
  const state = place.path('state');
  const getter = await place.session({ state, memory: 4 * pieceLength });
  const got = await getter.add(torrent, { path: place.path('got'), peers: [at(seeder)] });
  let had = 0;
  let count = 0;
  for await (const event of got.events()) {
    if (event.type === 'piece') {
      had += contents[event.index]!;
      count++;
      if (got.status.piecesHave === count) assert.equal(got.status.have, had);
    }
    if (event.type === 'done') break;
  }
  assert.equal(had, 130_001);
  await getter.close();
  const again = await place.session({ state });
  const resumed = await again.add(torrent, { path: place.path('got') });
  assert.equal(resumed.status.reused, 130_001);
});

test('stopped before it has its metadata', async (t) => {
  const place = new Place(t);
  const getter = await place.session();
  const magnet = formatMagnet({
    infoHash: 'ab'.repeat(20),
    name: 'x',
    trackers: [],
    peers: [{ host: '127.0.0.1', port: 9 }],
  });
  const got = await getter.add(magnet, { path: place.path('x') });
  assert.equal(got.status.state, 'metadata');
  await Promise.all([got.stop(), got.stop()]);
  await assert.rejects(got.done, { code: 'ERR_INTERRUPTED' });
  assert.equal(got.status.state, 'stopped');
  assert.equal(getter.torrents.length, 0);
});

for (const moment of ['metadata', 'checked', 'piece'] as const)
  test(`a magnet that is stopped at its event "${moment}" lets go of everything`, async (t) => {
    const place = new Place(t);
    const seeder = await place.session();
    const seed = await seeder.seed(place.file('file.bin', 3_000_000), { pieceLength: 16_384 });
    const state = place.path('state');
    const magnet = formatMagnet({ infoHash: seed.infoHash, name: 'file.bin', trackers: [], peers: [at(seeder)] });
    const getter = await place.session({ state });
    const got = await getter.add(magnet, { path: place.path('got.bin') });
    for await (const event of got.events()) if (event.type === moment) break;
    await got.stop();
    assert.equal(got.status.state, 'stopped');
    await assert.rejects(got.done, { code: 'ERR_INTERRUPTED' });
    // Its lock is free and what it wrote is sound.
    const again = await getter.add(magnet, { path: place.path('got.bin'), peers: [at(seeder)] });
    await again.done;
    assert.equal(Buffer.compare(fs.readFileSync(place.path('file.bin')), fs.readFileSync(place.path('got.bin'))), 0);
  });

test('a disk that refuses fails this torrent and no other', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  const seed = await seeder.seed(place.file('file.bin', 3_000_000), { pieceLength: 16_384 });
  const other = await seeder.seed(place.file('other.bin', 300_000), { pieceLength: 16_384 });
  const getter = await place.session({ down: 1_000_000 });
  const got = await getter.add(seed.metainfo!, { directory: place.path('got'), peers: [at(seeder)] });
  const fine = await getter.add(other.metainfo!, { path: place.path('fine.bin'), peers: [at(seeder)] });
  fs.rmSync(place.path('got'), { recursive: true });
  fs.writeFileSync(place.path('got'), 'a file where the folder was');
  await assert.rejects(got.done, (error: { code: string }) => /^ERR_(DISK|DESTINATION)/.test(error.code));
  assert.equal(got.status.state, 'failed');
  await got.stop();
  await fine.done;
  assert.deepEqual(
    getter.torrents.map((torrent) => torrent.infoHash),
    [other.infoHash],
  );
});

test('what is stopped as the last piece arrives is either done or stopped, and never opens again', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  const seed = await seeder.seed(place.file('file.bin', 500_000), { pieceLength: 16_384 });
  for (const count of [29, 30, 31]) {
    const getter = await place.session();
    const got = await getter.add(seed.metainfo!, { path: place.path(`got${count}`), peers: [at(seeder)] });
    for await (const event of got.events()) if (event.type === 'piece' && got.status.piecesHave >= count) break;
    await got.stop();
    await got.done.catch((error) => assert.equal(error.code, 'ERR_INTERRUPTED'));
    assert.equal(got.status.state, 'stopped');
    await getter.close();
    assert.equal(got.status.state, 'stopped');
  }
});

test('of a torrent only the files that are wanted are fetched, and more when more is wanted', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  const sizes = [200_000, 150_000, 0, 300_000, 90_000];
  for (const [i, size] of sizes.entries()) place.file(`many/${i}.bin`, size);
  const seed = await seeder.seed(place.path('many'), { pieceLength: 32_768 });
  const { files } = seed.metainfo!;
  const named = (name: string) => files.findIndex((file) => !file.pad && file.path.at(-1) === name);
  const wanted = (...names: string[]) => files.map((file) => (names.includes(file.path.at(-1) ?? '') ? 4 : 0));
  const getter = await place.session();
  const got = await getter.add(seed.metainfo!, {
    path: place.path('got'),
    peers: [at(seeder)],
    filePriorities: wanted('1.bin'),
  });
  const summary = await got.done;
  const same = (name: string) =>
    fs.readFileSync(place.path('got', name)).equals(fs.readFileSync(place.path('many', name)));
  assert.ok(same('1.bin'));
  assert.equal(got.status.state, 'seeding');
  const second = files[named('1.bin')]!;
  const first = Math.floor(second.offset / 32_768);
  const last = Math.floor((second.offset + second.length - 1) / 32_768);
  assert.equal(got.status.piecesHave, last - first + 1);
  assert.ok(summary.downloaded <= (last - first + 1) * 32_768, `${summary.downloaded} bytes came`);
  for (const name of ['0.bin', '3.bin', '4.bin']) assert.equal(fs.existsSync(place.path('got', name)), false, name);
  assert.throws(() => got.setFilePriorities([8]), { code: 'ERR_USAGE' });

  got.setFilePriorities(wanted('1.bin', '4.bin'));
  assert.equal(got.status.state, 'downloading');
  got.addPeer(at(seeder));
  await until(() => got.status.state === 'seeding', 'the other file');
  assert.ok(same('4.bin'));
  assert.equal(fs.existsSync(place.path('got', '3.bin')), false);

  got.setFilePriorities([]);
  got.addPeer(at(seeder));
  await until(() => got.status.state === 'seeding' && got.status.piecesHave === got.status.pieceCount, 'all of it');
  for (const i of sizes.keys()) assert.ok(same(`${i}.bin`), `file ${i}`);
  assert.deepEqual(
    fs.readdirSync(place.path('got')).filter((name) => name.endsWith('.part')),
    [],
  );
});

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

test('a file can be read while it is fetched: any part of it comes first, and soon', async (t) => {
  const place = new Place(t);
  const seeder = await place.session({ up: 1_500_000 });
  const size = 6_000_000;
  const seed = await seeder.seed(place.file('film.bin', size), { pieceLength: 65_536 });
  const content = fs.readFileSync(place.path('film.bin'));
  const getter = await place.session();
  const got = await getter.add(seed.metainfo!, { path: place.path('got.bin'), peers: [at(seeder)] });
  await until(() => got.status.piecesHave > 2, 'the first pieces');
  const before = got.status.downloaded;
  const late = await readAll(got.read(0, { start: size - 300_000 }));
  assert.ok(late.equals(content.subarray(size - 300_000)));
  const fetched = got.status.downloaded - before;
  assert.ok(fetched < 2_000_000, `${fetched} bytes came before the last 300,000 were here`);
  const stop = new AbortController();
  const left = got.read(0, { signal: stop.signal });
  await left.next();
  const [whole] = await Promise.all([
    readAll(got.read(0)),
    (async () => {
      stop.abort(new Error('enough'));
      await assert.rejects(readAll(left), /enough/);
    })(),
  ]);
  assert.ok(whole.equals(content));
  await got.done;
  assert.ok((await readAll(got.read(0, { start: 5, end: 70_000 }))).equals(content.subarray(5, 70_000)));
  assert.equal((await readAll(got.read(0, { start: 9, end: 9 }))).length, 0);
  for (const range of [{ start: -1 }, { end: size + 1 }, { start: 5, end: 4 }])
    await assert.rejects(readAll(got.read(0, range)), { code: 'ERR_USAGE' });
  await assert.rejects(readAll(got.read(1)), { code: 'ERR_USAGE' });
});

test('whoever reads what never comes is told so', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  place.file('two/a.bin', 200_000);
  place.file('two/b.bin', 200_000);
  const seed = await seeder.seed(place.path('two'), { pieceLength: 32_768 });
  const getter = await place.session();
  const got = await getter.add(seed.metainfo!, { path: place.path('got'), filePriorities: [4, 0] });
  await assert.rejects(readAll(got.read(1, { start: 100_000 })), { code: 'ERR_USAGE' });
  const reading = readAll(got.read(0));
  await Promise.all([assert.rejects(reading, { code: 'ERR_INTERRUPTED' }), got.stop()]);
});

test('the files that a link or its adder names are fetched, and what was done is not done when more is wanted', async (t) => {
  const place = new Place(t);
  const seeder = await place.session();
  for (const name of ['a.txt', 'b.txt', 'c.bin']) place.file(`three/${name}`, 100_000);
  const seed = await seeder.seed(place.path('three'), { pieceLength: 16_384 });
  const { infoHash } = seed;
  const link = formatMagnet({ infoHash, peers: [at(seeder)], selectOnly: '1' });
  const here = (folder: string) =>
    fs.readdirSync(place.path(folder)).filter((name) => !name.startsWith('.') && !name.endsWith('.part'));
  const byLink = await (await place.session()).add(link, { path: place.path('link') });
  const { have, size } = await byLink.done;
  assert.deepEqual(here('link'), ['b.txt']);
  assert.deepEqual(byLink.filePriorities, [0, 4, 0]);
  const { status } = byLink;
  assert.deepEqual([status.wanted, status.have, status.size], [have, have, size]);
  assert.ok(have >= 100_000 && have < 140_000 && size === 300_000, `${have} of ${size}`);
  byLink.setFilePriorities([0, 4, 4]);
  const late = byLink.events()[Symbol.asyncIterator]();
  assert.equal((await late.next()).value?.type, 'metadata');
  byLink.addPeer(at(seeder));
  for (let event = await late.next(); event.value?.type !== 'done'; event = await late.next())
    assert.notEqual(event.done, true, 'a second done');
  assert.deepEqual(here('link'), ['b.txt', 'c.bin']);
  const byName = await (await place.session()).add(link, {
    path: place.path('name'),
    files: ['*.txt'],
    sequential: true,
  });
  await byName.done;
  assert.deepEqual(here('name'), ['a.txt', 'b.txt']);
  const none = (await place.session()).add(seed.metainfo!, { path: place.path('none'), files: ['*.ogg', 5] });
  await assert.rejects(none, { code: 'ERR_USAGE', reason: 'no_file_chosen' });
});
