// The program as users get it: compiled, in a folder of its own, run before so that its compile cache is filled. From the
// sources of a checkout it would also be charged for taking the types out of them.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Published {
  launcher: string;
  env: NodeJS.ProcessEnv;
}

let published: Published | undefined;

/** Made when it is first asked for; gone when this process ends. Throws when it does not compile or run. */
export function publish(): Published {
  published ??= make();
  return published;
}

function make(): Published {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-published-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  run([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')]);
  mkdirSync(join(folder, 'bin'));
  for (const file of ['package.json', 'bin/shoal.js']) copyFileSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), SHOAL_STATE: join(folder, 'state') };
  const launcher = join(folder, 'bin/shoal.js');
  const sample = join(folder, 'sample');
  writeFileSync(sample, 'whatever');
  run([launcher, 'create', sample, '-o', `${sample}.torrent`], env);
  run([launcher, 'get', `${sample}.torrent`, '-o', `${folder}/`, '--listen', '127.0.0.1:0'], env);
  return { launcher, env };
}

function run(words: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const { status, stderr, error } = spawnSync(process.execPath, words, { cwd: ROOT, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')} failed: ${error?.message ?? stderr}`);
}
