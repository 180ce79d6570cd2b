// Draws the pictures of the README into docs/images: a real daemon with transfers under way, seen in the system's Chromium,
// in light and dark (node tools/screenshots.ts). Needs Debian's package chromium and a built page (npm run build:web); leaves no process and no other
// file behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createDaemonClient, type DaemonClient } from '../src/api/daemon-client.ts';
import { ShoalError } from '../src/base/errors.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMAGES = join(ROOT, 'docs/images');
const MIB = 1024 * 1024;
const PATIENCE = 120_000;

/** What is fetched, and how fast each of its seeds sends. */
const FILMS = [
  { name: 'Nature film.mkv', size: 48 * MIB, rates: ['600K', '350K', '200K'] },
  { name: 'debian-12-netinst.iso', size: 40 * MIB, rates: ['250K'] },
  { name: 'Lectures 2026', size: 6 * MIB, rates: ['9M'] },
  { name: 'results run 12.csv', size: 3 * MIB, rates: ['9M'] },
] as const;

const running: ChildProcess[] = [];

/** Starts shoal, and comes back with the first event of this name. */
async function start(words: readonly string[], event: string, home: string): Promise<Record<string, string>> {
  const others = Object.entries(process.env).filter(([name]) => !/^(SHOAL_|XDG_)/.test(name));
  const child = spawn(process.execPath, [join(ROOT, 'bin/shoal.js'), ...words, '--json'], {
    env: { ...Object.fromEntries(others), SHOAL_STATE: home, HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout! })) {
    const fields = JSON.parse(line);
    if (fields.event !== event) continue;
    child.stdout!.resume();
    return fields;
  }
  throw new ShoalError('ERR_INTERNAL', `${words.join(' ')} ended before it said "${event}"`);
}

async function makeContent(path: string, size: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (/\.\w+$/.test(path)) return writeFile(path, randomBytes(size));
  await mkdir(path);
  for (const part of ['1 Introduction.webm', '2 Swarms.webm', '3 Trust.webm'])
    await writeFile(join(path, part), randomBytes(size / 3));
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await look())) {
    if (performance.now() > deadline) throw new ShoalError('ERR_INTERNAL', `${what}: not in time`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A daemon that fetches everything, from seeds that are slow enough to be looked at. */
async function fillDaemon(directory: string): Promise<{ client: DaemonClient; page: string }> {
  const home = join(directory, 'daemon');
  const local = ['--listen', '127.0.0.1:0'];
  const embedded = [
    '--embed-tracker',
    '127.0.0.1:0',
    '--api',
    '127.0.0.1:0',
    '--downloads',
    join(directory, 'Downloads'),
  ];
  const ready = await start(['daemon', ...embedded, ...local], 'ready', home);
  const client = createDaemonClient(ready.url!, { token: ready.token! });
  for (const { name, size, rates } of FILMS) {
    const path = join(directory, 'originals', name);
    await makeContent(path, size);
    // one identity: whoever else shares the name would be refused
    for (const [index, rate] of rates.entries()) {
      const seed = join(directory, 'seeds', name, String(index));
      await mkdir(seed, { recursive: true });
      if (index === 0)
        await start(['share', path, '--tracker', ready.tracker!, '--up', rate, ...local], 'sharing', seed);
      else
        await start(
          ['get', name, '-o', path, '--seed', '--tracker', ready.tracker!, '--up', rate, ...local],
          'done',
          seed,
        );
    }
    const labels = name.endsWith('.csv') ? ['lab'] : name.startsWith('Lectures') ? ['courses'] : ['films'];
    await client.add({ body: { name, labels } });
  }
  return { client, page: ready.page! };
}

const directory = await mkdtemp(join(tmpdir(), 'shoal-screenshots-'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const { client, page } = await fillDaemon(directory);
  let first = '';
  await until('transfers under way', async () => {
    const { torrents } = await client.torrents({});
    const film = torrents.find(({ name }) => name === FILMS[0].name);
    first = film?.infoHash ?? '';
    const rest = torrents.filter(({ state }) => state === 'seeding').length;
    return film !== undefined && film.have > 0.35 * film.size && rest >= 2;
  });
  await mkdir(IMAGES, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 1200, height: 720 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const tab = await context.newPage();
    await tab.goto(page);
    await tab.getByRole('row', { name: /Nature film/ }).click();
    await tab.getByRole('tab', { name: 'Pieces' }).click();
    // the map is drawn from what is asked for when the tab is opened
    await tab.getByRole('tabpanel').locator('canvas').first().waitFor();
    await until('rates in the page', async () => (await tab.getByText(/[\d.]+ [KM]iB\/s/).count()) > 2);
    await tab.waitForResponse((response) => response.url().includes('/strips'));
    await tab.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    await tab.screenshot({ path: join(IMAGES, `transfers-${colorScheme}.png`), animations: 'disabled' });
    await context.close();
  }
  process.stdout.write(`Drawn from ${first} into ${IMAGES}\n`);
} finally {
  await browser.close();
  const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
  await rm(directory, { recursive: true, force: true });
}
