// The page of a real daemon in a real browser: getting in, and what one sees and does there.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon, seedFile, seedPath, untilRow } from '../harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, screenshot, visit } from './browser.ts';

async function open(t: TestContext) {
  const directory = await temporaryDirectory();
  return { directory, ...(await openDaemon(t, directory, { page: await builtPage() })) };
}

describe("the daemon's page", needsBrowser(), () => {
  it('trades the token in the address for a cookie, and takes it out of the address', async (t) => {
    const { daemon } = await open(t);
    const { page, strangers, errors } = await visit(t, `${daemon.url}/#token=${daemon.token}`);
    await page.getByText('Nothing is here yet.').waitFor();
    assert.equal(page.url().includes('token'), false);
    assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read the cookie');
    assert.equal(await page.locator('nav [aria-current]').innerText(), 'Transfers');
    await screenshot(page, 'first-run-1440-light');
    await page.reload();
    await page.getByText('Nothing is here yet.').waitFor();
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('lets nobody in without the token, and says how to get in', async (t) => {
    const { daemon } = await open(t);
    const { page, errors } = await visit(t, daemon.url);
    const field = page.getByLabel('Token');
    await field.fill('guess');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('This is not its token.').waitFor();
    await screenshot(page, 'not-allowed-1440-light');
    await field.fill(`${daemon.url}/#token=${daemon.token}`);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Nothing is here yet.').waitFor();
    assert.deepEqual(errors, []);
  });

  it('adds, shows, pauses, resumes and removes, as the daemon then has it', async (t) => {
    const { daemon, client, directory } = await open(t);
    const seed = await seedFile(t, directory, 'film.mkv', 300_000);
    const { page, strangers, errors } = await visit(t, `${daemon.url}/#token=${daemon.token}`);
    const link = `magnet:?xt=urn:btih:${seed.infoHash}&dn=film.mkv&x.pe=${seed.peers[0]}`;
    await page.getByRole('searchbox').fill(link);
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /film\.mkv/ }).waitFor();
    await untilRow(client, seed.infoHash, ({ state }) => state === 'seeding');
    await page.getByText('100% of 293 KiB').waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await untilRow(client, seed.infoHash, ({ state }) => state === 'paused');
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('Space');
    await untilRow(client, seed.infoHash, ({ state }) => state === 'seeding');
    await page.keyboard.press('Delete');
    await page.getByLabel('Delete the data, too').check();
    await page.getByRole('button', { name: 'Remove and delete' }).click();
    await page.getByText('Nothing is here yet.').waitFor();
    assert.deepEqual((await client.torrents({})).torrents, []);
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('shows pieces, peers, files with their priorities, rates, log and the reason of a download', async (t) => {
    const { daemon, client, directory } = await open(t);
    const album = `${directory}/album`;
    for (const [index, name] of ['cover.jpg', 'cd 1/01 One.ogg', 'cd 1/02 Two.ogg', 'cd 2/01 Three.ogg'].entries())
      await randomFile(`${album}/${name}`, 900_000 + index * 1000);
    const { torrent, peers, infoHash } = await seedPath(t, album);
    await client.add({ body: { torrent, peers, limits: { down: 120_000 } } });
    const { page, errors } = await visit(t, `${daemon.url}/#token=${daemon.token}`);
    await page.getByRole('row', { name: /album/ }).click();
    await untilRow(client, infoHash, ({ piecesHave }) => piecesHave > 20);
    await page.getByText(/\d+ here/).waitFor();
    await screenshot(page, 'transfers-pieces-1440-light');
    await page.getByRole('tab', { name: 'Peers' }).click();
    await page.getByRole('cell', { name: /127\.0\.0\.1/ }).waitFor();
    await screenshot(page, 'transfers-peers-1440-light');
    await page.getByRole('tab', { name: 'Files' }).click();
    await page.getByRole('button', { name: 'cd 1' }).click();
    assert.equal(await page.getByText('01 One.ogg').count(), 0);
    assert.equal(await page.getByText('01 Three.ogg').count(), 1);
    await screenshot(page, 'transfers-files-1440-light');
    await page.getByLabel('Priority of cd 2').selectOption('skip');
    await untilRow(client, infoHash, ({ size, wanted }) => wanted < size);
    const { files } = await client.files({ params: { infoHash } });
    assert.deepEqual(
      files.map(({ path, priority }) => [path, priority]),
      [
        ['cd 1/01 One.ogg', 'normal'],
        ['cd 1/02 Two.ogg', 'normal'],
        ['cd 2/01 Three.ogg', 'skip'],
        ['cover.jpg', 'normal'],
      ],
    );
    const [popup] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Open cover.jpg' }).click(),
    ]);
    await popup.waitForURL(/\/stream\/[\w-]+\/cover\.jpg$/);
    await popup.close();
    await page.getByRole('tab', { name: 'Rates' }).click();
    await page.getByRole('img', { name: /^Rates of album: the last minute; now .* down/ }).waitFor();
    await page.getByRole('radio', { name: 'Day' }).check();
    await page.getByRole('img', { name: /^Rates of album: the last day/ }).waitFor();
    await page.getByRole('tab', { name: 'Log' }).click();
    await page.getByRole('listitem').filter({ hasText: 'added, to go to' }).waitFor();
    await page.getByRole('tab', { name: 'Why' }).click();
    await page.getByText(/A limit of this transfer held it back/).waitFor();
    await screenshot(page, 'transfers-why-1440-light');
    assert.deepEqual(errors, []);
  });
});
