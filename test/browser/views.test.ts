// Every part of the transfers at three widths in both themes, on a made-up daemon that has transfers in all states: nothing
// serious for axe, nothing wider than the screen, nothing asked of another host. The pictures are kept to be looked at.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsBrowser, visit } from './browser.ts';
import { LOOKS, looksRight } from './looks.ts';
import { openMockDaemon } from './mock-daemon.ts';

const PARTS = ['Pieces', 'Peers', 'Files', 'Trackers', 'Rates', 'Why', 'Log'];

describe('the page', needsBrowser(), () => {
  for (const { name, options } of LOOKS)
    it(`shows transfers to everybody, ${name}`, async (t) => {
      const { url, rows } = await openMockDaemon(t, { torrents: 60 });
      const { page, strangers, errors } = await visit(t, url, options);
      await page.getByText('Downloading', { exact: false }).first().waitFor();
      await page.waitForResponse((response) => response.url().includes('/api/v1/strips'));
      await page.getByText(/^no peer has/).waitFor();
      await looksRight(page, `list-${name}`);
      await page
        .getByRole('row', { name: /Beethoven|planet-260101/ })
        .first()
        .click();
      for (const part of PARTS) {
        await page.getByRole('tab', { name: part }).click();
        await page.locator('[role=tabpanel] :is(table, canvas, section)').first().waitFor();
        await looksRight(page, `${part.toLowerCase()}-${name}`);
      }
      if (options.viewport.width < 720) await page.getByRole('link', { name: 'Back to the list' }).click();
      await page.getByRole('row', { name: new RegExp(rows[0]!.name) }).click({ button: 'right' });
      await page.getByRole('menuitem', { name: 'Pause' }).waitFor();
      await looksRight(page, `menu-${name}`);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByLabel(/Magnet link/).waitFor();
      await looksRight(page, `add-${name}`);
      await page.keyboard.press('Escape');
      assert.deepEqual([strangers, errors], [[], []]);
    });
});
