// What a command costs before it does anything: Node's own modules come compiled, and the flags that keep the heap small
// must not make Node compile them again, neither in the process nor in its threads.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Program } from '../harness/program.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';

const LAUNCHER = new URL('../../bin/shoal.js', import.meta.url).pathname;

/** Tells at the end which modules were compiled, and how often a flag was set by when a thread began and at the end. */
const PROBE = `
const { internalBinding } = require('internal/test/binding');
const v8 = require('node:v8');
const flags = new Map();
const set = v8.setFlagsFromString;
v8.setFlagsFromString = (flag) => {
  set(flag);
  flags.set(...flag.split('='));
};
const growth = () => flags.get('--semi-space-growth-factor');
const threads = [];
process.on('worker', () => queueMicrotask(() => threads.push(growth())));
process.on('exit', () => {
  const compiled = [...internalBinding('builtins').getCacheUsage().compiledWithoutCache];
  console.log(JSON.stringify({ event: 'probe', compiled, threads, last: growth() }));
});
`;

describe('the start of a command', () => {
  it("takes Node's own modules as they come, and keeps the heap small", { timeout: 120_000 }, async () => {
    const folder = await temporaryDirectory('start');
    const probe = join(folder, 'probe.cjs');
    await writeFile(probe, PROBE);
    const file = await randomFile(join(folder, 'data'), 1 << 20);
    const words = ['create', file, '-o', `${file}.torrent`, '--json'];
    const env = { ...process.env, SHOAL_STATE: join(folder, 'state'), NODE_NO_WARNINGS: '1' };
    const program = new Program([process.execPath, '--expose-internals', '-r', probe, LAUNCHER, ...words], { env });
    const { compiled, threads, last } = await program.event('probe');
    const names = compiled as string[];
    assert.deepEqual(
      names.filter((name) => /^(crypto|fs\/promises|net|worker_threads)$/.test(name)),
      [],
    );
    assert.ok(names.length < 20, names.join(' '));
    assert.deepEqual([...new Set(threads as string[])], ['2'], 'threads begin under the usual flags');
    assert.equal(last, '1', 'and the process goes on under its own');
  });
});
