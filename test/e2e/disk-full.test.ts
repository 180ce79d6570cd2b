// A disk that fills up under a download: it says so, waits, goes on serving, and goes on by itself when there is room.
// Nothing that came is fetched again. Where nobody waits for it, the command gives up with the code for the disk.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { get, lastHave, type Shared, share, startGet, untilDone } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import { digest, randomFile, type ShoalProcess, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const MIB = 1 << 20;
const SIZE = 24 * MIB;

describe('a disk that fills up', { ...needs('mounts'), concurrency: 1 }, () => {
  const trackers: string[] = [];
  let disk: string;
  let path: string;

  before(async () => {
    trackers.push((await startTracker()).url);
    path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), SIZE);
    disk = await temporaryDirectory('disk');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${40 * MIB}`, 'tmpfs', disk]);
  });
  afterEach(async () => {
    for (const name of await readdir(disk)) await rm(join(disk, name));
  });
  after(() => execFileSync('umount', ['-l', disk]));

  /** The download takes room meanwhile: the last of it is written until there is none. */
  async function fill(): Promise<void> {
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, 'other'), Buffer.alloc(bavail * bsize)).catch((error) => {
      assert.equal(error.code, 'ENOSPC');
    });
  }

  async function untilFull(process: ShoalProcess): Promise<void> {
    await process.until(() => lastHave(process) > 4 * MIB, 'some of it');
    await fill();
    await process.event('progress', ({ waiting }) => waiting === 'ERR_DISK_FULL');
  }

  async function startSlowly(shared: Shared, args: readonly string[], state: string): Promise<ShoalProcess> {
    const words = ['--down', '6M', ...args];
    return await startGet(shared.magnet, join(disk, 'copy.mkv'), { trackers, args: words, state });
  }

  // pieces of one extent, which are written when they are verified, and of several, which are stored before
  for (const pieceLength of ['256K', '4M'])
    it(`makes a download with pieces of ${pieceLength} wait, and is used when it has room again`, async () => {
      const shared = await share(path, { trackers, args: ['--piece-length', pieceLength, '--name', pieceLength] });
      const run = await startSlowly(shared, ['--memory', '8M', '--timeout', '0'], await temporaryDirectory('state'));
      await untilFull(run);
      const warning = await run.event('warning');
      assert.match(String(warning.message), /copy\.mkv\.part: the disk is full; free some space; .* goes on by itself/);
      assert.equal(run.ended, undefined);
      await rm(join(disk, 'other'));
      const done = await untilDone(run);
      assert.ok(done.wasted < MIB, `what found no room was kept, but ${done.wasted} bytes were wasted`);
      assert.ok(run.all('warning').some(({ message }) => String(message).startsWith('there is room again in')));
      assert.equal(await digest(done.path), await digest(path));
      await shared.process.kill();
    });

  it('ends a command that nobody waits for with exit code 6, and the next one resumes', async () => {
    const shared = await share(path, { trackers, args: ['--piece-length', '256K', '--name', 'alone'] });
    const state = await temporaryDirectory('state');
    const run = await startSlowly(shared, ['--timeout', '3'], state);
    await untilFull(run);
    assert.equal(await run.code(), 6);
    const error = run.events.at(-1)!;
    assert.equal(error.code, 'ERR_DISK_FULL');
    assert.match(String(error.message), /the disk is full; free some space and run the command again, it resumes$/);
    await rm(join(disk, 'other'));
    const done = await get(shared.magnet, join(disk, 'copy.mkv'), { trackers, state });
    assert.ok(done.reused >= lastHave(run), `${done.reused} of ${lastHave(run)}`);
    assert.equal(await digest(done.path), await digest(path));
    await shared.process.kill();
  });
});
