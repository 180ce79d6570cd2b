// `shoal stream`: the address it prints plays at once, for whoever has it and no token, while the daemon fetches slowly.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drive, startDaemon, untilState } from '../harness/daemon-process.ts';
import { share } from '../harness/jobs.ts';
import { randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const SIZE = 8_000_000;
const PART = 300_000;

describe('shoal stream', () => {
  it('prints an address that plays any part of a film whose download has just begun', async () => {
    const tracker = await startTracker();
    const trackers = [tracker.url];
    const directory = await temporaryDirectory('stream');
    const folder = join(directory, 'film');
    await randomFile(join(folder, 'film.webm'), SIZE);
    await randomFile(join(folder, 'read me.txt'), 1000);
    const content = await readFile(join(folder, 'film.webm'));
    const shared = await share(folder, { trackers });
    const daemon = await startDaemon(trackers, directory);
    await drive(daemon, 'add', shared.magnet, '--down', '400K');
    const [stream] = await drive(daemon, 'stream', 'film');
    assert.equal(stream?.path, 'film.webm', 'the largest');
    const url = String(stream?.url);
    assert.ok(Number(stream?.expires) > Date.now());
    const parts = [];
    for (const [first, last] of [
      [0, PART - 1],
      [SIZE - PART, SIZE - 1],
      [PART, 2 * PART - 1],
    ] as const) {
      const reply = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
      assert.deepEqual([reply.status, reply.headers.get('content-type')], [206, 'video/webm']);
      parts.push(Buffer.from(await reply.arrayBuffer()).equals(content.subarray(first, last + 1)));
    }
    assert.deepEqual(parts, [true, true, true]);
    const [status] = await drive(daemon, 'status', 'film');
    assert.equal(status?.state, 'downloading', `all that while it was fetched; ${status?.have} bytes are here`);
    const named = await runShoal(['stream', 'film', 'read me.txt'], { state: daemon.state });
    assert.match(named.stdout, /^http:\/\/127\.0\.0\.1:\d+\/stream\/[\w-]{43}\/read%20me\.txt$/);
    assert.equal((await fetch(named.stdout.trim())).status, 200);
    for (const [term, code] of [
      ['*.mkv', 1],
      ['*', 2],
    ] as const) {
      const wrong = await runShoal(['stream', 'film', term], { state: daemon.state });
      assert.equal(wrong.ended.code, code, term);
    }
    await drive(daemon, 'limit', 'film', '--down', '0');
    await untilState(daemon, 'film', 'seeding');
  });
});
