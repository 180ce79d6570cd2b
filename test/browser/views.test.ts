// Every part of the page at three widths in both themes, on a made-up daemon that has transfers in all states: nothing
// serious for axe, nothing wider than the screen, nothing asked of another host. The pictures are kept to be looked at.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser, screenshot, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const WIDTHS = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
];
const PARTS = ['Pieces', 'Peers', 'Files', 'Trackers', 'Why'];

interface AxeWindow {
  axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
}

/** What axe calls serious or critical. */
async function seriousDefects(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => (window as unknown as AxeWindow).axe.run());
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
}

async function check(page: Page, name: string): Promise<void> {
  await screenshot(page, name);
  assert.deepEqual(await seriousDefects(page), [], name);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} pixels wider than the screen`);
}

describe('the page', needsBrowser(), () => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const viewport of WIDTHS)
      it(`is for everybody at ${viewport.width} pixels, ${colorScheme}`, async (t) => {
        const { url, rows } = await openMockDaemon(t, { torrents: 60 });
        const name = (view: string): string => `${view}-${viewport.width}-${colorScheme}`;
        // axe is put in as a script of its own, which the page's policy would keep out.
        const { page, strangers, errors } = await visit(t, url, { viewport, colorScheme, bypassCSP: true });
        await page.getByText('Downloading').waitFor();
        await page.waitForResponse((response) => response.url().includes('/api/v1/strips'));
        await page.getByText(/^no peer has/).waitFor();
        await check(page, name('list'));
        await page
          .getByRole('row', { name: /Big Buck Bunny 2160p|planet-260101/ })
          .first()
          .click();
        for (const part of PARTS) {
          await page.getByRole('tab', { name: part }).click();
          await page.locator('[role=tabpanel] :is(table, canvas)').first().waitFor();
          await check(page, name(part.toLowerCase()));
        }
        if (viewport.width < 720) await page.getByRole('link', { name: 'Back to the list' }).click();
        await page.getByRole('row', { name: new RegExp(rows[0]!.name) }).click({ button: 'right' });
        await page.getByRole('menuitem', { name: 'Pause' }).waitFor();
        await check(page, name('menu'));
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Add', exact: true }).click();
        await page.getByLabel(/Magnet link/).waitFor();
        await check(page, name('add'));
        await page.keyboard.press('Escape');
        assert.deepEqual([strangers, errors], [[], []]);
      });
});
