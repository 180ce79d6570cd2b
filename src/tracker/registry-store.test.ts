// The saved registry on disk: what a restart finds, what a kill leaves, and what becomes of a damaged file.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { parseAddress } from '../base/endpoint.ts';
import { Registry } from '../registry/registry.ts';
import { RegistryStore } from './registry-store.ts';

const HASH = 'ab'.repeat(20);
const root = await mkdtemp(join(tmpdir(), 'shoal-registry-'));
after(() => rm(root, { recursive: true, force: true }));

let folders = 0;

/** A tracker's memory and its file, as one run of the process has them. */
function run(directory: string, every?: number) {
  const registry = new Registry({}, Math.random);
  registry.allow(HASH, 10);
  const said: string[] = [];
  const say = (message: unknown) => said.push(String(message));
  const store = new RegistryStore({
    directory,
    registry,
    clock: { now: () => 0, epoch: () => 0 },
    log: { info: say, warn: say, error: say },
    ...(every !== undefined && { every }),
  });
  const announce = (port: number): void => {
    const request = {
      infoHash: HASH,
      peerId: new Uint8Array(20).fill(port),
      port,
      left: 1,
      event: '',
      numwant: 0,
    } as const;
    assert.equal(registry.announce(request, { address: parseAddress('10.0.0.1')! }, 0).kind, 'reply');
  };
  return { registry, store, said, announce, peers: () => registry.counts(HASH, 0).peers };
}

function fresh(): string {
  return join(root, String(folders++));
}

it('brings everybody back after a restart', async () => {
  const directory = fresh();
  const first = run(directory);
  await first.store.load();
  for (let port = 1; port <= 300; port++) first.announce(port);
  await first.store.close();
  const second = run(directory);
  await second.store.load();
  assert.equal(second.peers(), 300);
  assert.deepEqual([...first.said, ...second.said], []);
});

it('saves by itself while something changes, and only then', async () => {
  const directory = fresh();
  const killed = run(directory, 20);
  killed.store.start();
  killed.announce(1);
  const read = (): Promise<string> => readFile(killed.store.path, 'utf8').catch(() => '');
  while (!(await read()).includes(HASH)) await new Promise((next) => setTimeout(next, 5));
  // Nothing but the file is left of a process that is killed now.
  const second = run(directory);
  await second.store.load();
  assert.equal(second.peers(), 1);
  await rm(killed.store.path);
  await killed.store.save();
  assert.equal(await read(), '', 'nothing has changed since');
  killed.announce(2);
  while (!(await read()).includes(HASH)) await new Promise((next) => setTimeout(next, 5));
  await killed.store.close();
});

it('sets a damaged file aside, says so, and begins with nobody', async () => {
  const whole = run(fresh());
  for (let port = 1; port <= 20; port++) whole.announce(port);
  await whole.store.save();
  const good = await readFile(whole.store.path, 'utf8');
  const damages = new Map([
    ['cut', good.slice(0, good.length / 2)],
    ['cut at its end', good.slice(0, -1)],
    ['changed', good.replace('0a000001', '0a000002')],
    ['empty', ''],
    ['something else', 'hello\n'],
    ['without its lines', good.slice(good.lastIndexOf('sha256 '))],
  ]);
  for (const [name, content] of damages) {
    const directory = fresh();
    const damaged = run(directory);
    await mkdir(directory);
    await writeFile(damaged.store.path, content);
    await damaged.store.load();
    assert.equal(damaged.peers(), 0, name);
    assert.match(damaged.said.join(), /damaged and was set aside/, name);
    const [aside, ...more] = await readdir(directory);
    assert.deepEqual(more, []);
    assert.equal(await readFile(join(directory, aside!), 'utf8'), content, 'nothing is thrown away');
    damaged.announce(1);
    await damaged.store.close();
    const next = run(directory);
    await next.store.load();
    assert.equal(next.peers(), 1);
  }
});

it('goes on when it cannot save, says so once, and catches up', async () => {
  const directory = fresh();
  const tracker = run(directory);
  // A folder where the file should be cannot be replaced.
  await mkdir(join(tracker.store.path, 'x'), { recursive: true });
  tracker.announce(1);
  await tracker.store.save();
  await tracker.store.save();
  assert.equal(tracker.said.length, 1);
  assert.match(tracker.said[0]!, /cannot save/);
  await rm(tracker.store.path, { recursive: true });
  await tracker.store.save();
  const next = run(directory);
  await next.store.load();
  assert.equal(next.peers(), 1);
  assert.deepEqual((await readdir(directory)).length, 1, 'no drafts are left');
});
