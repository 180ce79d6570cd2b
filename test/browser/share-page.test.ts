// Sharing on the page: two real daemons and a real tracker between them, from the file that is picked to the copy at the
// other one.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { Session } from '../../src/engine/session.ts';
import { startTracker } from '../../src/tracker/server.ts';
import { openDaemon, type TestDaemon, untilRow } from '../harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, screenshot, visit } from './browser.ts';
import { looksRightEverywhere } from './looks.ts';
import { makeWav } from './media.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function openTracker(t: TestContext) {
  const tracker = await startTracker({ dataDir: await temporaryDirectory('tracker'), listen: LOOPBACK });
  t.after(() => tracker.close());
  return tracker;
}

async function openPage(t: TestContext, trackers: string[]) {
  const options = { page: await builtPage(), session: { listen: LOOPBACK, trackers } };
  const opened = await openDaemon(t, await temporaryDirectory(), options);
  return { ...opened, ...(await visit(t, addressOf(opened))) };
}

function addressOf({ daemon }: Pick<TestDaemon, 'daemon'>): string {
  return `${daemon.url}/#token=${daemon.token}`;
}

/** Gives a hidden input of the page what somebody would have chosen. */
async function choose(
  page: Page,
  button: 'Choose files…' | 'Choose a folder…',
  paths: string | string[],
): Promise<void> {
  await page.locator(`input[type=file][aria-label="${button}"]`).setInputFiles(paths);
}

describe('sharing on the page', needsBrowser(), () => {
  it('shares a folder that another daemon finds, fetches and plays', async (t) => {
    const tracker = await openTracker(t);
    const here = await openPage(t, [tracker.url]);
    const { page } = here;
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByText('Drop a file or a folder').waitFor();
    await looksRightEverywhere(page, 'share-first');
    await page.setViewportSize({ width: 1440, height: 900 });
    const folder = join(await temporaryDirectory(), 'Harbour tapes');
    const songs = ['cover.jpg', 'side a/01 Quay.flac', 'side a/02 Crane.flac', 'side b/03 Fog horn.flac'];
    for (const song of songs) await randomFile(join(folder, song), 700_000, song);
    await writeFile(join(folder, 'empty.txt'), '');
    await makeWav(join(folder, 'theme.wav'), 30);
    await choose(page, 'Choose a folder…', folder);
    await page.getByText('It is free.').waitFor();
    await page.getByText('6 files').waitFor();
    await looksRightEverywhere(page, 'share-form');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('version 1 in the catalog').waitFor();
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    await looksRightEverywhere(page, 'share-done');
    assert.deepEqual([here.strangers, here.errors], [[], []]);

    const there = await openPage(t, [tracker.url]);
    await there.page.getByRole('link', { name: 'Catalog' }).click();
    await there.page.getByRole('searchbox').fill('tapes');
    await there.page.getByRole('button', { name: 'Get Harbour tapes' }).click();
    await there.page.getByText('Fetching Harbour tapes.').waitFor();
    const { infoHash } = await there.client.catalogEntry({ params: { name: 'Harbour tapes' } });
    const row = await untilRow(there.client, infoHash, ({ state }) => state === 'seeding');
    await there.page.getByRole('img', { name: '100% here' }).waitFor();
    for (const song of songs)
      assert.deepEqual(await readFile(join(row.path, song)), await readFile(join(folder, song)), song);

    await there.page.goto(`${there.daemon.url}/#/transfers/${infoHash}/files`);
    await there.page.getByRole('button', { name: 'Play theme.wav' }).click();
    await there.page.waitForFunction(
      () => (document.querySelector<HTMLMediaElement>('.player-media')?.currentTime ?? 0) > 0.5,
    );
    assert.deepEqual([there.strangers, there.errors], [[], []]);
  });

  it('goes on after a cut connection, and never sends more than a slice again', async (t) => {
    const { page, client, errors } = await openPage(t, []);
    const path = await randomFile(join(await temporaryDirectory(), 'long.bin'), 13 * 1024 * 1024);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    const offsets: number[] = [];
    await page.route('**/api/v1/uploads/*/files/0?*', (route) => {
      const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
      offsets.push(offset);
      return offsets.length === 2 || offsets.length === 3 ? route.abort('connectionreset') : route.continue();
    });
    // What the daemon has is asked for after a cut: not before the test has seen what is said of it.
    const seen = Promise.withResolvers<void>();
    await page.route('**/api/v1/uploads/*', async (route) => {
      await seen.promise;
      await route.continue();
    });
    await choose(page, 'Choose files…', path);
    await page.getByText('Only the link leads to it').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('it goes on by itself').waitFor();
    seen.resolve();
    await page.getByText('shared by its link').waitFor();
    const slice = 4 * 1024 * 1024;
    assert.deepEqual(offsets, [0, slice, slice, slice, 2 * slice, 3 * slice]);
    const { shares } = await client.shares({});
    assert.deepEqual(await readFile(shares[0]!.path), await readFile(path));
    assert.deepEqual(errors, []);
  });

  it('goes on after the page was loaded anew, when the same file is chosen again', async (t) => {
    const { page, client, errors } = await openPage(t, []);
    const path = await randomFile(join(await temporaryDirectory(), 'long.bin'), 9 * 1024 * 1024);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    const second = '**/api/v1/uploads/*/files/0?offset=4194304';
    await page.route(second, () => undefined);
    await choose(page, 'Choose files…', path);
    await page.getByText('Only the link leads to it').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('sending, 4.0 MiB of 9.0 MiB').waitFor();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText('4.0 MiB of 9.0 MiB have come; choose it again to go on').waitFor();
    await page.unroute(second);
    const offsets: number[] = [];
    page.on('request', (request) => {
      const at = /files\/0\?offset=(\d+)/.exec(request.url());
      if (at !== null) offsets.push(Number(at[1]));
    });
    await choose(page, 'Choose files…', path);
    await page.getByText('Only the link leads to it').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('shared by its link').waitFor();
    assert.deepEqual(offsets, [4_194_304, 8_388_608]);
    const { shares } = await client.shares({});
    assert.equal(shares.length, 1);
    assert.deepEqual(await readFile(shares[0]!.path), await readFile(path));
    assert.deepEqual(errors, []);
  });

  it('begins anew on demand when the daemon has forgotten the upload', async (t) => {
    const { page, client, errors } = await openPage(t, []);
    const path = await randomFile(join(await temporaryDirectory(), 'long.bin'), 9 * 1024 * 1024);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    let stalled = false;
    await page.route('**/api/v1/uploads/*/files/0?offset=4194304', async (route) => {
      const [upload] = (await client.uploads({})).uploads;
      if (!stalled) await client.cancelUpload({ params: { id: upload!.id } });
      stalled = true;
      await route.continue();
    });
    await choose(page, 'Choose files…', path);
    await page.getByText('Only the link leads to it').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('there is no such upload').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('shared by its link').waitFor();
    const { shares } = await client.shares({});
    assert.deepEqual(await readFile(shares[0]!.path), await readFile(path));
    assert.deepEqual(errors, []);
  });

  it('cancels what is being sent', async (t) => {
    const { page, client } = await openPage(t, []);
    const path = await randomFile(join(await temporaryDirectory(), 'long.bin'), 9 * 1024 * 1024);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    await page.route('**/api/v1/uploads/*/files/0?offset=4194304', () => undefined);
    await choose(page, 'Choose files…', path);
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('4.0 MiB of 9.0 MiB').waitFor();
    await screenshot(page, 'share-sending-1440-light');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled.').waitFor();
    assert.deepEqual((await client.uploads({})).uploads, []);
    assert.deepEqual((await client.shares({})).shares, []);
  });

  it('says while one types that a name belongs to somebody else, cannot be one, or is free', async (t) => {
    const tracker = await openTracker(t);
    const session = await Session.open({ listen: LOOPBACK, state: null });
    t.after(() => session.close());
    const path = await randomFile(join(await temporaryDirectory(), 'tides.pdf'), 20_000);
    await session.publish(await session.seed(path), 'tides.pdf', [tracker.url]);
    const { page, errors } = await openPage(t, [tracker.url]);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    await choose(page, 'Choose files…', path);
    await page.getByText(/It belongs to [0-9a-f]{8}/).waitFor();
    const share = page.getByRole('button', { name: 'Share', exact: true }).last();
    assert.equal(await share.isDisabled(), true);
    const name = page.getByRole('textbox', { name: 'Name' });
    await name.fill('a/b');
    await page.getByText('contains a slash').waitFor();
    assert.equal(await share.isDisabled(), true);
    await name.fill('my tides.pdf');
    await page.getByText('It is free.').waitFor();
    await share.click();
    await page.getByText('version 1 in the catalog').waitFor();
    assert.deepEqual(errors, []);
  });

  it('shares in place what lies at the daemon', async (t) => {
    const { page, client, downloads, errors } = await openPage(t, []);
    const path = await randomFile(join(downloads, 'box', 'ferry.ogg'), 300_000);
    await page.goto(`${page.url().split('#')[0]}#/share`);
    await page.getByRole('button', { name: "On the daemon's machine…" }).click();
    await page
      .getByRole('button', { name: /downloads/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'box/' }).click();
    const ferry = page.getByRole('button', { name: 'Share ferry.ogg' });
    await ferry.waitFor();
    await screenshot(page, 'share-in-place-1440-light');
    await ferry.click();
    await page.getByText('stays where it is').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('shared by its link').waitFor();
    const { shares } = await client.shares({});
    assert.equal(shares[0]!.path, path);
    assert.deepEqual(errors, []);
  });

  it('takes what is dropped anywhere, and covers the window meanwhile', async (t) => {
    const { page, errors } = await openPage(t, []);
    await page.getByText('Nothing is here yet.').waitFor();
    const drag = (kind: string): Promise<void> =>
      page.evaluate((type) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(['some bytes to share'], 'note.txt'));
        document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      }, kind);
    await drag('dragenter');
    await page.getByText('Drop to share').waitFor();
    await screenshot(page, 'share-drop-1440-light');
    await drag('drop');
    await page.getByText('Drop to share').waitFor({ state: 'detached' });
    await page.getByText('19 B').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('shared by its link').waitFor();
    assert.deepEqual(errors, []);
  });

  it('takes a folder that is dropped, with the folders in it', async (t) => {
    const { page, client, errors } = await openPage(t, []);
    await page.getByText('Nothing is here yet.').waitFor();
    const folder = join(await temporaryDirectory(), 'Harbour tapes');
    const songs = ['cover.jpg', 'side a/01 Quay.flac', 'side a/demo/02 Crane.flac'];
    for (const song of songs) await randomFile(join(folder, song), 40_000, song);
    const browser = await page.context().newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await browser.send('Input.dispatchDragEvent', { type, x: 700, y: 500, data });
    await page.getByText('3 files, 117 KiB').waitFor();
    await page.getByRole('button', { name: 'Share', exact: true }).last().click();
    await page.getByText('shared by its link').waitFor();
    const { shares } = await client.shares({});
    for (const song of songs)
      assert.deepEqual(await readFile(join(shares[0]!.path, song)), await readFile(join(folder, song)), song);
    assert.deepEqual(errors, []);
  });
});
