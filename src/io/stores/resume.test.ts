import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { range, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { Bitfield } from '../../base/bitfield.ts';
import { ResumeStore } from './resume.ts';
import { decodeRecord, encodeRecord, type ResumeRecord } from './resume-record.ts';

const HASH = 'ab'.repeat(20);

function record(values: Partial<ResumeRecord> = {}): ResumeRecord {
  const have = new Bitfield(13);
  for (const piece of [0, 3, 12]) have.add(piece);
  return {
    version: 1,
    infoHash: HASH,
    path: '/downloads/größe 音楽\n"x"',
    have,
    files: [{ size: 5_000_000_000, mtimeNs: 1_795_254_645_071_415_643n, ino: 18_446_744_073_709_551_615n }, undefined],
    uploaded: 7,
    downloaded: 8,
    ours: true,
    clean: false,
    ...values,
  };
}

describe('resume record', () => {
  it('comes back as it was', () => {
    const stamp = fc
      .tuple(fc.maxSafeNat(), fc.bigInt(-(2n ** 63n), 2n ** 63n), fc.bigInt(0n, 2n ** 64n))
      .map(([size, mtimeNs, ino]) => ({ size, mtimeNs, ino }));
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 0, max: 70 }),
        fc.array(fc.nat(69)),
        fc.array(fc.option(stamp, { nil: undefined })),
        fc.maxSafeNat(),
        fc.boolean(),
        (path, size, pieces, files, uploaded, flag) => {
          const have = new Bitfield(size);
          for (const piece of pieces) have.add(piece);
          const value = record({ path: path.toWellFormed(), have, files, uploaded, ours: flag, clean: !flag });
          assert.deepEqual(decodeRecord(encodeRecord(value)), { kind: 'record', record: value });
        },
      ),
    );
  });

  it('is worth nothing when any byte of it is damaged or its end is missing', () => {
    // Not a Buffer, whose slices share memory.
    const bytes = new Uint8Array(encodeRecord(record()));
    for (const at of range(bytes.length)) {
      for (const flip of [1, 0x20, 0x80]) {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        assert.notEqual(decodeRecord(damaged).kind, 'record', `byte ${at}`);
      }
      assert.equal(decodeRecord(bytes.slice(0, at)).kind, 'damaged');
    }
    assert.equal(decodeRecord(Buffer.concat([bytes, Buffer.from('x')])).kind, 'damaged');
  });

  it('tells a newer version from damage', () => {
    assert.deepEqual(decodeRecord(Buffer.from('shoal-resume 12 whatever comes\nthere')), {
      kind: 'newer',
      version: 12,
    });
    assert.equal(decodeRecord(Buffer.from('shoal-resume 0 x\n')).kind, 'damaged');
    assert.equal(decodeRecord(new Uint8Array()).kind, 'damaged');
  });
});

describe('resume store', () => {
  it('keeps metadata and record of each torrent, and forgets them', async (t) => {
    const folder = await temporaryFolder(t);
    const store = new ResumeStore(join(folder, 'state'));
    assert.deepEqual(await store.load(HASH), {});
    await store.saveTorrent(HASH, Buffer.from('d4:infoe'));
    await Promise.all(range(20).map((uploaded) => store.save(record({ uploaded }))));
    const loaded = await new ResumeStore(join(folder, 'state')).load(HASH);
    assert.deepEqual(loaded.record, record({ uploaded: 19 }), 'the last one saved is the one that is kept');
    assert.equal(Buffer.from(loaded.torrent!).toString(), 'd4:infoe');
    assert.deepEqual((await readdir(join(folder, 'state', 'torrents', HASH))).sort(), ['meta.torrent', 'resume']);
    await store.remove(HASH);
    assert.deepEqual(await store.load(HASH), {});
  });

  it('sets a damaged record aside and keeps the metadata', async (t) => {
    const folder = await temporaryFolder(t);
    const store = new ResumeStore(folder);
    await store.saveTorrent(HASH, Buffer.from('meta'));
    await store.save(record());
    const path = join(folder, 'torrents', HASH, 'resume');
    const bytes = await readFile(path);
    bytes[100]! ^= 1;
    await writeFile(path, bytes);
    const { torrent, record: none, setAside } = await store.load(HASH);
    assert.equal(none, undefined);
    assert.ok(torrent !== undefined);
    assert.equal(setAside, `${path}.damaged`);
    assert.deepEqual(await readFile(setAside), bytes);
    await store.save(record());
    assert.deepEqual((await store.load(HASH)).record, record());
  });

  it('does not take the record of one torrent for that of another', async (t) => {
    const folder = await temporaryFolder(t);
    const store = new ResumeStore(folder);
    const other = 'cd'.repeat(20);
    await mkdir(join(folder, 'torrents', other), { recursive: true });
    await writeFile(join(folder, 'torrents', other, 'resume'), encodeRecord(record()));
    assert.equal((await store.load(other)).record, undefined);
  });

  it('leaves alone what a newer version wrote', async (t) => {
    const folder = await temporaryFolder(t);
    const store = new ResumeStore(folder);
    const path = join(folder, 'torrents', HASH, 'resume');
    await mkdir(join(folder, 'torrents', HASH), { recursive: true });
    await writeFile(path, 'shoal-resume 2 abc\nnew things\n');
    const refusal = { code: 'ERR_STATE', reason: 'newer_version', message: /newer Shoal \(format 2/ };
    await assert.rejects(store.load(HASH), refusal);
    await assert.rejects(store.save(record()), refusal);
    assert.equal(await readFile(path, 'utf8'), 'shoal-resume 2 abc\nnew things\n');
  });

  it('says which state directory it cannot use', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'file'), '');
    const store = new ResumeStore(join(folder, 'file'));
    assert.deepEqual(await store.load(HASH), {});
    await assert.rejects(store.save(record()), { code: 'ERR_STATE', message: /--state/ });
  });

  it('keeps nothing without a directory', async () => {
    const store = new ResumeStore(null);
    await store.save(record());
    await store.saveTorrent(HASH, Buffer.from('x'));
    assert.deepEqual(await store.load(HASH), {});
    assert.equal(store.folder(HASH), undefined);
  });
});
