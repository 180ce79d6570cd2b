import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  makeSample,
  range,
  type Sample,
  SampleSlab,
  temporaryFolder,
  writeSample,
} from '../../../test/harness/sample-torrent.ts';
import { HashPool } from './hash-pool.ts';
import { Storage } from './storage.ts';

const PIECE = 16384;
const pool = new HashPool({ size: 2 });
after(() => pool.close());

const single = makeSample('song.ogg', PIECE, PIECE * 10);
const folder = makeSample('album', PIECE, [
  { path: 'cd1/one', length: PIECE * 4 },
  { path: 'cd2/two', length: PIECE * 4 + 100 },
  { path: 'three', length: 5000 },
  { path: 'empty', length: 0 },
]);

function open(sample: Sample, path: string, overwrite = false) {
  return Storage.open({ metainfo: sample.metainfo, path, pool, overwrite });
}

async function complete(sample: Sample, storage: Storage, have: { has(piece: number): boolean }): Promise<number> {
  const missing = range(sample.pieceCount).filter((piece) => !have.has(piece));
  await new SampleSlab(sample, pool).commitAll(storage, missing);
  await storage.finish();
  await storage.close();
  return missing.length;
}

const UNIX = process.platform === 'win32' ? 'needs a Unix file system' : false;

describe('a destination with something else in the place of a file', () => {
  it('is refused when it is a directory', async (t) => {
    const path = join(await temporaryFolder(t), 'song.ogg');
    await mkdir(path);
    await assert.rejects(open(single, path), {
      code: 'ERR_DESTINATION',
      message: /a directory is where the file .*song\.ogg should be/,
    });
    await assert.rejects(open(single, path, true), { code: 'ERR_DESTINATION' });
  });

  it('is refused when it is a FIFO, without hanging', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    await mkdir(join(root, 'cd1'));
    execFileSync('mkfifo', [join(root, 'cd1', 'one')]);
    await assert.rejects(open(folder, root, true), { code: 'ERR_DESTINATION', message: /a FIFO is where the file/ });
  });

  it('is refused when it is a socket', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    const server = createServer();
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(join(root, 'three'), resolve));
    await assert.rejects(open(folder, root, true), { code: 'ERR_DESTINATION', message: /a socket is where the file/ });
  });

  it('is refused when it is a symbolic link, which is neither followed nor replaced', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    const outside = join(await temporaryFolder(t), 'precious');
    await writeFile(outside, 'precious');
    await symlink(outside, join(root, 'three'));
    await assert.rejects(open(folder, root, true), { code: 'ERR_DESTINATION', message: /a symbolic link is where/ });
    await symlink(outside, join(root, 'x'));
    assert.equal(await readFile(outside, 'utf8'), 'precious');
  });

  it('is refused when the temporary name is a symbolic link', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    const outside = join(await temporaryFolder(t), 'precious');
    await writeFile(outside, 'precious');
    await symlink(outside, join(root, 'song.ogg.part'));
    await assert.rejects(open(single, join(root, 'song.ogg')), { code: 'ERR_DESTINATION' });
    assert.equal(await readFile(outside, 'utf8'), 'precious');
  });

  it('is refused when a file stands where a folder should', async (t) => {
    const root = await temporaryFolder(t);
    await writeFile(join(root, 'cd2'), 'notes');
    await assert.rejects(open(folder, root), {
      code: 'ERR_DESTINATION',
      message: /a file is where the folder .*cd2 should be/,
    });
    const whole = join(root, 'album');
    await writeFile(whole, 'notes');
    await assert.rejects(open(folder, whole), { code: 'ERR_DESTINATION', message: /a file is where the folder/ });
  });

  it('is refused when a link leads to nothing', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    await symlink(join(root, 'gone'), join(root, 'song.ogg'));
    await assert.rejects(open(single, join(root, 'song.ogg')), { code: 'ERR_DESTINATION', message: /link to nothing/ });
  });
});

describe('a folder that is a symbolic link', { skip: UNIX }, () => {
  it('is refused when it leads out of the download', async (t) => {
    const root = await temporaryFolder(t);
    const outside = await temporaryFolder(t);
    await symlink(outside, join(root, 'cd2'));
    await assert.rejects(open(folder, root, true), { code: 'ERR_DESTINATION_ESCAPES', message: /outside/ });
    assert.deepEqual(await readdir(outside), []);
  });

  it('is followed when it stays inside, and when it is the download itself', async (t) => {
    const real = await temporaryFolder(t);
    const root = join(await temporaryFolder(t), 'link');
    await symlink(real, root);
    await mkdir(join(real, 'elsewhere'));
    await symlink('elsewhere', join(real, 'cd2'));
    const { storage, have } = await open(folder, root);
    await complete(folder, storage, have);
    assert.deepEqual(new Uint8Array(await readFile(join(real, 'elsewhere', 'two'))), folder.contents.get('cd2/two'));
  });
});

describe('foreign data in the destination', () => {
  it('is seeded when everything matches', async (t) => {
    const root = join(await temporaryFolder(t), 'album');
    await writeSample(folder, root);
    const before = await stat(join(root, 'three'));
    const { storage, have, reused } = await open(folder, root);
    assert.ok(have.complete);
    assert.equal(reused, folder.metainfo.size);
    await storage.finish();
    await storage.close();
    assert.equal((await stat(join(root, 'three'))).ino, before.ino);
  });

  it('is refused when it differs, saying how much matches, and stays as it is', async (t) => {
    const root = join(await temporaryFolder(t), 'song.ogg');
    const bytes = single.data.slice();
    bytes[PIECE * 3 + 1]! ^= 1;
    await writeFile(root, bytes);
    await assert.rejects(open(single, root), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_DESTINATION');
      assert.match(error.message, /90 % \(147456 of 163840 bytes\)/);
      assert.match(error.message, /--overwrite/);
      assert.match(error.message, /-o/);
      return true;
    });
    assert.deepEqual(new Uint8Array(await readFile(root)), bytes);
    assert.ok(!existsSync(`${root}.part`));
  });

  it('keeps what matches when it may be overwritten', async (t) => {
    const root = join(await temporaryFolder(t), 'song.ogg');
    const bytes = single.data.slice();
    bytes[PIECE * 3 + 1]! ^= 1;
    await writeFile(root, bytes);
    const { storage, have, reused } = await open(single, root, true);
    assert.equal(reused, PIECE * 9);
    assert.ok(!existsSync(root), 'an incomplete file does not have the final name');
    assert.equal(await complete(single, storage, have), 1);
    assert.deepEqual(new Uint8Array(await readFile(root)), single.data);
    assert.ok(!existsSync(`${root}.part`));
  });

  it('is refused when it is longer, and cut to length when it may be overwritten', async (t) => {
    const root = join(await temporaryFolder(t), 'song.ogg');
    await writeFile(root, Buffer.concat([single.data, Buffer.from('and more')]));
    await assert.rejects(open(single, root), { code: 'ERR_DESTINATION', message: /longer than it should be/ });
    assert.equal((await stat(root)).size, single.data.length + 8);
    const { storage, have } = await open(single, root, true);
    assert.equal(await complete(single, storage, have), 0);
    assert.deepEqual(new Uint8Array(await readFile(root)), single.data);
  });

  it('is refused when only some files of a folder are there, and kept when they may be used', async (t) => {
    const root = join(await temporaryFolder(t), 'album');
    await mkdir(join(root, 'cd1'), { recursive: true });
    await writeFile(join(root, 'cd1', 'one'), 'my own notes');
    await assert.rejects(open(folder, root), { code: 'ERR_DESTINATION', message: /cd1.one exists and is not this/ });
    assert.equal(await readFile(join(root, 'cd1', 'one'), 'utf8'), 'my own notes');
    const { storage, have } = await open(folder, root, true);
    await complete(folder, storage, have);
    for (const [name, bytes] of folder.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(root, name))), bytes);
  });

  it('does not change under its other name when it is a hard link', { skip: UNIX }, async (t) => {
    const root = await temporaryFolder(t);
    const other = join(root, 'backup');
    const bytes = single.data.slice();
    bytes[5]! ^= 1;
    await writeFile(other, bytes);
    await link(other, join(root, 'song.ogg'));
    const { storage, have, reused } = await open(single, join(root, 'song.ogg'), true);
    assert.equal(reused, PIECE * 9);
    await complete(single, storage, have);
    assert.deepEqual(new Uint8Array(await readFile(other)), bytes);
    assert.deepEqual(new Uint8Array(await readFile(join(root, 'song.ogg'))), single.data);
  });

  it('may stand beside the download', async (t) => {
    const root = await temporaryFolder(t);
    await writeFile(join(root, 'my notes'), 'mine');
    const { storage, have } = await open(folder, root);
    await complete(folder, storage, have);
    assert.equal(await readFile(join(root, 'my notes'), 'utf8'), 'mine');
  });

  it('is refused when it has the temporary name of the download', async (t) => {
    const root = await temporaryFolder(t);
    await writeFile(join(root, 'song.ogg.part'), 'somebody else’s');
    await assert.rejects(open(single, join(root, 'song.ogg')), {
      code: 'ERR_DESTINATION',
      message: /ogg\.part exists/,
    });
    assert.equal(await readFile(join(root, 'song.ogg.part'), 'utf8'), 'somebody else’s');
  });

  it('is refused when it should be an empty file', async (t) => {
    const root = await temporaryFolder(t);
    await writeFile(join(root, 'empty'), 'not at all');
    await assert.rejects(open(folder, root), { code: 'ERR_DESTINATION' });
    assert.equal(await readFile(join(root, 'empty'), 'utf8'), 'not at all');
    const { storage, have } = await open(folder, root, true);
    await complete(folder, storage, have);
    assert.equal(await readFile(join(root, 'empty'), 'utf8'), '');
  });
});

describe('an unfinished download', () => {
  it('is found again by its temporary files alone', async (t) => {
    const root = join(await temporaryFolder(t), 'album');
    const first = await open(folder, root);
    await new SampleSlab(folder, pool).commitAll(first.storage, [0, 1, 2, 3, 6]);
    await first.storage.close();
    assert.ok(existsSync(join(root, 'cd1', 'one')), 'the first file was whole');
    const { storage, have, reused } = await open(folder, root);
    assert.deepEqual(
      range(folder.pieceCount).filter((piece) => have.has(piece)),
      [0, 1, 2, 3, 6],
    );
    assert.equal(reused, PIECE * 5);
    await complete(folder, storage, have);
  });

  it('is not given the name of a file that took its place, unless that may be overwritten', async (t) => {
    const path = join(await temporaryFolder(t), 'song.ogg');
    const first = await open(single, path);
    await new SampleSlab(single, pool).commitAll(first.storage, [0, 1]);
    await first.storage.close();
    await writeFile(path, 'mine');
    await assert.rejects(open(single, path), { code: 'ERR_DESTINATION', message: /appeared beside/ });
    const { storage, have, reused } = await open(single, path, true);
    assert.equal(reused, PIECE * 2);
    assert.equal(await readFile(path, 'utf8'), 'mine', 'it is replaced by the whole file only');
    await complete(single, storage, have);
    assert.deepEqual(new Uint8Array(await readFile(path)), single.data);
  });

  it('is whole when a run ended between its two names', { skip: UNIX }, async (t) => {
    const path = join(await temporaryFolder(t), 'song.ogg');
    await writeFile(path, single.data);
    await link(path, `${path}.part`);
    const { storage, have } = await open(single, path);
    assert.ok(have.complete);
    await storage.close();
    assert.ok(!existsSync(`${path}.part`));
    assert.ok(existsSync(path));
  });

  it('gets its final name when a run ended just before', async (t) => {
    const path = join(await temporaryFolder(t), 'song.ogg');
    await writeFile(`${path}.part`, single.data);
    const { storage, have } = await open(single, path);
    assert.ok(have.complete);
    await storage.finish();
    await storage.close();
    assert.ok(existsSync(path) && !existsSync(`${path}.part`));
  });
});
