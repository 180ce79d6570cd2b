import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { range, temporaryFolder } from '../../test/harness/sample-torrent.ts';
import { lock } from './lock.ts';

const SCRIPT = fileURLToPath(new URL('../../test/harness/lock-holder-main.ts', import.meta.url));
const LINUX = process.platform === 'linux' ? false : 'only Linux tells when a process began';

class Holder {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: TestContext, folder: string) {
    this.child = spawn(process.execPath, [SCRIPT, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    t.after(() => {
      this.child.kill('SIGKILL');
    });
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value ?? 'ended';
  }

  async try(): Promise<string> {
    this.child.stdin!.write('\n');
    return this.line();
  }

  async kill(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

describe('lock', () => {
  it('has one holder, who is named to the others, and is free again afterwards', async (t) => {
    const folder = join(await temporaryFolder(t), 'torrents', 'x');
    const held = await lock(folder, 'shoal get song');
    await assert.rejects(lock(folder, 'another'), {
      code: 'ERR_LOCKED',
      message: new RegExp(`in use by process ${process.pid} \\(shoal get song\\).*stop it or wait`),
    });
    await held.release();
    assert.deepEqual(await readdir(folder), []);
    const again = await lock(folder, 'another');
    await again.release();
    await again.release();
  });

  it('of a process that was killed is nobody’s', async (t) => {
    const folder = await temporaryFolder(t);
    const holder = new Holder(t, folder);
    assert.equal(await holder.line(), 'ready');
    assert.equal(await holder.try(), 'held');
    await assert.rejects(lock(folder, ''), { code: 'ERR_LOCKED', message: new RegExp(`process ${holder.child.pid} `) });
    await holder.kill();
    const mine = await lock(folder, '');
    assert.equal((await readdir(folder)).length, 2, 'what the dead left is gone');
    await mine.release();
  });

  it('goes to exactly one of many in one process who want it at once', { timeout: 60_000 }, async (t) => {
    const folder = await temporaryFolder(t);
    for (const round of range(10)) {
      const results = await Promise.allSettled(range(8).map((index) => lock(folder, `${round}/${index}`)));
      const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      assert.equal(held.length, 1);
      for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'ERR_LOCKED');
      await held[0]!.release();
      assert.deepEqual(await readdir(folder), []);
    }
  });

  it('goes to exactly one of several processes that want it when its holder was killed', {
    timeout: 120_000,
  }, async (t) => {
    const folder = await temporaryFolder(t);
    for (const count of [1, 4]) {
      const holders = range(count).map(() => new Holder(t, folder));
      for (const holder of holders) assert.equal(await holder.line(), 'ready');
      const answers = await Promise.all(holders.map((holder) => holder.try()));
      assert.deepEqual(answers.sort(), [...range(count - 1).map(() => 'ERR_LOCKED'), 'held']);
      await Promise.all(holders.map((holder) => holder.kill()));
    }
  });

  it('of a process whose id belongs to another by now is nobody’s', { skip: LINUX }, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(
      join(folder, `lock.claim.${process.pid}-0123456789ab`),
      JSON.stringify({ pid: process.pid, start: 'another boot:1', description: 'long ago' }),
    );
    await (await lock(folder, '')).release();
    assert.deepEqual(await readdir(folder), []);
  });

  it('does not mind a living process that only wants it, nor files it does not know', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'lock.draft.1-0123456789ab'), 'half a li');
    await writeFile(join(folder, 'meta.torrent'), 'x');
    await mkdir(join(folder, 'locked'));
    await (await lock(folder, '')).release();
    assert.ok((await readdir(folder)).includes('meta.torrent'));
  });

  it('that cannot be understood holds while its process lives', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, `lock.claim.${process.ppid}-0123456789ab`), 'damaged');
    await writeFile(join(folder, `lock.held.${process.ppid}-0123456789ab`), '');
    await assert.rejects(lock(folder, ''), { code: 'ERR_LOCKED', message: new RegExp(`process ${process.ppid};`) });
  });
});
