// The page that describes the API, as a daemon and a tracker serve it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { daemonEndpoints } from '../../src/api/daemon-endpoints.ts';
import { startTracker } from '../../src/tracker/server.ts';
import { openDaemon } from '../harness/daemon.ts';
import { temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { looksRightEverywhere } from './looks.ts';

describe('the page of the API', needsBrowser(), () => {
  it('shows every call of a daemon to who has its token, and what each takes and gives', async (t) => {
    const { daemon } = await openDaemon(t, await temporaryDirectory(), { page: await builtPage() });
    const stranger = await visit(t, `${daemon.url}/api.html`);
    await stranger.page.getByText("It is for those who have the daemon's token").waitFor();
    const { page, strangers, errors } = await visit(t, `${daemon.url}/#token=${daemon.token}`);
    await page.getByText('Nothing is here yet.').waitFor();
    await page.goto(`${daemon.url}/api.html`);
    const call = page.getByText('/api/v1/torrents/{infoHash}/move', { exact: true });
    await call.waitFor();
    const summaries = await page.locator('.call-summary').allInnerTexts();
    for (const { summary } of Object.values(daemonEndpoints)) assert.ok(summaries.includes(summary), summary);
    await call.click();
    await page.getByText(/^\{\s+directory: string/).waitFor();
    await page.getByRole('searchbox').fill('post torrents');
    await page.getByText('/api/v1/session', { exact: true }).waitFor({ state: 'detached' });
    await looksRightEverywhere(page, 'api');
    await page.getByRole('searchbox').fill('no such call');
    await page.getByText('No call is like “no such call”.').waitFor();
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('shows those of a tracker to anybody', async (t) => {
    const tracker = await startTracker({
      dataDir: await temporaryDirectory('tracker'),
      listen: { host: '127.0.0.1', port: 0 },
      page: await builtPage(),
    });
    t.after(() => tracker.close());
    const { page, strangers, errors } = await visit(t, `${tracker.url}/api.html`);
    await page.getByText('/api/v1/files', { exact: true }).first().click();
    await page.getByText('Answers').first().waitFor();
    assert.deepEqual([strangers, errors], [[], []]);
  });
});
