// How a part of the page is looked at, the same for all of them: three widths, both themes, a picture that is kept, nothing
// serious for axe, nothing wider than the screen.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { screenshot } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Options of `visit` for each way of looking, and what it is called. */
export const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [
    { width: 360, height: 740 },
    { width: 768, height: 1024 },
    { width: 1440, height: 900 },
  ].map((viewport) => ({
    name: `${viewport.width}-${colorScheme}`,
    options: { viewport, colorScheme },
  })),
);

interface AxeWindow {
  axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
}

/** Keeps a picture as NAME.png, and fails for what axe calls serious or critical. */
export async function looksRight(page: Page, name: string): Promise<void> {
  await screenshot(page, name);
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (window as unknown as AxeWindow).axe.run());
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
  assert.deepEqual(serious, [], name);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} pixels wider than the screen`);
}

/** The same in all ways of looking, one after the other on a page that is open. */
export async function looksRightEverywhere(page: Page, name: string): Promise<void> {
  for (const { name: look, options } of LOOKS) {
    await page.setViewportSize(options.viewport);
    await page.emulateMedia({ colorScheme: options.colorScheme });
    // What is drawn on a canvas follows in the next frame.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await looksRight(page, `${name}-${look}`);
  }
}
