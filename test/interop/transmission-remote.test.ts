// Debian's transmission-remote drives a daemon: what it sends is understood, what it prints is true.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { openDaemon, seedFile, seedPath, untilRow } from '../harness/daemon.ts';
import { needs } from '../harness/programs.ts';
import { digest, eventually, randomFile, temporaryDirectory } from '../harness/shoal.ts';

const run = promisify(execFile);
const SIZE = 600_000;

it('does what transmission-remote asks', needs('transmission-remote'), async (t) => {
  const directory = await temporaryDirectory('transmission');
  const film = await seedFile(t, directory, 'film.mkv', SIZE);
  for (const [index, name] of ['a.ogg', 'cd 2/b.ogg'].entries())
    await randomFile(join(directory, 'album', name), 100_000 + 50_000 * index);
  const album = await seedPath(t, join(directory, 'album'));
  let stopped = 0;
  const { daemon, client, downloads } = await openDaemon(t, directory, { onStopAsked: () => stopped++ });
  const { host } = new URL(daemon.url);
  const remote = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await run('transmission-remote', [host, '-n', `shoal:${daemon.token}`, ...words]);
    return stdout + stderr;
  };
  const ask = async (...words: string[]) =>
    assert.match(await remote(...words), /responded: "success"/, words.join(' '));
  const file = join(directory, 'film.torrent');
  await writeFile(file, Buffer.from(film.torrent, 'base64'));

  await assert.rejects(run('transmission-remote', [host, '-n', 'shoal:wrong', '-l']), /401|Not authenticated/);
  await ask('-a', file);
  await ask('-a', `magnet:?xt=urn:btih:${album.infoHash}&dn=album`, '--start-paused');
  for (const { infoHash, peers } of [film, album]) await client.change({ params: { infoHash }, body: { peers } });
  await ask('-t', 'all', '--start');
  for (const { infoHash, peers } of [film, album])
    await eventually(async () => {
      await client.change({ params: { infoHash }, body: { peers } });
      return (await client.torrent({ params: { infoHash } })).state === 'seeding';
    }, `${infoHash} to be fetched`);
  const list = await remote('-l');
  assert.match(list, /^ +1 +100% +600\.0 kB +Done +[\d.]+ +[\d.]+ +0\.0 +\S.* film\.mkv$/m);
  assert.match(list, /^ +2 +100% +250\.0 kB .* album$/m);
  assert.equal(await digest(join(downloads, 'film.mkv')), await digest(film.path));

  const info = await remote('-t', '2', '-i');
  for (const line of [
    `Hash: ${album.infoHash}`,
    'Name: album',
    `Location: ${downloads}`,
    'Percent Done: 100%',
    'Total size: 250.0 kB (250.0 kB wanted)',
    'Piece Count: 16',
    'Piece Size: 16.00 KiB',
    'Download Limit: Unlimited',
  ])
    assert.ok(info.includes(line), `${line} in\n${info}`);
  const files = await remote('-t', '2', '-f');
  assert.match(files, /album \(2 files\)/);
  assert.match(files, /1: 100% +Normal +Yes +150\.0 kB +album\/cd 2\/b\.ogg/);
  assert.match(await remote('-t', film.infoHash, '-ip'), /Address +Flags +Done +Down +Up +Client/);
  assert.match(await remote('-t', '1', '-ic'), /^ +11111111( 1+)* +\n* *11111[0-9 ]*$/m);
  assert.match(await remote('-t', '1', '-it'), /^\s*$/);

  await ask('-t', '1', '--downlimit', '100', '--uplimit', '50');
  await ask('-t', '1', '-L', 'films,mine');
  await ask('-t', '1', '--seedratio', '2.5');
  const params = { infoHash: film.infoHash };
  const changed = await client.torrent({ params });
  assert.deepEqual(changed.limits, { down: 100_000, up: 50_000, ratio: 2.5 });
  assert.deepEqual(changed.labels, ['films', 'mine']);
  assert.match(
    await remote('-t', '1', '-i'),
    /Labels: films, mine[\s\S]*Upload Limit: 50 kB\/s[\s\S]*Ratio Limit: 2\.50?/,
  );
  await ask('-t', '1', '--no-downlimit', '--no-uplimit', '--seedratio-default');
  assert.deepEqual((await client.torrent({ params })).limits, {});

  await ask('-t', '1', '--stop');
  assert.match(await remote('-l'), /^ +1 .* Stopped +film\.mkv$/m);
  await ask('-t', '1', '--start');
  await ask('-t', '1', '--verify');
  await untilRow(client, film.infoHash, ({ state }) => state === 'seeding');
  await ask('-t', '1', '--reannounce');
  await ask('-t', '1', '--move', join(downloads, 'elsewhere'));
  await untilRow(client, film.infoHash, ({ state }) => state === 'seeding');
  assert.equal(await digest(join(downloads, 'elsewhere', 'film.mkv')), await digest(film.path));
  await assert.rejects(remote('-t', '1', '--move', directory), { stdout: /outside the directories this daemon/ });

  assert.match(await remote('-si'), /Daemon version: 4\.0\.6 \(Shoal 1\.2\.3\)[\s\S]*Download directory: .*downloads/);
  assert.match(await remote('-st'), /CURRENT SESSION[\s\S]*Downloaded: 850\.0 kB/);
  await ask('--downlimit', '2000', '--uplimit', '300');
  assert.match(await remote('-si'), /Upload speed limit: 300 kB\/s[\s\S]*Download speed limit: 2\.00 MB\/s/);
  const { settings } = await client.session({});
  assert.deepEqual([settings.down, settings.up], [2_000_000, 300_000]);
  await ask('--alt-speed', '--alt-speed-downlimit', '70', '--alt-speed-uplimit', '60');
  assert.deepEqual(daemon.rates, { down: 70_000, up: 60_000 });
  assert.match(
    await remote('-si'),
    /Upload speed limit: 60 kB\/s [\s\S]*Download speed limit: 70 kB\/s .*turtle limit: 70 kB/,
  );
  await ask('--no-alt-speed');
  assert.deepEqual(daemon.rates, { down: 2_000_000, up: 300_000 });
  for (const [word, answer] of [
    ['--port-test', /nobody is asked whether the port/],
    ['--blocklist-update', /there is no block list/],
  ] as const)
    await assert.rejects(remote(word), { stdout: answer });

  await ask('-t', '2', '--remove-and-delete');
  assert.equal(existsSync(join(downloads, 'album')), false);
  await ask('-t', '1', '--remove');
  assert.equal(existsSync(join(downloads, 'elsewhere', 'film.mkv')), true);
  assert.match(await remote('-l'), /^Sum: +None/m);
  await ask('--exit');
  assert.equal(stopped, 1);
});

it('lets transmission-remote choose files and trackers', needs('transmission-remote'), async (t) => {
  const directory = await temporaryDirectory('transmission');
  for (const name of ['1.ogg', '2.ogg', '3.ogg']) await randomFile(join(directory, 'album', name), 100_000, name);
  const { torrent, peers, infoHash } = await seedPath(t, join(directory, 'album'));
  const { daemon, client, downloads } = await openDaemon(t, directory);
  const { host } = new URL(daemon.url);
  const remote = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await run('transmission-remote', [host, '-n', `shoal:${daemon.token}`, ...words]);
    return stdout + stderr;
  };
  const ask = async (...words: string[]) =>
    assert.match(await remote('-t', '1', ...words), /responded: "success"/, words.join(' '));
  await client.add({ body: { torrent, paused: true } });
  await remote('-l');

  await ask('--no-get', '0,1');
  await ask('--priority-high', '2');
  assert.match(await remote('-t', '1', '-f'), /0: +0% +Normal +No [\s\S]*1: +0% +Normal +No [\s\S]*2: +0% +High +Yes /);
  await ask('--start');
  await eventually(async () => {
    await client.change({ params: { infoHash }, body: { peers } });
    return (await client.torrent({ params: { infoHash } })).state === 'seeding';
  }, 'the one file');
  assert.match(
    await remote('-t', '1', '-i'),
    /Percent Done: 100%[\s\S]*Have: 1[\d.]+ kB[\s\S]*Total size: 300\.0 kB \(1[\d.]+ kB wanted\)/,
  );
  assert.match(await remote('-l'), /^ +1 +100% +\S+ kB +Done .* album$/m);
  assert.equal(await digest(join(downloads, 'album', '3.ogg')), await digest(join(directory, 'album', '3.ogg')));
  assert.equal(existsSync(join(downloads, 'album', '1.ogg')), false);
  await ask('--get', 'all');
  await ask('--priority-low', '0');
  await ask('--priority-normal', '2');
  assert.match(await remote('-t', '1', '-f'), /0: .* Low +Yes [\s\S]*1: .* Normal +Yes [\s\S]*2: +100% +Normal +Yes /);
  await eventually(async () => {
    await client.change({ params: { infoHash }, body: { peers } });
    return (await client.torrent({ params: { infoHash } })).have === 300_000;
  }, 'all of it');

  for (const name of ['a', 'b']) await ask('--tracker-add', `http://127.0.0.1:1/${name}/announce`);
  assert.match(
    await remote('-t', '1', '-it'),
    /Tracker 0: 127\.0\.0\.1:1\s+Active in tier 0[\s\S]*Tracker 1: 127\.0\.0\.1:1\s+Active in tier 1/,
  );
  await ask('--tracker-remove', '0');
  const { trackers } = await client.trackers({ params: { infoHash } });
  assert.deepEqual(
    trackers.map(({ url }) => url),
    ['http://127.0.0.1:1/b/announce'],
  );
  await assert.rejects(remote('-t', '1', '--bandwidth-high'), { stdout: /bandwidthPriority cannot be changed here/ });
});
