import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClient, TrackerProblem } from '../api/client.ts';
import { endpoints } from '../api/endpoints.ts';
import { ShoalError } from '../base/errors.ts';
import { openTokenFile, readTokenFile } from '../http/bearer-token.ts';
import { createIdentity, type Identity } from '../io/identity.ts';
import { decodeEntry, entryBytes } from '../protocol/entry.ts';
import { parseMagnet } from '../protocol/magnet.ts';
import { parseMetainfo } from '../protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../protocol/metainfo-build.ts';
import { Registry } from '../registry/registry.ts';
import { type App, createApp } from './app.ts';
import { Catalog } from './catalog.ts';
import { systemClock } from './clock.ts';
import { TrackerSessions } from './sessions.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');
const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

let directory: string;
let catalog: Catalog;
let app: App;
let server: Server;
let url: string;
let adminToken: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-app-'));
  const registry = new Registry({}, Math.random);
  catalog = await Catalog.open({
    directory,
    onHeldChange: ({ added, removed }) => {
      for (const { infoHash, pieces } of added) registry.allow(infoHash, pieces);
      for (const infoHash of removed) registry.disallow(infoHash, { final: true });
    },
  });
  const tokenFile = join(directory, 'admin.token');
  app = await createApp({
    catalog,
    registry,
    sessions: new TrackerSessions(registry, systemClock),
    clock: systemClock,
    adminToken: await openTokenFile(tokenFile),
    metrics: () => 'shoal_up 1\n',
  });
  adminToken = await readTokenFile(tokenFile);
  server = createServer((request, response) => app.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await app.close();
  await catalog.close();
  await rm(directory, { recursive: true });
});

function makeTorrent(seed: number, announce?: string[][]): Uint8Array {
  const pieces = new Uint8Array(hash('sha1', String(seed), 'buffer'));
  const infoBytes = buildInfo({ name: `content-${seed}`, pieceLength: 16384, pieces, files: { length: 1000 + seed } });
  return encodeMetainfo({ infoBytes, ...(announce === undefined ? {} : { announce }), comment: 'as published' });
}

interface Publication {
  entry: string;
  signature: string;
  torrent: string;
}

function makePublication(
  identity: Identity,
  name: string,
  torrent: Uint8Array,
  chain: { seq: number; prev: string } = { seq: 1, prev: '' },
  lie: { size?: number; infoHash?: string } = {},
): Publication & { bytes: Uint8Array } {
  const { infoHash, size } = parseMetainfo(torrent, sha1);
  const head = { type: 'file', publisher: identity.publicKey, name, ...chain, timestamp: 1_700_000_000 } as const;
  const bytes = entryBytes({ ...head, infoHash, size, trackers: [], ...lie });
  return {
    bytes,
    entry: Buffer.from(bytes).toString('base64'),
    signature: Buffer.from(identity.sign(bytes)).toString('base64'),
    torrent: Buffer.from(torrent).toString('base64'),
  };
}

function withoutBytes({ entry, signature, torrent }: Publication): Publication {
  return { entry, signature, torrent };
}

function refused(code: string, reason?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ShoalError, String(error));
    assert.equal(error.code, code);
    if (reason !== undefined) assert.equal(error.reason, reason);
    return true;
  };
}

test('a file is published, listed, looked up and fetched as a .torrent', async () => {
  const identity = createIdentity();
  const client = createClient(`${url}/announce`);
  const torrent = makeTorrent(1, [['http://elsewhere.example/announce']]);
  const publication = makePublication(identity, 'Größe & <b>Name.iso', torrent);
  const published = await client.publish({ body: withoutBytes(publication) });
  assert.equal(published.outcome, 'created');
  assert.equal((await client.publish({ body: withoutBytes(publication) })).outcome, 'same');

  const { files } = await client.list({ query: { q: 'grosse NAME' } });
  assert.equal(files.length, 0, 'ß is not ss');
  const found = await client.list({ query: { q: 'größe name' } });
  assert.deepEqual(
    found.files.map(({ name, size, seeds, peers }) => ({ name, size, seeds, peers })),
    [{ name: 'Größe & <b>Name.iso', size: 1001, seeds: 0, peers: 0 }],
  );

  const file = await client.lookup({ params: { name: 'Größe & <b>Name.iso' } });
  assert.deepEqual(Buffer.from(file.entry, 'base64'), Buffer.from(publication.bytes));
  assert.equal(decodeEntry(Buffer.from(file.entry, 'base64')).publisher, identity.publicKey);
  assert.deepEqual(parseMagnet(file.magnet).trackers, [`${url}/announce`]);

  const bytes = await client.torrent({ params: { name: 'Größe & <b>Name.iso' } });
  const handed = parseMetainfo(bytes, sha1);
  assert.equal(handed.infoHash, file.infoHash);
  assert.equal(handed.comment, 'as published');
  assert.deepEqual(handed.announce, [[`${url}/announce`], ['http://elsewhere.example/announce']]);
});

test('what does not agree with the torrent or its signature is refused', async () => {
  const identity = createIdentity();
  const client = createClient(url);
  const torrent = makeTorrent(2);
  const attempt = (publication: Publication): Promise<unknown> => client.publish({ body: withoutBytes(publication) });
  await assert.rejects(
    attempt(makePublication(identity, 'lies', torrent, undefined, { size: 5 })),
    refused('ERR_METAINFO', 'entry_mismatch'),
  );
  await assert.rejects(
    attempt(makePublication(identity, 'lies', torrent, undefined, { infoHash: 'ab'.repeat(20) })),
    refused('ERR_METAINFO', 'entry_mismatch'),
  );
  const good = makePublication(identity, 'lies', torrent);
  const foreign = Buffer.from(createIdentity().sign(good.bytes)).toString('base64');
  await assert.rejects(attempt({ ...good, signature: foreign }), refused('ERR_SIGNATURE', 'bad_signature'));
  await assert.rejects(attempt({ ...good, torrent: 'aGVsbG8=' }), refused('ERR_BENCODE'));
  await assert.rejects(attempt({ ...good, torrent: '*&^%' }), refused('ERR_USAGE', 'not_base64'));
  await assert.rejects(attempt(makePublication(identity, 'a/b', torrent)), refused('ERR_NAME', 'slash'));
  await assert.rejects(attempt(makePublication(identity, 'e\u0301', torrent)), refused('ERR_NAME', 'not_nfc'));
  await assert.rejects(client.lookup({ params: { name: 'lies' } }), refused('ERR_NOT_IN_CATALOG'));
});

test('versions follow each other, and another publisher cannot have the name', async () => {
  const identity = createIdentity();
  const client = createClient(url);
  const name = 'report.pdf';
  const first = makePublication(identity, name, makeTorrent(10));
  await client.publish({ body: withoutBytes(first) });
  const head = await client.head({ params: { name }, query: { publisher: identity.publicKey } });
  assert.deepEqual(head, {
    seq: 1,
    hash: sha256(first.bytes),
    entry: first.entry,
    signature: first.signature,
  });
  const wrong = makePublication(identity, name, makeTorrent(11), { seq: 2, prev: '00'.repeat(32) });
  await assert.rejects(client.publish({ body: withoutBytes(wrong) }), refused('ERR_ROLLBACK', 'wrong_prev'));
  const second = makePublication(identity, name, makeTorrent(11), { seq: 2, prev: head.hash });
  assert.equal((await client.publish({ body: withoutBytes(second) })).outcome, 'newVersion');
  await assert.rejects(
    client.publish({ body: withoutBytes(makePublication(identity, name, makeTorrent(12))) }),
    refused('ERR_ROLLBACK', 'stale_seq'),
  );
  const { versions } = await client.versions({ params: { name } });
  assert.deepEqual(
    versions.map((version) => version.seq),
    [2, 1],
  );
  assert.equal((await client.lookup({ params: { name } })).seq, 2);
  const old = await client.lookup({ params: { name }, query: { version: 1 } });
  assert.equal(old.seq, 1);
  assert.equal(old.latest, 2);
  const oldTorrent = parseMetainfo(await client.torrent({ params: { name }, query: { version: 1 } }), sha1);
  assert.equal(oldTorrent.infoHash, old.infoHash);
  await assert.rejects(client.lookup({ params: { name }, query: { version: 9 } }), (error) => {
    assert.ok(error instanceof TrackerProblem);
    return error.reason === 'no_such_version';
  });

  const other = createIdentity();
  const taken = makePublication(other, name, makeTorrent(13));
  await assert.rejects(client.publish({ body: withoutBytes(taken) }), (error) => {
    refused('ERR_NAME_TAKEN')(error);
    assert.match((error as Error).message, new RegExp(`${identity.publicKey.slice(0, 16)}… since \\d{4}-`));
    return true;
  });
});

test('a name is taken out by its publisher or the operator, and by nobody else', async () => {
  const identity = createIdentity();
  const client = createClient(url);
  const name = 'to be removed';
  const first = makePublication(identity, name, makeTorrent(20));
  const { file } = await client.publish({ body: withoutBytes(first) });
  assert.equal(catalog.has(file.infoHash), true);
  await assert.rejects(client.unpublish({ params: { name } }), refused('ERR_NOT_ALLOWED', 'no_proof'));
  const removal = (signer: Identity): { entry: string; signature: string } => {
    const head = { publisher: signer.publicKey, name, seq: 2, prev: sha256(first.bytes), timestamp: 1_700_000_001 };
    const bytes = entryBytes({ type: 'remove', ...head });
    return {
      entry: Buffer.from(bytes).toString('base64'),
      signature: Buffer.from(signer.sign(bytes)).toString('base64'),
    };
  };
  await assert.rejects(
    client.unpublish({ params: { name }, body: removal(createIdentity()) }),
    refused('ERR_NOT_ALLOWED', 'not_the_publisher'),
  );
  assert.deepEqual(await client.unpublish({ params: { name }, body: removal(identity) }), { name, removed: 1 });
  await assert.rejects(client.lookup({ params: { name } }), refused('ERR_NOT_IN_CATALOG'));
  assert.equal(catalog.has(file.infoHash), false);

  // The name is free, but the first publisher's own chain is remembered.
  await assert.rejects(client.publish({ body: withoutBytes(first) }), refused('ERR_ROLLBACK', 'stale_seq'));
  await client.publish({ body: withoutBytes(makePublication(createIdentity(), name, makeTorrent(21))) });
  const stranger = createClient(url, { token: 'A'.repeat(43) });
  await assert.rejects(stranger.unpublish({ params: { name } }), refused('ERR_NOT_ALLOWED', 'wrong_token'));
  const operator = createClient(url, { token: adminToken });
  assert.deepEqual(await operator.unpublish({ params: { name } }), { name, removed: 1 });
  assert.equal((await stat(join(directory, 'admin.token'))).mode & 0o777, 0o600);
});

test('a name that is not there brings the names near it', async () => {
  const client = createClient(url);
  await client.publish({ body: withoutBytes(makePublication(createIdentity(), 'holiday-2024.mp4', makeTorrent(30))) });
  await assert.rejects(client.lookup({ params: { name: 'holyday-2024.mp4' } }), (error) => {
    assert.ok(error instanceof TrackerProblem);
    assert.deepEqual(error.near, ['holiday-2024.mp4']);
    assert.match(error.message, /did you mean "holiday-2024.mp4"/);
    return true;
  });
});

test('every route that is served has a policy and stands in the table', () => {
  const known = Object.values(endpoints).map(({ method, path, policy }) => ({ method, path, policy }));
  const byPath = (a: { method: string; path: string }, b: { method: string; path: string }): number =>
    `${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1;
  assert.deepEqual([...app.routes].sort(byPath), known.sort(byPath));
  for (const route of app.routes) assert.ok(route.policy, `${route.method} ${route.path} has no policy`);
});

test('the OpenAPI document describes every endpoint', async () => {
  const document = (await createClient(url).openapi({})) as unknown as {
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string }[] }>>;
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.deepEqual(operations.map((operation) => operation.operationId).sort(), Object.keys(endpoints).sort());
  const list = document.paths['/api/v1/files']?.get;
  assert.deepEqual(list?.parameters.map((parameter) => parameter.name).sort(), ['cursor', 'limit', 'q']);
});

test('the page escapes names, pages through them and asks browsers to be careful', async () => {
  const client = createClient(url);
  const identity = createIdentity();
  for (let i = 0; i < 3; i++) {
    const name = `<img src=x onerror=alert(${i})>"'&`;
    await client.publish({ body: withoutBytes(makePublication(identity, name, makeTorrent(40 + i))) });
  }
  const response = await fetch(`${url}/?q=onerror&limit=2`);
  const html = await response.text();
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
  assert.doesNotMatch(html, /<img|<script|style=|onclick/);
  assert.match(html, /&lt;img src=x onerror=alert\(0\)&gt;&quot;&#39;&amp;/);
  const next = /<a rel="next" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
  assert.ok(next, 'there is a next page');
  const second = await (await fetch(new URL(`${next}&limit=2`, url))).text();
  assert.match(second, /alert\(2\)/);
  assert.doesNotMatch(second, /alert\(0\)|rel="next"/);
  const torrentLink = /href="(\/api\/v1\/files\/[^"]+\/torrent)"/.exec(second)?.[1];
  assert.equal((await fetch(new URL(torrentLink!.replaceAll('&#39;', "'"), url))).status, 200);
  const style = await fetch(`${url}/style.css`);
  assert.match(style.headers.get('content-type') ?? '', /^text\/css/);
});

test('a published name cannot inject into the headers of its .torrent', async () => {
  const client = createClient(url);
  const name = 'a"b;c\'d,ü.txt';
  await client.publish({ body: withoutBytes(makePublication(createIdentity(), name, makeTorrent(50))) });
  const response = await fetch(`${url}/api/v1/files/${encodeURIComponent(name)}/torrent`);
  assert.equal(response.headers.get('content-type'), 'application/x-bittorrent');
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /^attachment; filename="[0-9a-f]{40}\.torrent"; filename\*=UTF-8''a%22b%3Bc%27d%2C%C3%BC\.txt\.torrent$/,
  );
});

test('malformed requests get problem documents and never a 500', async () => {
  const requests: [string, RequestInit][] = [
    ['/api/v1/files?limit=0', {}],
    ['/api/v1/files?limit=1e400', {}],
    ['/api/v1/files?limit=-1e400', {}],
    ['/api/v1/files/x?version=1e400', {}],
    [`/api/v1/torrents/${'ab'.repeat(20)}/peers?limit=Infinity`, {}],
    ['/api/v1/files?cursor=zzz', {}],
    ['/api/v1/files/%00', {}],
    ['/api/v1/files/%FF', {}],
    [`/api/v1/files/${'x'.repeat(900)}`, {}],
    ['/api/v1/files/x/head?publisher=1', {}],
    ['/api/v1/files', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['/api/v1/files', { method: 'POST', body: '{"entry":1}', headers: { 'content-type': 'application/json' } }],
    ['/api/v1/files', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
    ['/api/v1/files/x', { method: 'DELETE', body: '[]', headers: { 'content-type': 'application/json' } }],
    ['/api/v1/sessions', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
    ['/api/v1/torrents/zz/peers', {}],
    ['/nowhere', {}],
    ['/api/v1/files', { method: 'PATCH' }],
  ];
  for (const [path, init] of requests) {
    const response = await fetch(url + path, init);
    assert.ok(response.status >= 400 && response.status < 500, `${init.method ?? 'GET'} ${path}: ${response.status}`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/, path);
    const document = (await response.json()) as { code: string; status: number; detail: string };
    assert.match(document.code, /^ERR_/);
    assert.equal(document.status, response.status);
    assert.ok(document.detail.length > 5);
  }
});

test('a .torrent over the limit is refused before it is stored', async () => {
  const response = await fetch(`${url}/api/v1/files`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ entry: '', signature: '', torrent: 'A'.repeat(15 * 1024 * 1024) }),
  });
  assert.equal(response.status, 413);
});

test('health and metrics answer', async () => {
  const health = await createClient(url).health({});
  assert.equal(health.status, 'ok');
  assert.equal(health.files, catalog.total);
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'shoal_up 1\n');
});
