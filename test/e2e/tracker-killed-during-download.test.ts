// kill -9 of the tracker while a download runs: it goes on with the peers it knows, and the tracker that comes back has
// everybody again.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { lastHave, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, eventually, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 24 << 20;

it('the download goes on, and the tracker comes back with its peers', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), SIZE);
  const shared = await share(path, { trackers });
  const get = await startGet('film.mkv', join(directory, 'copy.mkv'), { trackers, args: ['--down', '6M', '--seed'] });
  await get.event('progress', (event) => Number(event.have) > SIZE / 8);
  await tracker.process.kill('SIGKILL');
  const before = lastHave(get);
  assert.ok(before < SIZE, 'not over before the kill');

  const done = await untilDone(get);
  assert.equal(await digest(done.path), await digest(path));

  const again = await startTracker({ data: tracker.data, listen: new URL(tracker.url).host });
  assert.equal(again.url, tracker.url);
  await eventually(async () => {
    const where = await runShoal(['where', 'film.mkv', '--json', '--tracker', again.url]);
    return where.all('peer').some((peer) => String(peer.address).endsWith(`:${shared.port}`));
  }, 'the seed is back in where');
});
