// Limits as the command line sets them: by time of day, and not for the LAN.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { get, share } from '../harness/jobs.ts';
import { randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

it('says which rule of the schedule holds', async () => {
  const directory = await temporaryDirectory();
  const file = await randomFile(join(directory, 'film.mkv'), 1 << 20);
  const torrent = join(directory, 'film.torrent');
  assert.equal((await runShoal(['create', file, '-o', torrent])).ended.code, 0);
  const words = ['get', torrent, '-o', join(directory, 'copy'), '--timeout', '1', '--verbose', '--up', '100K'];
  const ended = await runShoal([...words, '--listen', '127.0.0.1:0', '--schedule', '0:00-24:00 down=1M']);
  assert.equal(ended.ended.code, 4);
  assert.match(ended.stderr, /the rule "0:00-24:00 down=1M" holds: down 1\.0 MiB\/s, up 100 KiB\/s/);
});

it('refuses what is no rule, and says what one looks like', async () => {
  const ended = await runShoal(['get', 'x', '--schedule', 'weekdays at noon']);
  assert.equal(ended.ended.code, 2);
  assert.match(
    ended.stderr,
    /--schedule: "weekdays at noon" is not a rule such as "Mon-Fri 08:00-18:00 down=1M up=200K"/,
  );
});

it('leaves the LAN out of the limits when told to', async () => {
  const { url } = await startTracker();
  const directory = await temporaryDirectory();
  const file = await randomFile(join(directory, 'film.mkv'), 6 << 20);
  await share(file, { trackers: [url], args: ['--up', '50K', '--no-limit-lan'] });
  const done = await get('film.mkv', join(directory, 'copy'), {
    trackers: [url],
    args: ['--down', '50K', '--no-limit-lan'],
  });
  // Two minutes with either limit.
  assert.ok(Number(done.seconds) < 60, `${done.seconds} seconds`);
});
