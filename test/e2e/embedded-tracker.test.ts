// A daemon that is the meeting point as well: others publish and fetch over its tracker, and its catalog is there after a
// restart.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { drive, startDaemon, untilState } from '../harness/daemon-process.ts';
import { get, share } from '../harness/jobs.ts';
import { digest, randomFile, runShoal, temporaryDirectory } from '../harness/shoal.ts';

it('serves a tracker of its own, and goes on with it after a restart', async () => {
  const directory = await temporaryDirectory('embedded');
  const embed = (listen: string) => ['--embed-tracker', listen];
  const first = await startDaemon([], directory, embed('127.0.0.1:0'));
  const url = String(first.ready.tracker);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);

  const film = await randomFile(join(directory, 'film.mkv'), 300_000);
  const seed = await share(film, { trackers: [url] });
  await drive(first, 'add', 'film.mkv', '--tracker', url);
  await untilState(first, 'film.mkv', 'seeding');
  assert.equal(await digest(join(first.downloads, 'film.mkv')), await digest(film));
  await seed.process.kill('SIGINT');
  assert.equal((await first.process.kill('SIGTERM')).code, 143);

  const second = await startDaemon([], directory, embed(new URL(url).host));
  assert.equal(second.ready.tracker, url);
  const copy = join(directory, 'copy.mkv');
  await get('film.mkv', copy, { trackers: [url] });
  assert.equal(await digest(copy), await digest(film), 'from the daemon, found over its tracker');

  const taken = await runShoal(['daemon', '--json', '--api', '127.0.0.1:0', ...embed(new URL(url).host)]);
  assert.equal(taken.ended.code, 1);
  const [error] = taken.all('error');
  assert.equal(error?.code, 'ERR_LISTEN');
  assert.match(String(error?.message), /given by --embed-tracker.* choose another with --embed-tracker/);

  const other = await runShoal(['daemon', '--json', '--state', first.state, ...embed('127.0.0.1:0')]);
  const [refused] = other.all('error');
  assert.equal(refused?.code, 'ERR_LOCKED', 'what keeps it from starting is the daemon, not its tracker');
  assert.match(String(refused?.message), new RegExp(`process ${second.process.pid} at ${second.ready.url}`));
});
