// The page when things go wrong: the daemon goes away and comes back, is slow, or refuses.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsBrowser, screenshot, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';

describe('the page in trouble', needsBrowser(), () => {
  it('keeps showing what it knew when the daemon goes away, and goes on when it is back', async (t) => {
    const daemon = await openMockDaemon(t, { torrents: 40 });
    const { page, errors } = await visit(t, daemon.url);
    const row = page.getByRole('row', { name: /planet-260101/ });
    await row.first().click();
    await page.getByText(/\d+ here/).waitFor();
    await page.getByText(/^no peer has/).waitFor();
    await daemon.stop();
    await page.getByText('The daemon does not answer.').waitFor();
    assert.equal(await row.first().isVisible(), true);
    await screenshot(page, 'away-1440-light');
    await daemon.start();
    await page.getByText('The daemon does not answer.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    // A connection that is cut is told of by the browser itself.
    assert.deepEqual(
      errors.filter((error) => !error.includes('net::ERR_')),
      [],
    );
  });

  it('is of use on a slow line', async (t) => {
    const daemon = await openMockDaemon(t, { torrents: 40, delay: 1_500 });
    const { page, errors } = await visit(t, daemon.url);
    await page.getByRole('searchbox').fill('planet');
    await page
      .getByRole('row', { name: /planet-260101/ })
      .first()
      .click();
    await page.getByRole('tab', { name: 'Files' }).click();
    await page.getByRole('cell', { name: /^planet-260101/ }).waitFor();
    assert.equal(await page.getByRole('row', { name: /Big Buck Bunny/ }).count(), 0);
    assert.deepEqual(errors, []);
  });

  it('says what the daemon said when it refuses, and keeps it until it is taken away', async (t) => {
    const refuse = 'the disk is full: 12 KiB are free';
    const daemon = await openMockDaemon(t, { torrents: 40, refuse });
    const { page } = await visit(t, daemon.url);
    await page
      .getByRole('row', { name: /planet-260101/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText(refuse).waitFor();
    await screenshot(page, 'refused-1440-light');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await page.getByText(refuse).count(), 0);
  });

  it('says so when a part of it cannot be had, and loads anew', async (t) => {
    const daemon = await openMockDaemon(t, { torrents: 40 });
    const { page } = await visit(t, daemon.url);
    await page.route('**/assets/rates-part-*.js', (route) => route.abort());
    await page
      .getByRole('row', { name: /planet-260101/ })
      .first()
      .click();
    await page.getByRole('tab', { name: 'Rates' }).click();
    await page.getByText('This part of the page could not be loaded').waitFor();
    await page.unroute('**/assets/rates-part-*.js');
    await page.getByRole('button', { name: 'Load the page anew' }).click();
    await page.getByRole('img', { name: /^Rates of planet-260101/ }).waitFor();
  });

  it('finds nothing without being at a loss for words, and folds groups', async (t) => {
    const daemon = await openMockDaemon(t, { torrents: 40 });
    const { page } = await visit(t, daemon.url);
    await page.getByRole('button', { name: /^Seeding/ }).click();
    await page.waitForFunction(() => document.querySelectorAll('[aria-expanded=false]').length === 1);
    await page.keyboard.press('/');
    await page.keyboard.type('no such thing');
    await page.getByText('No transfer matches “no such thing”.', { exact: false }).waitFor();
    await screenshot(page, 'no-match-1440-light');
    await page.keyboard.press('Escape');
    await page
      .getByRole('row', { name: /planet-260101/ })
      .first()
      .waitFor();
  });

  it('selects, extends and acts on many with the keyboard alone', async (t) => {
    const daemon = await openMockDaemon(t, { torrents: 40 });
    const { page, errors } = await visit(t, daemon.url);
    const grid = page.getByRole('grid');
    await page
      .getByRole('row', { name: /debian-13/ })
      .first()
      .waitFor();
    await grid.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    // Keys come faster than answers; each counts.
    await page.waitForFunction(() => {
      const rows = document.querySelectorAll('[role=row][id^=row-]');
      return rows[1]?.id === document.querySelector('[role=grid]')?.getAttribute('aria-activedescendant');
    });
    await page.keyboard.press('Shift+ArrowDown');
    await page.waitForFunction(() => document.querySelectorAll('[aria-selected=true][role=row]').length === 2);
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menu', { name: '2 transfers' }).waitFor();
    await page.keyboard.press('End');
    await page.getByText(/^shoal remove /).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await screenshot(page, 'keys-1440-light');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+a');
    await page.waitForFunction(() => document.querySelectorAll('[role=row][aria-selected=false]').length === 0);
    await page.keyboard.press('Delete');
    await page.getByRole('dialog', { name: 'Remove 40 transfers?' }).waitFor();
    await screenshot(page, 'remove-1440-light');
    await page.keyboard.press('Escape');
    assert.deepEqual(errors, []);
  });
});
