// A small file is put on the disk and named by a worker: in this order, never over another one, and what fails is told.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import type { SettleFile } from './hash-job.ts';
import { HashPool } from './hash-pool.ts';
import { settleNow } from './settle-job.ts';

async function make(t: TestContext, content: string, changes: Partial<SettleFile> = {}): Promise<SettleFile> {
  const path = join(await temporaryFolder(t), 'name');
  const file = { path, partPath: `${path}.part`, length: 4, sync: true, replace: false, ...changes };
  fs.writeFileSync(file.partPath, content);
  return file;
}

const read = (path: string): string => fs.readFileSync(path, 'utf8');

/** Notes every call; `fails` throws that errno instead. */
function watch(t: TestContext, fails: Record<string, string> = {}): string[] {
  const calls: string[] = [];
  const real: Record<string, unknown> = {};
  for (const name of ['fdatasyncSync', 'linkSync', 'renameSync', 'unlinkSync', 'ftruncateSync'] as const) {
    const original = fs[name] as (...words: unknown[]) => unknown;
    real[name] = original;
    const watched = (...words: unknown[]): unknown => {
      calls.push(name);
      const code = fails[name];
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return original(...words);
    };
    Object.assign(fs, { [name]: watched });
  }
  syncBuiltinESMExports();
  t.after(() => {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  });
  return calls;
}

it('is on the disk before it has its name', async (t) => {
  const file = await make(t, 'data');
  const calls = watch(t);
  const { stamp, failure } = settleNow(file);
  assert.equal(failure, undefined);
  assert.deepEqual(calls, ['fdatasyncSync', 'linkSync', 'unlinkSync']);
  assert.equal(read(file.path), 'data');
  assert.ok(!fs.existsSync(file.partPath));
  const found = fs.statSync(file.path, { bigint: true });
  assert.deepEqual(stamp, { size: 4, mtimeNs: found.mtimeNs, ino: found.ino });
});

it('is cut where more was there before, and that is put on the disk as well', async (t) => {
  const file = await make(t, 'data and more', { sync: false });
  const calls = watch(t);
  assert.equal(settleNow(file).stamp?.size, 4);
  assert.deepEqual(calls, ['ftruncateSync', 'fdatasyncSync', 'linkSync', 'unlinkSync']);
  assert.equal(read(file.path), 'data');
});

it('gets no name when the disk did not take it', async (t) => {
  const file = await make(t, 'data');
  watch(t, { fdatasyncSync: 'EIO' });
  const { stamp, failure } = settleNow(file);
  assert.deepEqual([stamp, failure?.step, failure?.errno], [undefined, 'sync', 'EIO']);
  assert.ok(!fs.existsSync(file.path));
  assert.ok(fs.existsSync(file.partPath));
});

it('replaces nothing, unless it is to', async (t) => {
  const none: Record<string, string> = {};
  for (const without of [none, { linkSync: 'EPERM' }]) {
    const file = await make(t, 'data');
    fs.writeFileSync(file.path, 'other');
    await t.test('links or none', (inner) => {
      watch(inner, without);
      const { stamp, failure } = settleNow(file);
      assert.deepEqual([stamp?.size, failure?.step, failure?.errno], [4, 'name', 'EEXIST']);
      assert.deepEqual([read(file.path), read(file.partPath)], ['other', 'data']);
      assert.equal(settleNow({ ...file, replace: true }).failure, undefined);
      assert.equal(read(file.path), 'data');
    });
  }
});

it('is renamed where there are no links', async (t) => {
  const file = await make(t, 'data');
  watch(t, { linkSync: 'ENOTSUP' });
  assert.equal(settleNow(file).failure, undefined);
  assert.equal(read(file.path), 'data');
  assert.ok(!fs.existsSync(file.partPath));
});

it('that is not there is told, and a pool answers for many files at once, each for itself', async (t) => {
  const pool = new HashPool({ size: 2 });
  t.after(() => pool.close());
  const files = await Promise.all(['1111', '2222', '3333'].map((content) => make(t, content)));
  fs.unlinkSync(files[1]!.partPath);
  const settled = await Promise.all(files.map((file) => pool.settle(file)));
  assert.deepEqual(
    settled.map(({ failure }) => failure?.errno),
    [undefined, 'ENOENT', undefined],
  );
  assert.equal(read(files[2]!.path), '3333');
  await pool.close();
  assert.equal((await pool.settle(files[0]!)).failure?.errno, 'ECANCELED');
});
