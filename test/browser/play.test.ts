// Playing while it loads, in a real browser: a real daemon fetches from a real peer that sends slowly, and what is not here yet
// is fetched where one looks.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openDaemon, seedPath, untilRow } from '../harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { LOOKS, looksRight } from './looks.ts';
import { makeWav, makeWebm, needsFfmpeg } from './media.ts';

interface Options {
  /** Bytes a second that its only peer sends. */
  rate?: number;
  look?: (typeof LOOKS)[number]['options'];
}

/** A page on the files of what a daemon fetches from a peer. */
async function open(t: TestContext, path: string, { rate = 0, look }: Options = {}) {
  const { session, torrent, peers, infoHash } = await seedPath(t, path);
  session.setLimits({ up: rate });
  const opened = await openDaemon(t, await temporaryDirectory(), { page: await builtPage() });
  const { client, daemon } = opened;
  await client.add({ body: { torrent, peers } });
  const visited = await visit(t, `${daemon.url}/#token=${daemon.token}`, look);
  const { page } = visited;
  await page.getByRole('searchbox').waitFor();
  await page.goto(`${daemon.url}/#/transfers/${infoHash}/files`);
  const row = () => client.torrent({ params: { infoHash } });
  return { ...opened, ...visited, session, infoHash, row };
}

async function pressPlay(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Play ${name}` }).click();
  await page.getByRole('region', { name: 'Player' }).waitFor();
}

/** Waits until what is played is past `from` and before `to`, and moves. */
async function untilPlaying(page: Page, from: number, to = Number.MAX_SAFE_INTEGER): Promise<void> {
  await page.waitForFunction(
    ([low, high]) => {
      const media = document.querySelector<HTMLMediaElement>('.player-media');
      return media !== null && !media.paused && !media.seeking && media.currentTime > low! && media.currentTime < high!;
    },
    [from, to] as const,
    { timeout: 60_000 },
  );
}

/** From its beginning, near its end, and near its beginning again, all while most of it is still missing. */
async function playsWhileItLoads(t: TestContext, path: string, name: string, seconds: number, rate: number) {
  const { page, row, client, infoHash, session, errors, strangers } = await open(t, path, { rate });
  await pressPlay(page, name);
  await untilPlaying(page, 0.5);
  const begun = await row();
  assert.equal(begun.state, 'downloading');
  assert.ok(begun.have < 0.7 * begun.size, `${begun.have} of ${begun.size} bytes were here when it played`);
  await page.getByLabel('Position').fill(String(seconds - 6));
  await untilPlaying(page, seconds - 5.5);
  await page.getByLabel('Position').fill('2');
  await untilPlaying(page, 2.5, seconds / 2);
  const after = await row();
  assert.ok(after.have < after.size, 'it was still fetched when one had been at its end and back');
  session.setLimits({ up: 0 });
  await untilRow(client, infoHash, ({ state }) => state === 'seeding');
  await untilPlaying(page, 3);
  assert.deepEqual([strangers, errors], [[], []]);
}

let recordings: Promise<string> | undefined;

async function makeRecordings(): Promise<string> {
  const folder = join(await temporaryDirectory(), 'Field recordings');
  await makeWav(join(folder, '01 Lake at dawn.wav'), 90);
  await makeWav(join(folder, '02 Reeds.wav'), 90);
  makeWebm(join(folder, 'timelapse.webm'), 20);
  return folder;
}

describe('playing', needsBrowser(), () => {
  it('plays a WAV while it loads, to its end and back', async (t) => {
    const path = join(await temporaryDirectory(), 'tone.wav');
    await makeWav(path, 180);
    await playsWhileItLoads(t, path, 'tone.wav', 180, 200_000);
  });

  it('plays a WebM while it loads, to its end and back', needsFfmpeg(), async (t) => {
    const path = join(await temporaryDirectory(), 'clip.webm');
    makeWebm(path, 90);
    await playsWhileItLoads(t, path, 'clip.webm', 90, 130_000);
  });

  it('plays an album through, across views, and has the next file asked for before its turn', async (t) => {
    const album = join(await temporaryDirectory(), 'album');
    for (const name of ['2 Two.wav', '10 Ten.wav', 'cover.jpg', 'extra/Other.wav'])
      if (name.endsWith('.wav')) await makeWav(join(album, name), 3);
      else await randomFile(join(album, name), 20_000);
    const { page, errors, infoHash } = await open(t, album);
    const asked: { url: string; during: string }[] = [];
    page.on('request', (request) => {
      if (/\/files\/\d+\/stream$/.test(request.url()))
        void page
          .locator('.player-name bdi')
          .textContent()
          .then((during) => {
            asked.push({ url: request.url(), during: during ?? '' });
          });
    });
    await pressPlay(page, '2 Two.wav');
    await page.getByText('1 of 2').waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('2 of 2').waitFor();
    await untilPlaying(page, 0.2);
    assert.equal(await page.locator('.player-name bdi').textContent(), '10 Ten.wav');
    const first = asked.filter(({ during }) => during === '2 Two.wav').length;
    assert.equal(first, 2, `both addresses were asked for while the first played: ${JSON.stringify(asked)}`);
    await page.waitForFunction(() => document.querySelector<HTMLMediaElement>('.player-media')?.ended);
    await page.getByRole('link', { name: '10 Ten.wav' }).click();
    assert.ok(page.url().endsWith(`#/transfers/${infoHash}/files`));
    await page.getByRole('button', { name: 'Close the player' }).click();
    assert.equal(await page.getByRole('region', { name: 'Player' }).count(), 0);
    assert.deepEqual(errors, []);
  });

  it('is driven by the keyboard: space and arrows, in the player alone', async (t) => {
    const path = join(await temporaryDirectory(), 'tone.wav');
    await makeWav(path, 60);
    const { page, row } = await open(t, path);
    await pressPlay(page, 'tone.wav');
    await untilPlaying(page, 0.2);
    const now = () => page.evaluate(() => document.querySelector<HTMLMediaElement>('.player-media')!.currentTime);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector<HTMLMediaElement>('.player-media')!.paused);
    const before = await now();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.ok(Math.abs((await now()) - before - 10) < 0.5);
    await page.keyboard.press('ArrowLeft');
    assert.ok(Math.abs((await now()) - before - 5) < 0.5);
    await page.getByRole('grid').focus();
    const seeding = (await row()).state;
    assert.equal(seeding, 'seeding');
    await page.keyboard.press('ArrowRight');
    assert.ok(Math.abs((await now()) - before - 5) < 0.5, 'a key elsewhere is none of its');
  });

  it('says when the browser cannot play it, and offers the address', async (t) => {
    const path = await randomFile(join(await temporaryDirectory(), 'film.avi'), 200_000);
    const { page } = await open(t, path);
    await pressPlay(page, 'film.avi');
    await page.getByText('This browser cannot play film.avi.').waitFor();
    const address = await page.getByRole('link', { name: 'Open it' }).getAttribute('href');
    const reply = await fetch(new URL(address!, page.url()));
    assert.equal(reply.headers.get('content-length'), '200000');
    await reply.body?.cancel();
  });

  it('says that the transfer is stopped, and resumes it', async (t) => {
    const path = join(await temporaryDirectory(), 'tone.wav');
    await makeWav(path, 120);
    const { page, client, infoHash, session } = await open(t, path, { rate: 50_000 });
    await client.pause({ params: { infoHash } });
    await pressPlay(page, 'tone.wav');
    await page.getByText('The transfer is stopped, and not all of it is here.').waitFor();
    session.setLimits({ up: 0 });
    await page.getByRole('region', { name: 'Player' }).getByRole('button', { name: 'Resume' }).click();
    await untilPlaying(page, 0.5);
  });

  for (const { name, options } of LOOKS)
    it(`is for everybody: ${name}`, needsFfmpeg(), async (t) => {
      recordings ??= makeRecordings();
      const { page, errors } = await open(t, await recordings, { rate: 300_000, look: options });
      await pressPlay(page, '01 Lake at dawn.wav');
      await untilPlaying(page, 1);
      await looksRight(page, `player-audio-${name}`);
      await page.getByRole('button', { name: 'Close the player' }).click();
      await pressPlay(page, 'timelapse.webm');
      await untilPlaying(page, 1);
      await looksRight(page, `player-video-${name}`);
      assert.deepEqual(errors, []);
    });
});
