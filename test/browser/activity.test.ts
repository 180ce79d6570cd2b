// What happened, in a real browser on a real daemon: told as it happens, kept over a restart, narrowed down.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openDaemon, seedFile, type TestDaemon, untilRow } from '../harness/daemon.ts';
import { temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { LOOKS, looksRight } from './looks.ts';

/** A daemon that has fetched one file. */
async function withHistory(t: TestContext) {
  const directory = await temporaryDirectory();
  const opened = await openDaemon(t, directory, { page: await builtPage() });
  const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', 100_000);
  await opened.client.add({ body: { torrent, peers } });
  await untilRow(opened.client, infoHash, ({ state }) => state === 'seeding');
  return { ...opened, directory, infoHash, url: addressOf(opened) };
}

/** Something that cannot work: its data is to go where another file is. */
async function fail(t: TestContext, { client }: TestDaemon, directory: string): Promise<void> {
  const { torrent, infoHash } = await seedFile(t, `${directory}/other`, 'film.mkv', 50_000);
  await client.add({ body: { torrent } });
  await untilRow(client, infoHash, ({ state }) => state === 'failed');
}

function addressOf({ daemon }: TestDaemon): string {
  return `${daemon.url}/#token=${daemon.token}`;
}

async function toActivity(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
}

describe('the activity on the page', needsBrowser(), () => {
  it('tells what happens while one looks, and leads to the transfer', async (t) => {
    const { url, client, infoHash } = await withHistory(t);
    const { page, errors } = await visit(t, url);
    await toActivity(page);
    await page.getByText('everything is here').waitFor();
    await client.pause({ params: { infoHash } });
    await page.getByText('paused', { exact: true }).waitFor();
    const texts = await page.locator('.activity-text').allTextContents();
    assert.equal(texts[0], 'paused', 'the newest first');
    assert.match(texts.at(-1)!, /^added, to go to /);
    await page.getByRole('link', { name: 'film.mkv' }).first().click();
    await page.getByRole('heading', { name: 'film.mkv' }).waitFor();
    assert.deepEqual(errors, []);
  });

  it('is narrowed down to what went wrong, and to what is searched', async (t) => {
    const opened = await withHistory(t);
    await fail(t, opened, opened.directory);
    const { page } = await visit(t, opened.url);
    await toActivity(page);
    await page.getByLabel('Show').selectOption('Warnings and failures');
    await page.getByText('1 line', { exact: true }).waitFor();
    await page.getByText('Failed:').first().waitFor();
    await page.getByLabel('Show').selectOption('Everything');
    await page.getByRole('searchbox').fill('film everything');
    await page.getByText('1 line', { exact: true }).waitFor();
    await page.getByText('everything is here').waitFor();
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByText('Nothing of what happened is like that.').waitFor();
  });

  it('is there again after a restart of the daemon', async (t) => {
    const { daemon, directory, infoHash, client } = await withHistory(t);
    await client.remove({ params: { infoHash } });
    await daemon.close();
    const again = await openDaemon(t, directory, { page: await builtPage() });
    const { page } = await visit(t, addressOf(again));
    await toActivity(page);
    await page.getByText('everything is here').waitFor();
    await page.getByText('removed; its data stays').waitFor();
  });

  for (const { name, options } of LOOKS)
    it(`is for everybody: ${name}`, async (t) => {
      const opened = await withHistory(t);
      await fail(t, opened, opened.directory);
      const { page, errors } = await visit(t, opened.url, options);
      await toActivity(page);
      await page.getByText('Failed:').first().waitFor();
      await looksRight(page, `activity-${name}`);
      assert.deepEqual(errors, []);
    });
});
