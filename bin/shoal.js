#!/usr/bin/env node
// Starts Shoal: from src/ in a checkout, from dist/ in an installed package. Plain JavaScript in the oldest dialect that
// makes sense, so that a Node too old for the program still gets a sentence and not a syntax error.
import { existsSync } from 'node:fs';
// A default import: a Node too old to have the compile cache fails on a named one.
import module from 'node:module';
import { join } from 'node:path';
import v8 from 'node:v8';

const wanted = [24, 15];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  const inCheckout = existsSync(new URL('../node_modules/node/bin/node', import.meta.url));
  process.stderr.write(
    `shoal: needs Node ${wanted.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n${
      inCheckout
        ? 'This checkout has the right one: run "npx shoal ..." in it.\n'
        : 'Install a newer Node from nodejs.org or your package manager, or run "npm ci" in a checkout and then "npx shoal ...".\n'
    }`,
  );
  process.exitCode = 1;
} else {
  // The nursery of the heap stays at its first 2 MiB: what is moved lies outside of the heap, and little else is made. It
  // comes before the cache, which is no good to whoever runs with other flags.
  const lean = ['--semi-space-growth-factor=1', '--heap-growing-percent=40'];
  const usual = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];
  const use = (flags) => {
    for (const flag of flags) v8.setFlagsFromString(flag);
  };
  // Nor is the compiled code that Node brings for its own modules: what commands use of them is loaded before.
  const own = 'cluster crypto dns dns/promises fs/promises http net perf_hooks timers/promises worker_threads';
  if (/^[a-z]/.test(process.argv[2])) for (const name of own.split(' ')) process.getBuiltinModule(`node:${name}`);
  use(lean);
  // Threads load them anew, so the usual flags hold while one starts: until it has given its first answer.
  const starting = new Set();
  process.on('worker', (worker) => {
    if (starting.add(worker).size === 1) use(usual);
    const started = () => {
      if (starting.delete(worker) && starting.size === 0) use(lean);
    };
    worker.once('message', started);
    worker.once('exit', started);
  });
  // Start-up is mostly compiling; with the cache, workers need no compiler of their own either.
  const { XDG_CACHE_HOME, HOME, LOCALAPPDATA } = process.env;
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache')) || LOCALAPPDATA;
  if (caches) module.enableCompileCache?.(join(caches, 'shoal', 'compiled'));
  const inSource = existsSync(new URL('../src/cli/main.ts', import.meta.url));
  await import(inSource ? '../src/cli/main.ts' : '../dist/cli/main.js');
}
