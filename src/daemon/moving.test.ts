// What is done to a torrent while it must not run: its data goes elsewhere, what is known of it is thrown away.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openDaemon, seedFile, untilRow } from '../../test/harness/daemon.ts';
import { digest, temporaryDirectory } from '../../test/harness/shoal.ts';

const run = promisify(execFile);
const SIZE = 200_000;

async function openSeeding(t: TestContext) {
  const directory = await temporaryDirectory('moving');
  const opened = await openDaemon(t, directory);
  const { client } = opened;
  const { session, torrent, peers, infoHash, path } = await seedFile(t, directory, 'film.mkv', SIZE);
  await client.add({ body: { torrent, peers } });
  const row = await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  await session.close();
  return { ...opened, infoHash, row, original: path };
}

describe('a torrent that is moved', () => {
  it('is not hashed anew where its files only got another name, and is where one was changed', async (t) => {
    const { client, downloads, infoHash, row } = await openSeeding(t);
    const params = { infoHash };
    const [first, second] = [join(downloads, 'first'), join(downloads, 'second')];
    await client.pause({ params });
    // Damage that only hashing could find: the file looks as it was left.
    const reference = join(downloads, 'reference');
    await run('cp', ['-p', row.path, reference]);
    const file = await open(row.path, 'r+');
    await file.write(Buffer.alloc(50_000), 0, 50_000, 70_000);
    await file.close();
    await run('touch', ['-r', reference, row.path]);
    await client.move({ params, body: { directory: first } });
    await client.resume({ params });
    const moved = await untilRow(client, infoHash, ({ state }) => state === 'seeding' || state === 'downloading');
    assert.deepEqual([moved.state, moved.path, moved.have], ['seeding', join(first, 'film.mkv'), SIZE]);
    await client.pause({ params });
    await run('touch', [moved.path]);
    await client.move({ params, body: { directory: second } });
    await client.resume({ params });
    const { have, path } = await untilRow(
      client,
      infoHash,
      ({ state }) => state === 'seeding' || state === 'downloading',
    );
    assert.equal(path, join(second, 'film.mkv'));
    assert.ok(have > 0 && have < SIZE, 'what was touched is hashed, and what is wrong fetched again');
  });

  it('is not started at its old place meanwhile, whatever asks for it', async (t) => {
    const { daemon, client, downloads, infoHash, original } = await openSeeding(t);
    let looking = true;
    const look = (): void => {
      daemon.torrents.look();
      if (looking) setImmediate(look);
    };
    look();
    let before = downloads;
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const target = join(downloads, name);
      await client.move({ params: { infoHash }, body: { directory: target } });
      const row = await untilRow(client, infoHash, ({ state }) => state === 'seeding');
      assert.equal(row.path, join(target, 'film.mkv'));
      assert.equal(existsSync(join(before, 'film.mkv')), false);
      before = target;
    }
    looking = false;
    assert.equal(await digest(join(before, 'film.mkv')), await digest(original));
  });
});
