// Disks that fail, turn read-only or vanish: exit code 6 and what happened, nothing is claimed that is not there, nothing
// is begun again from nothing, and when the disk is well again the same command goes on.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parseMetainfo } from '../../src/protocol/metainfo.ts';
import { get, lastHave, type Shared, share, startGet, torrentFile } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import { sha1 } from '../harness/sample-torrent.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';
import { failing } from '../harness/strace.ts';
import { GoodPieces } from '../torture/good-pieces.ts';

const PIECES = 128;
const SIZE = PIECES * 65536;

describe('a disk that fails', () => {
  const trackers: string[] = [];
  let shared: Shared;
  let path: string;

  before(async () => {
    const tracker = await startTracker();
    trackers.push(tracker.url);
    path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), SIZE);
    shared = await share(path, { trackers, args: ['--piece-length', '64K'] });
  });

  /** Gets it with a fault, then without. */
  async function fails(call: string, errno: string, from: number, code: string, says: RegExp): Promise<void> {
    const destination = join(await temporaryDirectory(), 'copy.mkv');
    const options = { trackers, state: await temporaryDirectory('state') };
    const part = `${destination}.part`;
    const run = await startGet(shared.magnet, destination, { ...options, ...failing(call, errno, part, from) });
    assert.equal(await run.code(), 6, run.failure('not 6').message);
    const error = run.events.at(-1)!;
    assert.equal(error.code, code);
    assert.match(String(error.message), says);
    assert.ok(!existsSync(destination), 'what is not whole has no final name');
    const metainfo = parseMetainfo(await torrentFile(trackers[0]!, 'film.mkv'), sha1);
    const onDisk = new GoodPieces(metainfo, destination).look();
    const done = await get(shared.magnet, destination, options);
    assert.equal(done.reused, onDisk, 'what is good is kept, what is not is not');
    assert.equal(await digest(destination), await digest(path));
  }

  it('with an I/O error when pieces are written', needs('strace'), () =>
    fails('pwrite64', 'EIO', 20, 'ERR_DISK', /copy\.mkv\.part: the disk failed \(input\/output error\)/),
  );

  it('with an I/O error when the file is put on the disk', needs('strace'), () =>
    fails('fdatasync', 'EIO', 1, 'ERR_DISK', /put on the disk.*the disk failed|could not finish.*the disk failed/),
  );

  it('by turning read-only', needs('strace'), () =>
    fails('pwrite64', 'EROFS', 20, 'ERR_DISK_READ_ONLY', /the file system is read-only/),
  );

  it('by vanishing under a download', async () => {
    const folder = join(await temporaryDirectory(), 'folder');
    const destination = join(folder, 'copy.mkv');
    const state = await temporaryDirectory('state');
    const run = await startGet(shared.magnet, destination, { trackers, state, args: ['--down', '512K'] });
    await run.until(() => lastHave(run) > 0, 'some of it');
    await rm(folder, { recursive: true });
    assert.equal(await run.code(), 6, run.failure('not 6').message);
    assert.equal(run.events.at(-1)?.code, 'ERR_DISK_MISSING');
    assert.ok(lastHave(run) < SIZE * 0.75, 'it is found out before all of it has been fetched for nothing');
  });

  it('by being taken away under a download', async () => {
    const folder = join(await temporaryDirectory(), 'folder');
    const destination = join(folder, 'copy.mkv');
    const options = { trackers, state: await temporaryDirectory('state') };
    const run = await startGet(shared.magnet, destination, { ...options, args: ['--down', '4M'] });
    await run.until(() => lastHave(run) > 0, 'some of it');
    await rename(folder, `${folder}-away`);
    assert.equal(await run.code(), 6, run.failure('not 6').message);
    assert.equal(run.events.at(-1)?.code, 'ERR_DISK_MISSING');
    await rename(`${folder}-away`, folder);
    const done = await get(shared.magnet, destination, options);
    assert.equal(done.downloaded, 0, 'all of it was written');
    assert.equal(await digest(destination), await digest(path));
  });

  it('by not being there at the next start: nothing is fetched, and when it is back the download goes on', async () => {
    const folder = join(await temporaryDirectory(), 'folder');
    const destination = join(folder, 'copy.mkv');
    const options = { trackers, state: await temporaryDirectory('state') };
    const first = await startGet(shared.magnet, destination, { ...options, args: ['--down', '4M'] });
    await first.until(() => lastHave(first) > SIZE / 4, 'some of it');
    await first.kill('SIGINT');
    await rename(folder, `${folder}-away`);
    const without = await startGet(shared.magnet, destination, options);
    assert.equal(await without.code(), 6);
    assert.equal(without.events.at(-1)?.code, 'ERR_DISK_MISSING');
    assert.match(String(without.events.at(-1)?.message), /is its disk mounted\?/);
    assert.ok(!existsSync(folder), 'nothing is made where the disk should be');
    await rename(`${folder}-away`, folder);
    const done = await get(shared.magnet, destination, options);
    assert.ok(done.reused >= lastHave(first));
    assert.equal(await digest(destination), await digest(path));
  });
});
