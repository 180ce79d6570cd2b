// The catalog on a tracker's own page: live where scripts run, a plain list where they do not.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Session } from '../../src/engine/session.ts';
import { startTracker } from '../../src/tracker/server.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { looksRightEverywhere } from './looks.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function openTracker(t: TestContext) {
  const tracker = await startTracker({
    dataDir: await temporaryDirectory('tracker'),
    listen: LOOPBACK,
    page: await builtPage(),
  });
  t.after(() => tracker.close());
  return tracker;
}

async function publishThree(t: TestContext, tracker: string): Promise<void> {
  const session = await Session.open({ listen: LOOPBACK, state: null });
  t.after(() => session.close());
  const directory = await temporaryDirectory();
  await randomFile(join(directory, 'Night Ferry', '01 Pier.flac'), 500_000);
  await randomFile(join(directory, 'Night Ferry', 'scans', 'cover.jpg'), 90_000);
  await randomFile(join(directory, 'harbour.webm'), 700_000);
  await randomFile(join(directory, '<b>tides & "co".pdf'), 30_000);
  for (const name of ['Night Ferry', 'harbour.webm', '<b>tides & "co".pdf'])
    await session.publish(await session.seed(join(directory, name)), name, [tracker]);
}

describe("a tracker's page", needsBrowser(), () => {
  it('finds as one types, and shows files, link and swarm of a name', async (t) => {
    const tracker = await openTracker(t);
    const empty = await visit(t, tracker.url);
    await empty.page.getByText('Nothing is shared here yet.').waitFor();
    await empty.page.getByText(`shoal share --tracker ${tracker.url} FILE`).waitFor();
    await publishThree(t, tracker.url);
    const { page, strangers, errors } = await visit(t, tracker.url);
    await page.getByText('3 names').waitFor();
    await page.getByRole('link', { name: '<b>tides & "co".pdf', exact: true }).waitFor();
    await looksRightEverywhere(page, 'tracker');
    await page.getByRole('searchbox').fill('ferry');
    await page.getByText('1 name with “ferry”').waitFor();
    const magnet = await page.getByRole('link', { name: 'Magnet link of Night Ferry' }).getAttribute('href');
    assert.match(magnet!, /^magnet:\?xt=urn:btih:[0-9a-f]{40}&.*tr=http/);
    await page.getByRole('link', { name: 'Night Ferry', exact: true }).click();
    await page.getByRole('cell', { name: 'scans/cover.jpg' }).waitFor();
    await page.getByText('1 seed').waitFor();
    await looksRightEverywhere(page, 'tracker-entry');
    const torrent = await page.getByRole('link', { name: '.torrent of Night Ferry' }).getAttribute('href');
    assert.equal((await fetch(new URL(torrent!, tracker.url))).status, 200);
    await page.goto(`${tracker.url}/?q=harbour`);
    await page.getByText('1 name with “harbour”').waitFor();
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('is a plain list without scripts', async (t) => {
    const tracker = await openTracker(t);
    await publishThree(t, tracker.url);
    const { page, strangers, errors } = await visit(t, tracker.url, { javaScriptEnabled: false });
    assert.equal(await page.getByRole('row').count(), 1 + 3);
    await page.getByRole('searchbox').fill('harbour');
    await page.getByRole('button', { name: 'Search' }).click();
    assert.equal(await page.getByRole('row').count(), 1 + 1);
    assert.equal(await page.getByRole('link', { name: 'magnet' }).count(), 1);
    assert.deepEqual([strangers, errors], [[], []]);
  });
});
