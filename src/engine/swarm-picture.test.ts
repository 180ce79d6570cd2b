// Who has what, drawn from a swarm of real peers in one process.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';
import { Session } from './session.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

it('shows a seed as full, who waits as empty, and how rare each group is', async (t) => {
  const directory = await temporaryDirectory();
  const seed = await Session.open({ listen: LOOPBACK, state: null });
  // Its limit lets nothing through while the test looks.
  const waiting = await Session.open({ listen: LOOPBACK, state: null, down: 1, up: 1 });
  t.after(() => Promise.all([seed.close(), waiting.close()]));
  const path = await randomFile(join(directory, 'file'), 1_000_000);
  const torrent = await seed.seed(path, { pieceLength: 16_384 });
  const peers = [{ host: '127.0.0.1', port: seed.port }];
  const other = await waiting.add(torrent.metainfo!, { directory: join(directory, 'to'), peers });
  while (torrent.swarmPicture(8).rows.length === 0 || other.swarmPicture(8).rows[0]?.have[0] !== 255) await delay(20);
  const full = Array(8).fill(255);
  const none = Array(8).fill(0);
  const [ours, theirs] = [torrent.swarmPicture(8), other.swarmPicture(8)];
  assert.deepEqual([ours.pieceCount, ours.pieceGroups, ours.own, ours.rows[0]!.have], [62, 8, full, none]);
  assert.deepEqual([theirs.own, theirs.rows[0]!.have], [none, full]);
  assert.deepEqual([ours.copies, theirs.copies], [Array(8).fill(1), Array(8).fill(1)]);
  assert.equal(torrent.swarmPicture(512).pieceGroups, 62, 'no more columns than pieces');
});
