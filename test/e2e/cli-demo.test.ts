// The demo runs without a terminal, proves that all copies are the same and that everybody gave, and leaves no process and
// no file behind, also when it is interrupted.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { digest, eventually, randomFile, runShoal, spawnShoal, temporaryDirectory } from '../harness/shoal.ts';

/** Processes whose command line names the directory. Only Linux tells. */
async function processesIn(directory: string): Promise<number[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const id of ids) {
    const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(directory)) found.push(Number(id));
  }
  return found;
}

it('shows a swarm in which all end with the same bytes and serve each other', async () => {
  const temporary = await temporaryDirectory('demo');
  const file = await randomFile(join(await temporaryDirectory(), 'my film.mkv'), 12_000_000);
  const demo = await runShoal(['demo', file], { env: { TMPDIR: temporary }, patience: 120_000 });
  assert.equal(demo.ended.code, 0, demo.failure('failed').message);
  assert.ok(demo.stdout.includes(`sha256 ${await digest(file)}`));
  assert.match(demo.stdout, /The four files are the same\./);
  assert.match(demo.stdout, /^FROM +TO anna +TO ben +TO cleo +SENT$/m);
  assert.doesNotMatch(demo.stdout + demo.stderr, /\x1b/, 'no terminal, no escapes');
  assert.deepEqual(await readdir(temporary), []);
  assert.deepEqual(await processesIn(temporary), []);
});

it('tells the same as JSON, and who sent what adds up', async () => {
  const temporary = await temporaryDirectory('demo');
  const size = 12_000_000;
  const file = await randomFile(join(await temporaryDirectory(), 'film.mkv'), size);
  const demo = await runShoal(['demo', file, '--json'], { env: { TMPDIR: temporary }, patience: 120_000 });
  assert.equal(demo.ended.code, 0, demo.failure('failed').message);
  const sent = demo.all('sent').map(({ from, to, bytes }) => ({ from, to, bytes: Number(bytes) }));
  for (const name of ['anna', 'ben', 'cleo']) {
    const received = sent.filter(({ to }) => to === name).reduce((sum, { bytes }) => sum + bytes, 0);
    assert.equal(received, size, `what ${name} received`);
  }
  const byGetters = sent.filter(({ from }) => from !== 'seed').reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(byGetters > size / 4, `the getters gave each other ${byGetters}`);
  assert.deepEqual(new Set(demo.all('file').map(({ sha256 }) => sha256)), new Set([await digest(file)]));
});

it('cleans up when it is interrupted', async () => {
  const temporary = await temporaryDirectory('demo');
  const file = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 40_000_000);
  const demo = await spawnShoal(['demo', file], { env: { TMPDIR: temporary } });
  await eventually(async () => (await processesIn(temporary)).length >= 5, 'tracker and peers run');
  demo.child.kill('SIGINT');
  assert.equal(await demo.code(), 130);
  assert.deepEqual(await readdir(temporary), []);
  assert.deepEqual(await processesIn(temporary), []);
});
