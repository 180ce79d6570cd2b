// Which files of a torrent the daemon wants: said when it is added, changed at any time, kept over restarts.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon, seedPath, untilRow } from '../../test/harness/daemon.ts';
import { digest, randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';
import type { DaemonClient } from '../api/daemon-client.ts';
import type { AddBody, FilePriority, TorrentRow } from '../api/daemon-schemas.ts';
import { formatMagnet } from '../protocol/magnet.ts';

/** Of the pieces of 16 KiB some hold parts of two files. */
const SIZE = 100_000;
const NAMES = ['1.flac', '2.flac', 'art/back.jpg', 'art/cover.jpg'];

async function album(t: TestContext, directory: string) {
  const path = join(directory, 'album');
  for (const name of NAMES) await randomFile(join(path, name), SIZE, name);
  const seeded = await seedPath(t, path);
  const [host, port] = seeded.peers[0]!.split(':');
  const peers = [{ host: host!, port: Number(port) }];
  return {
    ...seeded,
    magnet: (selectOnly?: string) =>
      formatMagnet({ infoHash: seeded.infoHash, peers, ...(selectOnly && { selectOnly }) }),
  };
}

const isDone = ({ state, have, wanted }: TorrentRow): boolean => state === 'seeding' && have === wanted;

async function prioritiesOf(client: DaemonClient, infoHash: string): Promise<FilePriority[]> {
  return (await client.files({ params: { infoHash } })).files.map(({ priority }) => priority);
}

describe('the files that are wanted', () => {
  it('are those that were named, the torrent is done with them, and it stays so', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash, path } = await album(t, directory);
    const params = { infoHash };
    const first = await openDaemon(t, directory);
    const { torrent: added } = await first.client.add({
      body: { torrent, peers, files: [0, '*back.*'], paused: true, sequential: true },
    });
    assert.equal(added.sequential, true);
    assert.ok(added.wanted >= 2 * SIZE && added.wanted < 3 * SIZE, 'whole pieces');
    assert.deepEqual(await prioritiesOf(first.client, infoHash), ['normal', 'skip', 'normal', 'skip']);
    await first.client.resume({ params });
    const row = await untilRow(first.client, infoHash, isDone);
    assert.equal(row.have, added.wanted);
    assert.equal(row.size, 4 * SIZE);
    assert.notEqual((await untilRow(first.client, infoHash, ({ done }) => done !== null)).done, null);
    const got = join(first.downloads, 'album');
    for (const name of ['1.flac', 'art/back.jpg'])
      assert.equal(await digest(join(got, name)), await digest(join(path, name)), name);
    for (const name of ['2.flac', 'art/cover.jpg']) assert.equal(existsSync(join(got, name)), false, name);
    await first.daemon.close();

    const second = await openDaemon(t, directory);
    const after = await untilRow(second.client, infoHash, isDone);
    assert.equal(after.have, row.have);
    assert.equal(after.sequential, true);
    assert.deepEqual(await prioritiesOf(second.client, infoHash), ['normal', 'skip', 'normal', 'skip']);
    const { files } = await second.client.changeFiles({ params, body: { files: [{ index: 1, priority: 'high' }] } });
    assert.deepEqual(
      files.map(({ priority }) => priority),
      ['normal', 'high', 'normal', 'skip'],
    );
    const more = await second.client.change({ params, body: { peers, sequential: false } });
    assert.ok(more.wanted > row.wanted);
    await untilRow(second.client, infoHash, (now) => isDone(now) && now.have === more.wanted);
    assert.equal(await digest(join(got, '2.flac')), await digest(join(path, '2.flac')));
    assert.equal(existsSync(join(got, 'art/cover.jpg')), false);
  });

  it('are those a link names, or who adds it, as soon as it is known which these are', async (t) => {
    const directory = await temporaryDirectory();
    const { magnet, infoHash } = await album(t, directory);
    const params = { infoHash };
    for (const [name, body, expected] of [
      ['link', { magnet: magnet('1,3') }, ['skip', 'normal', 'skip', 'normal']],
      ['caller', { magnet: magnet('1,3'), files: ['*.flac', 2] }, ['normal', 'normal', 'normal', 'skip']],
      ['strange', { magnet: magnet('all') }, ['normal', 'normal', 'normal', 'normal']],
    ] as [string, AddBody, FilePriority[]][]) {
      const { client, daemon } = await openDaemon(t, join(directory, name));
      const { torrent } = await client.add({
        body: { ...body, paused: true },
      });
      assert.equal(torrent.wanted, 0, 'nothing is known yet');
      await assert.rejects(client.changeFiles({ params, body: { files: [{ index: 0, priority: 'skip' }] } }), {
        status: 409,
        reason: 'no_metadata',
      });
      await client.resume({ params });
      await untilRow(client, infoHash, isDone);
      assert.deepEqual(await prioritiesOf(client, infoHash), expected, name);
      const { files } = await client.files({ params });
      for (const { have, size, priority } of files) if (priority !== 'skip') assert.equal(have, size);
      await daemon.close();
      const again = await openDaemon(t, join(directory, name));
      assert.deepEqual(await prioritiesOf(again.client, infoHash), expected, `${name}, later`);
      await again.daemon.close();
    }
  });

  it('are chosen while it does not run, and count for the queue', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, infoHash } = await album(t, directory);
    const params = { infoHash };
    const { client } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers, files: [0] } });
    await untilRow(client, infoHash, isDone);
    const paused = await client.pause({ params });
    assert.equal(paused.wanted, paused.have);
    await client.changeFiles({ params, body: { files: [{ index: 3, priority: 'low' }] } });
    const lacking = await client.torrent({ params });
    assert.ok(lacking.wanted > lacking.have);
    await client.resume({ params });
    await untilRow(client, infoHash, isDone);
    assert.deepEqual(await prioritiesOf(client, infoHash), ['normal', 'skip', 'skip', 'low']);
  });

  it('are refused when they mean nothing, and can be said anew', async (t) => {
    const directory = await temporaryDirectory();
    const { torrent, peers, magnet, infoHash } = await album(t, directory);
    const params = { infoHash };
    const { client, downloads } = await openDaemon(t, directory);
    await assert.rejects(client.add({ body: { torrent, files: ['*.ogg', 9] } }), {
      code: 'ERR_USAGE',
      reason: 'no_file_chosen',
    });
    await assert.rejects(client.add({ body: { torrent, files: Array(1001).fill('*') } }), {
      reason: 'too_many_patterns',
    });
    assert.deepEqual((await client.torrents({})).torrents, []);
    await client.add({ body: { magnet: magnet(), files: ['*.ogg'] } });
    const failed = await untilRow(client, infoHash, ({ state }) => state === 'failed');
    assert.match(failed.error!.message, /\*\.ogg means none of the 4 files of album/);
    await assert.rejects(client.changeFiles({ params, body: { files: [{ index: 4, priority: 'low' }] } }), {
      code: 'ERR_USAGE',
      reason: 'no_such_file',
    });
    const only = NAMES.map((_name, index) => ({
      index,
      priority: index === 2 ? ('normal' as const) : ('skip' as const),
    }));
    await client.changeFiles({ params, body: { files: only } });
    await client.change({ params, body: { peers } });
    await untilRow(client, infoHash, isDone);
    const here = (await readdir(join(downloads, 'album'), { recursive: true })).filter((name) =>
      /\.(jpg|flac)$/.test(name),
    );
    assert.deepEqual(here, ['art/back.jpg']);
  });
});
