// A daemon as a process and the commands that drive it: killed and started again, reloaded, stopped; and `share` and `get`,
// which hand their work to it and cannot be told from those that do it themselves.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drive, startDaemon, untilState } from '../harness/daemon-process.ts';
import { share, startGet, untilDone } from '../harness/jobs.ts';
import {
  digest,
  randomFile,
  runShoal,
  type ShoalEvent,
  spawnShoal,
  startTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

const SIZE = 3_000_000;

describe('shoal daemon', () => {
  it('has everything as it was after kill -9', async () => {
    const tracker = await startTracker();
    const trackers = [tracker.url];
    const directory = await temporaryDirectory('daemon');
    const path = await randomFile(join(directory, 'film.mkv'), SIZE);
    await share(path, { trackers });
    const first = await startDaemon(trackers, directory);
    assert.match(String(first.ready.url), /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(String(first.ready.token), (await readFile(String(first.ready.tokenFile), 'utf8')).trim());
    assert.match(String(first.ready.listen), /^127\.0\.0\.1:\d+$/);
    await drive(first, 'add', 'film.mkv', '--tracker', tracker.url, '--label', 'films', '--up', '50K', '--ratio', '2');
    await untilState(first, 'film.mkv', 'seeding');
    await drive(first, 'add', `magnet:?xt=urn:btih:${'e'.repeat(40)}&dn=later`, '--paused');
    await drive(first, 'limit', '--down', '7M', '--active-seeds', '4');
    const before = await drive(first, 'status');
    await first.process.kill('SIGKILL');
    const orphan = await runShoal(['status', '--json'], { state: first.state });
    assert.equal(orphan.ended.code, 1);
    assert.deepEqual([orphan.all('error')[0]?.code, orphan.all('error')[0]?.reason], ['ERR_DAEMON', 'not_running']);

    const second = await startDaemon(trackers, directory);
    assert.equal(second.ready.token, first.ready.token);
    await untilState(second, 'film.mkv', 'seeding');
    const after = await drive(second, 'status');
    const lasting = (events: ShoalEvent[]) =>
      events
        .filter(({ event }) => event === 'torrent')
        .map(({ down, up, peers, seeds, checked, wasted, ...rest }) => rest);
    assert.deepEqual(lasting(after), lasting(before));
    const settings = (events: ShoalEvent[]) => events.find(({ event }) => event === 'daemon')?.settings;
    assert.deepEqual(settings(after), settings(before));
    assert.equal(await digest(join(second.downloads, 'film.mkv')), await digest(path));

    const other = await runShoal(['daemon', '--json', '--api', '127.0.0.1:0'], { state: second.state });
    assert.equal(other.ended.code, 1);
    assert.equal(other.all('error')[0]?.code, 'ERR_LOCKED');

    await drive(second, 'pause', 'all');
    assert.equal((await untilState(second, 'film.mkv', 'paused')).have, SIZE);
    const [file] = await drive(second, 'files', 'film.mkv');
    assert.deepEqual([file?.path, file?.size, file?.have], ['film.mkv', SIZE, SIZE]);
    const [removed] = await drive(second, 'remove', 'eeeeeeee');
    assert.equal(removed?.name, 'later');
    const missing = await runShoal(['peers', 'later', '--json'], { state: second.state });
    assert.equal(missing.all('error')[0]?.code, 'ERR_NOT_FOUND');

    second.process.signal('SIGTERM');
    assert.equal(await second.process.code(), 143);
    assert.equal((await runShoal(['status'], { state: second.state })).ended.code, 1);
  });

  it('reads its settings anew at SIGHUP, and keeps those it has when they make no sense', async () => {
    const directory = await temporaryDirectory('daemon');
    const config = join(directory, 'config', 'shoal', 'config.toml');
    await mkdir(join(directory, 'config', 'shoal'), { recursive: true });
    await writeFile(config, 'down = "1M"\n');
    const daemon = await startDaemon([], directory, [], { XDG_CONFIG_HOME: join(directory, 'config') });
    const limits = async () => (await drive(daemon, 'limit'))[0];
    assert.equal((await limits())?.down, 1024 * 1024);
    const refused = await runShoal(['limit', '--down', '5M', '--json'], { state: daemon.state });
    assert.equal(refused.ended.code, 8);
    assert.match(String(refused.all('error')[0]?.message), /config\.toml:1: down/);
    await writeFile(config, 'down = "2M"\nactive-downloads = 3\n');
    daemon.process.signal('SIGHUP');
    await daemon.process.event('reloaded');
    assert.deepEqual([(await limits())?.down, (await limits())?.activeDownloads], [2 * 1024 * 1024, 3]);
    await writeFile(config, 'down = "many"\n');
    daemon.process.signal('SIGHUP');
    const warning = await daemon.process.event('warning');
    assert.match(String(warning.message), /config\.toml:1/);
    assert.equal((await limits())?.down, 2 * 1024 * 1024);
  });
});

describe('handing over to a daemon', () => {
  it('shares and gets through it, with the same events and exit codes', async () => {
    const tracker = await startTracker();
    const trackers = [tracker.url];
    const directory = await temporaryDirectory('hand');
    const path = await randomFile(join(directory, 'film.mkv'), SIZE);
    const giver = await startDaemon(trackers, join(directory, 'giver'));
    const taker = await startDaemon(trackers, join(directory, 'taker'));
    const words = (...args: string[]) => [...args, '--json', '--tracker', tracker.url];

    const sharing = await spawnShoal(words('share', path), { state: giver.state });
    const shared = await sharing.event('sharing');
    assert.equal(shared.listen, giver.ready.listen, 'the daemon serves it');
    assert.equal((await untilState(giver, 'film.mkv', 'seeding')).path, path);

    const copy = join(directory, 'copy.mkv');
    const getting = await spawnShoal(words('get', 'film.mkv', '-o', copy, '--verbose', '--down', '2M'), {
      state: taker.state,
    });
    const done = await untilDone(getting);
    assert.deepEqual([done.path, done.size, done.downloaded], [copy, SIZE, SIZE]);
    assert.equal(done.peers.length, 1);
    assert.equal(await getting.code(), 0);
    assert.equal((await getting.event('metadata')).listen, taker.ready.listen);
    assert.ok(getting.all('piece').length > 10);
    assert.ok(getting.all('progress').length > 0);
    assert.equal(await digest(copy), await digest(path));
    assert.deepEqual(
      (await drive(taker, 'status')).filter(({ event }) => event === 'torrent'),
      [],
      'without --seed it is over',
    );

    const slow = join(directory, 'slow.mkv');
    const cut = await spawnShoal(words('get', 'film.mkv', '-o', slow, '--down', '500K'), { state: taker.state });
    await cut.until(() => cut.all('progress').some(({ have }) => Number(have) > 300_000), 'a part');
    cut.signal('SIGINT');
    assert.equal(await cut.code(), 130);
    const again = await spawnShoal(words('get', 'film.mkv', '-o', slow, '--seed'), { state: taker.state });
    const rest = await untilDone(again);
    assert.ok(rest.reused >= 300_000, 'it goes on where it was');
    assert.equal(rest.reused + rest.downloaded, SIZE);
    await untilState(taker, 'film.mkv', 'seeding');
    again.signal('SIGTERM');
    assert.equal(await again.code(), 143);

    sharing.signal('SIGINT');
    assert.equal(await sharing.code(), 130);
    assert.deepEqual(
      (await drive(giver, 'status')).filter(({ event }) => event === 'torrent'),
      [],
    );
    const alone = await spawnShoal(words('get', 'film.mkv', '-o', join(directory, 'no.mkv'), '--timeout', '1'), {
      state: taker.state,
    });
    assert.equal(await alone.code(), 4);
    assert.equal((await alone.event('error')).code, 'ERR_NO_PEER');
    await writeFile(join(directory, 'taken.mkv'), 'something else');
    const taken = await spawnShoal(words('get', 'film.mkv', '-o', join(directory, 'taken.mkv')), {
      state: taker.state,
    });
    assert.equal(await taken.code(), 1);
    assert.equal((await taken.event('error')).code, 'ERR_DESTINATION');
  });

  it('leaves what the daemon had before, and does the work itself when asked to', async () => {
    const tracker = await startTracker();
    const trackers = [tracker.url];
    const directory = await temporaryDirectory('hand');
    const path = await randomFile(join(directory, 'film.mkv'), SIZE);
    await share(path, { trackers });
    const daemon = await startDaemon(trackers, directory);
    await drive(daemon, 'add', 'film.mkv', '--tracker', tracker.url);
    await untilState(daemon, 'film.mkv', 'seeding');
    const joined = await spawnShoal(
      ['get', 'film.mkv', '-o', `${daemon.downloads}/`, '--json', '--tracker', tracker.url],
      {
        state: daemon.state,
      },
    );
    assert.equal(await joined.code(), 0);
    await untilState(daemon, 'film.mkv', 'seeding');
    const elsewhere = join(directory, 'other.mkv');
    const words = { trackers, state: daemon.state };
    const other = await spawnShoal(['get', 'film.mkv', '-o', elsewhere, '--json', '--tracker', tracker.url], {
      state: daemon.state,
    });
    assert.equal(await other.code(), 1);
    assert.equal((await other.event('error')).code, 'ERR_LOCKED');
    await drive(daemon, 'remove', 'film.mkv');
    const own = await startGet('film.mkv', elsewhere, { ...words, args: ['--no-daemon'] });
    assert.equal((await untilDone(own)).downloaded, SIZE);
    assert.notEqual((await own.event('metadata')).listen, daemon.ready.listen);
    assert.equal(await own.code(), 0);
  });
});

describe('the commands that drive a daemon', () => {
  it('ask its catalogs, name what each table is of, and refuse what would do nothing', async () => {
    const tracker = await startTracker();
    const directory = await temporaryDirectory('drive');
    const first = await randomFile(join(directory, 'film.mkv'), 50_000);
    const second = await randomFile(join(directory, 'song.ogg'), 50_000);
    await share(first, { trackers: [tracker.url] });
    await share(second, { trackers: [tracker.url] });
    const daemon = await startDaemon([tracker.url], directory);
    const run = (...words: string[]) => runShoal(words, { state: daemon.state });

    // without a tracker of its own: it would ask one at the usual address, where none is
    const added = await run('add', 'film.mkv', 'song.ogg', '--ratio', '1.5');
    assert.equal(added.ended.code, 0, added.stderr);
    assert.equal(added.lines.filter((line) => /^NAME /.test(line)).length, 1, 'one table');
    await untilState(daemon, 'film.mkv', 'seeding');
    await untilState(daemon, 'song.ogg', 'seeding');

    const files = await run('files', 'all');
    assert.deepEqual(
      files.lines.filter((line) => /:$/.test(line)),
      ['film.mkv:', 'song.ogg:'],
    );
    const hashes = (await drive(daemon, 'files', 'all')).map(({ infoHash }) => infoHash);
    assert.equal(new Set(hashes).size, 2);

    assert.match((await run('limit', 'film.mkv')).stdout, /ratio 1\.5/);
    const lifted = await drive(daemon, 'limit', 'film.mkv', '--ratio', 'none', '--seed-time', 'none');
    assert.deepEqual([lifted[0]?.ratio, lifted[0]?.seedTime], [null, null]);
    const general = await run('limit', 'film.mkv', '--active-seeds', '3');
    assert.equal(general.ended.code, 2);
    assert.match(general.stderr, /--active-seeds is for the daemon as a whole/);

    const missing = await run('add', './nothing.torrent');
    assert.equal(missing.ended.code, 6);
    assert.match(missing.stderr, /cannot read \.\/nothing\.torrent: there is no such file$/m);
    await drive(daemon, 'add', `magnet:?xt=urn:btih:${'e'.repeat(40)}&dn=later`, '--paused');
    assert.match((await run('why', 'later')).stdout, /^later: paused$/m, 'no sizes that nobody knows');

    const labelled = await run('status', '--label', 'music');
    assert.match(labelled.stderr, /No torrent has the label "music"/);
  });

  it('hear from it that its downloads directory cannot be used, and say that it has stopped', async () => {
    const tracker = await startTracker();
    const directory = await temporaryDirectory('drive');
    const path = await randomFile(join(directory, 'film.mkv'), SIZE);
    await share(path, { trackers: [tracker.url] });
    await writeFile(join(directory, 'downloads'), 'no directory');
    const daemon = await startDaemon([tracker.url], directory);
    assert.match(String((await daemon.process.event('warning')).message), /downloads is no directory/);
    const words = ['get', 'film.mkv', '-o', join(directory, 'copy'), '--down', '50K', '--tracker', tracker.url];
    const getting = await spawnShoal([...words, '--json'], { state: daemon.state });
    await getting.event('progress', ({ have }) => Number(have) > 0);
    await daemon.process.kill('SIGKILL');
    const error = await getting.event('error');
    assert.equal(await getting.code(), 1);
    assert.deepEqual([error.code, /run the same command again/.test(String(error.message))], ['ERR_DAEMON', true]);
  });
});
