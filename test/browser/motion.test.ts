// What moves on the page: what is new of a strip comes up, a new transfer comes in, and neither where people want no motion.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { openDaemon, seedFile } from '../harness/daemon.ts';
import { temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';

/** How strongly a strip is drawn that does not move: by how much of its cells is there. */
const AT_REST = [0.3, 0.55, 0.8, 1];

interface Watched {
  alphas: number[];
  animations: string[];
}

/** Opens the page with the theme's motion, and writes down what moves on it. */
async function watch(t: TestContext, url: string, reducedMotion: 'reduce' | 'no-preference'): Promise<Page> {
  const { page, errors } = await visit(t, 'about:blank', { reducedMotion });
  t.after(() => assert.deepEqual(errors, []));
  await page.addInitScript(() => {
    const watched: Watched = { alphas: [], animations: [] };
    Object.assign(window, { watched });
    const { fillRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillRect = function (...box) {
      watched.alphas.push(this.globalAlpha);
      fillRect.apply(this, box);
    };
    addEventListener('animationstart', ({ animationName }) => watched.animations.push(animationName), true);
  });
  await page.goto(url);
  return page;
}

async function read(page: Page): Promise<Watched> {
  return page.evaluate(() => (window as unknown as { watched: Watched }).watched);
}

const between = ({ alphas }: Watched): number[] =>
  alphas.filter((alpha) => !AT_REST.some((each) => Math.abs(each - alpha) < 0.001));

/** What is being fetched has a tenth more of its pieces at once. */
function getOn(rows: readonly TorrentRow[]): void {
  for (const row of rows)
    if (row.state === 'downloading') row.have = Math.min(0.9 * row.size, row.have + 0.1 * row.size);
}

describe('the motion of the page', needsBrowser(), () => {
  it('lets what is new of a strip come up', async (t) => {
    const { url, rows } = await openMockDaemon(t, { torrents: 40 });
    const page = await watch(t, url, 'no-preference');
    await page.waitForResponse((response) => response.url().includes('/api/v1/strips'));
    getOn(rows);
    await page.waitForFunction(
      (rest) =>
        (window as unknown as { watched: Watched }).watched.alphas.some(
          (alpha) => alpha < 0.29 && !rest.includes(alpha),
        ),
      AT_REST,
    );
    assert.ok(between(await read(page)).length > 0);
  });

  it('draws it at once for who wants no motion', async (t) => {
    const { url, rows } = await openMockDaemon(t, { torrents: 40 });
    const page = await watch(t, url, 'reduce');
    await page.waitForResponse((response) => response.url().includes('/api/v1/strips'));
    getOn(rows);
    const { alphas } = await read(page);
    // One may be under way; with the next the change is there, and by the one after it any motion would be over.
    for (let round = 0; round < 3; round++)
      await page.waitForResponse((response) => response.url().includes('/api/v1/strips'));
    assert.ok((await read(page)).alphas.length > alphas.length, 'something was drawn');
    assert.deepEqual(between(await read(page)), []);
  });

  for (const reducedMotion of ['no-preference', 'reduce'] as const)
    it(`lets a new transfer come in, motion: ${reducedMotion}`, async (t) => {
      const directory = await temporaryDirectory();
      const { daemon, client } = await openDaemon(t, directory, { page: await builtPage() });
      const page = await watch(t, `${daemon.url}/#token=${daemon.token}`, reducedMotion);
      await page.getByText('Nothing is here yet.').waitFor();
      const { torrent } = await seedFile(t, directory, 'film.mkv', 100_000);
      await client.add({ body: { torrent } });
      await page.getByRole('row', { name: /film\.mkv/ }).waitFor();
      const moves = reducedMotion === 'no-preference';
      if (moves)
        await page.waitForFunction(() =>
          (window as unknown as { watched: Watched }).watched.animations.includes('transfer-in'),
        );
      else await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      assert.equal((await read(page)).animations.includes('transfer-in'), moves);
    });
});
