// Transmission's RPC as other clients speak it: the rules of the transport, and what each kind of client relies on.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, seedFile, seedPath, untilRow } from '../../../test/harness/daemon.ts';
import { rawRequest } from '../../../test/harness/raw-http.ts';
import { randomFile } from '../../../test/harness/shoal.ts';
import { openRpc, type Values } from '../../../test/harness/transmission.ts';

const SIZE = 200_000;
const link = (letter: string) => `magnet:?xt=urn:btih:${letter.repeat(40)}&dn=${letter}`;

describe('the Transmission RPC', () => {
  it('wants the token first and the session id then, by GET too', async (t) => {
    const { url, authorization, id, post } = await openRpc(t);
    assert.match(id, /^[\w-]{32}$/);
    for (const address of [url, `${url}/`]) {
      const stranger = await rawRequest(address);
      assert.equal(stranger.status, 401);
      assert.match(String(stranger.headers['www-authenticate']), /^Basic realm=/);
      assert.equal(stranger.headers['x-transmission-session-id'], undefined);
      for (const method of ['GET', 'POST']) {
        const reply = await rawRequest(address, {
          method,
          headers: { authorization },
          ...(method === 'POST' ? { body: '{}' } : {}),
        });
        assert.equal(reply.status, 409, `${method} ${address}`);
        assert.equal(reply.headers['x-transmission-session-id'], id);
        // It would tell clients to speak the other dialect.
        assert.equal(reply.headers['x-transmission-rpc-version'], undefined);
        assert.equal(reply.headers['access-control-expose-headers'], undefined);
      }
    }
    const wrong = { 'x-transmission-session-id': 'x'.repeat(32) };
    assert.equal((await post('{}', wrong)).status, 409);
    assert.equal((await post('{}', { host: 'evil.example' })).status, 421);
    assert.equal((await post('{}', { origin: 'http://evil.example' })).status, 403);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await post('{"method":"session-stats"}', form)).json.result, 'success');
    assert.equal((await post('{"method":"session-stats"}')).json.tag, undefined);
  });

  it('answers what it does not understand, and does nothing', async (t) => {
    const { post, call, client } = await openRpc(t);
    for (const body of ['', '[]', '{', 'null', '{"method":1}', '{"method":"toString"}', '{"method":"__proto__"}']) {
      const reply = await post(body);
      assert.equal(reply.status, 200);
      assert.notEqual(reply.json.result, 'success', body);
    }
    for (const [method, values] of [
      ['torrent-add', {}],
      ['torrent-add', { filename: '/etc/passwd' }],
      ['torrent-add', { filename: 'http://127.0.0.1:1/x' }],
      ['torrent-add', { metainfo: '!!!' }],
      ['torrent-add', { filename: link('a'), 'download-dir': '/etc' }],
      ['torrent-add', { filename: link('a'), group: 'x' }],
      ['torrent-add', { filename: link('a'), labels: ['a,b'] }],
      ['torrent-get', {}],
      ['torrent-get', { fields: [1] }],
      ['torrent-get', { fields: ['id'], ids: [{}] }],
      ['torrent-rename-path', { ids: 1 }],
      ['free-space', { path: '/' }],
      ['session-set', { 'download-dir': '/etc' }],
      ['session-set', { 'script-torrent-done-enabled': true, 'script-torrent-done-filename': '/bin/sh' }],
      ['session-set', { 'speed-limit-down': -1 }],
      ['port-test', {}],
    ] as [string, Values][])
      assert.notEqual((await call(method, values)).result, 'success', `${method} ${JSON.stringify(values)}`);
    const strange = await post('{"method":"torrent-get","arguments":[]}');
    assert.equal(strange.json.result, 'arguments is not an object');
    assert.deepEqual((await client.torrents({})).torrents, []);
  });

  it('tells a torrent in all its fields, as a list and as a table', async (t) => {
    const { ok, client, directory, downloads } = await openRpc(t);
    const { torrent, peers, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const added = await ok('torrent-add', { metainfo: torrent, paused: true, labels: ['x'] });
    assert.deepEqual(added, { 'torrent-added': { id: 1, name: 'film.mkv', hashString: infoHash } });
    assert.deepEqual(await ok('torrent-add', { metainfo: torrent }), {
      'torrent-duplicate': { id: 1, name: 'film.mkv', hashString: infoHash },
    });
    await client.resume({ params: { infoHash } });
    await untilRow(client, infoHash, ({ state }) => state === 'downloading');
    await client.change({ params: { infoHash }, body: { peers } });
    await untilRow(client, infoHash, ({ state, done }) => state === 'seeding' && done !== null);
    const fields = UNION.split(/\s+/);
    const { torrents } = await ok('torrent-get', { fields: [...fields, 'no-such-field'], ids: [infoHash] });
    const [told] = torrents;
    assert.deepEqual(Object.keys(told!), fields, 'every field a known client asks for');
    const expected: Values = {
      id: 1,
      name: 'film.mkv',
      status: 6,
      error: 0,
      leftUntilDone: 0,
      percentDone: 1,
      downloadDir: downloads,
      totalSize: SIZE,
      pieceCount: 13,
      pieceSize: 16_384,
      labels: ['x'],
      'file-count': 1,
      isFinished: false,
      files: [{ bytesCompleted: SIZE, length: SIZE, name: 'film.mkv' }],
      wanted: [1],
      priorities: [0],
      pieces: Buffer.from([0xff, 0xf8]).toString('base64'),
      queuePosition: 0,
      seedRatioMode: 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(told![name], value, name);
    const table = await ok('torrent-get', { fields: ['id', 'name'], format: 'table' });
    assert.deepEqual(table.torrents, [
      ['id', 'name'],
      [1, 'film.mkv'],
    ]);
    await client.pause({ params: { infoHash } });
    const stopped = await ok('torrent-get', { fields: ['status', 'files', 'pieces'], ids: 1 });
    assert.deepEqual(stopped.torrents, [{ status: 0, files: expected.files, pieces: expected.pieces }]);
  });

  it('knows torrents by numbers that are never given twice, and who changed of late', async (t) => {
    const { ok } = await openRpc(t);
    const names = async (ids?: unknown) =>
      (await ok('torrent-get', { fields: ['name'], ids })).torrents.map(({ name }) => name);
    for (const letter of ['a', 'b', 'c']) await ok('torrent-add', { filename: link(letter), paused: true });
    assert.deepEqual(await names(), ['a', 'b', 'c']);
    assert.deepEqual(await names(2), ['b']);
    assert.deepEqual(await names([3, 'A'.repeat(40), 99, 'x']), ['c', 'a']);
    assert.deepEqual(await names([]), []);
    await ok('torrent-remove', { ids: [2] });
    await ok('torrent-add', { filename: link('d'), paused: true });
    assert.deepEqual(await names(2), [], 'gone is gone');
    assert.deepEqual(await names(4), ['d']);
    const recent = await ok('torrent-get', { fields: ['name'], ids: 'recently-active' });
    assert.deepEqual(recent.removed, [2]);
    assert.deepEqual(recent.torrents.map(({ name }) => name).sort(), ['a', 'c', 'd']);
  });

  it('moves in the queue, many at once, in their order', async (t) => {
    const { ok } = await openRpc(t);
    for (const letter of ['a', 'b', 'c', 'd', 'e']) await ok('torrent-add', { filename: link(letter), paused: true });
    const order = async () => (await ok('torrent-get', { fields: ['name'] })).torrents.map(({ name }) => name).join('');
    for (const [method, ids, expected] of [
      ['queue-move-top', [4, 3], 'cdabe'],
      ['queue-move-bottom', [3, 1], 'dbeca'],
      ['queue-move-up', [5], 'debca'],
      ['queue-move-down', [4, 2], 'edcba'],
    ] as const) {
      await ok(method, { ids });
      assert.equal(await order(), expected, method);
    }
    await ok('torrent-set', { ids: 1, queuePosition: 0 });
    assert.equal(await order(), 'aedcb');
  });

  it('sets limits as Sonarr and others do, and leaves alone what is not named', async (t) => {
    const { ok, client } = await openRpc(t);
    await ok('torrent-add', { filename: link('a'), paused: true });
    const limits = async () => (await client.torrent({ params: { infoHash: 'a'.repeat(40) } })).limits;
    await ok('torrent-set', {
      ids: ['a'.repeat(40)],
      seedRatioLimit: 1.5,
      seedRatioMode: 1,
      seedIdleLimit: 90,
      seedIdleMode: 1,
    });
    assert.deepEqual(await limits(), { ratio: 1.5, idleTime: 5400 });
    await ok('torrent-set', { ids: 1, downloadLimit: 20, downloadLimited: true, seedIdleMode: 2 });
    assert.deepEqual(await limits(), { ratio: 1.5, idleTime: null, down: 20_000 });
    await ok('torrent-set', { ids: 1, downloadLimit: 30, seedRatioMode: 0 });
    assert.deepEqual(await limits(), { idleTime: null, down: 30_000 });
    await ok('torrent-set', { ids: 1, downloadLimited: false, seedIdleMode: 0 });
    assert.deepEqual(await limits(), {});
    await ok('session-set', {
      seedRatioLimit: 2,
      seedRatioLimited: true,
      'download-queue-size': 3,
      'download-queue-enabled': true,
    });
    const session = await ok('session-get', { fields: ['seedRatioLimited', 'download-queue-size', 'no-such'] });
    assert.deepEqual(session, { 'download-queue-size': 3, seedRatioLimited: true });
    const whole = await ok('session-get');
    for (const name of MINIMUM.split(/\s+/)) assert.notEqual(whole[name], undefined, name);
    assert.ok(/(\d+\.\d+)/.exec(String(whole.version))![1]! >= '4.0');
    await ok('session-set', whole);
    const again = await ok('session-get');
    assert.deepEqual(again, whole, 'to set what was read changes nothing');
  });

  it('tells what went wrong with a torrent', async (t) => {
    const { ok, client, directory, downloads } = await openRpc(t);
    const { torrent, infoHash } = await seedFile(t, directory, 'film.mkv', SIZE);
    const path = join(downloads, 'film.mkv', 'x');
    await ok('torrent-add', { metainfo: torrent, 'download-dir': join(downloads, 'a'), paused: true });
    const free = await ok('free-space', { path: downloads });
    assert.ok(Number(free['size-bytes']) > 0);
    await client.remove({ params: { infoHash } });
    await mkdir(path, { recursive: true });
    await ok('torrent-add', { metainfo: torrent });
    await untilRow(client, infoHash, ({ state }) => state === 'failed');
    const { torrents } = await ok('torrent-get', { fields: ['error', 'errorString', 'status'] });
    assert.equal(torrents[0]!.error, 3);
    assert.match(String(torrents[0]!.errorString), /a directory is where the file/);
    assert.equal(torrents[0]!.status, 0);
  });
});

describe('the files of a torrent over the Transmission RPC', () => {
  it('are chosen by number, and an empty list means all', async (t) => {
    const { ok, call, client, directory } = await openRpc(t);
    for (const name of ['a', 'b', 'c']) await randomFile(join(directory, 'x', name), 40_000, name);
    const { torrent, peers, infoHash } = await seedPath(t, join(directory, 'x'));
    const told = async () => {
      const fields = ['wanted', 'priorities', 'fileStats', 'sizeWhenDone', 'leftUntilDone', 'percentDone', 'status'];
      return (await ok('torrent-get', { fields, ids: 1 })).torrents[0]!;
    };
    await ok('torrent-add', { metainfo: torrent, paused: true, 'files-unwanted': [0, 1], 'priority-high': [2] });
    const before = await told();
    assert.deepEqual(
      [before.wanted, before.priorities],
      [
        [0, 0, 1],
        [0, 0, 1],
      ],
    );
    assert.equal(before.leftUntilDone, before.sizeWhenDone);
    assert.ok(Number(before.sizeWhenDone) < 80_000);
    await client.change({ params: { infoHash }, body: { peers } });
    await ok('torrent-start', { ids: 1 });
    await untilRow(client, infoHash, ({ state }) => state === 'downloading' || state === 'seeding');
    await client.change({ params: { infoHash }, body: { peers } });
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const done = await told();
    assert.deepEqual([done.leftUntilDone, done.percentDone, done.status], [0, 1, 6]);
    await ok('torrent-set', { ids: 1, 'files-wanted': [1], 'priority-low': [0, 1], 'files-unwanted': [2] });
    assert.deepEqual((await told()).fileStats, [
      { bytesCompleted: (await client.files({ params: { infoHash } })).files[0]!.have, priority: 0, wanted: false },
      { bytesCompleted: (await client.files({ params: { infoHash } })).files[1]!.have, priority: -1, wanted: true },
      { bytesCompleted: 40_000, priority: 0, wanted: false },
    ]);
    await ok('torrent-set', { ids: 1, 'files-wanted': [], 'priority-normal': [] });
    assert.deepEqual(
      [(await told()).wanted, (await told()).priorities],
      [
        [1, 1, 1],
        [0, 0, 0],
      ],
    );
    for (const values of [
      { 'files-wanted': [3] },
      { 'files-wanted': ['0'] },
      { 'files-unwanted': 1 },
      { 'priority-high': [-1] },
      { bandwidthPriority: 1 },
      { 'peer-limit': 10 },
      { honorsSessionLimits: false },
    ])
      assert.notEqual((await call('torrent-set', { ids: 1, ...values })).result, 'success', JSON.stringify(values));
    await ok('torrent-set', { ids: 1, bandwidthPriority: 0, 'peer-limit': 60, honorsSessionLimits: true });
  });
});

describe('the trackers of a torrent over the Transmission RPC', () => {
  const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((name) => `http://127.0.0.1:1/${name}/announce`);

  it('are added, taken away, replaced and listed, while it runs and while it does not, and stay so', async (t) => {
    const opened = await openRpc(t);
    const { ok, call, client, directory, daemon } = opened;
    const infoHash = 'a'.repeat(40);
    const magnet = `${link('a')}&tr=${encodeURIComponent(A!)}&tr=${encodeURIComponent(B!)}`;
    const list = async () => (await ok('torrent-get', { fields: ['trackerList'], ids: 1 })).torrents[0]!.trackerList;
    await ok('torrent-add', { filename: magnet, paused: true });
    assert.equal(await list(), `${A}\n\n${B}`, 'those of the link');
    await ok('torrent-set', { ids: 1, trackerRemove: [0], trackerAdd: [C] });
    assert.equal(await list(), `${B}\n\n${C}`);
    await client.resume({ params: { infoHash } });
    await untilRow(client, infoHash, ({ state }) => state === 'metadata');
    assert.equal(await list(), `${B}\n\n${C}`, 'and only those');
    await ok('torrent-set', { ids: 1, trackerReplace: [1, D] });
    const { trackers } = await client.trackers({ params: { infoHash } });
    assert.deepEqual(
      trackers.map(({ url }) => url),
      [B, D],
    );
    const fields = ['trackers', 'trackerStats'];
    const [told] = (await ok('torrent-get', { fields, ids: 1 })).torrents as {
      trackers: Values[];
      trackerStats: Values[];
    }[];
    assert.deepEqual(
      told!.trackers.map(({ id, announce }) => [id, announce]),
      [
        [0, B],
        [1, D],
      ],
    );
    assert.equal(told!.trackerStats.length, 2);
    for (const values of [
      { trackerRemove: [2] },
      { trackerReplace: [0] },
      { trackerReplace: ['0', A] },
      { trackerAdd: ['file:///etc/passwd'] },
      { trackerList: 'javascript:alert(1)' },
    ])
      assert.notEqual((await call('torrent-set', { ids: 1, ...values })).result, 'success', JSON.stringify(values));
    assert.equal(await list(), `${B}\n\n${D}`, 'nothing of that was done');
    for (const tiers of [`${D}\n${A}\n\n${B}`, `${B}\n\n${C}\n${D}`, `${C}\n${A}\n\n${B}`]) {
      await ok('torrent-set', { ids: 1, trackerList: `${tiers}\n` });
      assert.equal(await list(), tiers, 'at once, also of those that were there before');
    }
    await daemon.close();
    const again = await openDaemon(t, directory);
    await untilRow(again.client, infoHash, ({ state }) => state === 'metadata');
    const kept = (await again.client.trackers({ params: { infoHash } })).trackers;
    assert.deepEqual(
      kept.map(({ url, tier }) => [url, tier]),
      [
        [C, 0],
        [A, 0],
        [B, 1],
      ],
    );
  });
});

/** What transmission-remote, Sonarr, Tremotesf and Flood ask of a torrent. */
const UNION = `id name hashString status error errorString eta isFinished isPrivate isStalled labels queuePosition percentDone
metadataPercentComplete recheckProgress totalSize sizeWhenDone leftUntilDone haveValid haveUnchecked corruptEver
desiredAvailable downloadedEver uploadedEver uploadRatio rateDownload rateUpload peersConnected peersSendingToUs
peersGettingFromUs webseeds webseedsSendingToUs peers trackers trackerStats trackerList files fileStats priorities wanted
pieces pieceCount pieceSize file-count downloadDir magnetLink comment creator dateCreated addedDate activityDate startDate
doneDate secondsDownloading secondsSeeding bandwidthPriority honorsSessionLimits downloadLimit downloadLimited uploadLimit
uploadLimited peer-limit seedRatioLimit seedRatioMode seedIdleLimit seedIdleMode`;

/** What they ask of the session. */
const MINIMUM = `version rpc-version rpc-version-minimum rpc-version-semver session-id config-dir download-dir seedRatioLimit
seedRatioLimited idle-seeding-limit idle-seeding-limit-enabled speed-limit-down speed-limit-down-enabled speed-limit-up
speed-limit-up-enabled alt-speed-enabled alt-speed-down alt-speed-up peer-port peer-port-random-on-start peer-limit-global
peer-limit-per-torrent dht-enabled pex-enabled lpd-enabled utp-enabled encryption port-forwarding-enabled incomplete-dir
incomplete-dir-enabled start-added-torrents trash-original-torrent-files rename-partial-files download-queue-enabled
download-queue-size seed-queue-enabled seed-queue-size queue-stalled-enabled queue-stalled-minutes cache-size-mb units`;
