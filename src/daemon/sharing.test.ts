// Sharing through a daemon, as the page does it: files sent or picked, a job that hashes and publishes, and a second peer
// that fetches the outcome by its name. A real tracker, real sockets, real files.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon, type TestDaemon, untilRow } from '../../test/harness/daemon.ts';
import { freePort } from '../../test/harness/ports.ts';
import { digest, randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';
import type { DaemonClient } from '../api/daemon-client.ts';
import { applyEvent, emptyView } from '../api/daemon-view.ts';
import type { ShareRow } from '../api/share-schemas.ts';
import { startTracker } from '../tracker/server.ts';
import type { DaemonOptions } from './daemon.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function openTracker(t: TestContext): Promise<string> {
  const tracker = await startTracker({ dataDir: await temporaryDirectory('tracker'), listen: LOOPBACK });
  t.after(() => tracker.close());
  return tracker.url;
}

const withTracker = (url: string): Partial<DaemonOptions> => ({ session: { listen: LOOPBACK, trackers: [url] } });

async function untilShare(client: DaemonClient, id: string, wanted: (row: ShareRow) => boolean): Promise<ShareRow> {
  const view = emptyView();
  for await (const event of client.events()) {
    applyEvent(view, event);
    const row = view.shares.find((each) => each.id === id);
    if (row !== undefined && wanted(row)) return row;
    if (row?.state === 'failed') assert.fail(row.error?.message);
  }
  return assert.fail('the stream ended');
}

const isOver = ({ state }: ShareRow): boolean => state === 'done' || state === 'failed';

describe('sharing through a daemon', () => {
  it('takes a folder that is sent, publishes it, and another daemon fetches it by its name', async (t) => {
    const url = await openTracker(t);
    const first = await openDaemon(t, await temporaryDirectory(), withTracker(url));
    const { client, downloads } = first;
    const song = new Uint8Array(await readFile(await randomFile(join(await temporaryDirectory(), 's'), 300_000)));
    const started = await client.startUpload({
      body: {
        name: 'Album',
        files: [
          { path: ['cd 1', 'song.ogg'], length: song.length },
          { path: ['empty.txt'], length: 0 },
        ],
      },
    });
    const { id } = started;
    await client.sendFile({ params: { id, index: 0 }, body: song.slice(0, 100_000) });
    const half = await client.upload({ params: { id } });
    assert.deepEqual([half.received, half.size, half.got], [100_000, 300_000, [100_000, 0]]);
    await assert.rejects(client.shareUpload({ params: { id } }), { status: 409, reason: 'incomplete' });
    await assert.rejects(client.sendFile({ params: { id, index: 0 }, query: { offset: 5 }, body: song.slice(5) }), {
      status: 409,
      reason: 'wrong_offset',
    });
    const rest = song.slice(100_000);
    const sent = await client.sendFile({ params: { id, index: 0 }, query: { offset: 100_000 }, body: rest });
    assert.deepEqual(sent, { received: 300_000, length: 300_000 });
    const job = await client.shareUpload({ params: { id }, body: { name: 'an album' } });
    const done = await untilShare(client, job.id, isOver);
    assert.equal(done.state, 'done', JSON.stringify(done.error));
    assert.deepEqual([done.hashed, done.size, done.name, done.version], [300_000, 300_000, 'an album', 1]);
    assert.match(done.magnet ?? '', /^magnet:\?xt=urn:btih:/);
    assert.deepEqual(await readdir(join(downloads, 'shared')), ['Album'], 'nothing of the upload is left behind');
    assert.equal((await stat(join(downloads, 'shared', 'Album', 'empty.txt'))).size, 0);
    assert.deepEqual((await client.uploads({})).uploads, []);
    const second = await openDaemon(t, await temporaryDirectory(), withTracker(url));
    await second.client.add({ body: { name: 'an album' } });
    const row = await untilRow(second.client, done.infoHash!, ({ state }) => state === 'seeding');
    assert.equal(
      await digest(join(row.path, 'cd 1', 'song.ogg')),
      await digest(join(downloads, 'shared', 'Album', 'cd 1', 'song.ogg')),
    );
  });

  it('shares in place, keeps seeding after a restart, and tells of what belongs to somebody else', async (t) => {
    const url = await openTracker(t);
    const directory = await temporaryDirectory();
    const first = await openDaemon(t, directory, withTracker(url));
    const path = await randomFile(join(first.downloads, 'film.mkv'), 200_000);
    const job = await first.client.share({ body: { path } });
    const { infoHash } = await untilShare(first.client, job.id, isOver);
    await first.daemon.close();
    const second = await openDaemon(t, directory, withTracker(url));
    const row = await untilRow(second.client, infoHash!, ({ state }) => state === 'seeding');
    assert.deepEqual([row.path, row.have], [path, 200_000]);
    assert.deepEqual((await second.client.shares({})).shares, [], 'what is done is not begun again');
    const stranger = await openDaemon(t, await temporaryDirectory(), withTracker(url));
    const other = await randomFile(join(stranger.downloads, 'film.mkv'), 1000);
    const refused = await stranger.client.share({ body: { path: other } });
    const view = emptyView();
    for await (const event of stranger.client.events()) {
      applyEvent(view, event);
      const found = view.shares.find(({ id }) => id === refused.id);
      if (found?.state !== 'failed') continue;
      assert.equal(found.error?.code, 'ERR_NAME_TAKEN');
      assert.equal(found.hashed, 0, 'before anything was hashed');
      break;
    }
    const again = await stranger.client.share({ body: { path: other, name: 'another film.mkv' } });
    assert.equal((await untilShare(stranger.client, again.id, isOver)).state, 'done');
    await stranger.client.cancelShare({ params: { id: refused.id } });
    assert.deepEqual(
      (await stranger.client.shares({})).shares.map(({ id }) => id),
      [again.id],
    );
  });

  it('shares without a catalog when it is told to', async (t) => {
    const { client, downloads } = await openDaemon(t, await temporaryDirectory());
    const path = await randomFile(join(downloads, 'film.mkv'), 200_000);
    const job = await client.share({ body: { path, publish: false } });
    const done = await untilShare(client, job.id, isOver);
    assert.deepEqual([done.state, done.version], ['done', null]);
    await untilRow(client, done.infoHash!, ({ state }) => state === 'seeding');
    await client.pause({ params: { infoHash: done.infoHash! } });
    await untilRow(client, done.infoHash!, ({ state }) => state === 'paused');
    const again = await client.share({ body: { path, publish: false } });
    await untilShare(client, again.id, isOver);
    await untilRow(client, done.infoHash!, ({ state }) => state === 'seeding');
  });

  it('hashes and waits for a catalog that is not there yet, and what is cancelled holds up nobody', async (t) => {
    const directory = await temporaryDirectory();
    const port = await freePort();
    const options = withTracker(`http://127.0.0.1:${port}`);
    const first = await openDaemon(t, directory, options);
    const path = await randomFile(join(first.downloads, 'film.mkv'), 200_000);
    await assert.rejects(first.client.share({ body: { path, name: 'a/b' } }), { status: 422, code: 'ERR_NAME' });
    const isWaiting = ({ state, hashed }: ShareRow) => state === 'publishing' && hashed === 200_000;
    const given = await first.client.share({ body: { path } });
    await untilShare(first.client, given.id, isWaiting);
    const next = await first.client.share({ body: { path, name: 'next' } });
    await first.client.cancelShare({ params: { id: given.id } });
    await untilShare(first.client, next.id, isWaiting);
    await first.client.cancelShare({ params: { id: next.id } });
    await first.daemon.close();
    const second = await openDaemon(t, directory, options);
    assert.deepEqual((await second.client.shares({})).shares, [], 'nor does it come back');
    const job = await second.client.share({ body: { path } });
    await untilShare(second.client, job.id, isWaiting);
    const tracker = await startTracker({
      dataDir: await temporaryDirectory('tracker'),
      listen: { host: '127.0.0.1', port },
    });
    t.after(() => tracker.close());
    assert.equal((await untilShare(second.client, job.id, isOver)).version, 1);
  });

  it('begins what was not shared yet when it stopped anew', async (t) => {
    const directory = await temporaryDirectory();
    const first = await openDaemon(t, directory);
    const path = await randomFile(join(first.downloads, 'film.mkv'), 30_000_000);
    await first.client.share({ body: { path, publish: false } });
    await first.daemon.close();
    const second = await openDaemon(t, directory);
    const { shares } = await second.client.shares({});
    assert.equal(shares.length, 1);
    const done = await untilShare(second.client, shares[0]!.id, isOver);
    await untilRow(second.client, done.infoHash!, ({ state }) => state === 'seeding');
  });

  it('deletes what was sent of an upload that is cancelled or was left behind', async (t) => {
    const directory = await temporaryDirectory();
    const first = await openDaemon(t, directory);
    const root = join(first.downloads, 'shared');
    const body = { name: 'x', files: [{ path: [], length: 10 }] };
    const { id } = await first.client.startUpload({ body });
    await assert.rejects(first.client.startUpload({ body: { ...body, name: 'X' } }), { status: 409, reason: 'exists' });
    await first.client.sendFile({ params: { id, index: 0 }, body: new Uint8Array(5) });
    assert.equal((await readdir(root)).length, 1);
    await first.client.cancelUpload({ params: { id } });
    assert.deepEqual(await readdir(root), []);
    await assert.rejects(first.client.upload({ params: { id } }), { status: 404 });
    await first.client.startUpload({ body });
    await first.daemon.close();
    assert.deepEqual(await readdir(root), [], 'a polite end leaves nothing');
    // As after a kill.
    const left = join(root, `.shoal-upload-${'a'.repeat(32)}`);
    await mkdir(join(left, 'deep'), { recursive: true });
    await writeFile(join(left, 'deep', 'x'), 'x');
    await mkdir(join(root, '.shoal-upload-notes'));
    await openDaemon(t, directory);
    assert.deepEqual(await readdir(root), ['.shoal-upload-notes']);
  });

  it('takes a body as fast as the disk and no faster, and stops the sender when it is cancelled', async (t) => {
    const { client, daemon } = await openDaemon(t, await temporaryDirectory());
    const length = 64 * 1024 * 1024;
    const { id } = await client.startUpload({ body: { name: 'large', files: [{ path: [], length }] } });
    const sender = httpRequest(`${daemon.url}/api/v1/uploads/${id}/files/0`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${daemon.token}`,
        'content-type': 'application/octet-stream',
        'content-length': String(length),
      },
    });
    const ended = new Promise<string>((resolve) => {
      sender.once('error', ({ message }) => resolve(message));
      sender.once('response', (reply) => resolve(String(reply.statusCode)));
    });
    sender.write(new Uint8Array(1_000_000));
    while ((await client.upload({ params: { id } })).received < 1_000_000);
    await client.cancelUpload({ params: { id } });
    sender.write(new Uint8Array(1_000_000));
    assert.match(await ended, /410|ECONNRESET|EPIPE|socket hang up/);
  });

  it('lists what is below the allowed directories, and not its own keys', async (t) => {
    const directory = await temporaryDirectory();
    const opened: TestDaemon = await openDaemon(t, directory, { roots: [directory] });
    const { client, downloads, state } = opened;
    await mkdir(join(downloads, 'music'), { recursive: true });
    await writeFile(join(downloads, 'b.txt'), 'abc');
    await symlink('/etc', join(downloads, 'etc'));
    const top = await client.directories({});
    assert.deepEqual(
      top.entries.map(({ path }) => path),
      [downloads, join(downloads, 'shared'), directory],
    );
    const { entries, parent } = await client.directories({ query: { path: downloads } });
    assert.deepEqual(
      entries.map(({ name, kind, size }) => [name, kind, size]),
      [
        ['music', 'folder', null],
        ['b.txt', 'file', 3],
      ],
    );
    assert.equal(parent, directory);
    const above = await client.directories({ query: { path: directory } });
    assert.equal(
      above.entries.some(({ path }) => path === state),
      false,
    );
    for (const path of [state, join(state, 'daemon'), directory, join(directory, 'downloads', '..')])
      await assert.rejects(client.share({ body: { path } }), { status: 403 }, path);
    await assert.rejects(client.directories({ query: { path: state } }), { status: 403 });
    await assert.rejects(client.directories({ query: { path: join(downloads, 'none') } }), { status: 404 });
    await rm(join(downloads, 'etc'));
  });
});
