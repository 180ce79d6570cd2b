// The catalog client against real trackers on loopback, some of which lie, are dead, or hang. One test waits out the three
// seconds that are granted to a tracker that hangs.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { createClient } from '../api/client.ts';
import type { ErrorCode } from '../base/errors.ts';
import { ShoalError } from '../base/errors.ts';
import { listFiles, resolveName } from '../engine/catalog.ts';
import { type Published, publishEntry, unpublishName } from '../engine/catalog-publish.ts';
import { createIdentity, type Identity } from '../io/identity.ts';
import { MemoryPins, type Pins } from '../io/stores/pins.ts';
import { entryBytes } from '../protocol/entry.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../protocol/metainfo-build.ts';
import { startTracker, type Tracker } from './server.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

let a: Tracker;
let b: Tracker;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-trackers-'));
  [a, b] = (await Promise.all(
    ['a', 'b'].map((name) => startTracker({ listen: { host: '127.0.0.1', port: 0 }, dataDir: join(directory, name) })),
  )) as [Tracker, Tracker];
});

after(async () => {
  await Promise.all([a.close(), b.close()]);
  await rm(directory, { recursive: true, force: true });
});

/** The URL of a port where nothing listens. */
async function deadUrl(): Promise<string> {
  const server = createTcpServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

type Tamper = (path: string, body: Buffer) => Buffer;

/** A tracker that passes everything on to another and changes the replies. */
async function runLiar(t: TestContext, honest: Tracker, tamper: Tamper): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const method = request.method ?? 'GET';
    const body =
      parts.length === 0 ? {} : { body: Buffer.concat(parts), headers: { 'content-type': 'application/json' } };
    const reply = await fetch(honest.url + request.url, { method, ...body });
    const bytes = tamper(request.url ?? '', Buffer.from(await reply.arrayBuffer()));
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' }).end(bytes);
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Content {
  torrentBytes: Uint8Array;
  metainfo: Metainfo;
}

function makeContent(seed: number): Content {
  const pieces = hash('sha1', String(seed), 'buffer');
  const infoBytes = buildInfo({ name: 'content', pieceLength: 16384, pieces, files: { length: 1000 + seed } });
  const torrentBytes = encodeMetainfo({ infoBytes });
  return { torrentBytes, metainfo: parseMetainfo(torrentBytes, sha1) };
}

interface Publisher {
  identity: Identity;
  pins: Pins;
}

function makePublisher(): Publisher {
  return { identity: createIdentity(), pins: new MemoryPins() };
}

function publish(by: Publisher, trackers: string[], name: string, seed: number, retryFor = 0): Promise<Published> {
  return publishEntry({ ...by, trackers, name, ...makeContent(seed), retryFor });
}

function failsWith(code: ErrorCode, pattern?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ShoalError, String(error));
    assert.equal(error.code, code, error.message);
    if (pattern !== undefined) assert.match(error.message, pattern);
    return true;
  };
}

test('one record goes to all trackers, versions go on from the newest anywhere', async () => {
  const alice = makePublisher();
  const first = await publish(alice, [`${a.url}/announce`], 'name-0', 1);
  assert.equal(first.outcome, 'created');
  assert.equal(first.entry.seq, 1);
  const again = await publish(alice, [a.url, b.url], 'name-0', 1);
  assert.deepEqual(
    again.results.map((result) => ('outcome' in result ? result.outcome : result.error.code)),
    ['same', 'created'],
  );
  assert.deepEqual(again.entry, first.entry, 'the very same record');
  assert.deepEqual(again.trackers, [[`${a.url}/announce`], [`${b.url}/announce`]]);

  await publish(alice, [a.url], 'name-0', 2);
  await publish(alice, [a.url], 'name-0', 3);
  const fourth = await publish(alice, [b.url, a.url], 'name-0', 4);
  assert.equal(fourth.entry.seq, 4, 'also where versions 2 and 3 never came');
  const pins = new MemoryPins();
  const resolved = await resolveName({ trackers: [a.url, b.url], name: 'name-0', pins });
  assert.equal(resolved.entry.seq, 4);
  assert.equal(resolved.metainfo.infoHash, makeContent(4).metainfo.infoHash);
  assert.deepEqual(resolved.foundOn, [a.url, b.url]);
  assert.deepEqual(resolved.trackers, [[`${a.url}/announce`], [`${b.url}/announce`]]);
  assert.equal(resolved.firstContact, true);
  assert.equal((await pins.get('name-0'))?.seq, 4);
  const old = await resolveName({ trackers: [a.url, b.url], name: 'name-0', version: 2, pins });
  assert.equal(old.metainfo.infoHash, makeContent(2).metainfo.infoHash);
  assert.deepEqual(old.foundOn, [a.url]);
  assert.equal((await pins.get('name-0'))?.seq, 4);
});

test('two processes of one publisher may publish under one name at once', async () => {
  const tracker = a;
  const alice = makePublisher();
  const contents = [1, 2, 3, 4];
  const published = await Promise.all(contents.map((seed) => publish(alice, [tracker.url], 'name-1', seed)));
  assert.deepEqual(published.map(({ entry }) => entry.seq).sort(), [1, 2, 3, 4]);
});

test('a name taken on any tracker is published nowhere', async () => {
  const [alice, bob] = [makePublisher(), makePublisher()];
  await publish(alice, [b.url], 'name-2', 1);
  await assert.rejects(
    publish(bob, [a.url, b.url], 'name-2', 2),
    failsWith('ERR_NAME_TAKEN', new RegExp(`${alice.identity.publicKey.slice(0, 16)}.*${b.url}`)),
  );
  assert.deepEqual((await listFiles({ trackers: [a.url], query: 'name-2' })).files, []);
});

test('a dead tracker is a warning, all dead is an error after the time to try', async () => {
  const [tracker, dead, alice] = [a, await deadUrl(), makePublisher()];
  const published = await publish(alice, [dead, tracker.url], 'name-3', 1, 15_000);
  assert.equal(published.warnings.length, 1);
  assert.match(published.warnings[0]!, new RegExp(dead));
  assert.deepEqual(published.trackers, [[`${tracker.url}/announce`]]);
  const resolved = await resolveName({ trackers: [dead, tracker.url], name: 'name-3', pins: new MemoryPins() });
  assert.deepEqual(resolved.foundOn, [tracker.url]);
  const listing = await listFiles({ trackers: [dead, tracker.url], query: 'name-3' });
  assert.equal(listing.files.length, 1);
  assert.equal(listing.warnings.length, 1);

  const started = performance.now();
  await assert.rejects(
    listFiles({ trackers: [dead], retryFor: 700 }),
    failsWith('ERR_TRACKER_UNREACHABLE', /connection refused/),
  );
  const elapsed = performance.now() - started;
  assert.ok(elapsed >= 200 && elapsed < 5000, `tried for ${elapsed} ms`);
});

test('a tracker that comes up while it is tried is used', async (t) => {
  const url = await deadUrl();
  const alice = makePublisher();
  const publishing = publish(alice, [url], 'name-4', 1, 15_000);
  const dataDir = await mkdtemp(join(tmpdir(), 'shoal-tracker-'));
  const tracker = await startTracker({ listen: { host: '127.0.0.1', port: Number(new URL(url).port) }, dataDir });
  t.after(async () => {
    await tracker.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  assert.equal((await publishing).outcome, 'created');
});

test('a tracker that accepts and never answers does not hold up the others', async (t) => {
  const tracker = a;
  const silent = createTcpServer(() => {});
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.after(() => silent.close());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const started = performance.now();
  const listing = await listFiles({ trackers: [url, tracker.url] });
  assert.ok(performance.now() - started < 8000);
  assert.match(listing.warnings[0]!, /did not answer in time/);
});

test('a caller can stop waiting', async () => {
  const dead = await deadUrl();
  const controller = new AbortController();
  const listing = listFiles({ trackers: [dead], signal: controller.signal });
  controller.abort(new ShoalError('ERR_INTERRUPTED', 'stopped'));
  await assert.rejects(listing, failsWith('ERR_INTERRUPTED'));
});

test('after the first contact nobody else has the name, unless it is accepted', async () => {
  const [alice, mallory] = [makePublisher(), makePublisher()];
  await publish(alice, [a.url], 'name-7', 1);
  await publish(mallory, [b.url], 'name-7', 2);
  const pins = new MemoryPins();
  const find = { name: 'name-7', pins };
  await assert.rejects(
    resolveName({ ...find, trackers: [b.url], publisher: alice.identity.publicKey }),
    failsWith('ERR_PUBLISHER_CHANGED', /--publisher/),
  );
  assert.equal(await pins.get('name-7'), undefined, 'what was refused is not pinned');
  await resolveName({ ...find, trackers: [a.url] });
  await assert.rejects(resolveName({ ...find, trackers: [b.url] }), failsWith('ERR_PUBLISHER_CHANGED', /--trust/));
  const both = await resolveName({ ...find, trackers: [b.url, a.url] });
  assert.equal(both.entry.publisher, alice.identity.publicKey);
  assert.equal(both.warnings.length, 1);
  const trusted = await resolveName({ ...find, trackers: [b.url], trust: true });
  assert.equal(trusted.entry.publisher, mallory.identity.publicKey);
  await assert.rejects(resolveName({ ...find, trackers: [a.url] }), failsWith('ERR_PUBLISHER_CHANGED'));
});

test('a tracker can hide a version and not roll back to an older one', async () => {
  const [stale, fresh] = [a, b];
  const alice = makePublisher();
  await publish(alice, [stale.url, fresh.url], 'name-8', 1);
  await publish(alice, [fresh.url], 'name-8', 2);
  const pins = new MemoryPins();
  assert.equal((await resolveName({ trackers: [stale.url, fresh.url], name: 'name-8', pins })).entry.seq, 2);
  await assert.rejects(
    resolveName({ trackers: [stale.url], name: 'name-8', pins }),
    failsWith('ERR_ROLLBACK', /name-8@1/),
  );
  assert.equal((await resolveName({ trackers: [stale.url], name: 'name-8', version: 1, pins })).entry.seq, 1);
  assert.equal((await pins.get('name-8'))?.seq, 2);
});

test('a lying tracker is found out, and an honest one is used instead', async (t) => {
  const honest = a;
  const [alice, mallory] = [makePublisher(), makePublisher()];
  await publish(alice, [honest.url], 'name-9', 1);
  await publish(mallory, [honest.url], 'evil', 2);
  const change = (reply: Buffer, fields: Record<string, unknown>): Buffer =>
    Buffer.from(JSON.stringify({ ...JSON.parse(reply.toString()), ...fields }));
  const forged = entryBytes({
    type: 'file',
    publisher: alice.identity.publicKey,
    name: 'name-9',
    seq: 1,
    prev: '',
    timestamp: 1,
    size: 1002,
    infoHash: makeContent(2).metainfo.infoHash,
    trackers: [],
  });
  const evil = await createClient(honest.url).lookup({ params: { name: 'evil' } });
  const evilTorrent = Buffer.from(makeContent(2).torrentBytes);
  const lies: [string, Tamper][] = [
    [
      'an entry nobody signed',
      (path, reply) =>
        path.includes('/torrent') ? reply : change(reply, { entry: Buffer.from(forged).toString('base64') }),
    ],
    [
      'the entry of another name',
      (path, reply) =>
        path.includes('/torrent') ? reply : change(reply, { entry: evil.entry, signature: evil.signature }),
    ],
    ['another torrent', (path, reply) => (path.includes('/torrent') ? evilTorrent : reply)],
  ];
  for (const [what, tamper] of lies) {
    const liar = await runLiar(t, honest, tamper);
    const find = { name: 'name-9', retryFor: 0 };
    await assert.rejects(
      resolveName({ ...find, trackers: [liar], pins: new MemoryPins() }),
      failsWith('ERR_SIGNATURE'),
      what,
    );
    const resolved = await resolveName({ ...find, trackers: [liar, honest.url], pins: new MemoryPins() });
    assert.equal(resolved.metainfo.infoHash, makeContent(1).metainfo.infoHash, what);
    assert.ok(resolved.warnings.length > 0, what);
  }
  for (const nonsense of ['', '<html>', '{}', '{"files":[{}],"total":1}', '[]', 'null'])
    await assert.rejects(
      listFiles({ trackers: [await runLiar(t, honest, () => Buffer.from(nonsense))], retryFor: 0 }),
      failsWith('ERR_TRACKER_REPLY'),
      nonsense,
    );
});

test('a tracker cannot make a publisher sign a version number out of the blue', async (t) => {
  const honest = a;
  const alice = makePublisher();
  await publish(alice, [honest.url], 'name-10', 1);
  const liar = await runLiar(t, honest, (path, reply) =>
    path.includes('/head') ? Buffer.from(JSON.stringify({ ...JSON.parse(reply.toString()), seq: 9e15 })) : reply,
  );
  const published = await publish(alice, [liar], 'name-10', 2);
  assert.equal(published.entry.seq, 2);
});

test('unknown names bring the near ones of all trackers', async () => {
  const alice = makePublisher();
  await publish(alice, [a.url], 'ubuntu-26.04.iso', 1);
  await publish(alice, [b.url], 'ubuntu-24.04.iso', 2);
  await assert.rejects(
    resolveName({ trackers: [a.url, b.url], name: 'ubuntu-25.04.iso', pins: new MemoryPins() }),
    failsWith('ERR_NOT_IN_CATALOG', /did you mean "ubuntu-2[46]\.04\.iso" or "ubuntu-2[46]\.04\.iso"\?/),
  );
});

test('lists of several trackers are one', async () => {
  const alice = makePublisher();
  await publish(alice, [a.url, b.url], 'list both', 1);
  await publish(alice, [a.url], 'list only a', 2);
  await publish(alice, [b.url], 'list only b', 3);
  await publish(alice, [a.url, b.url], 'list newer on b', 4);
  await publish(alice, [b.url], 'list newer on b', 5);
  const { files } = await listFiles({ trackers: [a.url, b.url, `${a.url}/`], query: 'list' });
  assert.deepEqual(
    files.map(({ name, seq, trackers }) => [name, seq, trackers]),
    [
      ['list both', 1, [a.url, b.url]],
      ['list newer on b', 2, [b.url]],
      ['list only a', 1, [a.url]],
      ['list only b', 1, [b.url]],
    ],
  );
  const found = await listFiles({ trackers: [a.url, b.url], query: 'ONLY' });
  assert.deepEqual(
    found.files.map(({ name }) => name),
    ['list only a', 'list only b'],
  );
  assert.equal((await listFiles({ trackers: [a.url], limit: 2 })).truncated, true);
});

test('what is taken out is gone everywhere and stays gone for those who saw it', async () => {
  const [alice, bob] = [makePublisher(), makePublisher()];
  await publish(alice, [a.url, b.url], 'name-13', 1);
  await assert.rejects(
    unpublishName({ ...bob, trackers: [a.url, b.url], name: 'name-13' }),
    failsWith('ERR_NOT_ALLOWED', /--admin/),
  );
  const removed = await unpublishName({ ...alice, trackers: [a.url, b.url], name: 'name-13' });
  assert.deepEqual(removed, { trackers: [a.url, b.url], warnings: [] });
  assert.deepEqual((await listFiles({ trackers: [a.url, b.url], query: 'name-13' })).files, []);
  await assert.rejects(
    unpublishName({ ...alice, trackers: [a.url, b.url], name: 'name-13' }),
    failsWith('ERR_NOT_IN_CATALOG'),
  );
  const again = await publish(alice, [a.url, b.url], 'name-13', 1);
  assert.equal(again.entry.seq, 3, 'the chain goes on after the removal');
});
