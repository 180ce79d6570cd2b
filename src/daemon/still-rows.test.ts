import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDaemon, seedFile, untilRow } from '../../test/harness/daemon.ts';
import { eventually, temporaryDirectory } from '../../test/harness/shoal.ts';
import { Session } from '../engine/session.ts';

const SIZE = 100_000;

test('the row of a seed is made once while nobody comes, and anew for whatever changes it', async (t) => {
  const directory = await temporaryDirectory();
  const { torrent, infoHash, path, session } = await seedFile(t, directory, 'film.mkv', SIZE);
  await session.close();
  await mkdir(join(directory, 'downloads'));
  await copyFile(path, join(directory, 'downloads', 'film.mkv'));
  const { daemon, client } = await openDaemon(t, directory);
  await client.add({ body: { torrent } });
  await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  const managed = daemon.torrents.find(infoHash)!;
  const row = () => managed.row(0);
  const isStill = (): boolean => {
    const before = row();
    return before === row();
  };
  await eventually(isStill, 'it is complete, and nobody is there');
  assert.equal(row().uploaded, 0);
  const params = { infoHash };
  assert.deepEqual((await client.change({ params, body: { labels: ['a'] } })).labels, ['a']);
  assert.deepEqual((await client.change({ params, body: { limits: { up: 9_000_000 } } })).limits, { up: 9_000_000 });
  assert.equal(managed.row(1).position, 1);

  const guest = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null });
  t.after(() => guest.close());
  assert.ok(isStill());
  const port = Number(daemon.listen[0]!.split(':').at(-1));
  const fetched = await guest.add(Buffer.from(torrent, 'base64'), {
    path: join(directory, 'guest.mkv'),
    peers: [{ host: '127.0.0.1', port }],
  });
  await fetched.done;
  await guest.close();
  await eventually(() => row().peers === 0, 'the guest is gone');
  assert.equal(row().uploaded, SIZE);

  await client.pause({ params });
  assert.equal(row().state, 'paused');
  assert.ok(isStill());
  await client.resume({ params });
  await untilRow(client, infoHash, ({ state }) => state === 'seeding');
});
