// What the page may cost before anything is seen: all of its scripts together, compressed, and the time to the first paint.

import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';

const SCRIPTS = 80 * 1024;
/** Milliseconds on a machine that has nothing else to do; a busy one is given some more attempts. */
const FIRST_PAINT = 300;
const ATTEMPTS = 12;
/** The scripts that only a tracker's own page and the description of the API load. */
const OTHER_PAGES = /^(tracker(-page)?|api)-/;

describe('the budget of the page', () => {
  it('is not exceeded by its scripts', async (t) => {
    const folder = join(await builtPage(), 'assets');
    const sizes: number[] = [];
    for (const name of await readdir(folder))
      if (name.endsWith('.js.br') && !OTHER_PAGES.test(name)) sizes.push((await stat(join(folder, name))).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    t.diagnostic(`${total} bytes in ${sizes.length} scripts`);
    assert.ok(sizes.length > 1);
    assert.ok(total <= SCRIPTS, `${total} bytes of compressed script`);
  });

  it('is not exceeded by the first paint', needsBrowser(), async (t) => {
    const { url } = await openMockDaemon(t, { torrents: 40 });
    const { page } = await visit(t, url);
    const paints: number[] = [];
    while (paints.length < ATTEMPTS && !paints.some((paint) => paint < FIRST_PAINT)) {
      await page.reload();
      await page.getByText(/^Downloading/).waitFor();
      const [paint] = await page.evaluate(() =>
        performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => startTime),
      );
      paints.push(paint ?? Infinity);
    }
    t.diagnostic(`first paint after ${paints.map((paint) => Math.round(paint)).join(', ')} ms`);
    assert.ok(paints.at(-1)! < FIRST_PAINT);
  });
});
