// The settings in a real browser on a real daemon: changed at once and kept, locked where something else decides, refused
// with the reason beside the field.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openDaemon } from '../harness/daemon.ts';
import { eventually, temporaryDirectory } from '../harness/shoal.ts';
import { builtPage, needsBrowser, visit } from './browser.ts';
import { LOOKS, looksRight } from './looks.ts';

async function open(t: TestContext) {
  const fixed = { up: { value: 262_144, by: '--up' } };
  const opened = await openDaemon(t, await temporaryDirectory(), { page: await builtPage(), fixed });
  return { ...opened, url: `${opened.daemon.url}/#token=${opened.daemon.token}` };
}

async function toSettings(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Download', { exact: true }).waitFor();
}

describe('the settings of the page', needsBrowser(), () => {
  it('are changed at once, say so, and are still there after a reload', async (t) => {
    const { url, client } = await open(t);
    const { page, strangers, errors } = await visit(t, url);
    await toSettings(page);
    const down = page.getByLabel('Download', { exact: true });
    assert.equal(await down.getAttribute('placeholder'), 'no limit');
    await down.fill('1.5');
    await page.getByLabel('Unit of Download').selectOption('MiB/s');
    await page.getByText('Saved; it holds from now on.').waitFor();
    assert.equal((await client.session({})).settings.down, 1.5 * 1024 * 1024);
    await page.getByLabel('Stop at ratio').fill('2,5');
    await page.keyboard.press('Enter');
    await eventually(async () => (await client.session({})).settings.ratio === 2.5, 'the ratio');
    await page.getByLabel('Start what is added').uncheck();
    await eventually(async () => (await client.session({})).settings.startAdded === false, 'what is added waits');
    await page.reload();
    await down.waitFor();
    assert.equal(await down.inputValue(), '1.5');
    assert.equal(await page.getByLabel('Unit of Download').inputValue(), '1');
    assert.equal(await page.getByLabel('Start what is added').isChecked(), false);
    await down.fill('');
    await page.keyboard.press('Enter');
    await eventually(async () => (await client.session({})).settings.down === 0, 'no limit');
    assert.deepEqual([strangers, errors], [[], []]);
  });

  it('follow what another caller changes', async (t) => {
    const { url, client } = await open(t);
    const { page } = await visit(t, url);
    await toSettings(page);
    await client.changeSettings({ body: { activeSeeds: 7 } });
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#setting-activeSeeds')?.value === '7');
  });

  it('limit the speed by time of day, rule by rule', async (t) => {
    const { url, client } = await open(t);
    const { page, errors } = await visit(t, url);
    await toSettings(page);
    const rules = async () => (await client.session({})).settings.schedule;
    await page.getByRole('button', { name: 'Add a rule' }).click();
    const rule = page.getByRole('group', { name: 'Rule 1' });
    await rule.getByLabel('Sat').check();
    await eventually(async () => (await rules())[0]?.days.length === 6, 'Saturday');
    await rule.getByLabel('From').fill('22:30');
    await rule.getByLabel('From').blur();
    await eventually(async () => (await rules())[0]?.from === 22 * 60 + 30, 'its beginning');
    await rule.getByLabel('Up').fill('200K');
    await page.keyboard.press('Enter');
    await eventually(async () => (await rules())[0]?.up === 204_800, 'its rate');
    await rule.getByLabel('Down').fill('fast');
    await page.keyboard.press('Enter');
    await page.getByText('Write it like 500K or 2M').waitFor();
    assert.deepEqual(await rules(), [{ days: [1, 2, 3, 4, 5, 6], from: 1350, to: 1080, down: 1_048_576, up: 204_800 }]);
    await page.getByRole('button', { name: 'Remove rule 1' }).click();
    await eventually(async () => (await rules()).length === 0, 'no rule');
    assert.deepEqual(errors, []);
  });

  it('name directories, say when they are not allowed, and switch to other limits', async (t) => {
    const { url, client, downloads } = await open(t);
    const { page } = await visit(t, url);
    await toSettings(page);
    const folder = page.getByLabel('Move when complete to');
    await folder.fill('/etc');
    await page.keyboard.press('Enter');
    await page.locator('#setting-moveTo-note.failed').waitFor();
    assert.equal((await client.session({})).settings.moveTo, null);
    await folder.fill(`${downloads}/done`);
    await page.keyboard.press('Enter');
    await eventually(async () => (await client.session({})).settings.moveTo === `${downloads}/done`, 'the directory');
    await page.getByLabel('Slower for now').check();
    await eventually(async () => (await client.session({})).settings.alternative, 'the other limits');
    await page.getByLabel('Slower upload', { exact: true }).fill('100');
    await page.keyboard.press('Enter');
    await eventually(async () => (await client.session({})).settings.altUp === 102_400, 'their rate');
    await page.getByRole('textbox', { name: 'Connections' }).fill('120');
    await page.keyboard.press('Enter');
    await eventually(async () => (await client.session({})).settings.maxConnections === 120, 'the connections');
  });

  it('are locked where something else decides, and say what', async (t) => {
    const { url } = await open(t);
    const { page } = await visit(t, url);
    await toSettings(page);
    const up = page.getByLabel('Upload', { exact: true });
    assert.equal(await up.isEditable(), false);
    assert.equal(await up.inputValue(), '256');
    await page.getByText('Fixed by --up; it can be changed only there.').waitFor();
  });

  it('say beside the field what is wrong, and change nothing', async (t) => {
    const { url, client } = await open(t);
    const { page } = await visit(t, url);
    await toSettings(page);
    const seeds = page.getByLabel('Seeds at a time');
    await seeds.fill('many');
    await page.keyboard.press('Enter');
    await page.getByText('Write a number such as 2.5, or leave it empty: all.').waitFor();
    assert.equal(await seeds.getAttribute('aria-invalid'), 'true');
    await seeds.fill('100001');
    await page.keyboard.press('Enter');
    await page.getByText('It must be at most 100000').waitFor();
    assert.equal(await seeds.inputValue(), '100001', 'what was written stays to be corrected');
    assert.equal((await client.session({})).settings.activeSeeds, 0);
  });

  it('let a browser sign out: it has to show the token again', async (t) => {
    const { url } = await open(t);
    const { page } = await visit(t, url);
    await toSettings(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
  });

  for (const { name, options } of LOOKS)
    it(`are for everybody: ${name}`, async (t) => {
      const { url, client } = await open(t);
      const schedule = [
        { days: [1, 2, 3, 4, 5], from: 480, to: 1080, down: 1024 ** 2, up: 204_800 },
        { days: [0, 6], from: 0, to: 1440, up: 0 },
      ];
      await client.changeSettings({ body: { down: 3 * 1024 ** 2, activeDownloads: 5, seedTime: 43_200, schedule } });
      const { page, errors } = await visit(t, url, options);
      await toSettings(page);
      await page.getByLabel('Seeds at a time').fill('100001');
      await page.keyboard.press('Enter');
      await page.getByText('It must be at most 100000').waitFor();
      await looksRight(page, `settings-${name}`);
      assert.deepEqual(errors, []);
    });

  it('choose theme and density of the page, which the browser remembers', async (t) => {
    const { url } = await open(t);
    const { page } = await visit(t, url, { colorScheme: 'light' });
    await toSettings(page);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel('Dark').check();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.getByLabel('Dense').check();
    await page.reload();
    await page.getByLabel('Dense').waitFor();
    assert.equal(await ground(), dark);
    assert.equal(await page.getByLabel('Dense').isChecked(), true);
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--row')),
      '25px',
    );
  });
});
