// `npm start`: builds the page when its sources are newer, and runs a daemon with a tracker of its own on this machine
// alone. Keeps everything in .shoal/ of the checkout, addresses included, so that the next start goes on where this one
// ended. Reads none of the user's own settings.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../src/cli/application.ts';
import { findRunning } from '../src/cli/daemon-access.ts';
import { API_TOKEN_FILE, daemonFolder } from '../src/daemon/daemon-folder.ts';
import { readTokenFile } from '../src/http/bearer-token.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HOME = join(ROOT, '.shoal');
const STATE = join(HOME, 'state');
const PORTS = join(HOME, 'ports.json');
const BUILT = join(ROOT, 'dist/web/index.html');
const SOURCES = ['web', 'src/api', 'src/base', 'src/protocol', 'package-lock.json'];
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js');

interface Ports {
  api: number;
  tracker: number;
}

/** Where they are looked for when nobody says otherwise. */
const USUAL: Ports = { api: 9091, tracker: 7070 };

/** The time of the last change in `path`; that of a folder tells of what is gone, too. */
function changed(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => changed(join(path, name))));
}

async function buildPage(): Promise<void> {
  if (existsSync(BUILT) && SOURCES.every((source) => changed(join(ROOT, source)) <= statSync(BUILT).mtimeMs)) return;
  process.stderr.write('Building the page.\n');
  const build = spawn(process.execPath, [VITE, 'build', 'web'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new Error('the page could not be built; everything but the page works without it');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}

/** What a sudden end left unfinished counts as nothing. */
async function lastPorts(): Promise<Partial<Ports>> {
  const text = await readFile(PORTS, 'utf8').catch(() => '');
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The ports of last time, else the usual ones, else any: what was published names them. */
async function choosePorts(): Promise<Ports> {
  const last = await lastPorts();
  const choose = async (name: keyof Ports): Promise<number> => {
    for (const port of [last[name], USUAL[name]]) if (port !== undefined && (await isFree(port))) return port;
    return 0;
  };
  return { api: await choose('api'), tracker: await choose('tracker') };
}

interface Addresses {
  page: string;
  tracker: string;
}

function greet({ page, tracker }: Addresses, ending: string): void {
  const kept = `${relative(process.cwd(), HOME) || HOME}/`;
  process.stdout.write(`
Open this in a browser on this machine; who has the address may do everything there:

  ${page}

In a second shell, in this directory, be another peer and share a file:

  npx shoal share README.md --tracker ${tracker}

Then add README.md in the page: it comes from there. To see from a shell what the daemon does, and to drive it:

  npx shoal status --state ${kept}state

Everything is kept in ${kept} (what is fetched in ${kept}downloads). ${ending}
`);
}

/** Where the daemon of this checkout is, with its process, when it runs. */
async function findOther(): Promise<(Addresses & { pid: number }) | undefined> {
  const other = await findRunning(STATE);
  if (other?.url === undefined) return undefined;
  const [token, { tracker }] = [await readTokenFile(join(daemonFolder(STATE), API_TOKEN_FILE)), await lastPorts()];
  return { pid: other.pid, page: `${other.url}/#token=${token}`, tracker: `http://127.0.0.1:${tracker}` };
}

/**
 * npm hands a signal to the shell that it runs scripts in and to nobody else. That shell dies of it, and what it had
 * started would go on unseen.
 */
function endWithShell(): void {
  const shell = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => {
    if (process.ppid !== shell) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

async function tell(line: string): Promise<void> {
  const { event, ...fields } = JSON.parse(line);
  if (event === 'error' || event === 'warning') {
    const left = fields.code === 'ERR_INTERRUPTED' || fields.code === 'ERR_TERMINATED';
    process.stderr.write(left ? 'Stopped.\n' : `shoal: ${fields.message}\n`);
  } else if (event === 'ready') {
    greet(fields, 'Ctrl-C stops; npm start goes on.');
    const portOf = (url: string): number => Number(new URL(url).port);
    const ports: Ports = { api: portOf(fields.url), tracker: portOf(fields.tracker) };
    await writeFile(PORTS, JSON.stringify(ports));
  }
}

async function start(): Promise<void> {
  endWithShell();
  await buildPage().catch((error: Error) => process.stderr.write(`${error.message}\n`));
  const ports = await choosePorts();
  const words = [
    ...['daemon', '--json', '--state', STATE, '--downloads', join(HOME, 'downloads')],
    ...['--api', `127.0.0.1:${ports.api}`, '--embed-tracker', `127.0.0.1:${ports.tracker}`],
    ...['--listen', '127.0.0.1:0'],
  ];
  const others = Object.entries(process.env).filter(([name]) => !/^(SHOAL_|.*_DIRECTORY$)/.test(name));
  const code = await runCommandLine(words, {
    stdout: { write: (text) => void tell(text) },
    stderr: process.stderr,
    environment: { ...Object.fromEntries(others), XDG_CONFIG_HOME: join(HOME, 'config') },
  });
  // Ctrl-C is how it is meant to end; npm would call anything but 0 a failure.
  process.exitCode = code === 130 || code === 143 ? 0 : code;
}

await mkdir(HOME, { recursive: true, mode: 0o700 });
const other = await findOther();
if (other === undefined) await start();
else greet(other, `It runs already, as process ${other.pid}: Ctrl-C where it\nwas started stops it.`);
