// The page while its daemon is killed and started again: it says so, keeps what it knew, and goes on by itself, playing too.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDaemonClient } from '../../src/api/daemon-client.ts';
import { seedPath, untilRow } from '../harness/daemon.ts';
import { eventually, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, screenshot, visit } from './browser.ts';
import { makeWav } from './media.ts';

const PROGRAM = fileURLToPath(new URL('page-daemon.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  url: string;
  token: string;
}

async function start(t: TestContext, directory: string, port: number): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, directory, await builtPage(), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return { child, ...(JSON.parse(line) as { url: string; token: string }) };
}

describe('the page of a daemon that is killed', needsBrowser(), () => {
  it('keeps what it knew, and goes on when the daemon is back, in the middle of a song too', async (t) => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'tone.wav');
    await makeWav(path, 120);
    const { torrent, peers, infoHash } = await seedPath(t, path);
    const first = await start(t, directory, 0);
    const { url, token } = first;
    const client = createDaemonClient(url, { token });
    await client.add({ body: { torrent, peers, labels: ['music'] } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const { page, errors } = await visit(t, `${url}/#token=${token}`);
    await page.getByRole('row', { name: /tone\.wav/ }).click();
    await page.getByRole('tab', { name: 'Files' }).click();
    await page.getByRole('button', { name: 'Play tone.wav' }).click();
    const time = () => page.evaluate(() => document.querySelector<HTMLMediaElement>('.player-media')?.currentTime ?? 0);
    await eventually(async () => (await time()) > 1, 'it to play');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await page.getByText('The daemon does not answer.').waitFor();
    assert.equal(await page.getByRole('row', { name: /tone\.wav music/ }).isVisible(), true);
    const shade = await page.evaluate(() => getComputedStyle(document.querySelector('.view')!).filter);
    assert.equal(shade, 'grayscale(1)');
    await page.getByLabel('Position').fill('100');
    await page.getByText('The daemon does not answer; it goes on when it is back.').waitFor();
    await screenshot(page, 'killed-1440-light');
    await start(t, directory, Number(new URL(url).port));
    await page.getByText('The daemon does not answer.').waitFor({ state: 'detached' });
    await page.getByText('100% of').waitFor();
    await eventually(async () => (await time()) > 100.5, 'it to play on where one was');
    assert.equal(await page.getByLabel('Token').count(), 0, 'one is still let in');
    await page.getByRole('grid').focus();
    await page.keyboard.press('Space');
    await untilRow(client, infoHash, ({ state, labels }) => state === 'paused' && labels[0] === 'music');
    assert.deepEqual(
      errors.filter((error) => !error.includes('net::ERR_')),
      [],
    );
  });

  it('asks for the token when the one it had is not the daemon’s any more', async (t) => {
    const directory = await temporaryDirectory();
    const first = await start(t, directory, 0);
    const { page } = await visit(t, `${first.url}/#token=${first.token}`);
    await page.getByText('Nothing is here yet.').waitFor();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    // It makes another.
    await rm(join(directory, 'state', 'daemon', 'api.token'));
    const second = await start(t, directory, Number(new URL(first.url).port));
    await page.getByLabel('Token').fill(second.token);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Nothing is here yet.').waitFor();
  });
});
