// What a call of Transmission's RPC changes beyond one torrent's limits: names on the disk, files of a link whose metadata is
// not here yet, the alternative limits.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, seedPath, untilRow } from '../../../test/harness/daemon.ts';
import { rawRequest } from '../../../test/harness/raw-http.ts';
import { digest, randomFile } from '../../../test/harness/shoal.ts';
import { openRpc, type Values } from '../../../test/harness/transmission.ts';

const NAMES = ['a', 'b', 'c'];

describe('the files of a link over the Transmission RPC', () => {
  it('are chosen before the metadata is here, and stay so over a restart', async (t) => {
    const { ok, daemon, directory } = await openRpc(t);
    for (const name of NAMES) await randomFile(join(directory, 'x', name), 40_000, name);
    const { peers, infoHash } = await seedPath(t, join(directory, 'x'));
    const filename = `magnet:?xt=urn:btih:${infoHash}&dn=x`;
    await ok('torrent-add', { filename, paused: true, 'files-unwanted': [0, 1, 99] });
    await ok('torrent-set', { ids: 1, 'files-wanted': [1], 'priority-high': [1] });
    await daemon.close();
    const again = await openDaemon(t, directory);
    await again.client.resume({ params: { infoHash } });
    await untilRow(again.client, infoHash, ({ state }) => state === 'metadata');
    await again.client.change({ params: { infoHash }, body: { peers } });
    const row = await untilRow(again.client, infoHash, ({ state }) => state === 'seeding');
    const { files } = await again.client.files({ params: { infoHash } });
    assert.deepEqual(
      files.map(({ priority }) => priority),
      ['skip', 'high', 'normal'],
    );
    assert.ok(row.wanted < 120_000, 'less than all of it');
    assert.equal(existsSync(join(row.path, 'a')), false);
    assert.equal(await digest(join(row.path, 'b')), await digest(join(directory, 'x', 'b')));
  });

  it('are bounded while they wait', async (t) => {
    const { ok, call } = await openRpc(t);
    await ok('torrent-add', { filename: `magnet:?xt=urn:btih:${'a'.repeat(40)}`, paused: true });
    for (let round = 0; round < 10; round++)
      await ok('torrent-set', { ids: 1, 'files-wanted': [1], 'files-unwanted': [0] });
    const { result } = await call('torrent-set', { ids: 1, 'files-wanted': [1] });
    assert.match(result, /too much was said of the files/);
  });
});

describe('torrent-rename-path', () => {
  it('gives the torrent another name on the disk, and nothing else', async (t) => {
    const { ok, call, client, directory, downloads } = await openRpc(t);
    for (const name of NAMES) await randomFile(join(directory, 'x', name), 40_000, name);
    const { torrent, peers, infoHash } = await seedPath(t, join(directory, 'x'));
    await ok('torrent-add', { metainfo: torrent });
    await untilRow(client, infoHash, ({ state }) => state === 'downloading');
    await client.change({ params: { infoHash }, body: { peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    for (const values of [
      { path: 'x/a', name: 'b' },
      { path: 'y', name: 'z' },
      { path: 'x', name: '../y' },
      { path: 'x', name: '..' },
      { path: 'x', name: '' },
      { path: 'x' },
      { path: 'x', name: 'y', ids: [] },
    ])
      assert.notEqual(
        (await call('torrent-rename-path', { ids: 1, ...values })).result,
        'success',
        JSON.stringify(values),
      );
    await mkdir(join(downloads, 'taken', 'a'), { recursive: true });
    assert.match((await call('torrent-rename-path', { ids: 1, path: 'x', name: 'taken' })).result, /taken.* is there/);
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.deepEqual(await ok('torrent-rename-path', { ids: 1, path: 'x', name: 'the album' }), {
      path: 'x',
      name: 'the album',
      id: 1,
    });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const fields = ['name', 'files', 'downloadDir', 'availability', 'primary-mime-type', 'percentDone'];
    const [told] = (await ok('torrent-get', { fields })).torrents;
    assert.deepEqual([told!.name, told!.downloadDir, told!.percentDone], ['the album', downloads, 1]);
    assert.deepEqual(
      (told!.files as Values[]).map(({ name }) => name),
      NAMES.map((name) => `the album/${name}`),
    );
    assert.deepEqual(told!.availability, Array(8).fill(-1));
    assert.equal(told!['primary-mime-type'], 'application/octet-stream');
    assert.equal(await digest(join(downloads, 'the album', 'a')), await digest(join(directory, 'x', 'a')));
    assert.equal(existsSync(join(downloads, 'x')), false);
  });
});

describe('the alternative limits', () => {
  const LIMITS = { 'alt-speed-down': 20, 'alt-speed-up': 10, 'alt-speed-enabled': true };

  it('are switched over the Transmission RPC, hold in place of the others, and stay', async (t) => {
    const { ok, client, daemon, directory } = await openRpc(t);
    await ok('session-set', { 'speed-limit-down': 500, 'speed-limit-down-enabled': true });
    await ok('session-set', LIMITS);
    const { settings } = await client.session({});
    assert.deepEqual([settings.alternative, settings.altDown, settings.altUp], [true, 20_000, 10_000]);
    assert.deepEqual([settings.down, settings.up], [500_000, 0], 'the others wait');
    assert.deepEqual(daemon.rates, { down: 20_000, up: 10_000 });
    const told = await ok('session-get', { fields: [...Object.keys(LIMITS), 'speed-limit-down'] });
    assert.deepEqual(told, { ...LIMITS, 'speed-limit-down': 500 });
    await daemon.close();
    const again = await openDaemon(t, directory);
    assert.deepEqual(again.daemon.rates, { down: 20_000, up: 10_000 });
    await again.client.changeSettings({ body: { alternative: false } });
    assert.deepEqual(again.daemon.rates, { down: 500_000, up: 0 });
  });

  it('never allow more than what is fixed, nor set aside a schedule that is', async (t) => {
    const always = [{ days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 1440, up: 7000 }];
    const { ok, daemon } = await openRpc(t, {
      fixed: { down: { value: 15_000, by: '--down' }, schedule: { value: always, by: '--schedule' } },
    });
    await ok('session-set', LIMITS);
    assert.deepEqual(daemon.rates, { down: 15_000, up: 7000 });
    await ok('session-set', { 'alt-speed-down': 0 });
    assert.equal(daemon.rates.down, 15_000);
  });

  it('are switched by the clock, when their time begins', async (t) => {
    const { ok, call, client } = await openRpc(t);
    const day = { 'alt-speed-time-begin': 0, 'alt-speed-time-end': 1440, 'alt-speed-time-day': 127 };
    await ok('session-set', day);
    const isOn = async () => (await client.session({})).settings.alternative;
    assert.equal(await isOn(), false, 'not while the clock is not to switch');
    await ok('session-set', { 'alt-speed-time-enabled': true });
    assert.equal(await isOn(), true);
    await ok('session-set', { 'alt-speed-enabled': false });
    await ok('session-set', { 'speed-limit-up': 5 });
    assert.equal(await isOn(), false, 'what is switched by hand stays');
    await ok('session-set', { 'alt-speed-time-day': 0 });
    await ok('session-set', { 'alt-speed-time-day': 127 });
    assert.equal(await isOn(), true);
    const told = await ok('session-get', { fields: [...Object.keys(day), 'alt-speed-time-enabled'] });
    assert.deepEqual(told, { ...day, 'alt-speed-time-enabled': true });
    for (const wrong of [{ 'alt-speed-time-begin': 1440 }, { 'alt-speed-time-day': 128 }, { 'alt-speed-up': -1 }])
      assert.notEqual((await call('session-set', wrong)).result, 'success', JSON.stringify(wrong));
  });
});

it("leads who looks for Transmission's own page to this one", async (t) => {
  const { daemon } = await openRpc(t);
  for (const path of ['/transmission', '/transmission/', '/transmission/web', '/transmission/web/']) {
    const reply = await rawRequest(`${daemon.url}${path}`);
    assert.deepEqual([reply.status, reply.headers.location], [302, '/'], path);
  }
});
