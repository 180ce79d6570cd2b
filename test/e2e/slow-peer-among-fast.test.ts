// A peer that takes its time for every block stands among fast ones: the fast ones do most of the work and it holds up nobody.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { seed, share, startGet, untilDone } from '../harness/jobs.ts';
import { startScriptedPeer } from '../harness/scripted-peer.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 48 << 20;
const PIECE = 256 << 10;

it('lets the fast ones do the work', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const fast = await share(path, { trackers, args: ['--up', '5M', '--piece-length', String(PIECE)] });
  await seed('film.mkv', path, { trackers, args: ['--up', '5M'] });
  // Two seconds a block: what is first asked of it would take half a minute, if nobody helped.
  const slow = await startScriptedPeer({
    infoHash: fast.infoHash,
    file: path,
    size: SIZE,
    pieceLength: PIECE,
    delay: 2000,
  });
  const get = await startGet('film.mkv', join(directory, 'copy.mkv'), {
    trackers,
    args: ['--peer', `127.0.0.1:${slow.port}`],
  });
  const done = await untilDone(get);

  assert.equal(await digest(done.path), await digest(path));
  assert.ok(slow.served > 0, 'the slow peer was asked at all');
  const fromSlow = done.peers.find((peer) => peer.address.endsWith(`:${slow.port}`))?.bytes ?? 0;
  assert.ok(fromSlow < SIZE / 10, `the slow peer gave ${fromSlow} of ${SIZE}`);
  assert.ok(Number(done.seconds) < 15, `took ${done.seconds} s`);
});
