// The programs that are measured side by side, each behind the same two verbs: seed what lies there, get it from those
// seeds. Every one runs as processes of its own, over plain TCP on loopback, with nothing that finds peers.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAria2 } from '../test/harness/aria2.ts';
import { Libtorrent, type LibtorrentOptions } from '../test/harness/libtorrent.ts';
import { freePort } from '../test/harness/ports.ts';
import { Program } from '../test/harness/program.ts';
import { PYTHON } from '../test/harness/programs.ts';
import { publish } from './published.ts';

/** What is transferred. */
export interface Job {
  torrent: string;
  /** The same metadata with the tracker of the measurement, for who finds peers no other way. */
  tracked: string;
  /** The file or folder itself. */
  original: string;
  size: number;
}

export interface Seed {
  readonly program: Program;
  readonly ports: readonly number[];
}

export interface Download {
  readonly program: Program;
  /** Where the content is when it is done. */
  readonly path: string;
  /** Seconds by the downloader's own clock, once the last piece is verified and written. */
  readonly finished: Promise<number>;
}

export interface Contender {
  readonly name: string;
  version(): string | undefined;
  /** Resolves when it serves. `scratch`: an empty directory of its own. */
  seed(job: Job, scratch: string): Promise<Seed>;
  /** `into`: an empty directory of its own. */
  get(job: Job, into: string, seeds: readonly Seed[]): Promise<Download>;
}

const PATIENCE = 900_000;
const WEBTORRENT = fileURLToPath(new URL('webtorrent-peer.js', import.meta.url));

function portsOf(seeds: readonly Seed[]): number[] {
  return seeds.flatMap((seed) => [...seed.ports]);
}

function contentIn(into: string, job: Job): string {
  return join(into, job.original.slice(dirname(job.original).length + 1));
}

function startShoal(words: readonly string[], state: string, port: number): Program {
  const common = ['--seed', '--json', '--listen', `127.0.0.1:${port}`, '--tracker', 'http://127.0.0.1:1'];
  const { launcher, env } = publish();
  return new Program([process.execPath, launcher, 'get', ...words, ...common], { env: { ...env, SHOAL_STATE: state } });
}

const shoal: Contender = {
  name: 'Shoal',
  version: () =>
    (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version,
  async seed({ torrent, original }, scratch) {
    const port = await freePort();
    const program = startShoal([torrent, '-o', `${dirname(original)}/`], join(scratch, 'state'), port);
    await program.event('done', undefined, PATIENCE);
    return { program, ports: [port] };
  },
  async get(job, into, seeds) {
    const path = contentIn(into, job);
    const peers = portsOf(seeds).flatMap((port) => ['--peer', `127.0.0.1:${port}`]);
    const program = startShoal([job.torrent, '-o', `${into}/`, ...peers], join(into, 'state'), await freePort());
    return {
      program,
      path,
      finished: program.event('done', undefined, PATIENCE).then(({ seconds }) => Number(seconds)),
    };
  },
};

/** Its own first half second is a timer and not work, so its clock starts at the first byte. */
function libtorrent(name: string, options: LibtorrentOptions): Contender {
  return {
    name,
    version: () => output(PYTHON, '-c', 'import libtorrent; print(libtorrent.__version__)'),
    async seed({ torrent, original }) {
      const peer = await Libtorrent.start({ ...options, period: 1 });
      await peer.add({ torrent, save: dirname(original), seed: true });
      await peer.process.event('progress', (event) => event.state === 'seeding', PATIENCE);
      return { program: peer.process, ports: [peer.port] };
    },
    async get(job, into, seeds) {
      const peer = await Libtorrent.start({ ...options, period: 0.02 });
      const peers = portsOf(seeds).map((port): [string, number] => ['127.0.0.1', port]);
      const infoHash = await peer.add({ torrent: job.torrent, save: into, peers });
      const finished = peer.process.event('finished', (event) => event.infoHash === infoHash, PATIENCE);
      return {
        program: peer.process,
        path: contentIn(into, job),
        finished: finished.then(({ seconds }) => Number(seconds)),
      };
    },
  };
}

/** Finds its peers by the tracker alone and tells no times, so its clock starts with the process. */
const aria2: Contender = {
  name: 'aria2',
  version: () => /aria2 version (\S+)/.exec(output('aria2c', '--version') ?? '')?.[1],
  async seed({ tracked, original }) {
    const port = await freePort();
    const program = startAria2({ source: tracked, directory: dirname(original), port, seed: true });
    await program.until(
      () => /Verification finished successfully|IPv4 BitTorrent: listening/i.test(program.stdout),
      'seeding',
      PATIENCE,
    );
    return { program, ports: [port] };
  },
  async get(job, into) {
    const began = performance.now();
    const program = startAria2({ source: job.tracked, directory: into, port: await freePort(), seed: false });
    const finished = program.until(() => /Download complete/i.test(program.stdout), 'end', PATIENCE);
    return { program, path: contentIn(into, job), finished: finished.then(() => (performance.now() - began) / 1000) };
  },
};

const webtorrent: Contender = {
  name: 'WebTorrent',
  version() {
    const path = new URL('node_modules/webtorrent/package.json', import.meta.url);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version : undefined;
  },
  async seed({ torrent, original }) {
    const program = startWebtorrent({ torrent, path: dirname(original), seed: true });
    const { port } = await program.event('seeding', undefined, PATIENCE);
    return { program, ports: [Number(port)] };
  },
  async get(job, into, seeds) {
    const peers = portsOf(seeds).map((port) => `127.0.0.1:${port}`);
    const program = startWebtorrent({ torrent: job.torrent, path: into, peers });
    const finished = program.event('done', undefined, PATIENCE).then(({ seconds }) => Number(seconds));
    return { program, path: contentIn(into, job), finished };
  },
};

function startWebtorrent(options: object): Program {
  return new Program([process.execPath, WEBTORRENT, JSON.stringify(options)]);
}

function output(...words: [string, ...string[]]): string | undefined {
  const ran = spawnSync(words[0], words.slice(1), { encoding: 'utf8' });
  return ran.status === 0 ? ran.stdout.trim() : undefined;
}

/** Its default prefers uTP, which is many times slower; what is compared is TCP. */
const PLAIN_TCP = { enable_outgoing_utp: false, enable_incoming_utp: false };

/** All that are installed here, Shoal first; says how the others can be had. */
export function presentContenders(tell: (text: string) => void): Contender[] {
  const all: [Contender, string][] = [
    [shoal, ''],
    [libtorrent('libtorrent, tuned', { tuned: true }), "Debian's package python3-libtorrent"],
    [libtorrent('libtorrent, default', { settings: PLAIN_TCP }), "Debian's package python3-libtorrent"],
    [aria2, "Debian's package aria2"],
    [webtorrent, 'npm ci in bench/'],
  ];
  return all.flatMap(([contender, from]) => {
    if (contender.version() !== undefined) return [contender];
    tell(`${contender.name} is not here (${from}) and left out`);
    return [];
  });
}
