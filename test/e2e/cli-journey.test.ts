// The command line from beginning to end with JSON: share, list, where, get and unshare of one file, several paths and
// several versions; whose name it is; what --verbose adds; and what progress promises.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { get, share, startGet, untilDone } from '../harness/jobs.ts';
import {
  digest,
  digestTree,
  eventually,
  randomFile,
  runShoal,
  startTracker,
  type TestTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

describe('the command line', () => {
  let tracker: TestTracker;
  let trackers: string[];

  before(async () => {
    tracker = await startTracker();
    trackers = [tracker.url];
  });

  const ask = (words: string[], state?: string) =>
    runShoal([...words, '--json', '--tracker', tracker.url], state === undefined ? {} : { state });
  const names = async (query: string) => (await ask(['list', query])).all('entry').map(({ name }) => name);

  it('shares, lists, finds, gets, seeds and takes back one file', async () => {
    const state = await temporaryDirectory('state');
    const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 3_000_000);
    const shared = await share(path, { trackers, state });
    assert.equal(shared.name, 'film.mkv');
    assert.match(shared.infoHash, /^[0-9a-f]{40}$/);
    assert.ok(shared.magnet.startsWith(`magnet:?xt=urn:btih:${shared.infoHash}`), shared.magnet);

    const [entry] = (await ask(['list', 'film'])).all('entry');
    assert.deepEqual([entry?.name, entry?.size, entry?.version, entry?.seeds], ['film.mkv', 3_000_000, 1, 1]);

    const directory = await temporaryDirectory();
    const getter = await startGet('film.mkv', `${directory}/`, { trackers, args: ['--seed'] });
    const done = await untilDone(getter);
    const fields = ['event', 'name', 'infoHash', 'path', 'size', 'downloaded', 'reused', 'wasted', 'seconds', 'peers'];
    for (const field of fields) assert.ok(field in done, field);
    assert.equal(done.path, join(directory, 'film.mkv'));
    assert.equal(await digest(done.path), await digest(path));
    assert.deepEqual([done.size, done.downloaded, done.reused], [3_000_000, 3_000_000, 0]);
    assert.deepEqual(
      done.peers.map(({ address, bytes }) => ({ address, bytes })),
      [{ address: `127.0.0.1:${shared.port}`, bytes: 3_000_000 }],
    );

    const peers = await eventually(async () => {
      const rows = (await ask(['where', 'film.mkv'])).all('peer').filter((peer) => peer.seed === true);
      return rows.length === 2 && rows;
    }, 'two seeds in where');
    const { listen } = await getter.event('metadata');
    assert.deepEqual(peers.map(({ address }) => address).sort(), [`127.0.0.1:${shared.port}`, listen].sort());
    for (const peer of peers) assert.match(String(peer.client), /shoal/i);

    getter.child.kill('SIGINT');
    assert.equal(await getter.code(), 130);
    assert.equal((await getter.event('error')).code, 'ERR_INTERRUPTED');

    const stranger = await ask(['unshare', 'film.mkv']);
    assert.deepEqual([stranger.ended.code, stranger.all('error')[0]?.code], [8, 'ERR_NOT_ALLOWED']);
    const owner = await ask(['unshare', 'film.mkv'], state);
    assert.equal(owner.ended.code, 0, owner.stderr);
    assert.deepEqual(await names('film'), []);
    assert.equal((await ask(['get', 'film.mkv'])).ended.code, 3);
    shared.process.child.kill('SIGTERM');
    assert.equal(await shared.process.code(), 143);
  });

  it('makes entries of several paths, or one of them all with --name', async () => {
    const directory = await temporaryDirectory();
    const one = await randomFile(join(directory, 'one.bin'), 50_000);
    const two = join(directory, 'two');
    await mkdir(join(two, 'empty'), { recursive: true });
    await writeFile(join(two, 'kept.txt'), 'kept');
    await writeFile(join(two, 'left.log'), 'left out');
    const args = ['--exclude', '*.log'];
    const several = await share([one, two], { trackers, args });
    await several.process.event('sharing', (event) => event.name === 'two');
    const together = await share([one, two], { trackers, args: [...args, '--name', 'both of them'] });
    assert.deepEqual(await names('o'), ['both of them', 'one.bin', 'two']);
    const leftOut = several.process.all('skipped').map(({ path }) => path);
    assert.ok(leftOut.includes(join(two, 'left.log')) && leftOut.includes(join(two, 'empty')), String(leftOut));

    const done = await get('both of them', `${join(directory, 'into')}/`, { trackers });
    assert.equal(done.path, join(directory, 'into', 'both of them'));
    assert.deepEqual([...(await digestTree(done.path)).keys()], ['one.bin', 'two/kept.txt']);
    assert.equal(together.name, 'both of them');
  });

  it('makes a new version of what changed, and keeps a name for its publisher', async () => {
    const state = await temporaryDirectory('state');
    const path = await randomFile(join(await temporaryDirectory(), 'paper.pdf'), 40_000, 'first');
    const first = await share(path, { trackers, state });
    const again = await share(path, { trackers, state: await copyIdentity(state) });
    assert.equal((await again.process.event('sharing')).version, 1, 'the same content is the same version');
    await Promise.all([first.process.kill(), again.process.kill()]);

    await randomFile(path, 40_000, 'second');
    const second = await share(path, { trackers, state });
    assert.equal((await second.process.event('sharing')).version, 2);
    const newest = await get('paper.pdf', join(await temporaryDirectory(), 'a'), { trackers });
    assert.equal(newest.infoHash, second.infoHash);

    const old = await startGet('paper.pdf@1', join(await temporaryDirectory(), 'b'), {
      trackers,
      args: ['--timeout', '1'],
    });
    assert.equal((await old.event('metadata')).infoHash, first.infoHash);
    assert.equal(await old.code(), 4, 'nobody has the old version any more');

    const taken = await ask(['share', path, '--listen', '127.0.0.1:0']);
    const error = taken.all('error')[0];
    assert.deepEqual([taken.ended.code, error?.code], [8, 'ERR_NAME_TAKEN']);
    const { publicKey } = (await runShoal(['identity', 'show', '--json'], { state })).all('identity')[0]!;
    assert.ok(String(error?.message).includes(String(publicKey).slice(0, 8)), 'it says by whom');

    const wrong = await ask(['get', 'paper.pdf', '--publisher', '0'.repeat(64), '-o', join(state, 'c')]);
    assert.equal(wrong.ended.code, 8);
    const right = ['--publisher', String(publicKey)];
    await get('paper.pdf', join(await temporaryDirectory(), 'd'), { trackers, args: right });
  });

  it('gets by magnet link, by .torrent file and by the address of one', async () => {
    const directory = await temporaryDirectory();
    const path = await randomFile(join(directory, 'any way.bin'), 700_000);
    const { magnet } = await share(path, { trackers });
    const address = `${tracker.url}/api/v1/files/any%20way.bin/torrent`;
    const file = join(directory, 'any.torrent');
    await writeFile(file, new Uint8Array(await (await fetch(address)).arrayBuffer()));
    for (const source of [magnet, address, file]) {
      const done = await get(source, `${await temporaryDirectory()}/`, { trackers: [] });
      assert.equal(await digest(done.path), await digest(path), source);
    }
    const shown = (await runShoal(['show', file, '--json'])).all('result')[0];
    assert.deepEqual([shown?.name, shown?.size], ['any way.bin', 700_000]);
    const wrong = await runShoal(['get', `${tracker.url}/no/such.torrent`, '--json']);
    assert.deepEqual([wrong.ended.code, wrong.events.at(-1)?.code], [6, 'ERR_SOURCE']);
  });

  it('lets the operator take out any entry, by token or by its file', async () => {
    const directory = await temporaryDirectory();
    const paths = ['x1.bin', 'x2.bin'].map((name) => join(directory, name));
    for (const path of paths) await randomFile(path, 20_000);
    const shared = await share(paths, { trackers });
    await shared.process.event('sharing', (event) => event.name === 'x2.bin');
    const file = join(tracker.data, 'admin.token');
    const refused = await ask(['unshare', 'x1.bin', '--admin', 'guessed']);
    assert.equal(refused.ended.code, 8, refused.stdout);
    assert.equal((await ask(['unshare', 'x1.bin', '--admin', file])).ended.code, 0);
    const token = (await readFile(file, 'utf8')).trim();
    assert.equal((await ask(['unshare', 'x2.bin', '--admin', token])).ended.code, 0);
    assert.deepEqual(await names('x'), []);
  });

  it('tells progress at most twice a second, and each piece with its givers when verbose', async () => {
    const size = 3_000_000;
    const path = await randomFile(join(await temporaryDirectory(), 'slow.bin'), size);
    await share(path, { trackers, args: ['--piece-length', '64K'] });
    const args = ['--down', '1M', '--verbose'];
    const getter = await startGet('slow.bin', join(await temporaryDirectory(), 'copy'), { trackers, args });
    const done = await untilDone(getter);
    const progress = getter.all('progress');
    assert.ok(
      progress.length >= 2 && progress.length <= 2 * Number(done.seconds) + 1,
      `${progress.length} in ${done.seconds} s`,
    );
    for (const field of ['have', 'size', 'pieces', 'down', 'up', 'peers'])
      for (const event of progress) assert.equal(typeof event[field], 'number', field);
    const have = progress.map((event) => Number(event.have));
    assert.deepEqual(
      have,
      [...have].sort((a, b) => a - b),
    );

    const pieces = getter.all('piece');
    assert.deepEqual(
      pieces.map(({ index }) => Number(index)).sort((a, b) => a - b),
      Array.from({ length: Math.ceil(size / 65_536) }, (_, index) => index),
    );
    const given = pieces.flatMap(({ from }) => from as { address: string; bytes: number }[]);
    assert.equal(
      given.reduce((sum, { bytes }) => sum + bytes, 0),
      size,
    );
    assert.deepEqual([...new Set(given.map(({ address }) => address))], [done.peers[0]!.address]);
  });
});

/** A state directory of its own with the same identity: two peers of one person. */
async function copyIdentity(state: string): Promise<string> {
  const file = join(await temporaryDirectory(), 'identity');
  const other = await temporaryDirectory('state');
  assert.equal((await runShoal(['identity', 'export', '-o', file], { state })).ended.code, 0);
  assert.equal((await runShoal(['identity', 'import', file], { state: other })).ended.code, 0);
  return other;
}
