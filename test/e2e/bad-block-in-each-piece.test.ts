// A peer sends one bad block in each piece: the file arrives whole, the liar is found and dropped, an honest peer is not.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { share, startGet, untilDone } from '../harness/jobs.ts';
import { startScriptedPeer } from '../harness/scripted-peer.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 16 << 20;
const PIECE = 256 << 10;

it('finds the liar and gets every byte from the honest peer', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const honest = await share(path, { trackers, args: ['--up', '6M', '--piece-length', String(PIECE)] });
  const liar = await startScriptedPeer({
    infoHash: honest.infoHash,
    file: path,
    size: SIZE,
    pieceLength: PIECE,
    lies: ({ begin }) => begin === 3 * 16_384,
    delay: 2, // no faster than the honest one, or most would be on its way before the first piece is checked
  });
  const get = await startGet('film.mkv', join(directory, 'copy.mkv'), {
    trackers,
    args: ['--verbose', '--peer', `127.0.0.1:${liar.port}`],
  });
  const done = await untilDone(get);

  assert.equal(await digest(done.path), await digest(path));
  assert.ok(liar.lied > 0, 'the liar was asked');
  assert.ok(done.wasted >= PIECE, `a spoiled piece was thrown away, wasted ${done.wasted}`);
  assert.ok(liar.spoiled.size < SIZE / PIECE / 2, `it was not believed for long: spoiled ${liar.spoiled.size} pieces`);
  const honestBytes = done.peers.find((peer) => peer.address.endsWith(`:${honest.port}`))?.bytes ?? 0;
  assert.ok(honestBytes > SIZE / 2, `the honest peer was kept: gave ${honestBytes}`);
  assert.equal(await get.code(), 0);
});

it('tells the liar from the honest peer in a piece that both have filled', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const honest = await share(path, { trackers, args: ['--up', '6M', '--piece-length', String(SIZE)] });
  const liar = await startScriptedPeer({
    infoHash: honest.infoHash,
    file: path,
    size: SIZE,
    pieceLength: SIZE,
    lies: () => true,
    delay: 2,
  });
  const get = await startGet('film.mkv', join(directory, 'copy.mkv'), {
    trackers,
    args: ['--verbose', '--peer', `127.0.0.1:${liar.port}`],
  });
  const done = await untilDone(get);

  const bad = get.all('badPiece');
  assert.ok(
    bad.some((event) => (event.from as unknown[]).length > 1),
    'both had filled it',
  );
  assert.ok(bad.length <= 2, `failed ${bad.length} times`);
  assert.deepEqual(
    done.peers.map((peer) => peer.address),
    [`127.0.0.1:${honest.port}`],
  );
  assert.equal(await digest(done.path), await digest(path));
});
