import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeSample, range, readPiece, SampleSlab, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { TorrentStore } from '../stores/torrent-store.ts';
import { HashPool } from './hash-pool.ts';
import { Storage } from './storage.ts';

const PIECE = 16384;
const pool = new HashPool({ size: 1 });
after(() => pool.close());

/** A file system of 1 MiB, or the reason why there can be none here. */
function mountSmall(): { folder: string } | { reason: string } {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    rmSync(folder, { recursive: true });
    return { reason: 'may not mount a small file system here' };
  }
  after(() => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  return { folder };
}

const small = mountSmall();

describe('a disk that is too small', { skip: 'reason' in small ? small.reason : false }, () => {
  const disk = 'folder' in small ? small.folder : '';
  const fresh = (name: string): string => {
    mkdirSync(join(disk, name));
    return join(disk, name);
  };

  it('is noticed before anything is fetched', async () => {
    const folder = fresh('before');
    const sample = makeSample('big', PIECE, 4 * 1024 * 1024);
    await assert.rejects(Storage.open({ metainfo: sample.metainfo, path: join(folder, 'big'), pool }), {
      code: 'ERR_DISK_FULL',
      message: /4\.0 MiB are needed, .* are free/,
    });
    assert.ok(!existsSync(join(folder, 'big.part')));
    await rm(folder, { recursive: true });
  });

  it('is noticed while writing; nothing is claimed that is not there, and space made later is used', async () => {
    const folder = fresh('during');
    const path = join(folder, 'file');
    const sample = makeSample('file', PIECE, 40 * PIECE);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
    await slab.commitAll(storage, range(4));
    const { bavail, bsize } = await statfs(folder);
    // Leaves room for two pieces and half of one, so that a write is cut short first.
    await writeFile(join(folder, 'other'), Buffer.alloc(bavail * bsize - 2 * PIECE - PIECE / 2));
    const results = await Promise.all(range(8).map((index) => slab.commit(storage, 4 + index)));
    const written = results.flatMap((result, index) => (result.ok ? [4 + index] : []));
    assert.equal(written.length, 2);
    for (const result of results) {
      if (result.ok) continue;
      assert.ok(result.kind === 'disk' && result.errno === 'ENOSPC', JSON.stringify(result));
      assert.equal(result.error.code, 'ERR_DISK_FULL');
      assert.match(result.error.message, /file\.part: the disk is full/);
    }
    const { have } = await storage.state({ uploaded: 0, downloaded: 0 });
    assert.equal(have.count, 6);
    for (const piece of [...range(4), ...written])
      assert.deepEqual(await readPiece(storage, sample, piece), sample.piece(piece));
    await rm(join(folder, 'other'));
    await slab.commitAll(
      storage,
      range(40).filter((piece) => !have.has(piece)),
    );
    await storage.finish();
    await storage.close();
    assert.deepEqual(new Uint8Array(await readFile(path)), sample.data);
    await rm(folder, { recursive: true });
  });

  it('does not cost the journal that is there', async (t) => {
    const folder = fresh('state');
    const sample = makeSample('file', PIECE, 4 * PIECE);
    const target = await temporaryFolder(t);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path: join(target, 'file'), pool });
    const store = new TorrentStore(folder);
    const journal = await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 }));
    assert.ok(journal !== undefined);
    storage.keep(journal);
    await new SampleSlab(sample, pool).commitAll(storage, [0, 1]);
    await storage.flush([{ type: 'totals', uploaded: 1, downloaded: 2 }]);
    const { bavail, bsize } = await statfs(folder);
    await writeFile(join(folder, 'other'), Buffer.alloc(bavail * bsize));
    const long = { type: 'partial', piece: 3, blocks: new Uint8Array(1 << 20) } as const;
    await assert.rejects(storage.flush([long, { type: 'totals', uploaded: 3, downloaded: 4 }]), {
      code: 'ERR_STATE',
      message: /the disk is full/,
    });
    await storage.close();
    await journal.close();
    const { record } = await store.load(sample.metainfo.infoHash);
    assert.equal(record?.uploaded, 1);
    assert.equal(record.have.count, 2);
    await rm(folder, { recursive: true });
  });

  it('may turn read-only', async () => {
    const folder = fresh('read-only');
    const sample = makeSample('file', PIECE, 4 * PIECE);
    const slab = new SampleSlab(sample, pool);
    const { storage } = await Storage.open({ metainfo: sample.metainfo, path: join(folder, 'file'), pool });
    await slab.commitAll(storage, [0]);
    await storage.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    try {
      for (const path of [join(folder, 'file'), join(folder, 'new', 'file')])
        await assert.rejects(Storage.open({ metainfo: sample.metainfo, path, pool }), {
          code: 'ERR_DISK_READ_ONLY',
          message: /read-only/,
        });
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', disk]);
    }
    await rm(folder, { recursive: true });
  });
});

describe('a folder without permission', () => {
  const skip = process.getuid?.() === 0 ? 'root may write everywhere' : process.platform === 'win32';
  it('is noticed before anything is fetched', { skip }, async (t) => {
    const folder = await temporaryFolder(t);
    await chmod(folder, 0o500);
    const sample = makeSample('file', PIECE, 4 * PIECE);
    await assert.rejects(Storage.open({ metainfo: sample.metainfo, path: join(folder, 'file'), pool }), {
      code: 'ERR_DISK_READ_ONLY',
    });
    await chmod(folder, 0o700);
    assert.ok((await stat(folder)).isDirectory());
  });
});
