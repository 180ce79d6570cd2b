// Two commands on one torrent and one state directory: the second ends with exit code 1 and names the process of the first.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { get, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

it('the second one steps back and says for whom', async () => {
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const directory = await temporaryDirectory();
  const state = await temporaryDirectory('state');
  const film = await randomFile(join(directory, 'film.mkv'), 8 << 20);
  const song = await randomFile(join(directory, 'song.ogg'), 500_000);
  await share([film, song], { trackers });
  const first = await startGet('film.mkv', join(directory, 'copy.mkv'), { trackers, state, args: ['--down', '2M'] });
  await first.event('progress', (event) => Number(event.have) > 0);

  const second = await startGet('film.mkv', join(directory, 'other.mkv'), { trackers, state });
  assert.equal(await second.code(), 1);
  const error = await second.event('error');
  assert.equal(error.code, 'ERR_LOCKED');
  assert.match(String(error.message), new RegExp(`\\b${first.pid}\\b`));

  const beside = await get('song.ogg', join(directory, 'copy.ogg'), { trackers, state });
  assert.equal(await digest(beside.path), await digest(song), 'another torrent is no matter');
  assert.equal(await digest((await untilDone(first)).path), await digest(film));

  // the lock of a process that was killed binds nobody
  const killed = await startGet('film.mkv', join(directory, 'third.mkv'), { trackers, state, args: ['--down', '2M'] });
  await killed.event('progress', (event) => Number(event.have) > 0);
  await killed.kill('SIGKILL');
  await get('film.mkv', join(directory, 'third.mkv'), { trackers, state });
});
