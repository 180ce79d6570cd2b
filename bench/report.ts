// Results as tables for a terminal, and as docs/benchmarks.md with its charts.

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Bar, drawBars } from './chart.ts';
import type { Row } from './row.ts';
import type { ScenarioResult } from './suite.ts';
import type { TransferResult } from './transfer.ts';

export interface Results {
  /** Name and version of every program that took part. */
  versions: readonly string[];
  transfers: readonly ScenarioResult[];
  /** Figures by the part they belong to. */
  parts: ReadonlyMap<string, readonly Row[]>;
}

type Figure = Exclude<keyof TransferResult, 'contender'>;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function contendersOf({ rounds }: ScenarioResult): string[] {
  return [...new Set(rounds.map((round) => round.contender))];
}

function figure({ rounds }: ScenarioResult, contender: string, key: Figure): number {
  return median(rounds.filter((round) => round.contender === contender).map((round) => round[key]));
}

function mib(bytes: number): string {
  return (bytes / (1 << 20)).toFixed(0);
}

const HEAD = ['', 'MiB/s', 'ratio', 'CPU s/GiB down', 'CPU s/GiB seed', 'peak MiB down', 'peak MiB seed'];

/** One row a contender; the ratio is Shoal's rate over its. */
function tableOf(result: ScenarioResult): string[][] {
  const names = contendersOf(result);
  const own = figure(result, names[0]!, 'mibPerSecond');
  return names.map((name) => [
    name,
    figure(result, name, 'mibPerSecond').toFixed(0),
    name === names[0] ? '' : `${(own / figure(result, name, 'mibPerSecond')).toFixed(2)} ×`,
    figure(result, name, 'downloaderCpu').toFixed(2),
    figure(result, name, 'seedCpu').toFixed(2),
    mib(figure(result, name, 'downloaderPeak')),
    mib(figure(result, name, 'seedPeak')),
  ]);
}

function titleOf({ scenario, size, rounds }: ScenarioResult): string {
  const count = rounds.length / Math.max(1, new Set(rounds.map((round) => round.contender)).size);
  return `${scenario.title} (${mib(size)} MiB, pieces of ${scenario.pieceLength / 1024} KiB, ${count === 1 ? 'one round' : `medians of ${count}`})`;
}

function formatValue({ value, unit }: Row): string {
  return `${value.toFixed(value >= 100 ? 0 : 2)} ${unit}`;
}

export function printTransfer(result: ScenarioResult): void {
  console.log(`\n${titleOf(result)}`);
  const rows = [HEAD, ...tableOf(result)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
}

export function printRows(part: string, rows: readonly Row[]): void {
  console.log(`\n${part}`);
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const row of rows)
    console.log(
      `${row.name.padEnd(width)}  ${formatValue(row).padStart(16)}${row.goal === undefined ? '' : `   (${row.goal})`}`,
    );
}

function describeMachine(): string {
  const [first] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${memory} GiB of memory, Linux ${release().split('-')[0]}, Node ${process.versions.node}`;
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head!), line(head!.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(line)].join('\n');
}

function chartOf(result: ScenarioResult, title: string, unit: string, key: Figure, scale = 1): string {
  const bars = contendersOf(result).map(
    (name, i): Bar => ({ label: name, value: figure(result, name, key) / scale, own: i === 0 }),
  );
  return drawBars(title, unit, bars);
}

/** Writes `benchmarks.md` and its charts into the folder of the documents. */
export async function writeReport(docs: string, results: Results, date: string): Promise<void> {
  const charts = join(docs, 'benchmarks');
  await mkdir(charts, { recursive: true });
  const sections: string[] = [];
  for (const result of results.transfers) {
    const { id, title } = result.scenario;
    sections.push(`## ${titleOf(result)}\n`);
    if (contendersOf(result).length > 1) {
      await writeFile(join(charts, `${id}.svg`), chartOf(result, `${title}: rate`, 'MiB/s', 'mibPerSecond'));
      sections.push(`![${title}: rate](benchmarks/${id}.svg)\n`);
    }
    if (contendersOf(result).length > 3) {
      await writeFile(
        join(charts, `${id}-cpu.svg`),
        chartOf(result, `${title}: downloader, CPU seconds per GiB`, 's', 'downloaderCpu'),
      );
      await writeFile(
        join(charts, `${id}-memory.svg`),
        chartOf(result, `${title}: downloader, peak memory`, 'MiB', 'downloaderPeak', 1 << 20),
      );
      sections.push(`![CPU](benchmarks/${id}-cpu.svg)\n\n![Peak memory](benchmarks/${id}-memory.svg)\n`);
    }
    sections.push(`${markdownTable([HEAD, ...tableOf(result)])}\n`);
  }
  for (const [part, rows] of results.parts) {
    const table = [['', 'measured', 'goal'], ...rows.map((row) => [row.name, formatValue(row), row.goal ?? ''])];
    sections.push(`## ${part}\n\n${markdownTable(table)}\n`);
  }
  const head = [
    '# Benchmarks',
    '',
    `Measured on ${date} by \`npm run bench -- --write\`: ${describeMachine()}; ${results.versions.join(', ')}.`,
    'Machines differ, and one machine differs from hour to hour: contenders took turns in one run, and only the ratios mean',
    'something. All transfers are plain TCP on loopback between processes of their own, compared byte by byte at the end.',
    'Clocks of libtorrent and WebTorrent start with their first byte, those of Shoal and aria2 before they know a peer.',
    'A ratio is the rate of Shoal divided by the rate of that row. CPU seconds are those of the whole process from its start',
    '(seeds: during the transfer), peak memory is the largest resident size (mapped files count).',
    '',
  ];
  await writeFile(join(docs, 'benchmarks.md'), `${head.join('\n')}\n${sections.join('\n')}`);
}
