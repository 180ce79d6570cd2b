// One seed, one downloader, loopback, plain TCP, everything in memory: Shoal next to tuned libtorrent, turn by turn in the
// same run, because only ratios from one run say something. Results are compared byte by byte.

import { createHash, hash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Libtorrent } from '../test/harness/libtorrent.ts';
import { freePort } from '../test/harness/ports.ts';
import { endPrograms, Program } from '../test/harness/program.ts';
import { readCost } from './process-cost.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/shoal.js', import.meta.url));
const PATIENCE = 600_000;
const GIB = 1 << 30;

export interface TransferOptions {
  /** Bytes. */
  size: number;
  pieceLength: number;
  rounds: number;
  /** A directory in memory, so that no disk is measured. */
  directory: string;
  makes: readonly Make[];
}

export type Make = 'shoal' | 'libtorrent';

/** One download. */
export interface TransferResult {
  make: Make;
  /**
   * To the last piece verified and written, by the downloader's own clock: Shoal's from adding the torrent, libtorrent's
   * from its first byte, because its first half second is a timer and not work.
   */
  seconds: number;
  mibPerSecond: number;
  /** CPU seconds per GiB: the downloader from its start, the seed during the transfer. */
  downloaderCpu: number;
  seedCpu: number;
  /** Bytes. */
  downloaderPeak: number;
  seedPeak: number;
}

export interface TransferReport {
  size: number;
  pieceLength: number;
  /** MiB/s of one core over SHA-1, for scale. */
  sha1: number;
  /** `shoal create`, the whole process: MiB/s and CPU seconds per GiB. */
  create: { mibPerSecond: number; seconds: number };
  rounds: TransferResult[];
}

export async function measureTransfers(
  options: TransferOptions,
  tell: (text: string) => void,
): Promise<TransferReport> {
  const directory = await mkdtemp(join(options.directory, 'shoal-bench-'));
  try {
    const original = join(directory, 'original', 'data.bin');
    await mkdir(join(directory, 'original'));
    await writeRandom(original, options.size);
    const wanted = await digest(original);
    const torrent = join(directory, 'data.torrent');
    const create = await measureCreate(original, torrent, options);
    const rounds: TransferResult[] = [];
    for (let round = 0; round < options.rounds; round++)
      for (const make of options.makes) {
        const into = await mkdtemp(join(directory, 'into-'));
        const measure = make === 'shoal' ? measureShoal : measureLibtorrent;
        const result = await measure(original, torrent, into, options.size);
        if ((await digest(join(into, 'data.bin'))) !== wanted)
          throw new Error(`${make}: what arrived is not what was sent`);
        await endPrograms();
        await rm(into, { recursive: true });
        rounds.push(result);
        tell(`${make}: ${result.mibPerSecond.toFixed(0)} MiB/s`);
      }
    return { size: options.size, pieceLength: options.pieceLength, sha1: measureSha1(), create, rounds };
  } finally {
    await endPrograms();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureCreate(path: string, out: string, { size, pieceLength }: TransferOptions) {
  const began = performance.now();
  const words = ['create', path, '-o', out, '--piece-length', String(pieceLength)];
  const created = new Program([process.execPath, LAUNCHER, ...words]);
  if ((await created.code(PATIENCE)) !== 0) throw created.failure('create failed');
  const seconds = (performance.now() - began) / 1000;
  return { mibPerSecond: size / (1 << 20) / seconds, seconds };
}

async function startShoal(words: readonly string[], state: string, port: number): Promise<Program> {
  const all = ['get', ...words, '--seed', '--json', '--listen', `127.0.0.1:${port}`, '--tracker', 'http://127.0.0.1:1'];
  const env = { ...process.env, SHOAL_STATE: state };
  return new Program([process.execPath, LAUNCHER, ...all], { env });
}

async function measureShoal(original: string, torrent: string, into: string, size: number): Promise<TransferResult> {
  const port = await freePort();
  const seed = await startShoal([torrent, '-o', original], join(into, 'seed-state'), port);
  await seed.event('done', undefined, PATIENCE);
  const before = await readCost(seed.pid);
  const words = [torrent, '-o', join(into, 'data.bin'), '--peer', `127.0.0.1:${port}`];
  const get = await startShoal(words, join(into, 'state'), await freePort());
  const done = await get.event('done', undefined, PATIENCE);
  return await summarize('shoal', Number(done.seconds), size, get, seed, before.cpu);
}

async function measureLibtorrent(
  original: string,
  torrent: string,
  into: string,
  size: number,
): Promise<TransferResult> {
  const seed = await Libtorrent.start({ tuned: true, period: 1 });
  const infoHash = await seed.add({ torrent, save: join(original, '..'), seed: true });
  await seed.process.event('progress', (event) => event.state === 'seeding');
  const before = await readCost(seed.process.pid);
  const get = await Libtorrent.start({ tuned: true, period: 0.02 });
  await get.add({ torrent, save: into, peers: [['127.0.0.1', seed.port]] });
  const finished = await get.process.event('finished', (event) => event.infoHash === infoHash, PATIENCE);
  return await summarize('libtorrent', Number(finished.seconds), size, get.process, seed.process, before.cpu);
}

async function summarize(
  make: Make,
  seconds: number,
  size: number,
  get: Program,
  seed: Program,
  seedCpuBefore: number,
): Promise<TransferResult> {
  const [downloader, seeder] = [await readCost(get.pid), await readCost(seed.pid)];
  return {
    make,
    seconds,
    mibPerSecond: size / (1 << 20) / seconds,
    downloaderCpu: (downloader.cpu * GIB) / size,
    seedCpu: ((seeder.cpu - seedCpuBefore) * GIB) / size,
    downloaderPeak: downloader.peak,
    seedPeak: seeder.peak,
  };
}

function measureSha1(): number {
  const bytes = Buffer.alloc(1 << 20, 7);
  const began = performance.now();
  for (let i = 0; i < 256; i++) hash('sha1', bytes, 'buffer');
  return 256 / ((performance.now() - began) / 1000);
}

async function writeRandom(path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(4 << 20);
  for (let left = size; left > 0; left -= block.length)
    await file.writeFile(randomFillSync(block).subarray(0, Math.min(left, block.length)));
  await file.close();
}

async function digest(path: string): Promise<string> {
  const digesting = createHash('sha256');
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  stream.on('data', (chunk) => digesting.update(chunk));
  await once(stream, 'end');
  return digesting.digest('hex');
}
