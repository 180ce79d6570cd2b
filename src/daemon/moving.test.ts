// What is done to a torrent while it must not run: its data goes elsewhere, what is known of it is thrown away.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon, seedFile, untilRow } from '../../test/harness/daemon.ts';
import { digest, temporaryDirectory } from '../../test/harness/shoal.ts';

const SIZE = 200_000;

async function openSeeding(t: TestContext) {
  const directory = await temporaryDirectory('moving');
  const opened = await openDaemon(t, directory);
  const { client } = opened;
  const { torrent, peers, infoHash, path } = await seedFile(t, directory, 'film.mkv', SIZE);
  await client.add({ body: { torrent, peers } });
  const row = await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  return { ...opened, infoHash, row, original: path };
}

describe('a torrent that is moved', () => {
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
