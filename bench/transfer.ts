// One transfer between processes, timed: so many seeds, so many downloaders, and what it cost them. The result is compared
// with the original byte by byte.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endPrograms, Program } from '../test/harness/program.ts';
import type { Contender, Job, Seed } from './contenders.ts';
import { digest } from './content.ts';
import { readCost } from './process-cost.ts';

const GIB = 1 << 30;
const MANY_SEEDS = fileURLToPath(new URL('many-seeds.ts', import.meta.url));

export interface Shape {
  /** Processes that seed. */
  seeds: number;
  downloaders: number;
  /** All seeds in one process, where so many processes would not fit into memory. */
  oneProcess?: boolean;
}

export interface TransferResult {
  contender: string;
  /** From the first downloader's start to the last one's end. */
  seconds: number;
  /** Of all downloaders together. */
  mibPerSecond: number;
  /** CPU seconds per GiB received: the downloaders from their start, the seeds during the transfer. */
  downloaderCpu: number;
  seedCpu: number;
  /** Bytes; the largest of each kind. */
  downloaderPeak: number;
  seedPeak: number;
}

async function startSeeds(contender: Contender, job: Job, shape: Shape, scratch: string): Promise<Seed[]> {
  if (shape.oneProcess) {
    const words = [process.execPath, MANY_SEEDS, job.torrent, job.original, String(shape.seeds)];
    const program = new Program(words);
    const { ports } = await program.event('seeding', undefined, 300_000);
    return [{ program, ports: ports as number[] }];
  }
  const seeds: Seed[] = [];
  for (let i = 0; i < shape.seeds; i++) {
    const own = join(scratch, `seed-${i}`);
    await mkdir(own);
    seeds.push(await contender.seed(job, own));
  }
  return seeds;
}

/** `folder`: where the downloads go. `expected`: digest of the original. */
export async function measureTransfer(
  contender: Contender,
  job: Job,
  shape: Shape,
  folder: string,
  expected: string,
): Promise<TransferResult> {
  const scratch = await mkdtemp(join(folder, 'transfer-'));
  try {
    const seeds = await startSeeds(contender, job, shape, scratch);
    const before = await Promise.all(seeds.map((seed) => readCost(seed.program.pid)));
    const downloads = await Promise.all(
      Array.from({ length: shape.downloaders }, async (_, i) => {
        const into = join(scratch, `into-${i}`);
        await mkdir(into);
        return contender.get(job, into, seeds);
      }),
    );
    const spans = await Promise.all(
      downloads.map(async ({ finished }) => {
        const seconds = await finished;
        const end = performance.now() / 1000;
        return { begin: end - seconds, end };
      }),
    );
    const seconds = Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ begin }) => begin));
    const getters = await Promise.all(downloads.map(({ program }) => readCost(program.pid)));
    const givers = await Promise.all(seeds.map((seed) => readCost(seed.program.pid)));
    for (const { path } of downloads)
      if ((await digest(path)) !== expected) throw new Error(`${contender.name}: what arrived is not what was sent`);
    const received = job.size * shape.downloaders;
    const cpu = (costs: readonly { cpu: number }[]): number => costs.reduce((sum, cost) => sum + cost.cpu, 0);
    return {
      contender: contender.name,
      seconds,
      mibPerSecond: received / (1 << 20) / seconds,
      downloaderCpu: (cpu(getters) * GIB) / received,
      seedCpu: ((cpu(givers) - cpu(before)) * GIB) / received,
      downloaderPeak: Math.max(...getters.map(({ peak }) => peak)),
      seedPeak: Math.max(...givers.map(({ peak }) => peak)),
    };
  } finally {
    await endPrograms();
    await rm(scratch, { recursive: true, force: true });
  }
}
