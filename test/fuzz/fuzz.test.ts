// Every target for a short time: 2 seconds, 20 in the full run, always from the same seed unless SHOAL_SEED says another.
// Then the runner itself: a target that fails is found, made small, saved and found again.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Mutator } from './mutator.ts';
import { examine, type FuzzTarget } from './oracle.ts';
import { fuzz } from './runner.ts';
import { targets } from './targets.ts';

const seconds = process.env.SHOAL_FULL === '1' ? 20 : 2;
const seed = Number(process.env.SHOAL_SEED ?? 1);

for (const target of targets)
  test(`${target.name} takes anything for ${seconds} s`, async (t) => {
    const { crash, runs, outcomes } = await fuzz(target, { seconds, seed });
    t.diagnostic(`${target.name}: ${runs} inputs, ${outcomes} outcomes, seed ${seed}`);
    if (crash !== undefined) throw new Error(`again: ${crash.command}`, { cause: crash.error });
  });

function broken(fuzzIt: FuzzTarget['fuzz']): FuzzTarget {
  return { name: 'broken', seeds: [Buffer.from('plain text')], tokens: [Buffer.from('magic')], fuzz: fuzzIt };
}

test('what a target gets wrong is found, made small, saved and found again', async () => {
  const crashers = mkdtempSync(path.join(os.tmpdir(), 'shoal-crashers-'));
  try {
    const target = broken((bytes) => {
      if (Buffer.from(bytes).includes('magic')) throw new TypeError('magic');
    });
    const { crash } = await fuzz(target, { seconds: 20, seed, crashers });
    assert.ok(crash !== undefined);
    assert.equal(crash.error.message, 'magic');
    assert.equal(readFileSync(crash.file, 'latin1'), 'magic');
    assert.match(crash.command, /--target broken --replay /);
    const again = await fuzz(target, { seconds: 0, seed: seed + 1, crashers });
    assert.equal(again.crash?.file, crash.file);
    assert.equal(again.runs, 2);
    const mended = await fuzz(
      broken(() => undefined),
      { seconds: 0, seed, crashers },
    );
    assert.equal(mended.crash, undefined);
    assert.equal(mended.kept, 1);
  } finally {
    rmSync(crashers, { recursive: true });
  }
});

test('time, memory, prototypes and the input itself are watched', async () => {
  const input = new Uint8Array(10);
  const rejects = (fuzzIt: FuzzTarget['fuzz'], what: RegExp): Promise<void> =>
    assert.rejects(examine(broken(fuzzIt), input), what);
  await rejects(() => {
    const { user } = process.threadCpuUsage();
    while (process.threadCpuUsage().user - user < 300_000);
  }, /took \d+ ms/);
  const kept: Uint8Array[] = [];
  await rejects(() => void kept.push(new Uint8Array(60 * 1024 * 1024)), /bytes of memory/);
  await rejects((bytes) => void bytes.fill(1), /written to/);
  await rejects(() => void Object.assign(Object.prototype, { polluted: 1 }), /prototype/);
  Reflect.deleteProperty(Object.prototype, 'polluted');
  await examine(
    broken(() => undefined),
    input,
  );
});

test('what inputs are made of stays as it is', () => {
  const pool = [Buffer.from('d3:abci12345ee'), Buffer.from('le')];
  const mutator = new Mutator(3);
  for (let i = 0; i < 2_000; i++) mutator.mutate(pool, [Buffer.from('x')], 500).fill(0);
  assert.deepEqual(pool.map(String), ['d3:abci12345ee', 'le']);
});

test('a seed is a whole run', () => {
  const make = (number: number): string => {
    const mutator = new Mutator(number);
    const pool = [Buffer.from('d3:abci12345ee'), Buffer.from('le')];
    return Array.from({ length: 200 }, () =>
      Buffer.from(mutator.mutate(pool, [Buffer.from('x')], 500)).toString('hex'),
    ).join();
  };
  assert.equal(make(7), make(7));
  assert.notEqual(make(7), make(8));
});
