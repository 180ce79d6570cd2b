// `shoal demo`: a tracker and four peers as processes of their own on loopback, to watch, and the proof at the end that
// everyone has the same bytes and gave some. Leaves no process and no file behind.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatDuration, formatPercent, formatRate, formatSize } from '../../base/quantity.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { digestFile, makeFile, measureFile, requireSpace } from '../demo/content.ts';
import { buildMatrix, drawMatrix } from '../demo/matrix.ts';
import { Player } from '../demo/player.ts';
import { unlessAborted } from '../interrupt.ts';
import type { ProgressView } from '../output.ts';
import { drawBar } from '../render/strip.ts';
import { pad } from '../render/width.ts';

const SIZE = 256 * 1024 * 1024;
const GETTERS = ['anna', 'ben', 'cleo'];
/** The seed alone would need this long for one copy, so that there is something to see and the others must help. */
const SECONDS_FOR_ONE_COPY = 8;
const SLOWEST_SEED = 4 * 1024 * 1024;

export const run: CommandRun<(typeof COMMON)[number]> = async (context, _settings, [given]) => {
  const { signal } = context;
  const directory = await mkdtemp(join(tmpdir(), 'shoal-demo-'));
  const players: Player[] = [];
  const killAll = () => {
    for (const player of players) player.kill();
  };
  process.once('exit', killAll);
  try {
    await perform(context, directory, players, given === undefined ? undefined : resolve(given));
  } catch (error) {
    signal.throwIfAborted(); // what broke because we are leaving is no news
    throw error;
  } finally {
    context.output.endProgress();
    await Promise.all(players.map((player) => player.stop()));
    process.removeListener('exit', killAll);
    await rm(directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
  }
};

async function perform(context: CommandContext, directory: string, players: Player[], given: string | undefined) {
  const { output, signal } = context;
  const size = given === undefined ? SIZE : await measureFile(given);
  await requireSpace(directory, size * (given === undefined ? 4 : 3) + 16 * 1024 * 1024);
  const path = given ?? join(directory, 'demo.bin');
  if (given === undefined) {
    output.say(`Making ${formatSize(size)} of random data`);
    await makeFile(path, size, signal);
  }

  const environment = await quietEnvironment(context, directory);
  const start = (name: string, words: readonly string[]) => {
    signal.throwIfAborted();
    const player = new Player(name, words, environment);
    players.push(player);
    return player;
  };
  const home = (name: string) => ['--state', join(directory, name, 'state'), '--listen', '127.0.0.1:0'];

  const tracker = start('tracker', ['tracker', '--listen', '127.0.0.1:0', '--data', join(directory, 'tracker')]);
  const { url } = await unlessAborted(signal, tracker.event('listening'));
  output.say(`Tracker at ${url}`);

  const up = Math.max(SLOWEST_SEED, Math.ceil(size / SECONDS_FOR_ONE_COPY));
  const talk = ['--tracker', String(url)];
  const seed = start('seed', ['share', path, ...talk, ...home('seed'), '--up', String(up)]);
  const sharing = await unlessAborted(signal, seed.event('sharing'));
  const name = String(sharing.name);
  output.say(`The seed shares "${printable(name)}", ${formatSize(size)}, and sends at most ${formatRate(up)}:`);
  output.say('the others must help each other to be faster than that.');

  const began = performance.now();
  const getters = GETTERS.map((getter) =>
    start(getter, ['get', name, '--seed', '-o', `${join(directory, getter)}/`, ...talk, ...home(getter)]),
  );
  const stopProgress = output.progress(new DemoView(seed, getters, size, output.unicode));
  const done = await unlessAborted(signal, Promise.all(getters.map((getter) => getter.event('done'))));
  const seconds = (performance.now() - began) / 1000;
  stopProgress();
  output.say(`All three have it after ${formatDuration(seconds)}. Who sent what to whom:`);

  const names = new Map([[String(sharing.listen), 'seed']]);
  for (const getter of getters) names.set(String(getter.latest.get('metadata')?.listen), getter.name);
  const received = done.map((fields, at) => ({ by: GETTERS[at]!, from: peersOf(fields.peers) }));
  const matrix = buildMatrix(names, received);
  for (const [sender, row] of matrix) for (const [to, bytes] of row) output.event('sent', { from: sender, to, bytes });
  output.result('');
  for (const line of drawMatrix(matrix, GETTERS)) output.result(line);
  output.result('');

  await compareDigests(context, [
    { name: 'seed', path },
    ...done.map((fields, at) => ({ name: GETTERS[at]!, path: String(fields.path) })),
  ]);
  const perPeer = (size * GETTERS.length) / seconds;
  output.event('result', { name, size, seconds, bytesPerSecond: perPeer });
  output.result(
    `${formatSize(size * GETTERS.length)} delivered in ${formatDuration(seconds)}, ${formatRate(perPeer)} in all.`,
  );
}

/** The demo is the same for everyone: no settings of the user's reach its processes. */
async function quietEnvironment({ environment }: CommandContext, directory: string): Promise<NodeJS.ProcessEnv> {
  const own = Object.entries(environment).filter(([name]) => !name.startsWith('SHOAL_'));
  const config = join(directory, 'config');
  await mkdir(config);
  return { ...Object.fromEntries(own), XDG_CONFIG_HOME: config };
}

function peersOf(peers: unknown): { address: string; bytes: number }[] {
  return Array.isArray(peers)
    ? peers.map((peer) => ({ address: String(peer.address), bytes: Number(peer.bytes) }))
    : [];
}

async function compareDigests({ output, signal }: CommandContext, copies: readonly { name: string; path: string }[]) {
  const digests: string[] = [];
  for (const { name, path } of copies) {
    const digest = await digestFile(path, signal);
    digests.push(digest);
    output.event('file', { peer: name, name: basename(path), sha256: digest });
    output.result(`${pad(name, 8)}  sha256 ${digest}`);
  }
  if (digests.some((digest) => digest !== digests[0]))
    throw new ShoalError(
      'ERR_BAD_DATA',
      'the copies differ from the original: this must never happen; please report it',
    );
  output.result('The four files are the same.');
}

/** Four lines: what the seed has sent, and how far each getter is. */
class DemoView implements ProgressView {
  readonly #seed: Player;
  readonly #getters: readonly Player[];
  readonly #size: number;
  readonly #unicode: boolean;

  constructor(seed: Player, getters: readonly Player[], size: number, unicode: boolean) {
    this.#seed = seed;
    this.#getters = getters;
    this.#size = size;
    this.#unicode = unicode;
  }

  lines(columns: number): string[] {
    const cells = Math.max(10, Math.min(40, columns - 62));
    const sent = this.#seed.count('progress', 'uploaded');
    const seedLine = `${pad('seed', 6)} ${' '.repeat(cells)}       ${pad('', 13)}  ↑ ${pad(formatRate(this.#seed.count('progress', 'up')), 12)} sent ${formatSize(sent)}`;
    return [
      seedLine,
      ...this.#getters.map((getter) => {
        const have = this.#have(getter);
        const rate = (field: string) => pad(formatRate(getter.count('progress', field)), 12);
        const bar = drawBar(have / this.#size, cells, this.#unicode);
        return `${pad(getter.name, 6)} ${bar} ${pad(formatPercent(have, this.#size), 5, 'right')}  ↓ ${rate('down')} ↑ ${rate('up')} ${getter.count('progress', 'peers')} peers`;
      }),
    ];
  }

  plain(): string {
    const parts = this.#getters.map(
      (getter) =>
        `${getter.name} ${formatPercent(this.#have(getter), this.#size)} (${formatRate(getter.count('progress', 'down'))})`,
    );
    return parts.join(', ');
  }

  #have(getter: Player): number {
    return getter.latest.has('done') ? this.#size : getter.count('progress', 'have');
  }
}
