// The system's Chromium for tests of the page: one process for a test file, a fresh profile for each visit. Keeps what the
// page asks of other hosts and what goes wrong in it, and puts pictures where people find them.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { temporaryDirectory } from '../harness/shoal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];
/** What is drawn there is looked at by people. */
const SCREENSHOTS = join(ROOT, 'build', 'screenshots');
const PATIENCE = 30_000;

/** Options for a test that needs the browser. */
export function needsBrowser(): { skip: string | false } {
  if (existsSync(CHROMIUM)) return { skip: false };
  const reason = "chromium is not here (needs Debian's package chromium)";
  if (process.env.SHOAL_REQUIRE_INTEROP === '1') throw new Error(`${reason}, and SHOAL_REQUIRE_INTEROP=1 asks for it`);
  return { skip: reason };
}

let browser: Promise<Browser> | undefined;
let built: Promise<string> | undefined;

after(async () => {
  await (await browser)?.close();
});

/** The folder of the page as it is in this checkout, built once for the test file. */
export function builtPage(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const folder = join(await temporaryDirectory('page'), 'web');
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status, stderr } = spawnSync(process.execPath, [vite, 'build', 'web', '--outDir', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`the page cannot be built: ${stderr}`);
  return folder;
}

export interface Visit {
  page: Page;
  browser: Browser;
  /** Addresses the page asked for that are not the daemon's. */
  strangers: string[];
  /** Errors it threw or wrote to the console. */
  errors: string[];
}

/** Opens an address with a fresh profile. Ends with the test. */
export async function visit(t: TestContext, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: 60_000 });
  const running = await browser;
  const context = await running.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const origin = url === 'about:blank' ? undefined : new URL(url).origin;
  const strangers: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    const asked = new URL(request.url());
    if (origin !== undefined && asked.origin !== origin && asked.protocol !== 'data:' && asked.protocol !== 'blob:')
      strangers.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
  page.on('console', (message) => {
    // A browser tells of every reply that is a refusal, also of those that are expected.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  await page.goto(url);
  return { page, browser: running, strangers, errors };
}

/** Draws the page into build/screenshots/NAME.png. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: 'disabled' });
}
