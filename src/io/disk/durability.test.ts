import assert from 'node:assert/strict';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { makeSample, range, SampleSlab, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import type { TorrentRecord } from '../stores/torrent-record.ts';
import { TorrentStore } from '../stores/torrent-store.ts';
import { FilePool } from './file-pool.ts';
import { HashPool } from './hash-pool.ts';
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

/** Lets the opening of files fail while `broken`. */
class BreakableFiles extends FilePool {
  broken = false;

  override acquire(...[file, done]: Parameters<FilePool['acquire']>): void {
    if (this.broken) done(Object.assign(new Error('no'), { code: 'EIO' }), -1);
    else super.acquire(file, done);
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

/** A run that ends without closing anything: 0 to 2 and 4 are durable, 3 and 5 may have been written. */
async function killed(t: TestContext, folder: string): Promise<void> {
  const { storage } = await begin(t, folder);
  const slab = new SampleSlab(album, pool);
  await slab.commitAll(storage, [0, 1, 2, 4]);
  await storage.flush();
  // Now nobody can say that all was written within one tick of the clock of the file system.
  const { mtimeMs } = await stat(join(folder, 'album', 'two.part'));
  while (Date.now() < mtimeMs + 20) await new Promise(setImmediate);
  await slab.commitAll(storage, [3, 5]);
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

  it('is found again after a kill, and only what was not synced is hashed', async (t) => {
    const folder = await temporaryFolder(t);
    await killed(t, folder);
    const { found, hashed } = await begin(t, folder);
    assert.deepEqual(found, [0, 1, 2, 3, 4, 5]);
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
    assert.deepEqual(found, [0, 1, 2, 3, 5]);
    // Pieces 4 and 5 are what the second file is long enough for, piece 3 was begun.
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
