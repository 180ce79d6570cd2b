// The catalog on the page of a real daemon, with real trackers and a peer that publishes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Session } from '../../src/engine/session.ts';
import { startTracker } from '../../src/tracker/server.ts';
import { openDaemon, untilRow } from '../harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { looksRightEverywhere } from './looks.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
/** Nothing listens on the discard port. */
const DEAD = 'http://127.0.0.1:9';

async function openTracker(t: TestContext) {
  const tracker = await startTracker({ dataDir: await temporaryDirectory('tracker'), listen: LOOPBACK });
  t.after(() => tracker.close());
  return tracker;
}

/** A peer with a key of its own; what it publishes is a file, or a folder of the given files. */
async function openPublisher(t: TestContext, tracker: string) {
  const session = await Session.open({ listen: LOOPBACK, state: null });
  t.after(() => session.close());
  return async (name: string, size: number, files: readonly string[] = []) => {
    const path = join(await temporaryDirectory(), name);
    if (files.length === 0) await randomFile(path, size, name);
    for (const file of files) await randomFile(join(path, file), Math.ceil(size / files.length), file);
    const torrent = await session.seed(path, { pieceLength: 16_384 });
    await session.publish(torrent, name, [tracker]);
    return torrent.infoHash;
  };
}

async function openPage(t: TestContext, trackers: string[]) {
  const options = { page: await builtPage(), session: { listen: LOOPBACK, trackers } };
  const opened = await openDaemon(t, await temporaryDirectory(), options);
  const { daemon } = opened;
  return { ...opened, ...(await visit(t, `${daemon.url}/#token=${daemon.token}`)) };
}

describe('the catalog on the page', needsBrowser(), () => {
  it('finds as one types, fetches with one click, and shows files, versions and link of a name', async (t) => {
    const tracker = await openTracker(t);
    const first = await openPublisher(t, tracker.url);
    const second = await openPublisher(t, tracker.url);
    await first('ubuntu-26.04-desktop-amd64.iso', 900_000);
    await first('debian-13.2-netinst.iso', 400_000);
    await first('Tide tables 2027.pdf', 30_000);
    await second('Night Ferry – field recordings', 1_200_000, ['cover.jpg', '01 Pier.flac', '02 Engine room.flac']);
    await second('harbour.webm', 700_000);
    await second('harbour.webm', 750_000);
    const { client, page, strangers, errors } = await openPage(t, [tracker.url, DEAD]);
    await page.getByRole('link', { name: 'Catalog' }).click();
    await page.getByRole('row', { name: /Night Ferry/ }).waitFor();
    await page.getByText(`cannot reach the tracker ${DEAD}`).waitFor();
    assert.equal(await page.getByRole('row').count(), 1 + 5);

    await page.getByRole('button', { name: 'Get harbour.webm' }).click();
    await page.getByText('Fetching harbour.webm.').waitFor();
    const { infoHash } = await client.catalogEntry({ params: { name: 'harbour.webm' } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    await page.getByRole('img', { name: '100% here' }).waitFor();
    await looksRightEverywhere(page, 'catalog');

    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: 'Software 2' }).click();
    await page.getByRole('row', { name: /harbour/ }).waitFor({ state: 'detached' });
    await page.getByRole('searchbox').fill('FERRY');
    await page.getByText('None of what was found').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('row', { name: /Night Ferry/ }).waitFor();
    assert.equal(await page.getByRole('row').count(), 2);
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByText('No name in the catalog contains “no such thing”.').waitFor();
    await page.getByRole('searchbox').fill('');

    await page.getByRole('link', { name: /Night Ferry/ }).click();
    await page.getByRole('cell', { name: '02 Engine room.flac' }).waitFor();
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    await looksRightEverywhere(page, 'catalog-entry');
    await page.goBack();
    await page.getByRole('link', { name: 'harbour.webm' }).click();
    await page.getByRole('link', { name: '1', exact: true }).click();
    await page.getByText('the newest is 2').waitFor();
    const link = page.getByRole('textbox', { name: 'Link to harbour.webm' });
    assert.match(await link.inputValue(), /^magnet:\?xt=urn:btih:/);
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('goes through a long catalog as it is scrolled', async (t) => {
    const tracker = await openTracker(t);
    const publish = await openPublisher(t, tracker.url);
    for (let index = 0; index < 230; index++) await publish(`part ${String(index).padStart(3, '0')}.bin`, 1);
    const { page, errors } = await openPage(t, [tracker.url]);
    await page.getByRole('link', { name: 'Catalog' }).click();
    await page.getByText('200 and more names').waitFor();
    assert.ok((await page.getByRole('row').count()) < 100, 'only what is seen is there');
    await page.locator('.virtual-list').evaluate((list) => {
      list.scrollTop = list.scrollHeight;
    });
    await page.getByText('230 names').waitFor();
    await page.locator('.virtual-list').evaluate((list) => {
      list.scrollTop = list.scrollHeight;
    });
    await page.getByRole('row', { name: /part 229/ }).waitFor();
    assert.deepEqual(errors, []);
  });

  it('says what is the matter when there is no catalog', async (t) => {
    const { page, errors } = await openPage(t, []);
    await page.getByRole('link', { name: 'Catalog' }).click();
    await page.getByText('This daemon has no tracker').waitFor();
    assert.deepEqual(errors, []);
    const silent = await openPage(t, [DEAD]);
    await silent.page.getByRole('link', { name: 'Catalog' }).click();
    await silent.page
      .getByRole('alert')
      .getByText(/127\.0\.0\.1:9/)
      .waitFor();
    await silent.page.getByRole('button', { name: 'Try again' }).waitFor();
    assert.deepEqual(silent.errors, []);
  });
});
