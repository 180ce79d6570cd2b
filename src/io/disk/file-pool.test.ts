import assert from 'node:assert/strict';
import { fstatSync, readSync } from 'node:fs';
import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { range, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { FilePool, PooledFile, READ_FLAGS } from './file-pool.ts';

function acquire(pool: FilePool, file: PooledFile): Promise<number> {
  return new Promise((resolve, reject) =>
    pool.acquire(file, (error, fd) => (error === null ? resolve(fd) : reject(error))),
  );
}

async function files(t: TestContext, count: number): Promise<PooledFile[]> {
  const folder = await temporaryFolder(t);
  return Promise.all(
    range(count).map(async (index) => {
      await writeFile(join(folder, String(index)), `file ${index}`);
      return new PooledFile(join(folder, String(index)), READ_FLAGS);
    }),
  );
}

function content(fd: number): string {
  const bytes = Buffer.alloc(20);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, 20, 0));
}

describe('file pool', () => {
  it('closes the least recently used and opens it again', async (t) => {
    const pool = new FilePool(2);
    const [a, b, c] = await files(t, 3);
    for (const file of [a!, b!, a!, c!]) {
      await acquire(pool, file);
      pool.release(file);
    }
    assert.equal(b!.fd, -1);
    assert.ok(a!.fd >= 0 && c!.fd >= 0);
    assert.equal(content(await acquire(pool, b!)), 'file 1');
    pool.release(b!);
    assert.equal(pool.openCount, 2);
  });

  it('never closes what is in use, and comes back below its limit afterwards', async (t) => {
    const pool = new FilePool(2);
    const all = await files(t, 6);
    const fds = await Promise.all(all.map((file) => acquire(pool, file)));
    fds.forEach((fd, index) => {
      assert.equal(content(fd), `file ${index}`);
    });
    for (const file of all) pool.release(file);
    assert.equal(all.filter((file) => file.fd >= 0).length, 2);
  });

  it('shares one opening among all who ask for it', async (t) => {
    const pool = new FilePool();
    const [file] = await files(t, 1);
    const fds = await Promise.all(range(5).map(() => acquire(pool, file!)));
    assert.equal(new Set(fds).size, 1);
    assert.equal(pool.openCount, 1);
    for (const _ of fds) pool.release(file!);
    assert.equal(file!.pins, 0);
  });

  it('waits for those who use a file before it is moved, and lets those who come meanwhile go on after', async (t) => {
    const pool = new FilePool();
    const [file] = await files(t, 1);
    const first = await acquire(pool, file!);
    const order: string[] = [];
    const retired = pool.retire(file!, async () => {
      order.push('moved');
      await rename(file!.path, `${file!.path}.new`);
      file!.path += '.new';
    });
    const later = acquire(pool, file!).then((fd) => {
      order.push('opened again');
      return fd;
    });
    await stat(file!.path);
    assert.ok(fstatSync(first).isFile());
    order.push('released');
    pool.release(file!);
    await retired;
    assert.equal(content(await later), 'file 0');
    assert.deepEqual(order, ['released', 'moved', 'opened again']);
    pool.release(file!);
  });

  it('tells everyone who waits that a file cannot be opened', async (t) => {
    const pool = new FilePool();
    const file = new PooledFile(join(await temporaryFolder(t), 'none'), READ_FLAGS);
    const results = await Promise.allSettled(range(3).map(() => acquire(pool, file)));
    assert.ok(results.every((result) => result.status === 'rejected' && result.reason.code === 'ENOENT'));
    assert.equal(pool.openCount, 0);
  });
});
