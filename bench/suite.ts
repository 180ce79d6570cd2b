// Which transfers are measured: each a content, a shape and a place, for some of the contenders.

import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMetainfo } from '../src/protocol/metainfo.ts';
import { encodeMetainfo } from '../src/protocol/metainfo-build.ts';
import { startTracker } from '../src/tracker/server.ts';
import { Program } from '../test/harness/program.ts';
import type { Contender, Job } from './contenders.ts';
import { digest, makeFile, makeFiles } from './content.ts';
import { publish } from './published.ts';
import { measureTransfer, type Shape, type TransferResult } from './transfer.ts';

const KIB = 1024;
const MIB = 1 << 20;

export interface Scenario {
  /** For `--scenario` and file names. */
  id: string;
  title: string;
  place: 'memory' | 'disk';
  /** Part of the size that was asked for. */
  share: number;
  pieceLength: number;
  /** Small files instead of one large one. */
  files?: { count: number; size: number };
  shape: Shape;
  /** How many of the contenders, Shoal first. */
  contenders: number;
}

const ONE: Shape = { seeds: 1, downloaders: 1 };

function pieces(id: string, pieceLength: number): Scenario {
  const size = pieceLength >= MIB ? `${pieceLength / MIB} MiB` : `${pieceLength / KIB} KiB`;
  return {
    id: `pieces-${id}`,
    title: `1 seed → 1 downloader, pieces of ${size}`,
    place: 'memory',
    share: 0.25,
    pieceLength,
    shape: ONE,
    contenders: 2,
  };
}

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'memory',
    title: '1 seed → 1 downloader, RAM disk',
    place: 'memory',
    share: 1,
    pieceLength: MIB,
    shape: ONE,
    contenders: 9,
  },
  {
    id: 'disk',
    title: '1 seed → 1 downloader, file system',
    place: 'disk',
    share: 1,
    pieceLength: MIB,
    shape: ONE,
    contenders: 9,
  },
  pieces('16k', 16 * KIB),
  pieces('256k', 256 * KIB),
  pieces('4m', 4 * MIB),
  pieces('16m', 16 * MIB),
  {
    id: 'scale',
    title: '1 seed → 1 downloader, for scale',
    place: 'memory',
    share: 0.25,
    pieceLength: MIB,
    shape: ONE,
    contenders: 1,
  },
  {
    id: 'from-8',
    title: '8 seeds → 1 downloader',
    place: 'memory',
    // In a second or less most of what eight processes do is compiling.
    share: 1,
    pieceLength: MIB,
    shape: { seeds: 8, downloaders: 1 },
    contenders: 2,
  },
  {
    id: 'to-8',
    title: '1 seed → 8 downloaders',
    place: 'memory',
    share: 0.25,
    pieceLength: MIB,
    shape: { seeds: 1, downloaders: 8 },
    contenders: 2,
  },
  {
    id: 'from-50',
    title: '50 seeds in one process → 1 downloader',
    place: 'memory',
    share: 0.25,
    pieceLength: MIB,
    shape: { seeds: 50, downloaders: 1, oneProcess: true },
    contenders: 1,
  },
  {
    id: 'from-50-16m',
    title: '50 seeds in one process → 1 downloader, pieces of 16 MiB',
    place: 'memory',
    share: 0.25,
    pieceLength: 16 * MIB,
    shape: { seeds: 50, downloaders: 1, oneProcess: true },
    contenders: 1,
  },
  {
    id: 'small-files',
    title: '10,000 files of 16 KiB, 1 seed → 1 downloader',
    place: 'memory',
    share: 1,
    pieceLength: 256 * KIB,
    files: { count: 10_000, size: 16 * KIB },
    shape: ONE,
    contenders: 2,
  },
];

export interface ScenarioResult {
  scenario: Scenario;
  size: number;
  rounds: TransferResult[];
}

/** Makes the content and its metadata in `folder`. */
export async function makeJob(
  folder: string,
  scenario: Pick<Scenario, 'files' | 'pieceLength'>,
  size: number,
): Promise<Job> {
  const { files, pieceLength } = scenario;
  await mkdir(join(folder, 'original'));
  const original =
    files === undefined
      ? await makeFile(join(folder, 'original'), 'data.bin', size)
      : await makeFiles(join(folder, 'original'), 'files', files.count, files.size);
  const torrent = join(folder, 'data.torrent');
  const words = ['create', original, '-o', torrent, '--piece-length', String(pieceLength)];
  const created = new Program([process.execPath, publish().launcher, ...words]);
  if ((await created.code(300_000)) !== 0) throw created.failure('create failed');
  return {
    torrent,
    tracked: join(folder, 'tracked.torrent'),
    original,
    size: files === undefined ? size : files.count * files.size,
  };
}

/** Contenders take turns, round by round: only ratios from one run say something. */
export async function runScenario(
  scenario: Scenario,
  options: {
    size: number;
    rounds: number;
    places: Record<Scenario['place'], string>;
    contenders: readonly Contender[];
  },
  tell: (text: string) => void,
): Promise<ScenarioResult> {
  const folder = await mkdtemp(join(options.places[scenario.place], 'shoal-bench-'));
  const tracker = await startTracker({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: join(folder, 'tracker'),
    open: true,
  });
  try {
    const job = await makeJob(folder, scenario, options.size * scenario.share);
    const metainfo = parseMetainfo(await readFile(job.torrent), (bytes) => hash('sha1', bytes, 'buffer'));
    const announce = [[`${tracker.url.replace(/\/$/, '')}/announce`]];
    await writeFile(job.tracked, encodeMetainfo({ infoBytes: metainfo.infoBytes, announce }));
    const expected = await digest(job.original);
    const rounds: TransferResult[] = [];
    for (let round = 0; round < options.rounds; round++)
      for (const contender of options.contenders.slice(0, scenario.contenders)) {
        const result = await measureTransfer(contender, job, scenario.shape, folder, expected);
        rounds.push(result);
        tell(`${scenario.id}: ${contender.name} ${result.mibPerSecond.toFixed(0)} MiB/s`);
      }
    return { scenario, size: job.size, rounds };
  } finally {
    await tracker.close();
    await rm(folder, { recursive: true, force: true });
  }
}
