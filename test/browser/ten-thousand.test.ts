// Ten thousand transfers of which all that run change twice a second: the page stays quick. Measured by the browser itself:
// what the page's own thread does for each update, and its longest task.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsBrowser, screenshot, visit } from './browser.ts';
import { openMockDaemon } from './mock-daemon.ts';
import { readTrace, TRACE_CATEGORIES } from './trace.ts';

const TORRENTS = 10_000;
/** Milliseconds of a task after which it is felt, and of scripting for an update. */
const LONG_TASK = 50;
const UPDATE = 8;
const WATCHED = 12_000;

describe('ten thousand transfers', needsBrowser(), () => {
  it('cost the page as little as thirty', async (t) => {
    const { url } = await openMockDaemon(t, { torrents: TORRENTS });
    const { page, errors, browser } = await visit(t, 'about:blank');
    await browser.startTracing(page, { categories: TRACE_CATEGORIES });
    await page.goto(url);
    await page.getByText(/^Downloading/).waitFor();
    await page
      .getByRole('row', { name: /debian-13\.2\.0-amd64-DVD-1\.iso/ })
      .first()
      .waitFor();
    await screenshot(page, 'ten-thousand-1440-light');
    // Down to the end and back, with the keys, while everything moves.
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.querySelector('.virtual-list')!.scrollTop > 100_000);
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('.virtual-list')!.scrollTop < 1_000);
    await page.getByRole('columnheader', { name: 'Down' }).getByRole('button').click();
    await delay(WATCHED);
    const rows = await page.getByRole('row').count();
    const { updates, longestTask } = readTrace(await browser.stopTracing());
    const sorted = updates.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    t.diagnostic(`${updates.length} updates: median ${median.toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms`);
    t.diagnostic(`longest task ${longestTask.toFixed(1)} ms; ${rows} rows are drawn`);
    assert.ok(updates.length > 10, `only ${updates.length} updates in ${WATCHED} ms`);
    assert.ok(rows < 80, `${rows} rows are drawn`);
    assert.ok(median > 0 && median < UPDATE, `an update takes ${median.toFixed(1)} ms`);
    assert.ok(longestTask > 0 && longestTask < LONG_TASK, `a task takes ${longestTask.toFixed(1)} ms`);
    assert.deepEqual(errors, []);
  });
});
