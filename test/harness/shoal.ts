// Runs the real program for tests: processes with state directories of their own, their JSON events as promises, temporary
// folders and random files. Everything is ended and removed when the test file ends; only processes started here are killed.

import type { SpawnOptions as ProcessOptions } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Exit, endPrograms, PATIENCE, Program, type ProgramEvent } from './program.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/shoal.js', import.meta.url));
/** All processes share what was compiled; nothing else of one reaches another. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/** One line of `--json` output. */
export type ShoalEvent = ProgramEvent;

export interface SpawnOptions {
  /** Directory for the program's own files (SHOAL_STATE). Default: a fresh one. */
  state?: string;
  /** Added to a clean environment: the caller's SHOAL_* and XDG_* never reach the process. */
  env?: Record<string, string>;
  cwd?: string;
  /** Text for standard input, which is then closed. Without it: empty, or open with `stdin: 'open'`. */
  input?: string;
  stdin?: 'open';
  /** Put before the command line, such as ['ip', 'netns', 'exec', 'a']. */
  wrap?: readonly string[];
  /** The launcher to run. Default: this checkout's bin/shoal.js. */
  launcher?: string;
}

/** A running or ended `shoal` process. */
export class ShoalProcess extends Program {
  readonly args: readonly string[];
  readonly state: string;

  constructor(words: readonly string[], options: ProcessOptions, args: readonly string[], state: string) {
    super(words, options);
    this.args = args;
    this.state = state;
  }
}

const directories: string[] = [];

/** A fresh directory that is removed when the test file ends. */
export async function temporaryDirectory(name = 'test'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `shoal-${name}-`));
  directories.push(directory);
  return directory;
}

/** Kills what still runs and removes the temporary directories. Runs by itself when the test file ends. */
export async function cleanUp(): Promise<void> {
  await endPrograms();
  for (const directory of directories.splice(0))
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

after(cleanUp);

/** Starts `shoal ARGS` as a process of its own. Add '--json' to `args` to read events. */
export async function spawnShoal(args: readonly string[], options: SpawnOptions = {}): Promise<ShoalProcess> {
  const state = options.state ?? (await temporaryDirectory('state'));
  const home = join(state, 'home');
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(SHOAL_|XDG_|NODE_TEST_CONTEXT|.*_DIRECTORY$)/.test(name) || name.startsWith('SHOAL_REQUIRE'),
  );
  const env = { ...Object.fromEntries(clean), HOME: home, XDG_CACHE_HOME: CACHE, SHOAL_STATE: state, ...options.env };
  const words = [...(options.wrap ?? []), process.execPath, options.launcher ?? LAUNCHER, ...args];
  const stdio = [options.stdin === 'open' || options.input !== undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'] as const;
  const started = new ShoalProcess(words, { cwd: options.cwd ?? state, env, stdio: [...stdio] }, args, state);
  if (options.input !== undefined) started.child.stdin!.end(options.input);
  return started;
}

/** Runs to the end and returns the process; check `ended.code` or use `code()`. */
export async function runShoal(
  args: readonly string[],
  options: SpawnOptions & { patience?: number } = {},
): Promise<ShoalProcess & { ended: Exit }> {
  const started = await spawnShoal(args, options);
  await started.until(() => started.ended, 'end', options.patience);
  return started as ShoalProcess & { ended: Exit };
}

export interface TestTracker {
  url: string;
  process: ShoalProcess;
  /** Its data directory: start another on it with `startTracker({ data })`. */
  data: string;
}

/** A tracker on a free loopback port, or where `listen` says, that answers. */
export async function startTracker(
  options: SpawnOptions & { data?: string; listen?: string; args?: readonly string[] } = {},
): Promise<TestTracker> {
  const data = options.data ?? (await temporaryDirectory('tracker'));
  const listen = options.listen ?? '127.0.0.1:0';
  const started = await spawnShoal(
    ['tracker', '--json', '--listen', listen, '--data', data, ...(options.args ?? [])],
    options,
  );
  const listening = await started.event('listening');
  return { url: String(listening.url), process: started, data };
}

/** A file of pseudo-random bytes, the same for the same seed. Makes the folders above it. */
export async function randomFile(path: string, size: number, seed = path): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  const zeros = Buffer.alloc(1 << 20);
  const file = await open(path, 'w');
  try {
    for (let left = size; left > 0; left -= Math.min(left, zeros.length))
      await file.writeFile(cipher.update(zeros.subarray(0, Math.min(left, zeros.length))));
  } finally {
    await file.close();
  }
  return path;
}

/** SHA-256 of a file, hexadecimal. */
export async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  stream.on('data', (chunk) => hash.update(chunk));
  await once(stream, 'end');
  return hash.digest('hex');
}

/** Relative path and digest of every file below `directory`, sorted: equal maps mean equal trees. */
export async function digestTree(directory: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const names = (await readdir(directory, { recursive: true })).sort();
  for (const name of names) {
    const path = join(directory, name);
    if ((await stat(path)).isFile()) digests.set(relative(directory, path), await digest(path));
  }
  return digests;
}

/** Polls a condition that no event announces, such as another process's view, until it holds. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  patience = PATIENCE,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
