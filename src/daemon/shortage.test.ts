// What a torrent that is stuck says of itself: how much of what is wanted nobody has, and who had it last.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { openDaemon, seedPath, untilRow } from '../../test/harness/daemon.ts';
import { eventually, randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';

it('a stuck torrent tells what of the wanted files nobody has, and who had it last', async (t) => {
  const directory = await temporaryDirectory('shortage');
  for (const name of ['a', 'b']) await randomFile(join(directory, 'x', name), 320_000, name);
  const { torrent, peers, infoHash, session } = await seedPath(t, join(directory, 'x'));
  const { client } = await openDaemon(t, directory);
  const params = { infoHash };
  // The second file alone, and slowly enough to be cut off.
  await client.changeSettings({ body: { down: 60_000 } });
  await client.add({ body: { torrent, peers, files: [1] } });
  const strip = async () => (await client.strips({ query: { torrents: infoHash } })).strips[0]!;
  await untilRow(client, infoHash, ({ piecesHave }) => piecesHave > 0);
  assert.deepEqual([(await strip()).nowhere, (await strip()).lastSeen], [0, null]);
  const before = Date.now();
  await session.close();
  const row = await untilRow(
    client,
    infoHash,
    ({ state, peers: connected }) => state === 'downloading' && connected === 0,
  );
  assert.equal(row.pieceCount, 40);
  assert.ok(row.piecesWanted >= 20 && row.piecesWanted <= 21, `${row.piecesWanted} are wanted`);
  await eventually(async () => (await strip()).nowhere > 0, 'the shortage');
  const { nowhere, lastSeen } = await strip();
  const { piecesHave } = await client.torrent({ params });
  assert.ok(nowhere <= row.piecesWanted - piecesHave, 'nothing that is not wanted counts');
  assert.equal(lastSeen?.address, peers[0]);
  assert.ok(lastSeen.at >= before - 1000 && lastSeen.at <= Date.now() + 1000, 'in the time of day');
  const why = await client.why({ params });
  assert.deepEqual([why.piecesNowhere, why.lastSeen], [nowhere, lastSeen]);
  assert.ok(why.wanted < why.size && why.wanted >= 320_000);
  await client.changeFiles({ params, body: { files: [{ index: 0, priority: 'normal' }] } });
  assert.equal((await client.torrent({ params })).piecesWanted, 40);
  assert.equal((await strip()).nowhere, nowhere + 40 - row.piecesWanted);
  await client.pause({ params });
  assert.deepEqual([(await strip()).nowhere, (await strip()).lastSeen], [0, null], 'nothing is known while it rests');
});
