// The daemon as its callers see it, in this process: real sockets, real files, the real client.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, ownerOf, seedFile, seedPath, untilRow } from '../../test/harness/daemon.ts';
import { rawRequest } from '../../test/harness/raw-http.ts';
import { digest, randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';
import { createDaemonClient } from '../api/daemon-client.ts';
import { daemonEndpoints } from '../api/daemon-endpoints.ts';
import { applyEvent, emptyView } from '../api/daemon-view.ts';

const SIZE = 200_000;

describe('a daemon', () => {
  it('fetches what it is given and tells how it stands', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    const { torrent, peers, infoHash } = seed;
    const { added, torrent: row } = await client.add({ body: { torrent, peers, labels: ['music', 'music'] } });
    assert.equal(added, true);
    assert.deepEqual(row.labels, ['music']);
    assert.equal(row.size, SIZE);
    const done = await untilRow(client, infoHash, (each) => each.state === 'seeding' && each.done !== null);
    assert.equal(done.have, SIZE);
    assert.equal(done.downloaded, SIZE);
    assert.equal(done.path, join(downloads, 'film.mkv'));
    assert.equal(await digest(done.path), await digest(seed.path));
    const { files } = await client.files({ params: { infoHash } });
    assert.deepEqual(files, [{ index: 0, path: 'film.mkv', size: SIZE, offset: 0, have: SIZE, priority: 'normal' }]);
    const { pieces, pieceCount } = await client.pieces({ params: { infoHash } });
    assert.deepEqual([...Buffer.from(pieces, 'base64')], Array(pieceCount).fill(2));
    assert.equal((await client.why({ params: { infoHash } })).have, SIZE);
    assert.equal(Buffer.from(await client.metadata({ params: { infoHash } })).includes('film.mkv'), true);
    assert.equal((await client.torrents({ query: { label: 'music', q: 'FILM' } })).torrents.length, 1);
    assert.equal((await client.torrents({ query: { state: 'paused' } })).torrents.length, 0);
    assert.equal((await client.add({ body: { torrent } })).added, false, 'a second time it is there');
    const session = await client.session({});
    assert.equal(session.torrents.active, 1);
    assert.ok(session.free > 0);
  });

  it('has everything as it was after a restart', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { torrent, peers, infoHash } = seed;
    const first = await openDaemon(t, directory);
    await first.client.add({ body: { torrent, peers, labels: ['a'], limits: { up: 5000, ratio: 3 } } });
    const link = `magnet:?xt=urn:btih:${'b'.repeat(40)}&dn=later`;
    await first.client.add({ body: { magnet: link, paused: true } });
    await first.client.change({ params: { infoHash: 'b'.repeat(40) }, body: { position: 0 } });
    await first.client.changeSettings({ body: { down: 70_000_000, activeSeeds: 9, ratio: 1.5 } });
    await untilRow(first.client, infoHash, ({ state, done }) => state === 'seeding' && done !== null);
    const before = (await first.client.torrents({})).torrents;
    await first.daemon.close();
    const second = await openDaemon(t, directory);
    assert.equal(second.daemon.token, first.daemon.token);
    await untilRow(second.client, infoHash, ({ state }) => state === 'seeding');
    const after = (await second.client.torrents({})).torrents;
    // Of this run, and not of the torrent.
    const lasting = (rows: typeof before) => rows.map(({ wasted, down, up, peers, seeds, checked, ...row }) => row);
    assert.deepEqual(lasting(after), lasting(before));
    assert.deepEqual(
      after.map(({ name, state }) => [name, state]),
      [
        ['later', 'paused'],
        ['film.mkv', 'seeding'],
      ],
    );
    const { settings } = await second.client.session({});
    assert.deepEqual([settings.down, settings.activeSeeds, settings.ratio], [70_000_000, 9, 1.5]);
  });

  it('sets a damaged entry of its list aside, tells of it, and keeps the others', async (t) => {
    const directory = await temporaryDirectory();
    const first = await openDaemon(t, directory);
    for (const letter of ['a', 'b'])
      await first.client.add({ body: { magnet: `magnet:?xt=urn:btih:${letter.repeat(40)}`, paused: true } });
    await first.daemon.close();
    const folder = join(first.state, 'daemon', 'torrents');
    const path = join(folder, `${'a'.repeat(40)}.torrent-entry`);
    const file = await open(path, 'r+');
    await file.write('X', 60);
    await file.close();
    const second = await openDaemon(t, directory);
    const { torrents } = await second.client.torrents({});
    assert.deepEqual(
      torrents.map(({ infoHash }) => infoHash),
      ['b'.repeat(40)],
    );
    assert.deepEqual((await readdir(folder)).sort(), [
      `${'a'.repeat(40)}.torrent-entry.damaged`,
      `${'b'.repeat(40)}.torrent-entry`,
    ]);
  });

  it('pauses and resumes, and a pause outlasts a restart', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers, paused: true } });
    const params = { infoHash };
    assert.equal((await client.torrent({ params })).state, 'paused');
    assert.equal((await client.session({})).torrents.active, 0);
    await client.resume({ params });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.equal((await client.pause({ params })).state, 'paused');
    assert.deepEqual((await client.peers({ params })).peers, []);
    await assert.rejects(client.why({ params }), { code: 'ERR_USAGE', reason: 'not_running' });
    const { files } = await client.files({ params });
    assert.equal(files[0]?.have, SIZE, 'what is here is known without it running');
  });

  it('removes with the data: its own files and nothing else', async (t) => {
    const directory = await temporaryDirectory();
    const album = join(directory, 'album');
    for (const [index, name] of ['1.ogg', 'cd 2/2.ogg', 'cd 2/3.ogg'].entries())
      await randomFile(join(album, name), 40_000 + index);
    const { torrent, peers, infoHash } = await seedPath(t, album);
    const { client, downloads } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await writeFile(join(downloads, 'album', 'mine.txt'), 'mine');
    const reply = await client.remove({ params: { infoHash }, query: { data: true } });
    assert.deepEqual(reply, { removed: true, kept: [] });
    assert.deepEqual(await readdir(join(downloads, 'album'), { recursive: true }), ['mine.txt']);
    await assert.rejects(client.torrent({ params: { infoHash } }), { code: 'ERR_NOT_FOUND', status: 404 });
    assert.deepEqual((await client.torrents({})).torrents, []);
    await client.add({ body: { torrent, peers, paused: true } });
    await client.remove({ params: { infoHash } });
    assert.equal(existsSync(join(downloads, 'album', 'mine.txt')), true);
  });

  it('runs as many downloads at a time as the queue allows, in its order', async (t) => {
    const directory = await temporaryDirectory();
    const { client } = await openDaemon(t, directory, { fixed: { activeDownloads: { value: 1, by: '--test' } } });
    const hashes = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
    for (const infoHash of hashes) await client.add({ body: { magnet: `magnet:?xt=urn:btih:${infoHash}` } });
    const states = async () => (await client.torrents({})).torrents.map(({ infoHash, state }) => [infoHash[0], state]);
    await untilRow(client, hashes[0]!, ({ state }) => state === 'metadata');
    assert.deepEqual(await states(), [
      ['a', 'metadata'],
      ['b', 'queued'],
      ['c', 'queued'],
    ]);
    await client.change({ params: { infoHash: hashes[2]! }, body: { position: 0 } });
    await untilRow(client, hashes[2]!, ({ state }) => state === 'metadata');
    await untilRow(client, hashes[0]!, ({ state }) => state === 'queued');
    await client.pause({ params: { infoHash: hashes[2]! } });
    await untilRow(client, hashes[0]!, ({ state }) => state === 'metadata');
    await assert.rejects(client.changeSettings({ body: { activeDownloads: 3 } }), {
      code: 'ERR_NOT_ALLOWED',
      reason: 'locked',
    });
  });

  it('stops seeding when the ratio is reached, and not before', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash, session } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, daemon } = await openDaemon(t, directory);
    await client.changeSettings({ body: { ratio: 1 } });
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await session.close();
    const other = await openDaemon(t, join(directory, 'other'));
    const address = daemon.listen[0]!;
    await other.client.add({ body: { torrent, peers: [address] } });
    await untilRow(other.client, infoHash, ({ state }) => state === 'seeding');
    const row = await untilRow(client, infoHash, ({ state }) => state === 'finished');
    assert.ok(row.uploaded >= SIZE);
    assert.equal((await client.resume({ params: { infoHash } })).limits.ratio, null, 'who resumes it wants more');
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  });

  it('verifies anew and repairs what it downloaded itself', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { torrent, peers, infoHash } = seed;
    const { client, downloads } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const path = join(downloads, 'film.mkv');
    const { mtime, atime } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(1000), 0, 1000, 50_000);
    await file.utimes(atime, mtime);
    await file.close();
    await client.verify({ params: { infoHash } });
    const row = await untilRow(client, infoHash, ({ state, downloaded }) => state === 'seeding' && downloaded > SIZE);
    assert.equal(row.downloaded, SIZE + 16_384, 'only the damaged piece was fetched');
    assert.equal(await digest(path), await digest(seed.path));
  });

  it('moves what it has, half a download too, and goes on there', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { torrent, peers, infoHash } = seed;
    const { client, downloads } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers, limits: { down: 100_000 } } });
    await untilRow(client, infoHash, ({ have }) => have > 0);
    const there = join(downloads, 'elsewhere');
    const moved = await client.move({ params: { infoHash }, body: { directory: there } });
    assert.equal(moved.path, join(there, 'film.mkv'));
    await client.change({ params: { infoHash }, body: { limits: {} } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.deepEqual(await readdir(downloads), ['elsewhere']);
    assert.equal(await digest(join(there, 'film.mkv')), await digest(seed.path));
    const row = await client.torrent({ params: { infoHash } });
    assert.ok(row.downloaded < SIZE + 10 * 16_384, 'what was here was not fetched again');
  });

  it('never replaces a file of others, and says so', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash, path } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    await mkdir(downloads, { recursive: true });
    await writeFile(join(downloads, 'film.mkv'), 'something else');
    await client.add({ body: { torrent, peers } });
    const row = await untilRow(client, infoHash, ({ state }) => state === 'failed');
    assert.equal(row.error?.code, 'ERR_DESTINATION');
    assert.equal(await readFile(join(downloads, 'film.mkv'), 'utf8'), 'something else');
    const params = { infoHash };
    await client.add({ body: { torrent, peers } });
    assert.equal((await client.torrent({ params })).state, 'failed', 'to add it again says nothing of that file');
    const other = join(downloads, 'other.mkv');
    await client.add({ body: { torrent, peers, path: other } });
    assert.equal((await untilRow(client, infoHash, ({ state }) => state === 'seeding')).path, other);
    assert.equal(await readFile(join(downloads, 'film.mkv'), 'utf8'), 'something else');

    await client.remove({ params, query: { data: true } });
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    await client.add({ body: { torrent, peers, overwrite: true } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.equal(await digest(join(downloads, 'film.mkv')), await digest(path));

    await client.remove({ params, query: { data: true } });
    await writeFile(join(downloads, 'film.mkv'), 'something else');
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    await rm(join(downloads, 'film.mkv'));
    await client.resume({ params });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  });

  it('never fetches two torrents of one name into one file', async (t) => {
    const directory = await temporaryDirectory();
    const paths = ['a', 'b', 'c'].map((folder) => join(directory, folder, 'film.mkv'));
    const seeds = await Promise.all(paths.map(async (path) => seedPath(t, await randomFile(path, SIZE))));
    const { client, downloads } = await openDaemon(t, directory);
    for (const { torrent, peers } of seeds) await client.add({ body: { torrent, peers, paused: true } });
    await Promise.all(seeds.map(({ infoHash }) => client.resume({ params: { infoHash } })));
    const ends = ['seeding', 'failed'];
    const rows = await Promise.all(
      seeds.map((seed) => untilRow(client, seed.infoHash, ({ state }) => ends.includes(state))),
    );
    const at = rows.findIndex(({ state }) => state === 'seeding');
    assert.equal(rows.filter(({ error }) => error?.code === 'ERR_DESTINATION').length, 2, JSON.stringify(rows));
    assert.equal(await digest(join(downloads, 'film.mkv')), await digest(seeds[at]!.path));
  });

  it('neither deletes, moves nor repairs what others put in the place of its data', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    const params = { infoHash };
    const path = join(downloads, 'film.mkv');
    const isTheirs = async (text: string) => assert.equal(await readFile(path, 'utf8'), text);
    const removeAll = async () => client.remove({ params, query: { data: true } });
    await mkdir(join(downloads, 'elsewhere'), { recursive: true });
    await writeFile(path, 'there before');
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    await client.move({ params, body: { directory: join(downloads, 'elsewhere') } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await isTheirs('there before');
    await client.pause({ params });
    await client.move({ params, body: { directory: downloads } }).then(
      () => assert.fail('moved over a file of others'),
      ({ code }) => assert.equal(code, 'ERR_DESTINATION'),
    );
    await isTheirs('there before');
    assert.deepEqual(await removeAll(), { removed: true, kept: [] });
    assert.deepEqual(await readdir(join(downloads, 'elsewhere')), []);

    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    assert.deepEqual((await removeAll()).kept, [path]);
    await isTheirs('there before');

    await rm(path);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await writeFile(join(directory, 'new'), 'put there since');
    await rename(join(directory, 'new'), path);
    await client.verify({ params });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    await isTheirs('put there since');
    assert.deepEqual((await removeAll()).kept, [path]);
    await isTheirs('put there since');
  });

  it('does not delete what was there before it came', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    const path = join(downloads, 'film.mkv');
    await mkdir(downloads, { recursive: true });
    await copyFile(seed.path, path);
    await client.add({ body: { torrent: seed.torrent } });
    await untilRow(client, seed.infoHash, ({ state }) => state === 'seeding');
    const { kept } = await client.remove({ params: { infoHash: seed.infoHash }, query: { data: true } });
    assert.deepEqual(kept, [path]);
    assert.equal(await digest(path), await digest(seed.path));
  });

  it('seeds files of the owner where they lie, and never deletes them', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { torrent, infoHash, path } = seed;
    const opened = await openDaemon(t, directory);
    const body = { torrent, path, originals: [path] };
    await assert.rejects(opened.client.add({ body }), { code: 'ERR_NOT_ALLOWED', status: 403 });
    const owner = await ownerOf(opened);
    await assert.rejects(owner.add({ body: { torrent, path: 'film.mkv' } }), { code: 'ERR_USAGE' });
    await owner.add({ body: { torrent, path } });
    await untilRow(owner, infoHash, ({ state }) => state === 'seeding');
    assert.equal((await owner.torrent({ params: { infoHash } })).downloaded, 0);
  });

  it('tells everybody by events what the list says', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client } = await openDaemon(t, directory);
    const view = emptyView();
    const stop = new AbortController();
    const seen: string[] = [];
    const follow = async (last?: string) => {
      for await (const event of client.events({ last, signal: stop.signal })) {
        applyEvent(view, event);
        seen.push(event.event);
        if (view.torrents.get(infoHash)?.state === 'seeding') return;
      }
    };
    const first = follow();
    await client.add({ body: { magnet: `magnet:?xt=urn:btih:${'c'.repeat(40)}`, paused: true } });
    await client.add({ body: { torrent, peers } });
    await first;
    const [row] = (await client.torrents({ query: { q: 'film' } })).torrents;
    assert.deepEqual({ ...view.torrents.get(infoHash), down: 0 }, { ...row, down: 0 });
    assert.equal(view.torrents.size, 2);
    assert.equal(view.session?.version, '1.2.3');
    assert.equal(seen[0], 'snapshot');
    // Who was away for a while gets what changed, and not all of it again.
    await client.remove({ params: { infoHash: 'c'.repeat(40) } });
    const events = client.events({ last: view.last });
    const next = await events.next();
    assert.equal(next.value?.event, 'delta');
    applyEvent(view, next.value!);
    assert.deepEqual([...view.torrents.keys()], [infoHash]);
    await events.return(undefined);
    const stranger = client.events({ last: 'ffffffffffff-3' });
    assert.equal((await stranger.next()).value?.event, 'snapshot', 'of another run of the daemon');
    await stranger.return(undefined);
  });

  it('tells what happens to one torrent, to its end', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const told: string[] = [];
    for await (const { event, data } of client.torrentEvents(infoHash)) {
      told.push(event);
      assert.equal(JSON.parse(data).type, event);
      if (event === 'done') await client.pause({ params: { infoHash } });
    }
    assert.deepEqual(told.slice(0, 2), ['metadata', 'done']);
    assert.equal(told.at(-1), 'stopped');
  });

  it('serves every endpoint of the table with its policy, and nothing else', async (t) => {
    const { daemon, client } = await openDaemon(t, await temporaryDirectory());
    const known = Object.values(daemonEndpoints).map(({ method, path, policy }) => ({ method, path, policy }));
    assert.deepEqual(
      daemon.routes.filter(({ policy }) => policy !== 'rpc' && policy !== 'public'),
      known,
    );
    const document = (await client.openapi({})) as unknown as { paths: Record<string, Record<string, unknown>> };
    for (const { method, path } of known)
      assert.ok(document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], `${method} ${path}`);
  });

  it('is one for each state directory, and starts again after one that was killed', async (t) => {
    const directory = await temporaryDirectory();
    const first = await openDaemon(t, directory);
    await assert.rejects(openDaemon(t, directory), { code: 'ERR_LOCKED', message: /shoal daemon/ });
    await appendFile(join(first.state, 'daemon', 'torrents', 'x.tmp'), 'left behind');
    await first.daemon.close();
    const second = await openDaemon(t, directory);
    assert.equal(existsSync(join(second.state, 'daemon', 'torrents', 'x.tmp')), false);
    await assert.rejects(createDaemonClient(first.daemon.url, { token: second.daemon.token }).session({}), {
      code: 'ERR_DAEMON',
    });
  });

  it('remembers how fast it was and what happened, over a restart', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const first = await openDaemon(t, directory);
    await first.client.add({ body: { torrent, peers } });
    await untilRow(first.client, infoHash, ({ state, done }) => state === 'seeding' && done !== null);
    const view = emptyView();
    for await (const event of first.client.events()) {
      applyEvent(view, event);
      if (view.activity.length >= 2) break;
    }
    await first.client.pause({ params: { infoHash } });
    const told = ({ kind, name }: { kind: string; name: string | null }) => [kind, name];
    assert.deepEqual(view.activity.map(told), [
      ['added', 'film.mkv'],
      ['complete', 'film.mkv'],
    ]);
    const sumOf = ({ down, step }: { down: number[]; step: number }) =>
      down.reduce((all, rate) => all + rate, 0) * step;
    const total = async (client: typeof first.client, query: { infoHash?: string }) => {
      const deadline = performance.now() + 30_000;
      for (;;) {
        const sum = sumOf(await client.history({ query: { ...query, range: '1m' } }));
        // A step is told of when it is over; the rest may be in the next.
        if (sum > SIZE * 0.95 || performance.now() > deadline) return sum;
      }
    };
    for (const query of [{}, { infoHash }]) {
      const sum = await total(first.client, query);
      assert.ok(Math.abs(sum - SIZE) < SIZE * 0.05, `${sum} bytes are in the curve`);
    }
    assert.equal(sumOf(await first.client.history({ query: { infoHash: '0'.repeat(40) } })), 0);
    await first.daemon.close();
    const second = await openDaemon(t, directory);
    const { lines } = await second.client.activity({ query: { infoHash } });
    assert.deepEqual(lines.map(told).slice(-3), [
      ['added', 'film.mkv'],
      ['complete', 'film.mkv'],
      ['paused', 'film.mkv'],
    ]);
    assert.ok((await total(second.client, { infoHash })) > 0);
    assert.deepEqual((await second.client.activity({ query: { after: lines.at(-1)!.id } })).lines, []);
  });

  it('compresses what is long for who is far away, and for nobody else', async (t) => {
    const { client, daemon } = await openDaemon(t, await temporaryDirectory());
    for (const letter of ['a', 'b', 'c', 'd'])
      await client.add({ body: { magnet: `magnet:?xt=urn:btih:${letter.repeat(40)}&dn=${letter}`, paused: true } });
    const ask = (path: string, headers: Record<string, string>) =>
      rawRequest(`${daemon.url}${path}`, { headers: { authorization: `Bearer ${daemon.token}`, ...headers } });
    const far = { 'x-forwarded-for': '203.0.113.7', 'accept-encoding': 'br, gzip' };
    const squeezed = await ask('/api/v1/torrents', far);
    assert.deepEqual([squeezed.headers['content-encoding'], squeezed.headers.vary], ['gzip', 'Accept-Encoding']);
    const plain = [
      ask('/api/v1/torrents', { 'accept-encoding': 'gzip' }),
      ask('/api/v1/torrents', { ...far, 'accept-encoding': 'gzip;q=0, br' }),
      ask('/api/v1/torrents', { ...far, 'accept-encoding': '' }),
      ask('/api/v1/shares', far),
    ];
    for (const reply of await Promise.all(plain)) {
      assert.equal(reply.headers['content-encoding'], undefined);
      assert.equal(reply.status, 200);
      assert.ok(Object.keys(reply.json).length > 0);
    }
    const read = await fetch(`${daemon.url}/api/v1/torrents`, {
      headers: { authorization: `Bearer ${daemon.token}`, 'x-forwarded-for': '203.0.113.7' },
    });
    assert.equal(((await read.json()) as { torrents: unknown[] }).torrents.length, 4);
  });
});
