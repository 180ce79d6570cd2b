// The picture of a swarm on the page: a daemon that fetches slowly from a seed and from a peer that wants but a part.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, seedPath, untilRow } from '../harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { looksRightEverywhere } from './looks.ts';

describe('the picture of a swarm', needsBrowser(), () => {
  it('shows who has what, says each column in words, and finds the rarest', async (t) => {
    const directory = await temporaryDirectory();
    const album = join(directory, 'Harbour tapes');
    for (const name of ['a.flac', 'b.flac', 'c.flac', 'd.flac']) await randomFile(join(album, name), 1_500_000, name);
    const { torrent, peers, infoHash } = await seedPath(t, album);
    const half = await openDaemon(t, await temporaryDirectory());
    await half.client.add({ body: { torrent, peers, files: ['a.flac', 'b.flac'] } });
    await untilRow(half.client, infoHash, ({ state }) => state === 'seeding');
    const { port } = await half.client.session({});

    const { daemon, client } = await openDaemon(t, directory, { page: await builtPage() });
    const limits = { down: 80_000 };
    await client.add({ body: { torrent, peers: [...peers, `127.0.0.1:${port}`], limits } });
    const { page, errors } = await visit(t, `${daemon.url}/#token=${daemon.token}`);
    await page.getByRole('row', { name: /Harbour tapes/ }).click();
    await page.getByRole('tab', { name: 'Swarm' }).click();
    const picture = page.getByRole('img', { name: 'Who has which pieces: this daemon and 2 peers' });
    await picture.waitFor();
    await untilRow(client, infoHash, ({ piecesHave }) => piecesHave > 30);
    // From here on hardly anything moves, however long the browser takes to look.
    await client.change({ params: { infoHash }, body: { limits: { down: 1_000 } } });
    await page.getByText(/Rarest: (4\d|50|51)% of the columns, with 1 copy/).waitFor();
    const rows = page.getByRole('list', { name: 'Rows of the picture' }).getByRole('listitem');
    await rows.filter({ hasText: '100%' }).waitFor();
    await rows
      .filter({ hasText: `:${port}` })
      .filter({ hasText: /(49|50)%/ })
      .waitFor();
    await looksRightEverywhere(page, 'swarm');

    await picture.focus();
    await page.keyboard.press('End');
    await page.getByText(/pieces \d+ to 366: whole with (1|2) of 3/).waitFor();
    await page.keyboard.press('Home');
    await page.getByText(/pieces 0 to 1: whole with (2|3) of 3/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Next of the rarest' }).click();
    await page.getByText(/whole with 1 of 3.*1 copy at least/).waitFor();
    await client.pause({ params: { infoHash } });
    await page.getByText('It does not run now').waitFor();
    assert.deepEqual(errors, []);
  });
});
