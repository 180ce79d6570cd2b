// Pieces of several extents from a slab to files: stored unverified, in order or not, in parts or not, then verified.

import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import {
  makeSample,
  range,
  readPiece,
  type Sample,
  sha1,
  temporaryFolder,
} from '../../../test/harness/sample-torrent.ts';
import { BLOCK_LENGTH } from '../../base/geometry.ts';
import { digestBlocks } from '../../swarm/blame.ts';
import { HashPool } from './hash-pool.ts';
import type { StoreResult } from './piece-writer.ts';
import { Storage } from './storage.ts';

const EXTENT = 1024 * 1024;
const PIECE = 3 * EXTENT;
const pool = new HashPool({ size: 2 });
after(() => pool.close());

const plain = makeSample('plain.bin', PIECE, PIECE + 2 * EXTENT + 12_345);
/** More files in a piece than one job takes, pads between them, and blocks that lie in several. */
const many = makeSample('many', PIECE, [
  ...range(70).flatMap((i) => [
    { path: `f${i}`, length: 50_001 + i },
    { path: `.pad/${i}`, length: 999, pad: true },
  ]),
  { path: 'last', length: 10 },
]);

interface Scene {
  readonly storage: Storage;
  readonly bytes: Uint8Array;
  readonly path: string;
  /** Blocks `from` to `to` of an extent. */
  store(piece: number, extent: number, from?: number, to?: number): Promise<StoreResult>;
  verify(piece: number, digests?: boolean): Promise<StoreResult>;
}

async function open(t: TestContext, sample: Sample): Promise<Scene> {
  // Files get their names until the storage is closed: that comes before the folder goes.
  let opened: Storage | undefined;
  t.after(() => opened?.close());
  const path = join(await temporaryFolder(t), 'out');
  const shared = new SharedArrayBuffer(sample.data.length);
  const bytes = new Uint8Array(shared);
  bytes.set(sample.data);
  const slab = pool.registerSlab(shared);
  const { storage } = await Storage.open({ metainfo: sample.metainfo, path, pool });
  opened = storage;
  return {
    storage,
    bytes,
    path,
    store: (piece, extent, from = 0, to = Number.POSITIVE_INFINITY) => {
      const start = extent * EXTENT;
      const length = Math.min(EXTENT, sample.piece(piece).length - start);
      const begin = start + from * BLOCK_LENGTH;
      const end = start + Math.min(length, to * BLOCK_LENGTH);
      return new Promise((done) =>
        storage.storeExtent(
          piece,
          { start, length },
          { slab, offset: piece * PIECE + start },
          [{ begin, length: end - begin }],
          done,
        ),
      );
    },
    verify: (piece, digests = false) => new Promise((done) => storage.verify(piece, digests, done)),
  };
}

async function assertHad({ storage }: Scene, sample: Sample, piece: number): Promise<void> {
  assert.equal(Buffer.compare(await readPiece(storage, sample, piece), sample.piece(piece)), 0);
}

for (const [name, sample] of [
  ['one file', plain],
  ['many files', many],
] as const)
  describe(`a piece of three extents in ${name}`, () => {
    it('is verified without reading when its extents come in order', async (t) => {
      const scene = await open(t, sample);
      for (const extent of range(3)) assert.equal((await scene.store(0, extent)).ok, true);
      assert.deepEqual(await scene.verify(0), { ok: true });
      await assertHad(scene, sample, 0);
    });

    it('is verified by reading back when they come in any order or in parts', async (t) => {
      const scene = await open(t, sample);
      await scene.store(0, 2);
      await scene.store(0, 0, 10, 20);
      await scene.store(0, 0, 20);
      await scene.store(0, 0, 0, 10);
      await scene.store(0, 1);
      assert.deepEqual(await scene.verify(0, true), { ok: true, digests: digestBlocks(sample.piece(0), sha1) });
      await assertHad(scene, sample, 0);
    });

    it('fails with the digests of its blocks, and passes when it comes again', async (t) => {
      const scene = await open(t, sample);
      scene.bytes[EXTENT + 5]! ^= 1;
      const wrong = scene.bytes.slice(0, sample.piece(0).length);
      for (const extent of range(3)) await scene.store(0, extent);
      assert.deepEqual(await scene.verify(0), { ok: false, kind: 'hash', digests: digestBlocks(wrong, sha1) });
      scene.bytes[EXTENT + 5]! ^= 1;
      for (const extent of range(3)) await scene.store(0, extent);
      assert.equal((await scene.verify(0)).ok, true);
      await assertHad(scene, sample, 0);
    });

    it('starts from nothing when it is forgotten in the middle', async (t) => {
      const scene = await open(t, sample);
      scene.bytes[5]! ^= 1;
      await scene.store(0, 0);
      await scene.store(0, 1);
      scene.storage.forget(0);
      scene.bytes[5]! ^= 1;
      for (const extent of [2, 0, 1]) await scene.store(0, extent);
      assert.equal((await scene.verify(0)).ok, true);
    });
  });

describe('extents', () => {
  it('of many pieces at a time, more than hashes are kept for, all come out right', async (t) => {
    const count = 300;
    const length = EXTENT + BLOCK_LENGTH;
    const sample = makeSample('long.bin', length, 2 * length);
    // The same piece again and again under other names: what counts is how many are under way.
    const keys = range(count).map(() => pool.nextKey());
    const shared = new SharedArrayBuffer(length);
    new Uint8Array(shared).set(sample.piece(0));
    const slab = pool.registerSlab(shared);
    const store = (key: number, start: number, size: number): Promise<void> =>
      new Promise((done) => pool.store({ key, slab, offset: start, start, length: size, writes: [] }, () => done()));
    await Promise.all(keys.map((key) => store(key, 0, EXTENT)));
    const hashed = keys.filter((key) => pool.hashed(key) === EXTENT);
    assert.ok(hashed.length > 0 && hashed.length < count, `${hashed.length} hashes are under way`);
    for (const key of keys) pool.forget(key);
    assert.ok(keys.every((key) => pool.hashed(key) === 0));
    t.diagnostic(`${hashed.length} at most`);
  });

  it('that somebody cut off the file are a trouble of the disk, not a lie of a peer', async (t) => {
    const scene = await open(t, plain);
    for (const extent of [2, 1, 0]) await scene.store(0, extent);
    truncateSync(`${scene.path}.part`, EXTENT);
    const result = await scene.verify(0);
    assert.ok(!result.ok && result.kind === 'disk', JSON.stringify(result));
  });

  it('of a short last piece end where it ends', async (t) => {
    const scene = await open(t, plain);
    for (const extent of range(3)) await scene.store(1, extent);
    assert.deepEqual(await scene.verify(1), { ok: true });
    await assertHad(scene, plain, 1);
  });
});
