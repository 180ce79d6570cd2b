import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  makeSample,
  range,
  readPiece,
  type Sample,
  SampleSlab,
  temporaryFolder,
  writeSample,
} from '../../../test/harness/sample-torrent.ts';
import { Bitfield } from '../../base/bitfield.ts';
import type { TorrentRecord } from '../stores/torrent-record.ts';
import { HashPool } from './hash-pool.ts';
import { Storage, type StorageOptions } from './storage.ts';

const PIECE = 16384;
/** A modification time that can be restored to the nanosecond. */
const WHOLE_SECOND = 1_700_000_000;
const NO_TOTALS = { uploaded: 0, downloaded: 0 };
const pool = new HashPool({ size: 2 });
after(() => pool.close());

const album = makeSample('album', PIECE, [
  { path: 'one', length: PIECE * 4 },
  { path: 'two', length: PIECE * 4 + 100 },
  { path: 'three', length: PIECE * 2 },
]);

/** Opens and tells how many bytes had to be hashed. */
async function open(sample: Sample, path: string, options: Partial<StorageOptions> = {}) {
  let hashed = 0;
  const opened = await Storage.open({
    metainfo: sample.metainfo,
    path,
    pool,
    onProgress: (_, total) => {
      hashed = total;
    },
    ...options,
  });
  return { ...opened, hashed };
}

async function stopped(sample: Sample, path: string, pieces: readonly number[]): Promise<TorrentRecord> {
  const { storage } = await open(sample, path);
  await new SampleSlab(sample, pool).commitAll(storage, pieces);
  if (pieces.length === sample.pieceCount) await storage.finish();
  await storage.close();
  return storage.state(NO_TOTALS);
}

describe('resuming', () => {
  it('trusts files that are as they were left, without reading them', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, [0, 1, 2, 3, 5]);
    assert.ok(record.clean);
    const { storage, have, hashed } = await open(album, path, { resume: record });
    assert.equal(hashed, 0);
    assert.deepEqual(
      range(album.pieceCount).filter((piece) => have.has(piece)),
      [0, 1, 2, 3, 5],
    );
    await storage.close();
  });

  it('checks only the file that changed, and fetches only what failed', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, range(album.pieceCount));
    const bytes = await readFile(join(path, 'two'));
    bytes[PIECE + 7]! ^= 1;
    await writeFile(join(path, 'two'), bytes);
    const { storage, have, hashed } = await open(album, path, { resume: record });
    // Pieces 4 to 8 touch the second file; the last of them also the third.
    assert.equal(hashed, PIECE * 5);
    assert.deepEqual(
      range(album.pieceCount).filter((piece) => !have.has(piece)),
      [5],
    );
    await new SampleSlab(album, pool).commitAll(storage, [5]);
    await storage.finish();
    await storage.close();
    for (const [name, content] of album.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), content);
  });

  it('reports what is missing, and fetches it again only when told to', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, range(album.pieceCount));
    for (const gone of [join(path, 'one'), path]) {
      await rm(gone, { recursive: true });
      await assert.rejects(open(album, path, { resume: record }), {
        code: 'ERR_DISK_MISSING',
        message: /album\/one.* is its disk mounted\? .*--overwrite/,
      });
    }
    await assert.rejects(stat(path), { code: 'ENOENT' }, 'nothing is made in its place');
    const { storage, have } = await open(album, path, { resume: record, overwrite: true });
    assert.equal(have.count, 0);
    await storage.close();
  });

  it('does not miss a file of which nothing was here', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, [5]);
    const { storage, have } = await open(album, path, { resume: record });
    assert.equal(have.count, 1);
    await storage.close();
  });

  it('notices what is missing, cut short or longer', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, range(album.pieceCount));
    await rm(join(path, 'one'));
    await truncate(join(path, 'two'), PIECE * 2);
    await appendFile(join(path, 'three'), 'more');
    const { storage, have } = await open(album, path, { resume: record, overwrite: true });
    assert.deepEqual(
      range(album.pieceCount).filter((piece) => have.has(piece)),
      [4, 5, 9, 10],
    );
    await new SampleSlab(album, pool).commitAll(storage, [0, 1, 2, 3, 6, 7, 8]);
    await storage.finish();
    await storage.close();
    for (const [name, content] of album.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), content);
  });

  it('leaves alone another file that took the place of ours', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, range(album.pieceCount));
    await writeFile(join(path, 'new'), 'my own');
    await rename(join(path, 'new'), join(path, 'one'));
    await assert.rejects(open(album, path, { resume: record }), { code: 'ERR_DESTINATION' });
    assert.equal(await readFile(join(path, 'one'), 'utf8'), 'my own');
  });

  it('goes on with a file that was whole when the power went and took the rest of its piece', async (t) => {
    const pair = makeSample('pair', PIECE, [
      { path: 'one', length: PIECE / 2 },
      { path: 'two', length: PIECE },
    ]);
    const path = join(await temporaryFolder(t), 'pair');
    const record: TorrentRecord = { ...(await stopped(pair, path, [])), clean: false };
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'one'), pair.contents.get('one')!);
    const { ino } = await stat(path, { bigint: true });
    for (const wrong of [
      { clean: true },
      { at: record.at - 60_000 },
      { files: [{ size: PIECE / 2, mtimeNs: 1n, ino }, undefined] },
    ])
      await assert.rejects(open(pair, path, { resume: { ...record, ...wrong } }), { code: 'ERR_DESTINATION' });
    await truncate(join(path, 'one'), PIECE / 2 + 1);
    await assert.rejects(open(pair, path, { resume: record }), { code: 'ERR_DESTINATION' });
    await truncate(join(path, 'one'), PIECE / 2);
    const { storage, have } = await open(pair, path, { resume: record });
    assert.equal(have.count, 0);
    await new SampleSlab(pair, pool).commitAll(storage, [0, 1]);
    await storage.finish();
    await storage.close();
    for (const [name, content] of pair.contents)
      assert.deepEqual(new Uint8Array(await readFile(join(path, name))), content);
  });

  it('never repairs data that was there before us, or that is the original of a share', async (t) => {
    for (const readOnly of [false, true]) {
      const path = join(await temporaryFolder(t), 'album');
      await writeSample(album, path);
      const { storage, have } = await open(album, path, { readOnly });
      assert.ok(have.complete);
      await storage.close();
      const resume = await storage.state(NO_TOTALS);
      const edited = await readFile(join(path, 'two'));
      edited.write('edited', PIECE);
      await writeFile(join(path, 'two'), edited);
      await assert.rejects(open(album, path, { resume }), { code: 'ERR_DESTINATION', message: /--overwrite/ });
      assert.deepEqual(await readFile(join(path, 'two')), edited);
    }
  });

  it('does not believe a record of another torrent, place or shape', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const record = await stopped(album, path, range(album.pieceCount));
    for (const resume of [
      { ...record, infoHash: 'f'.repeat(40) },
      { ...record, path: `${path}-2` },
      { ...record, files: [] },
      { ...record, have: new Bitfield(1) },
    ]) {
      const { storage, have, hashed } = await open(album, path, { resume });
      assert.equal(hashed, album.data.length);
      assert.ok(have.complete);
      await storage.close();
    }
  });

  it('vouches, while it runs, only for files that cannot change unnoticed', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const { storage } = await open(album, path);
    const slab = new SampleSlab(album, pool);
    await slab.commitAll(storage, range(6));
    await storage.finish();
    // As if it had been written to this moment, however long the machine took.
    const soon = Date.now() / 1000 + 60;
    await utimes(join(path, 'two.part'), soon, soon);
    const record = await storage.state(NO_TOTALS);
    assert.ok(!record.clean);
    assert.ok(record.files[0] !== undefined, 'a file that is whole does not change any more');
    assert.equal(record.files[1], undefined, 'a file written to this moment may be written to again in the same tick');
    await utimes(join(path, 'two.part'), WHOLE_SECOND, WHOLE_SECOND);
    assert.ok((await storage.state(NO_TOTALS)).files[1] !== undefined, 'a file that is at rest is vouched for');
    await slab.commitAll(storage, [6]);
    // What came after the record is found again all the same.
    await storage.close();
    const { storage: again, have } = await open(album, path, { resume: record });
    assert.equal(have.count, 7);
    await again.close();
  });

  it('vouches for nothing that is being written', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    const busy = new HashPool({ size: 1 });
    t.after(() => busy.close());
    const { storage } = await open(album, path, { pool: busy });
    const slab = new SampleSlab(album, busy);
    await slab.commitAll(storage, [4]);
    await utimes(join(path, 'two.part'), WHOLE_SECOND, WHOLE_SECOND);
    // Keeps the worker from the write until the record is made.
    const long = new SharedArrayBuffer(64 << 20);
    const id = busy.registerSlab(long);
    const job = {
      slab: id,
      offset: 0,
      length: long.byteLength,
      expected: new Uint8Array(20),
      digests: false,
      writes: [],
    };
    for (const _ of range(4)) busy.commit(job, () => {});
    const writing = slab.commitAll(storage, [5]);
    const record = await storage.state(NO_TOTALS);
    assert.ok(!record.have.has(5));
    assert.equal(record.files[1], undefined);
    await writing;
    await storage.close();
  });

  it('finds every piece that was reported after kill -9 at any moment', { timeout: 60_000 }, async (t) => {
    const script = fileURLToPath(new URL('../../../test/harness/storage-writer-main.ts', import.meta.url));
    const folder = await temporaryFolder(t);
    for (const round of range(6)) {
      const path = join(folder, `round-${round}`);
      const child = spawn(process.execPath, [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
      const reported: number[] = [];
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => {
        reported.push(Number(line));
        if (reported.length === 1 + round * 11) child.kill('SIGKILL');
      });
      const [[, signal]] = await Promise.all([once(child, 'exit'), once(lines, 'close')]);
      assert.equal(signal, 'SIGKILL');
      const sample = crashSample();
      const { storage, have, reused } = await open(sample, path);
      for (const piece of reported) assert.ok(have.has(piece), `round ${round}: piece ${piece} was lost`);
      assert.ok(reused >= reported.reduce((sum, piece) => sum + sample.piece(piece).length, 0));
      const missing = range(sample.pieceCount).filter((piece) => !have.has(piece));
      await new SampleSlab(sample, pool).commitAll(storage, missing);
      await storage.finish();
      await storage.close();
      for (const [name, content] of sample.contents)
        assert.deepEqual(new Uint8Array(await readFile(join(path, name))), content);
    }
  });
});

/** The same as in `storage-writer-main.ts`. */
function crashSample(): Sample {
  return makeSample('crash', PIECE, [
    { path: 'a', length: PIECE * 20 + 77 },
    { path: 'b/c', length: PIECE * 30 + 1 },
    { path: 'd', length: PIECE * 30 },
  ]);
}

describe('a file that changes while it is seeded', () => {
  const ways: [string, (file: string) => Promise<void>][] = [
    ['grows', (file) => appendFile(file, 'x')],
    ['shrinks', (file) => truncate(file, PIECE)],
    ['vanishes', (file) => rm(file)],
    [
      'is replaced by one of the same size and time',
      async (file) => {
        await writeFile(`${file}.new`, Buffer.alloc(PIECE * 4 + 100));
        await utimes(`${file}.new`, WHOLE_SECOND, WHOLE_SECOND);
        await rename(`${file}.new`, file);
      },
    ],
    [
      'grows and keeps its time',
      async (file) => {
        await appendFile(file, 'x');
        await utimes(file, WHOLE_SECOND, WHOLE_SECOND);
      },
    ],
    [
      'is written to',
      async (file) => {
        const bytes = await readFile(file);
        bytes[0]! ^= 1;
        await writeFile(file, bytes);
      },
    ],
  ];
  for (const [what, change] of ways) {
    it(`is not served any more: it ${what}`, async (t) => {
      const path = join(await temporaryFolder(t), 'album');
      await writeSample(album, path);
      await utimes(join(path, 'two'), WHOLE_SECOND, WHOLE_SECOND);
      const lost: [string, readonly number[]][] = [];
      const { storage } = await open(album, path, { onChanged: (file, pieces) => lost.push([file, pieces]) });
      await change(join(path, 'two'));
      await assert.rejects(readPiece(storage, album, 5), { code: 'ERR_SOURCE', message: /two/ });
      await assert.rejects(readPiece(storage, album, 8), { code: 'ERR_SOURCE' });
      assert.deepEqual(lost, [[join(path, 'two'), [4, 5, 6, 7, 8]]]);
      assert.deepEqual(await readPiece(storage, album, 0), album.piece(0));
      assert.deepEqual(await readPiece(storage, album, 9), album.piece(9));
      await storage.close();
      const record = await storage.state(NO_TOTALS);
      assert.equal(record.files[1], undefined);
      assert.ok(!record.have.has(5) && record.have.has(0));
    });
  }

  it('gives not one byte more when it is open and being read', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    await writeSample(album, path);
    await utimes(join(path, 'two'), WHOLE_SECOND, WHOLE_SECOND);
    const { storage } = await open(album, path);
    // The name has just been looked at, and the descriptor stays open.
    assert.deepEqual(await readPiece(storage, album, 5), album.piece(5));
    const bytes = await readFile(join(path, 'two'));
    bytes[PIECE]! ^= 1;
    await writeFile(join(path, 'two'), bytes);
    await assert.rejects(readPiece(storage, album, 5), { code: 'ERR_SOURCE' });
    await assert.rejects(readPiece(storage, album, 6), { code: 'ERR_SOURCE' });
    await storage.close();
  });

  it('is noticed within a second when another takes its name, and read as it was until then', async (t) => {
    const path = join(await temporaryFolder(t), 'album');
    await writeSample(album, path);
    const { storage } = await open(album, path);
    assert.deepEqual(await readPiece(storage, album, 5), album.piece(5));
    await writeFile(join(path, 'new'), Buffer.alloc(PIECE * 4 + 100));
    await rename(join(path, 'new'), join(path, 'two'));
    const deadline = performance.now() + 10_000;
    for (;;) {
      const read = await readPiece(storage, album, 5).catch((error: Error & { code?: string }) => error);
      if (read instanceof Error) {
        assert.equal(read.code, 'ERR_SOURCE');
        break;
      }
      assert.deepEqual(read, album.piece(5));
      assert.ok(performance.now() < deadline, 'the change was never noticed');
    }
    await storage.close();
  });
});
