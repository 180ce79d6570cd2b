import assert from 'node:assert/strict';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import {
  makeSample,
  range,
  readPiece,
  type Sample,
  SampleSlab,
  sha1,
  temporaryFolder,
} from '../../../test/harness/sample-torrent.ts';
import { encode } from '../../protocol/bencode.ts';
import { parseInfo } from '../../protocol/metainfo.ts';
import type { TorrentRecord } from '../stores/torrent-record.ts';
import { TorrentStore } from '../stores/torrent-store.ts';
import { FilePool } from './file-pool.ts';
import { HashPool } from './hash-pool.ts';
import { HeldFile } from './held-file.ts';
import type { StoreResult } from './piece-writer.ts';
import { Storage } from './storage.ts';

const PIECE = 16384;
const pool = new HashPool({ size: 1 });
after(() => pool.close());

const album = makeSample('album', PIECE, [
  { path: 'one', length: PIECE * 4 },
  { path: 'two', length: PIECE * 4 + 100 },
  { path: 'three', length: PIECE * 2 },
]);

/** One file of so many pieces of nothing: content is made as fast as it is written. */
function makeZeros(name: string, pieceLength: number, pieceCount: number): Sample {
  const data = new Uint8Array(pieceLength * pieceCount);
  const piece = (index: number): Uint8Array => data.subarray(index * pieceLength, (index + 1) * pieceLength);
  const hash = sha1(piece(0));
  const pieces = Buffer.concat(range(pieceCount).map(() => hash));
  const metainfo = parseInfo(encode({ name, 'piece length': pieceLength, pieces, length: data.length }), sha1);
  return { metainfo, data, pieceCount, piece, contents: new Map([[name, data]]) };
}

/** Lets the opening of files fail while `broken`. */
class BreakableFiles extends FilePool {
  broken = false;

  override acquire(...[file, done]: Parameters<FilePool['acquire']>): void {
    if (this.broken) done(Object.assign(new Error('no'), { code: 'EIO' }), -1);
    else super.acquire(file, done);
  }
}

/** Lets nobody open a file while there is a list of those who wait for it. */
class HeldFiles extends FilePool {
  held: (() => void)[] | undefined;

  override acquire(...words: Parameters<FilePool['acquire']>): void {
    if (this.held === undefined) super.acquire(...words);
    else this.held.push(() => super.acquire(...words));
  }
}

interface Run {
  storage: Storage;
  found: number[];
  hashed: number;
  partials: [number, number[]][];
  record: () => Promise<TorrentRecord>;
}

async function begin(t: TestContext, folder: string, files = new FilePool()): Promise<Run> {
  const store = new TorrentStore(join(folder, 'state'));
  const { record } = await store.load(album.metainfo.infoHash);
  let hashed = 0;
  const { storage, have, partials } = await Storage.open({
    metainfo: album.metainfo,
    path: join(folder, 'album'),
    pool,
    files,
    onProgress: (_, total) => {
      hashed = total;
    },
    ...(record === undefined ? {} : { resume: record }),
  });
  const journal = await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 }));
  assert.ok(journal !== undefined);
  storage.keep(journal);
  t.after(async () => {
    await storage.close();
    await journal.close();
  });
  return {
    storage,
    found: range(album.pieceCount).filter((piece) => have.has(piece)),
    hashed,
    partials: [...partials].map(([piece, blocks]) => [piece, [...blocks]]),
    record: async () => {
      const loaded = await store.load(album.metainfo.infoHash);
      assert.ok(loaded.record !== undefined);
      return loaded.record;
    },
  };
}

/** A run that ends without closing anything, and no file is whole: 0, 1 and 4 are durable, 2 and 5 may have been written. */
async function killed(t: TestContext, folder: string): Promise<void> {
  const { storage } = await begin(t, folder);
  const slab = new SampleSlab(album, pool);
  await slab.commitAll(storage, [0, 1, 4]);
  await storage.flush();
  // Now nobody can say that all was written within one tick of the clock of the file system.
  const { mtimeMs } = await stat(join(folder, 'album', 'two.part'));
  while (Date.now() < mtimeMs + 20) await new Promise(setImmediate);
  await slab.commitAll(storage, [2, 5]);
}

describe('what was written', () => {
  it('is told as begun before, and as had only after it was synced', async (t) => {
    const { storage, record } = await begin(t, await temporaryFolder(t));
    await new SampleSlab(album, pool).commitAll(storage, [0, 1, 5]);
    const before = await record();
    assert.equal(before.have.count, 0);
    assert.deepEqual(before.begun, new Set([0, 1, 5]));
    await storage.flush();
    const { have, begun, files } = await record();
    assert.deepEqual(
      range(album.pieceCount).filter((piece) => have.has(piece)),
      [0, 1, 5],
    );
    assert.equal(begun.size, 0);
    assert.deepEqual(
      files.map((stamp) => stamp !== undefined),
      [true, true, false],
    );
  });

  it('is not written, whole piece or extent, before the journal has taken that it begins', async (t) => {
    const folder = await temporaryFolder(t);
    const files = new HeldFiles();
    const store = new TorrentStore(join(folder, 'state'), files);
    const path = join(folder, 'album');
    const { storage } = await Storage.open({ metainfo: album.metainfo, path, pool });
    const journal = await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 }));
    assert.ok(journal !== undefined);
    storage.keep(journal);
    const slab = new SampleSlab(album, pool);
    files.held = [];
    const whole = slab.commitAll(storage, [0]);
    const run = { begin: 0, length: PIECE / 2 };
    const part = new Promise<StoreResult>((done) =>
      storage.storeExtent(5, { start: 0, length: PIECE }, slab.place(5), [run], done),
    );
    while (files.held.length === 0) await new Promise(setImmediate);
    const other = await begin(t, await temporaryFolder(t));
    await slab.commitAll(other.storage, range(album.pieceCount));
    const written = await Promise.all(['one', 'two'].map((name) => stat(join(path, `${name}.part`)).catch(() => 'no')));
    assert.deepEqual(written, ['no', 'no']);
    for (const go of files.held.splice(0)) go();
    files.held = undefined;
    await whole;
    assert.ok((await part).ok);
    await storage.close();
    await journal.close();
  });

  it('is found again after a kill, and only what was not synced is hashed', async (t) => {
    const folder = await temporaryFolder(t);
    await killed(t, folder);
    const { found, hashed } = await begin(t, folder);
    assert.deepEqual(found, [0, 1, 2, 4, 5]);
    assert.equal(hashed, 2 * PIECE);
  });

  it('is hashed whole where somebody else wrote to it after the kill', async (t) => {
    const folder = await temporaryFolder(t);
    await killed(t, folder);
    const two = join(folder, 'album', 'two.part');
    const bytes = await readFile(two);
    bytes[7]! ^= 1;
    await writeFile(two, bytes);
    const later = Date.now() / 1000 + 60;
    await utimes(two, later, later);
    const { found, hashed } = await begin(t, folder);
    assert.deepEqual(found, [0, 1, 2, 5]);
    // Pieces 4 and 5 are what the second file is long enough for, piece 2 was begun.
    assert.equal(hashed, 3 * PIECE);
  });

  it('is kept of unfinished pieces, and forgotten when they are begun anew or somebody touches the file', async (t) => {
    const folder = await temporaryFolder(t);
    const first = await begin(t, folder);
    const slab = new SampleSlab(album, pool);
    await slab.commitAll(first.storage, [0]);
    for (const piece of [3, 5]) {
      const extent = { start: 0, length: PIECE };
      const run = { begin: 0, length: PIECE / 2 };
      const place = slab.place(piece);
      const stored = await new Promise<StoreResult>((done) =>
        first.storage.storeExtent(piece, extent, place, [run], done),
      );
      assert.ok(stored.ok);
    }
    await first.storage.close();
    const partial = (piece: number) => ({ type: 'partial', piece, blocks: Uint8Array.of(0x80) }) as const;
    await first.storage.flush([partial(3), partial(5), { type: 'closed' }]);
    const second = await begin(t, folder);
    assert.deepEqual(second.partials, [
      [3, [0x80]],
      [5, [0x80]],
    ]);
    assert.deepEqual((await second.record()).partials.size, 2, 'the next journal begins with them');
    await slab.commitAll(second.storage, [5]);
    await second.storage.close();
    await second.storage.flush([{ type: 'closed' }]);
    const third = await begin(t, folder);
    assert.deepEqual([third.found, third.partials], [[0, 5], [[3, [0x80]]]]);
    await third.storage.close();
    const later = Date.now() / 1000 + 60;
    await utimes(join(folder, 'album', 'one.part'), later, later);
    assert.deepEqual((await begin(t, folder)).partials, []);
  });

  it('is at most 64 MiB until it is synced: then writes wait, and go on', async (t) => {
    const folder = await temporaryFolder(t);
    const film = makeZeros('film', 2 ** 20, 70);
    const store = new TorrentStore(join(folder, 'state'));
    const { storage } = await Storage.open({ metainfo: film.metainfo, path: join(folder, 'film'), pool });
    const journal = await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 }));
    assert.ok(journal !== undefined);
    storage.keep(journal);
    const disk = Promise.withResolvers<void>();
    const { putOnDisk } = HeldFile.prototype;
    let syncs = 0;
    t.mock.method(HeldFile.prototype, 'putOnDisk', async function (this: HeldFile, files: FilePool) {
      syncs++;
      await disk.promise;
      return await putOnDisk.call(this, files);
    });
    const slab = new SampleSlab(film, pool);
    for (const piece of range(64)) {
      if (piece !== 32) assert.equal(syncs, piece < 32 ? 0 : 1, `a batch begins with 32 MiB, not with ${piece}`);
      await slab.commitAll(storage, [piece]);
    }
    let more = 0;
    const waiting = [64, 65, 66].map(async (piece) => {
      await slab.commitAll(storage, [piece]);
      more++;
    });
    // as long as so many writes take
    for (let i = 0; i < 20; i++) await readPiece(storage, film, i);
    assert.deepEqual([more, [...journal.record.begun].filter((piece) => piece >= 64)], [0, []]);
    assert.equal((await stat(join(folder, 'film.part'))).size, 64 * 2 ** 20);
    disk.resolve();
    await Promise.all(waiting);
    await storage.flush();
    assert.equal(journal.record.have.count, 67);
    await storage.close();
    await journal.close();
  });

  it('is put on the disk with its name, and not by itself, where many small files end at once', async (t) => {
    const folder = await temporaryFolder(t);
    const list = range(200).map((index) => ({ path: `${index}`, length: PIECE }));
    const many = makeSample('many', PIECE, list);
    const store = new TorrentStore(join(folder, 'state'));
    const { storage } = await Storage.open({ metainfo: many.metainfo, path: join(folder, 'many'), pool });
    const journal = await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 }));
    assert.ok(journal !== undefined);
    storage.keep(journal);
    const { putOnDisk } = HeldFile.prototype;
    let syncs = 0;
    t.mock.method(HeldFile.prototype, 'putOnDisk', function (this: HeldFile, files: FilePool) {
      syncs++;
      return putOnDisk.call(this, files);
    });
    await new SampleSlab(many, pool).commitAll(storage, range(200).reverse());
    await storage.flush();
    assert.ok(syncs < 10, `${syncs} were put on the disk by themselves`);
    assert.equal(journal.record.have.count, 200);
    for (const { path } of list) assert.equal((await stat(join(folder, 'many', path))).size, PIECE);
    assert.ok(journal.record.files.every((stamp) => stamp !== undefined));
    await storage.close();
    await journal.close();
  });

  it('is not had after a failed sync, whatever later ones say', async (t) => {
    const files = new BreakableFiles();
    const { storage, record } = await begin(t, await temporaryFolder(t), files);
    const slab = new SampleSlab(album, pool);
    await slab.commitAll(storage, [0, 1]);
    files.broken = true;
    await assert.rejects(storage.flush(), { code: 'ERR_DISK', message: /one\.part/ });
    files.broken = false;
    await slab.commitAll(storage, [2, 5]);
    await assert.rejects(storage.flush(), { code: 'ERR_DISK', message: /one\.part/ });
    await assert.rejects(storage.flush([{ type: 'closed' }]), { code: 'ERR_DISK' });
    const { have, begun, files: stamps, clean } = await record();
    assert.deepEqual(
      range(album.pieceCount).filter((piece) => have.has(piece)),
      [5],
    );
    assert.deepEqual(begun, new Set([0, 1, 2]));
    assert.equal(stamps[0], undefined);
    assert.equal(clean, false);
  });
});
