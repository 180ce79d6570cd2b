// kill -9 of the downloader at twenty random moments of a throttled transfer: the same command, run again, has at least
// what the last progress line promised, and ends with the right bytes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { lastHave, type Shared, share, startGet, untilDone } from '../harness/jobs.ts';
import { digest, randomFile, startTracker, type TestTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 12 << 20;
const MOMENTS = 20;

describe('kill -9 of the downloader', { concurrency: 4 }, () => {
  let tracker: TestTracker;
  let shared: Shared;
  let path: string;
  let wanted: string;

  before(async () => {
    tracker = await startTracker();
    path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), SIZE);
    shared = await share(path, { trackers: [tracker.url], args: ['--piece-length', '64K'] });
    wanted = await digest(path);
  });

  for (let moment = 1; moment <= MOMENTS; moment++) {
    // spread over the about four seconds that the transfer takes, and never twice the same
    const delay = Math.round(((moment - Math.random()) / MOMENTS) * 3600);

    it(`loses nothing that was promised when it comes after ${delay} ms`, async () => {
      const destination = join(await temporaryDirectory(), 'copy.mkv');
      const options = { trackers: [tracker.url], state: await temporaryDirectory('state') };
      const first = await startGet(shared.name, destination, { ...options, args: ['--down', '3M'] });
      await first.event('metadata');
      await wait(delay);
      await first.kill('SIGKILL');
      const promised = lastHave(first);

      const second = await startGet(shared.name, destination, options);
      const done = await untilDone(second);
      assert.ok(done.reused >= promised, `reused ${done.reused}, promised ${promised}`);
      assert.ok(done.downloaded <= SIZE - done.reused + done.wasted, `fetched ${done.downloaded}, had ${done.reused}`);
      assert.equal(await digest(destination), wanted);
      assert.equal(await second.code(), 0);
    });
  }
});
