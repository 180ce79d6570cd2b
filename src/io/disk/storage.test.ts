import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  makeSample,
  range,
  readPiece,
  SampleSlab,
  temporaryFolder,
  writeSample,
} from '../../../test/harness/sample-torrent.ts';
import { FilePool } from './file-pool.ts';
import { HashPool } from './hash-pool.ts';
import { Storage } from './storage.ts';

const PIECE = 32768;
const pool = new HashPool({ size: 2 });
after(() => pool.close());

const folder = makeSample('folder', PIECE, [
  { path: 'a/first.bin', length: 100_000 },
  { path: '.pad/31072', length: 31_072, pad: true },
  { path: 'a/empty', length: 0 },
  { path: 'b/tiny', length: 10 },
  { path: 'b/c/音楽.bin', length: 70_000 },
  { path: 'last', length: 1 },
]);

class CountingPool extends FilePool {
  most = 0;

  override acquire(...[file, done]: Parameters<FilePool['acquire']>): void {
    super.acquire(file, (error, fd) => {
      this.most = Math.max(this.most, this.openCount);
      done(error, fd);
    });
  }
}

async function names(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** Whose workers can open no file. */
class StarvedPool extends HashPool {
  refused = 0;

  override commit(...[job, done]: Parameters<HashPool['commit']>): void {
    if (job.writes.every(({ path }) => path === undefined)) super.commit(job, done);
    else {
      this.refused++;
      queueMicrotask(() => done({ ok: false, kind: 'disk', errno: 'EMFILE', message: 'too many open files' }));
    }
  }

  override settle(): ReturnType<HashPool['settle']> {
    this.refused++;
    return Promise.resolve({ failure: { step: 'sync', errno: 'EMFILE', message: 'too many open files' } });
  }
}

const crowd = makeSample(
  'crowd',
  PIECE,
  range(60).map((index) => ({ path: `d${index % 3}/f${index}`, length: 3_000 + index })),
);

describe('many small files', () => {
  for (const [what, make] of [
    ['by workers', () => new HashPool({ size: 2 })],
    ['through the pool of open files where workers can open none', () => new StarvedPool({ size: 2 })],
  ] as const)
    it(`are written, named and read ${what}`, async (t) => {
      const own = make();
      const path = join(await temporaryFolder(t), 'out');
      const files = new CountingPool();
      const { storage } = await Storage.open({ metainfo: crowd.metainfo, path, pool: own, files });
      t.after(async () => {
        await storage.close();
        await own.close();
      });
      await new SampleSlab(crowd, own).commitAll(storage, range(crowd.pieceCount));
      await storage.finish();
      assert.equal(storage.filesDone, 60);
      assert.equal((await names(path)).filter((name) => name.endsWith('.part')).length, 0);
      if (own instanceof StarvedPool) assert.ok(own.refused > 60, `${own.refused} refused`);
      else assert.ok(files.most < 30, `${files.most} files were open`);
      for (const piece of range(crowd.pieceCount))
        assert.equal(Buffer.compare(await readPiece(storage, crowd, piece), crowd.piece(piece)), 0);
    });
});

describe('storage', () => {
  it('writes pieces over several files, pads and empty files, and names files when they are whole', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    const slab = new SampleSlab(folder, pool);
    const { storage, have, reused } = await Storage.open({ metainfo: folder.metainfo, path, pool });
    assert.equal(have.count, 0);
    assert.equal(reused, 0);
    const last = folder.pieceCount - 1;
    await slab.commitAll(storage, range(last));
    const before = await names(path);
    assert.ok(before.includes('last.part') === false, 'a file nothing was written to is not there');
    assert.ok(before.some((name) => name.startsWith('b/c/') && name.endsWith('.part')));
    await slab.commitAll(storage, [last]);
    await storage.finish();
    assert.equal(storage.filesDone, 5);
    assert.deepEqual(await names(path), ['a/empty', 'a/first.bin', 'b/c/音楽.bin', 'b/tiny', 'last']);
    for (const [name, bytes] of folder.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), bytes);
    for (const piece of range(folder.pieceCount))
      assert.deepEqual(await readPiece(storage, folder, piece), folder.piece(piece));
    await storage.close();
  });

  it('reads any range into several buffers', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    await writeSample(folder, path);
    const { storage, have, reused } = await Storage.open({ metainfo: folder.metainfo, path, pool });
    assert.ok(have.complete);
    assert.equal(reused, folder.metainfo.size);
    // 98,304 to 131,072: the end of a file, a pad, nothing else; then the border to the next files.
    for (const [piece, begin, lengths] of [
      [3, 1000, [500, 196, 1, 9000]],
      [4, 0, [5, 4, 1, 20_000, 3]],
      [0, PIECE - 7, [3, 4]],
    ] as const) {
      const buffers = lengths.map((length) => new Uint8Array(length).fill(0xee));
      await new Promise<void>((resolve, reject) =>
        storage.read(piece, begin, buffers, (error) => (error === undefined ? resolve() : reject(error))),
      );
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const offset = piece * PIECE + begin;
      assert.deepEqual(new Uint8Array(Buffer.concat(buffers)), folder.data.slice(offset, offset + total));
    }
    await storage.close();
  });

  it('refuses a piece that fails its hash and writes not a byte of it', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    const sample = makeSample('file', PIECE, PIECE * 3);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    slab.bytes[PIECE + 5]! ^= 1;
    const failed = await slab.commit(storage, 1);
    assert.equal(!failed.ok && failed.kind, 'hash');
    assert.equal((await stat(`${path}.part`)).size, 0);
    const { have } = await storage.state({ uploaded: 0, downloaded: 0 });
    assert.equal(have.count, 0);
    slab.bytes[PIECE + 5]! ^= 1;
    assert.deepEqual(await slab.commit(storage, 1), { ok: true });
    await storage.close();
  });

  it('keeps apart a file and another that has its temporary name, and takes names of 255 bytes', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    const long = `${'ü'.repeat(126)}xyz`;
    assert.equal(Buffer.byteLength(long), 255);
    const sample = makeSample('names', 16384, [
      { path: 'a', length: 20_000 },
      { path: 'a.part', length: 20_000 },
      { path: 'B', length: 20_000 },
      { path: 'b.PART/inside', length: 20_000 },
      { path: long, length: 20_000 },
      { path: `${long.slice(0, -1)}!`, length: 20_000 },
    ]);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    // All but one piece of each file first, so that all temporary names exist at once.
    await slab.commitAll(storage, [0, 2, 4, 6]);
    for (const name of await names(path)) assert.ok(Buffer.byteLength(name.split('/').at(-1)!) <= 255);
    await slab.commitAll(storage, range(sample.pieceCount));
    await storage.finish();
    assert.deepEqual(await names(path), [...sample.contents.keys()].sort());
    for (const [name, bytes] of sample.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), bytes);
    await storage.close();
  });

  it('writes a piece over more files than one job or the descriptor pool holds', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    const sample = makeSample(
      'many',
      16384,
      range(200).map((index) => ({ path: `${index % 7}/${index}`, length: 150 })),
    );
    const slab = new SampleSlab(sample, pool);
    const files = new CountingPool(8);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool, files });
    for (const piece of range(sample.pieceCount)) await slab.commitAll(storage, [piece]);
    assert.ok(files.most <= 8 + 32, `a piece of 110 files had ${files.most} of them open`);
    await storage.finish();
    for (const [name, bytes] of sample.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), bytes);
    await Promise.all(
      range(20).map(async (round) => {
        const piece = round % sample.pieceCount;
        assert.deepEqual(await readPiece(storage, sample, piece), sample.piece(piece));
      }),
    );
    assert.ok(files.openCount <= 8, `${files.openCount} files are open`);
    await storage.close();
    assert.equal(files.openCount, 0);
  });

  it('never replaces a file that appears while it downloads', async (t) => {
    const path = join(await temporaryFolder(t), 'out.bin');
    const sample = makeSample('out.bin', PIECE, PIECE * 2);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    await slab.commitAll(storage, [0]);
    await writeFile(path, 'mine');
    await slab.commitAll(storage, [1]);
    await assert.rejects(storage.finish(), {
      code: 'ERR_DESTINATION',
      message: /appeared while it was being downloaded/,
    });
    await storage.close();
    assert.equal(await readFile(path, 'utf8'), 'mine');
    assert.deepEqual(new Uint8Array(await readFile(`${path}.part`)), sample.data);
  });

  it('closes only after what was handed over is written', async (t) => {
    const path = join(await temporaryFolder(t), 'out.bin');
    const sample = makeSample('out.bin', PIECE, PIECE * 40);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    let done = 0;
    for (const piece of range(40)) void slab.commit(storage, piece).then((result) => result.ok && done++);
    await storage.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, 40);
    assert.equal((await slab.commit(storage, 0)).ok, false);
    await assert.rejects(readPiece(storage, sample, 0), { code: 'ERR_DISK' });
    assert.deepEqual(new Uint8Array(await readFile(path)), sample.data);
  });

  it('says which part of the disk is gone', async (t) => {
    const path = join(await temporaryFolder(t), 'out');
    const slab = new SampleSlab(folder, pool);
    const { storage } = await Storage.open({ metainfo: folder.metainfo, path, pool });
    await rm(path, { recursive: true });
    const result = await slab.commit(storage, 0);
    assert.ok(!result.ok && result.kind === 'disk');
    assert.equal(result.errno, 'ENOENT');
    assert.equal(result.error.code, 'ERR_DISK_MISSING');
    assert.match(result.error.message, /first\.bin\.part/);
    await storage.close();
  });

  it('makes missing folders above the destination', async (t) => {
    const path = join(await temporaryFolder(t), 'x', 'y', 'out.bin');
    const sample = makeSample('out.bin', PIECE, 100);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    await new SampleSlab(sample, pool).commitAll(storage, [0]);
    await storage.finish();
    await storage.close();
    assert.ok(existsSync(path));
  });

  it('seeds originals wherever they lie and never writes to them', async (t) => {
    const root = await temporaryFolder(t);
    const sample = makeSample('set', PIECE, [
      { path: 'one', length: 50_000 },
      { path: 'two', length: 50_000 },
    ]);
    await mkdir(join(root, 'x'));
    const paths = [join(root, 'x', '1.bin'), join(root, '2.bin')];
    await writeFile(paths[0]!, sample.contents.get('one')!);
    await writeFile(paths[1]!, sample.contents.get('two')!.slice(0, -1));
    const { storage, have } = await Storage.open({
      metainfo: sample.metainfo,
      path: root,
      pool,
      paths,
      readOnly: true,
    });
    assert.deepEqual(
      range(sample.pieceCount).filter((piece) => have.has(piece)),
      [0, 1, 2],
    );
    assert.deepEqual(await readPiece(storage, sample, 0), sample.piece(0));
    const result = await new SampleSlab(sample, pool).commit(storage, 3);
    assert.equal(result.ok, false);
    await storage.close();
    assert.deepEqual(await names(root), ['2.bin', 'x/1.bin']);
  });
});
