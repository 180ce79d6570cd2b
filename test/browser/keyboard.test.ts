// The page without a pointer: what a click reaches, Tab and the arrow keys reach as well.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { needsBrowser, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';

/** More stops than any view has. */
const MOST_STOPS = 60;

/** Goes on with Tab until what has the focus matches. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((what) => document.activeElement?.matches(what) === true, selector)) return;
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

describe('the keyboard', needsBrowser(), () => {
  it('sorts, folds, opens details, goes through their parts and the pieces', async (t) => {
    const { url } = await openMockDaemon(t, { torrents: 40 });
    const { page, errors } = await visit(t, url);
    await page
      .getByRole('row', { name: /debian-13/ })
      .first()
      .waitFor();
    await tabTo(page, '[role=grid]');
    await tabTo(page, '[role=columnheader] button');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('columnheader', { name: 'Ratio' }).and(page.locator('[aria-sort=descending]')).waitFor();
    await tabTo(page, '[role=row] button[aria-expanded=true]');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Failed/, expanded: false }).waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('tab', { name: 'Pieces' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Peers', selected: true }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('slider', { name: /^Map of \d+ pieces/ }).waitFor();
    await tabTo(page, '[role=slider]');
    await page.keyboard.press('ArrowRight');
    await page.getByText(/^Piece 0, at 0 B: /).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText(/^Piece 1, at 4.0 MiB: /).waitFor();
    await page.keyboard.press('End');
    const last = Number(await page.getByRole('slider').getAttribute('aria-valuemax'));
    await page.getByText(new RegExp(`^Piece ${last}, `)).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.getByText(new RegExp(`^Piece ${last}, `)).waitFor({ state: 'detached' });
    assert.deepEqual(errors, []);
  });

  it('comes to a piece that nobody has, and is told who had some of them', async (t) => {
    const { url } = await openMockDaemon(t, { torrents: 40 });
    const { page, errors } = await visit(t, url);
    const row = page.getByRole('row', { name: /wikipedia_en_all_maxi_2026-01\.zim/ });
    await row.getByText(/^no peer has 6 of 228 pieces; last seen with 198\.51\.100\.77, 2h ago$/).waitFor();
    await row.click();
    const map = page.getByRole('slider', { name: 'Map of 228 pieces' });
    await map.focus();
    await page.keyboard.press('Home');
    for (let piece = 0; piece < 228; piece++) {
      await page.getByText(new RegExp(`^Piece ${piece}, `)).waitFor();
      if (/nobody|no connected peer/.test((await map.getAttribute('aria-valuetext'))!)) break;
      await page.keyboard.press('ArrowRight');
    }
    await page.getByText(/no connected peer has it; what nobody has was last seen with 198\.51\.100\.77/).waitFor();
    assert.deepEqual(errors, []);
  });

  it('reaches every view and what can be done there', async (t) => {
    const { url } = await openMockDaemon(t, { torrents: 5 });
    const { page, errors } = await visit(t, url);
    await page
      .getByRole('row', { name: /debian-13/ })
      .first()
      .waitFor();
    for (const view of ['Catalog', 'Activity', 'Settings', 'Transfers']) {
      await tabTo(page, `nav a[href="#/${view.toLowerCase()}"]`);
      await page.keyboard.press('Enter');
      await page.getByRole('main', { name: view }).waitFor();
    }
    await tabTo(page, '#search');
    await tabTo(page, 'button:has(svg)');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Add' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Add', 'the focus is where it was');
    assert.deepEqual(errors, []);
  });
});
