// What can be changed while a daemon runs, and what the changes do: schedule, connections, folders.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openDaemon, seedFile, untilRow } from '../../test/harness/daemon.ts';
import { digest, temporaryDirectory } from '../../test/harness/shoal.ts';

const SIZE = 200_000;
const ALWAYS = { days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 1440 };
const PATIENCE = 30_000;

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await done())) {
    assert.ok(performance.now() < deadline, 'waited in vain');
    await delay(20);
  }
}

describe('the settings of a daemon', () => {
  it('move what is complete to another directory, where it goes on seeding', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    const done = join(downloads, 'done');
    const { settings } = await client.changeSettings({ body: { moveTo: done } });
    assert.equal(settings.moveTo, done);
    const { torrent, peers, infoHash } = seed;
    await client.add({ body: { torrent, peers } });
    const row = await untilRow(
      client,
      infoHash,
      ({ state, path }) => state === 'seeding' && path === join(done, 'film.mkv'),
    );
    assert.equal(await digest(row.path), await digest(seed.path));
    assert.equal(existsSync(join(downloads, 'film.mkv')), false);
    const { lines } = await client.activity({});
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['added', 'complete', 'moved'],
    );
  });

  it('say so when it cannot be moved, and seed it where it is', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory);
    const done = join(downloads, 'done');
    await mkdir(done, { recursive: true });
    await writeFile(join(done, 'film.mkv'), 'of somebody else');
    await client.changeSettings({ body: { moveTo: done } });
    await client.add({ body: { torrent, peers } });
    await until(async () => (await client.activity({})).lines.some(({ text }) => text.startsWith('not moved')));
    const row = await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.equal(row.path, join(downloads, 'film.mkv'));
  });

  it('add what is put into the watched folder, whole files only, and never through a link', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const { client, downloads } = await openDaemon(t, directory, { watchEvery: 30 });
    const watch = join(downloads, 'watch');
    await mkdir(watch, { recursive: true });
    await writeFile(join(directory, 'film.torrent'), Buffer.from(torrent, 'base64'));
    await symlink(join(directory, 'film.torrent'), join(watch, 'link.torrent'));
    await writeFile(join(watch, 'link.magnet'), `magnet:?xt=urn:btih:${'b'.repeat(40)}&dn=x\n`);
    await writeFile(join(watch, 'broken.torrent'), 'no torrent');
    await writeFile(join(watch, 'notes.txt'), 'nothing');
    await client.changeSettings({ body: { watch, startAdded: false } });
    await until(() => existsSync(join(watch, 'link.magnet.added')) && existsSync(join(watch, 'broken.torrent.failed')));
    assert.equal((await client.torrent({ params: { infoHash: 'b'.repeat(40) } })).state, 'paused');
    assert.ok((await client.activity({})).lines.some(({ text }) => text.includes('broken.torrent')));
    await assert.rejects(client.torrent({ params: { infoHash } }), { status: 404 });
    await rename(join(directory, 'film.torrent'), join(watch, 'film.torrent'));
    await until(() => existsSync(join(watch, 'film.torrent.added')));
    assert.equal((await client.torrent({ params: { infoHash } })).name, 'film.mkv');
    assert.deepEqual((await readdir(watch)).sort(), [
      'broken.torrent.failed',
      'film.torrent.added',
      'link.magnet.added',
      'link.torrent',
      'notes.txt',
    ]);
    await client.changeSettings({ body: { watch: null } });
  });

  it('limit by the time of day, at once, and outlast a restart', async (t) => {
    const directory = await temporaryDirectory();
    const seed = await seedFile(t, directory, 'film.mkv', 3_000_000);
    const first = await openDaemon(t, directory);
    const { infoHash, torrent, peers } = seed;
    await first.client.changeSettings({ body: { schedule: [{ ...ALWAYS, down: 1 }], maxConnections: 7 } });
    await first.client.add({ body: { torrent, peers } });
    await untilRow(first.client, infoHash, ({ peers: count }) => count > 0);
    assert.deepEqual((await first.client.why({ params: { infoHash } })).limits, { down: 1, up: 0 });
    await first.daemon.close();
    const second = await openDaemon(t, directory);
    const { settings } = await second.client.session({});
    assert.deepEqual([settings.schedule, settings.maxConnections], [[{ ...ALWAYS, down: 1 }], 7]);
    const { have } = await untilRow(second.client, infoHash, ({ state }) => state === 'downloading');
    assert.ok(have < 3_000_000);
    assert.deepEqual((await second.client.why({ params: { infoHash } })).limits, { down: 1, up: 0 });
    const { settings: back } = await second.client.changeSettings({ body: { schedule: null } });
    assert.deepEqual(back.schedule, []);
    await untilRow(second.client, infoHash, ({ state }) => state === 'seeding');
  });

  it('refuse what means nothing and directories that are not allowed', async (t) => {
    const directory = await temporaryDirectory();
    const { client, downloads, state } = await openDaemon(t, directory);
    for (const body of [
      { maxConnections: 0 },
      { schedule: [{ ...ALWAYS, days: [] }] },
      { schedule: [{ ...ALWAYS, days: [7] }] },
      { schedule: [{ ...ALWAYS, to: 1441 }] },
      { schedule: Array(51).fill(ALWAYS) },
      { schedule: [{ ...ALWAYS, command: 'x' }] },
      { watch: downloads },
    ])
      await assert.rejects(client.changeSettings({ body }), { status: 400 }, JSON.stringify(body));
    for (const path of ['/etc', directory, state, join(downloads, '..'), 'relative'])
      for (const name of ['watch', 'moveTo'])
        await assert.rejects(client.changeSettings({ body: { [name]: path } }), { status: 403 }, `${name} ${path}`);
  });
});
