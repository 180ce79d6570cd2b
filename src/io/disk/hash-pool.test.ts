import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { range, sampleBytes, sha1, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { HashPool } from './hash-pool.ts';
import { cutRuns, type StreamPart } from './hash-runs.ts';
import type { PieceResult } from './pool-worker.ts';

function open(t: TestContext, size: number): HashPool {
  const pool = new HashPool({ size });
  t.after(() => pool.close());
  return pool;
}

interface Hashed {
  hashes: Map<number, string>;
  failed: Set<number>;
  failures: [number, string][];
}

async function hashAll(
  pool: HashPool,
  parts: StreamPart[],
  pieceLength: number,
  wanted?: (piece: number) => boolean,
): Promise<Hashed> {
  const result: Hashed = { hashes: new Map(), failed: new Set(), failures: [] };
  await pool.hashPieces({
    parts,
    pieceLength,
    ...(wanted === undefined ? {} : { wanted }),
    onPieces: (first, hashes, failed) => {
      for (let i = 0; i < hashes.length / 20; i++) {
        assert.ok(!result.hashes.has(first + i), 'a piece is reported once');
        result.hashes.set(first + i, Buffer.from(hashes.subarray(20 * i, 20 * i + 20)).toString('hex'));
        if (failed.has(i)) result.failed.add(first + i);
      }
    },
    onPartFailed: (part, errno) => result.failures.push([part, errno]),
  });
  return result;
}

function expected(data: Uint8Array, pieceLength: number, piece: number): string {
  return Buffer.from(sha1(data.subarray(piece * pieceLength, (piece + 1) * pieceLength))).toString('hex');
}

describe('hashing a stream of files', () => {
  it('gives the hash of each piece for pieces shorter, as long as and longer than a read', async (t) => {
    const pool = open(t, 2);
    const folder = await temporaryFolder(t);
    const lengths = [3_000_001, 0, 17, 700_000, 5_000_000];
    const contents = lengths.map((length, index) => sampleBytes(`stream/${index}`, length));
    const parts: StreamPart[] = [];
    const streams: Uint8Array[] = [];
    for (const [index, bytes] of contents.entries()) {
      const path = join(folder, String(index));
      await writeFile(path, bytes);
      parts.push({ path, length: bytes.length }, { path: null, length: 1000 * index });
      streams.push(bytes, new Uint8Array(1000 * index));
    }
    const data = new Uint8Array(Buffer.concat(streams));
    for (const pieceLength of [16_384, 100_003, 524_288, 1_048_576, 16_777_216]) {
      const { hashes, failed } = await hashAll(pool, parts, pieceLength);
      const count = Math.ceil(data.length / pieceLength);
      assert.equal(hashes.size, count);
      assert.equal(failed.size, 0);
      for (const piece of range(count)) assert.equal(hashes.get(piece), expected(data, pieceLength, piece));
    }
    const some = await hashAll(pool, parts, 16_384, (piece) => piece % 3 === 1 || piece > 500);
    for (const [piece, hash] of some.hashes) assert.equal(hash, expected(data, 16_384, piece));
    assert.deepEqual(
      [...some.hashes.keys()].sort((a, b) => a - b),
      range(Math.ceil(data.length / 16_384)).filter((piece) => piece % 3 === 1 || piece > 500),
    );
  });

  it('fails only the pieces of what is missing or short', async (t) => {
    const pool = open(t, 1);
    const folder = await temporaryFolder(t);
    const data = sampleBytes('short', 100_000);
    const parts = range(5).map((index) => ({ path: join(folder, String(index)), length: 20_000 }));
    for (const index of [0, 1, 3, 4])
      await writeFile(parts[index]!.path, data.subarray(index * 20_000, (index + 1) * 20_000));
    await truncate(parts[3]!.path, 10_000);
    const { hashes, failed, failures } = await hashAll(pool, parts, 4096);
    assert.deepEqual(failures, [
      [2, 'ENOENT'],
      [3, 'ESHORT'],
    ]);
    const bad = range(25).filter((piece) => {
      const [from, to] = [piece * 4096, (piece + 1) * 4096];
      return (to > 40_000 && from < 60_000) || (to > 70_000 && from < 80_000);
    });
    assert.deepEqual(
      [...failed].sort((a, b) => a - b),
      bad,
    );
    for (const piece of range(25)) if (!failed.has(piece)) assert.equal(hashes.get(piece), expected(data, 4096, piece));
  });

  it('stops when told to, and serves the next who asks', async (t) => {
    const pool = open(t, 2);
    const path = join(await temporaryFolder(t), 'file');
    await writeFile(path, sampleBytes('stop', 1 << 20));
    const parts = range(200).map(() => ({ path, length: 1 << 20 }));
    const abort = new AbortController();
    let reported = 0;
    const stopped = pool.hashPieces({
      parts,
      pieceLength: 1 << 20,
      signal: abort.signal,
      onPieces: (_, hashes) => {
        reported += hashes.length / 20;
        abort.abort(new Error('enough'));
      },
    });
    await assert.rejects(stopped, /enough/);
    assert.ok(reported < 200);
    const { hashes } = await hashAll(pool, parts.slice(0, 2), 1 << 20);
    assert.equal(hashes.size, 2);
    await assert.rejects(
      pool.hashPieces({
        parts,
        pieceLength: 1 << 20,
        signal: AbortSignal.abort(new Error('before')),
        onPieces: () => {},
      }),
      /before/,
    );
  });

  it('passes on what its reader throws', async (t) => {
    const pool = open(t, 1);
    const path = join(await temporaryFolder(t), 'file');
    await writeFile(path, 'abc');
    const request = {
      parts: [{ path, length: 3 }],
      pieceLength: 16_384,
      onPieces: () => {
        throw new Error('reader');
      },
    };
    await assert.rejects(pool.hashPieces(request), /reader/);
  });
});

describe('cutting runs', () => {
  it('covers exactly the wanted pieces with the right stretches of files', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 12 }),
        fc.constantFrom(16_384, 50_000, 1 << 20, 1 << 24),
        fc.integer({ min: 1, max: 7 }),
        (lengths, pieceLength, every) => {
          const parts = lengths.map((length, index) => ({ path: String(index), length }));
          const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const count = Math.ceil(total / pieceLength);
          const wanted = (piece: number): boolean => piece % every === 0;
          const covered = new Set<number>();
          for (const run of cutRuns({ parts, pieceLength, wanted, onPieces: () => {} })) {
            let at = run.first * pieceLength;
            for (const [index, segment] of run.segments.entries()) {
              const part = run.parts[index]!;
              assert.equal(segment.path, String(part));
              assert.equal(starts[part]! + segment.position, at);
              assert.ok(segment.length > 0 && segment.position + segment.length <= lengths[part]!);
              at += segment.length;
            }
            assert.ok(at === total || at % pieceLength === 0);
            for (let piece = run.first; piece * pieceLength < at; piece++) {
              assert.ok(!covered.has(piece));
              covered.add(piece);
            }
          }
          assert.deepEqual([...covered], range(count).filter(wanted));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('committing', () => {
  const commit = (pool: HashPool, job: Parameters<HashPool['commit']>[0]): Promise<PieceResult> =>
    new Promise((resolve) => pool.commit(job, resolve));

  it('tells what hashing and writing took', async (t) => {
    const pool = open(t, 1);
    const length = 4 * 1024 * 1024;
    const shared = new SharedArrayBuffer(length);
    const slab = pool.registerSlab(shared);
    const fd = openSync(join(await temporaryFolder(t), 'file'), 'w+');
    t.after(() => closeSync(fd));
    const job = { slab, offset: 0, length, digests: false };
    const writes = [{ fd, position: 0, start: 0, length }];
    assert.equal((await commit(pool, { ...job, expected: sha1(new Uint8Array(length)), writes: [] })).ok, true);
    const { hashing, writing } = pool.spent;
    assert.ok(hashing > 0.5 && writing < hashing, `${hashing} ms hashing, ${writing} ms writing`);
    assert.equal((await commit(pool, { ...job, expected: undefined, writes })).ok, true);
    assert.ok(pool.spent.writing > writing + 0.05 && pool.spent.hashing < hashing + 0.1, JSON.stringify(pool.spent));
  });

  it('verifies before it writes and answers each job once, whichever way it goes', async (t) => {
    const pool = open(t, 3);
    const shared = new SharedArrayBuffer(64 * 1024);
    const slab = new Uint8Array(shared);
    slab.set(sampleBytes('commit', slab.length));
    const id = pool.registerSlab(shared);
    const path = join(await temporaryFolder(t), 'file');
    const fd = openSync(path, 'w+');
    const results = await Promise.all(
      range(64).map((index) => {
        const piece = slab.slice(index * 1024, (index + 1) * 1024);
        return commit(pool, {
          slab: id,
          offset: index * 1024,
          length: 1024,
          expected: index % 4 === 3 ? new Uint8Array(20) : sha1(piece),
          digests: false,
          // Two stretches with a hole between them, as around a pad.
          writes: [
            { fd, position: index * 1024, start: 0, length: 500 },
            { fd, position: index * 1024 + 524, start: 524, length: 500 },
          ],
        });
      }),
    );
    const file = readFileSync(path);
    for (const index of range(64)) {
      const good = index % 4 !== 3;
      // Of a piece that is no longer than a block there is one digest; it comes unasked when the hash is wrong.
      const digests = sha1(slab.slice(index * 1024, (index + 1) * 1024)).subarray(0, 8);
      assert.deepEqual(
        results[index],
        good ? { ok: true } : { ok: false, kind: 'hash', digests: new Uint8Array(digests) },
      );
      const want = Buffer.alloc(1024);
      if (good) {
        want.set(slab.subarray(index * 1024, index * 1024 + 500));
        want.set(slab.subarray(index * 1024 + 524, index * 1024 + 1024), 524);
      }
      // The last one failed, so the file ends before it.
      if (index < 63) assert.deepEqual(file.subarray(index * 1024, (index + 1) * 1024), want);
    }
    assert.equal(pool.backlog, 0);
    const bad = await commit(pool, {
      slab: id,
      offset: 0,
      length: 1,
      expected: undefined,
      digests: false,
      writes: [{ fd: 9999, position: 0, start: 0, length: 1 }],
    });
    assert.ok(!bad.ok && bad.kind === 'disk' && bad.errno === 'EBADF');
    const unknown = await commit(pool, {
      slab: id + 1,
      offset: 0,
      length: 1,
      expected: undefined,
      digests: false,
      writes: [],
    });
    assert.ok(!unknown.ok && unknown.kind === 'disk');
  });

  it('shows how much is waiting, and closes only when nothing is', async (t) => {
    const pool = open(t, 2);
    const shared = new SharedArrayBuffer(1 << 20);
    const id = pool.registerSlab(shared);
    const expected = sha1(new Uint8Array(1 << 20));
    const results: PieceResult[] = [];
    for (const _ of range(10))
      pool.commit({ slab: id, offset: 0, length: 1 << 20, expected, digests: false, writes: [] }, (result) =>
        results.push(result),
      );
    assert.equal(pool.backlog, 10 << 20);
    assert.equal(results.length, 0);
    await pool.close();
    assert.deepEqual(
      results,
      range(10).map(() => ({ ok: true })),
    );
    const late = await commit(pool, { slab: id, offset: 0, length: 1, expected, digests: false, writes: [] });
    assert.ok(!late.ok);
    await assert.rejects(pool.hashPieces({ parts: [], pieceLength: 1, onPieces: () => {} }), { code: 'ERR_INTERNAL' });
  });
});
