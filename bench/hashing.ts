// How fast files are hashed for `create` and checked by `verify`, next to what all cores can hash when nothing has to be
// read: the goal is a share of that.

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { verify } from '../src/io/disk/check.ts';
import { createTorrent } from '../src/io/disk/create.ts';
import { HashPool } from '../src/io/disk/hash-pool.ts';
import { parseMetainfo } from '../src/protocol/metainfo.ts';
import type { Job } from './contenders.ts';
import type { Row } from './row.ts';

const MIB = 1 << 20;
/** Bytes each core hashes for the yardstick. */
const YARDSTICK = 2 ** 31;
const ROUNDS = 5;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/** MiB/s of all cores together over SHA-1, each with one buffer of 1 MiB that stays in its cache. */
async function hashSpeed(): Promise<number> {
  const source = `
    const { hash } = require('node:crypto');
    const { parentPort, workerData } = require('node:worker_threads');
    const bytes = Buffer.alloc(1 << 20, 7);
    hash('sha1', bytes, 'buffer');
    parentPort.once('message', () => {
      for (let done = 0; done < workerData; done += bytes.length) hash('sha1', bytes, 'buffer');
      parentPort.postMessage('done');
    });
    parentPort.postMessage('ready');`;
  const cores = availableParallelism();
  const workers = Array.from({ length: cores }, () => new Worker(source, { eval: true, workerData: YARDSTICK }));
  const message = (worker: Worker) => new Promise((resolve) => worker.once('message', resolve));
  await Promise.all(workers.map(message));
  const began = performance.now();
  const done = workers.map(message);
  for (const worker of workers) worker.postMessage('go');
  await Promise.all(done);
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return (YARDSTICK * cores) / MIB / seconds;
}

function oneCore(): number {
  const bytes = Buffer.alloc(MIB, 7);
  const began = performance.now();
  for (let i = 0; i < 512; i++) hash('sha1', bytes, 'buffer');
  return 512 / ((performance.now() - began) / 1000);
}

async function timed(work: () => Promise<unknown>, size: number): Promise<number> {
  const began = performance.now();
  await work();
  return size / MIB / ((performance.now() - began) / 1000);
}

/** Rounds take turns with the yardstick, because machines differ from one second to the next. */
export async function measureHashing(job: Job): Promise<Row[]> {
  const pool = new HashPool();
  const metainfo = parseMetainfo(await readFile(job.torrent), (bytes) => hash('sha1', bytes, 'buffer'));
  const create: number[] = [];
  const check: number[] = [];
  const all: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      all.push(await hashSpeed());
      create.push(await timed(() => createTorrent({ paths: [job.original], pool }), job.size));
      check.push(await timed(() => verify(metainfo, job.original, pool), job.size));
    }
  } finally {
    await pool.close();
  }
  const yardstick = median(all);
  const share = (speed: number): string => `≥ 0.9 of all cores; is ${(speed / yardstick).toFixed(2)}`;
  return [
    { name: 'SHA-1, one core', value: oneCore(), unit: 'MiB/s' },
    { name: `SHA-1, all ${availableParallelism()} cores`, value: yardstick, unit: 'MiB/s' },
    { name: 'create', value: median(create), unit: 'MiB/s', goal: share(median(create)) },
    { name: 'verify', value: median(check), unit: 'MiB/s', goal: share(median(check)) },
  ];
}
