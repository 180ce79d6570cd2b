// Shoal, aria2 and libtorrent in one swarm: a slow Shoal seed, three getters of three makes, and each of the three both
// takes from and gives to strangers until all have everything.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { startAria2 } from '../harness/aria2.ts';
import { share, startGet, torrentFile, untilDone } from '../harness/jobs.ts';
import { Libtorrent } from '../harness/libtorrent.ts';
import { freePort } from '../harness/ports.ts';
import type { ProgramEvent } from '../harness/program.ts';
import { needs } from '../harness/programs.ts';
import { digest, eventually, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';

/** Addresses in a `piece` event. */
function givers(event: ProgramEvent): string[] {
  return (event.from as { address: string }[]).map((from) => from.address);
}

it('all three makes complete together, fed by each other', needs('aria2', 'libtorrent'), async () => {
  const tracker = await startTracker();
  const directory = await temporaryDirectory();
  const path = await randomFile(join(directory, 'film.mkv'), 24 << 20);
  const shared = await share(path, { trackers: [tracker.url], args: ['--up', '3M', '--piece-length', '128K'] });
  const source = join(directory, 'entry.torrent');
  await writeFile(source, await torrentFile(tracker.url, shared.name));
  const [aria2Place, libtorrentPlace] = [join(directory, 'aria2'), join(directory, 'libtorrent')];
  await Promise.all([mkdir(aria2Place), mkdir(libtorrentPlace)]);

  const aria2 = startAria2({ source, directory: aria2Place, port: await freePort(), seed: true });
  const libtorrent = await Libtorrent.start();
  await libtorrent.add({ torrent: source, save: libtorrentPlace });
  const shoal = await startGet('film.mkv', join(directory, 'shoal.mkv'), {
    trackers: [tracker.url],
    args: ['--seed', '--verbose'],
  });

  // Whoever asks none but seeds finds a giver besides the first seed only when somebody else is done.
  await shoal.event('piece', (event) => givers(event).some((address) => !address.endsWith(`:${shared.port}`)), 120_000);
  const progress = Number(libtorrent.process.all('progress').at(-1)?.have ?? 0) / (24 << 20);
  assert.ok(progress < 0.8, `Shoal took nothing from others before libtorrent had ${Math.round(progress * 100)} %`);
  assert.doesNotMatch(aria2.stdout, /Download complete/i, 'Shoal took nothing from others before aria2 was done');

  const done = await untilDone(shoal, 120_000);
  const totals = await libtorrent.finished(shared.infoHash, 120_000);
  await eventually(
    async () => (await digest(join(aria2Place, 'film.mkv'))) === (await digest(path)),
    'aria2 has it',
    120_000,
  );
  assert.equal(await digest(join(directory, 'shoal.mkv')), await digest(path));
  assert.equal(await digest(join(libtorrentPlace, 'film.mkv')), await digest(path));

  const makes = new Set(
    done.peers.filter((peer) => peer.bytes > 0).map((peer) => peer.client.split(/[ /]/)[0]!.toLowerCase()),
  );
  assert.ok(makes.size >= 2, `Shoal took from one make only: ${JSON.stringify(done.peers)}`);
  const fromSeed = done.peers
    .filter((peer) => peer.address.endsWith(`:${shared.port}`))
    .reduce((sum, peer) => sum + peer.bytes, 0);
  assert.ok(fromSeed < done.size, `everything came from the seed: ${JSON.stringify(done.peers)}`);
  assert.ok(
    shoal.all('progress').some((event) => Number(event.up) > 0 && Number(event.have) < done.size),
    'Shoal gave nothing while it fetched',
  );
  const gave = totals.filter((peer) => peer.sent > 0);
  assert.ok(gave.length > 0, `libtorrent gave nothing: ${JSON.stringify(totals)}`);
  await aria2.kill('SIGTERM');
});
