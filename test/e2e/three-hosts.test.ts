// Three hosts, as network namespaces: the tracker and the first seed on one, talking to each other over 127.0.0.1, two
// getters on two others who know the tracker by its real address. Nobody is ever sent to a loopback address, so both
// getters complete, and each takes from the other.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { promisify } from 'node:util';
import { makeFolder } from '../harness/content.ts';
import { type Done, FULL, untilDone } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import {
  digest,
  digestTree,
  randomFile,
  runShoal,
  spawnShoal,
  startTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

const run = promisify(execFile);
const ip = (...words: string[]) =>
  run('ip', words, { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });

/** Names no other run uses at the same time; interface names must be short. */
const MARK = process.pid.toString(36);
const HUB = `shoal-${MARK}-hub`;
const HOSTS = ['a', 'b', 'c'].map((letter, index) => ({
  space: `shoal-${MARK}-${letter}`,
  link: `sh${MARK}${letter}`,
  address: `10.77.0.${index + 1}`,
}));
const inside = (host: number) => ['ip', 'netns', 'exec', HOSTS[host]!.space];

/** What a run that was itself killed left behind. */
async function removeOrphans(): Promise<void> {
  for (const [name, mark] of (await ip('netns', 'list')).stdout.matchAll(/^shoal-(\w+)-\w+/gm))
    if (!existsSync(`/proc/${Number.parseInt(mark!, 36)}`)) await ip('netns', 'delete', name);
}

async function buildHosts(): Promise<void> {
  await removeOrphans();
  await ip('netns', 'add', HUB);
  await ip('-n', HUB, 'link', 'add', 'bridge', 'type', 'bridge');
  await ip('-n', HUB, 'link', 'set', 'bridge', 'up');
  for (const { space, link, address } of HOSTS) {
    await ip('netns', 'add', space);
    await ip('-n', space, 'link', 'set', 'lo', 'up');
    await ip('link', 'add', link, 'netns', HUB, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    await ip('-n', HUB, 'link', 'set', link, 'master', 'bridge', 'up');
    await ip('-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', space, 'link', 'set', 'eth0', 'up');
  }
}

after(async () => {
  // links go with their namespaces; a namespace that was never made is no matter
  for (const space of [...HOSTS.map((host) => host.space), HUB]) await ip('netns', 'delete', space).catch(() => {});
});

it('gets across hosts from a seed that announced itself as loopback', needs('network namespaces'), async () => {
  await buildHosts();
  const size = (FULL ? 1024 : 48) << 20;
  const directory = await temporaryDirectory();
  const film = await randomFile(join(directory, 'film.mkv'), size);
  const album = await makeFolder(join(directory, 'album'), FULL ? 400 : 60);

  const tracker = await startTracker({ wrap: inside(0), listen: '0.0.0.0:7070' });
  const share = await spawnShoal(
    ['share', film, album, '--json', '--tracker', 'http://127.0.0.1:7070', '--up', FULL ? '150M' : '12M'],
    { wrap: inside(0) },
  );
  await share.event('sharing', (event) => event.name === 'film.mkv');
  await share.event('sharing', (event) => event.name === 'album');

  const url = `http://${HOSTS[0]!.address}:7070`;
  const getOn = async (host: number, name: string) =>
    await spawnShoal(['get', name, '-o', `${join(directory, `host-${host}`)}/`, '--json', '--seed', '--tracker', url], {
      wrap: inside(host),
    });
  const gets = await Promise.all([getOn(1, 'film.mkv'), getOn(2, 'film.mkv')]);
  const dones: Done[] = await Promise.all(gets.map((get) => untilDone(get, 240_000)));
  for (const [index, done] of dones.entries()) {
    assert.equal(await digest(done.path), await digest(film));
    const from = (address: string) =>
      done.peers.filter((peer) => peer.address.includes(`${address}:`)).reduce((sum, peer) => sum + peer.bytes, 0);
    assert.ok(from(HOSTS[0]!.address) > 0, `took from the seed: ${JSON.stringify(done.peers)}`);
    assert.ok(from(HOSTS[2 - index]!.address) > 0, `took from the other: ${JSON.stringify(done.peers)}`);
    assert.equal(from('127.0.0.1'), 0);
  }

  const where = await runShoal(['where', 'film.mkv', '--json', '--tracker', url], { wrap: inside(1) });
  const seen = where.all('peer').map((peer) => String(peer.address).replace(/:\d+$/, ''));
  assert.deepEqual(
    [...new Set(seen)].sort(),
    HOSTS.map((host) => host.address),
  );

  const folder = await getOn(2, 'album');
  assert.deepEqual(await digestTree((await untilDone(folder)).path), await digestTree(album));
  await Promise.all([tracker.process, share, folder, ...gets].map((process) => process.kill('SIGTERM')));
});
