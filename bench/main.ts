// `npm run bench -- [--size 1G] [--rounds 3] [--json] [--only transfer|catalog]`: transfers next to libtorrent, the speed of
// `create`, the latencies of the catalog. Quote ratios from one run; machines differ.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PYTHON } from '../test/harness/programs.ts';
import { type Make, measureTransfers, type TransferReport, type TransferResult } from './transfer.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: process.env.SIZE ?? '1G' },
    piece: { type: 'string', default: '1M' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function bytes(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  if (match === null) throw new Error(`${text} is no size; write 512M or 1G`);
  return Number(match[1]) * 1024 ** ' KMG'.indexOf((match[2] || ' ').toUpperCase());
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function print(report: TransferReport): void {
  const mib = (size: number) => (size / (1 << 20)).toFixed(0);
  const makes = [...new Set(report.rounds.map((round) => round.make))];
  console.log(
    `1 seed -> 1 downloader, ${mib(report.size)} MiB, pieces of ${report.pieceLength / 1024} KiB, medians of ${report.rounds.length / makes.length}\n`,
  );
  console.log('             MiB/s   CPU s/GiB down   seed   peak MiB down    seed');
  const pick = (make: Make, key: keyof TransferResult) =>
    median(report.rounds.filter((round) => round.make === make).map((round) => Number(round[key])));
  for (const make of makes)
    console.log(
      [
        make.padEnd(12),
        pick(make, 'mibPerSecond').toFixed(0).padStart(6),
        pick(make, 'downloaderCpu').toFixed(2).padStart(16),
        pick(make, 'seedCpu').toFixed(2).padStart(6),
        mib(pick(make, 'downloaderPeak')).padStart(15),
        mib(pick(make, 'seedPeak')).padStart(7),
      ].join(' '),
    );
  if (makes.length === 2)
    console.log(
      `\nshoal / libtorrent: ${(pick('shoal', 'mibPerSecond') / pick('libtorrent', 'mibPerSecond')).toFixed(2)}`,
    );
  console.log(
    `create: ${report.create.mibPerSecond.toFixed(0)} MiB/s, the whole process; SHA-1 on one core: ${report.sha1.toFixed(0)} MiB/s`,
  );
}

if (values.only !== 'catalog') {
  const hasLibtorrent = spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0;
  if (!hasLibtorrent) console.error("libtorrent is not here (Debian's package python3-libtorrent): Shoal runs alone");
  const report = await measureTransfers(
    {
      size: bytes(values.size),
      pieceLength: bytes(values.piece),
      rounds: Number(values.rounds),
      directory: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
      makes: hasLibtorrent ? ['shoal', 'libtorrent'] : ['shoal'],
    },
    (text) => console.error(text),
  );
  if (values.json) console.log(JSON.stringify({ bench: 'transfer', ...report }));
  else print(report);
}
if (values.only !== 'transfer') {
  const script = fileURLToPath(new URL('catalog.ts', import.meta.url));
  const words = [script, ...(values.json ? ['--json'] : [])];
  process.exitCode = spawnSync(process.execPath, words, { stdio: 'inherit' }).status ?? 1;
}
