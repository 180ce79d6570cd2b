// `npm run torture`: all of the durability tests at full length, and a table of what they found. `--rounds N`, `--size
// 512M`, `--rate 16M` (bytes a second) and `--seed N` change the rounds of kill -9; words choose test files by name.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawTable } from '../../src/cli/render/table.ts';
import type { Row, Torture } from './scale.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const REPORTER = fileURLToPath(new URL('../reporter.ts', import.meta.url));
const LONGEST = 3_600_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    size: { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string' },
  },
});

/** `512M` → bytes. */
function toBytes(text: string): number {
  const match = /^(\d+)([KMG]?)$/.exec(text);
  if (match === null) throw new Error(`"${text}" is no size; say for example 512M`);
  return Number(match[1]) * 1024 ** ' KMG'.indexOf(match[2] || ' ');
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-torture-'));
const torture: Torture = {
  report: join(folder, 'rows'),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
  ...(values.size === undefined ? {} : { size: toBytes(values.size) }),
  ...(values.rate === undefined ? {} : { rate: toBytes(values.rate) }),
  ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
};
const files = readdirSync(HERE)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => positionals.length === 0 || positionals.some((word) => name.includes(word)))
  .map((name) => join(HERE, name));
const words = ['--test', `--test-reporter=${REPORTER}`, '--test-concurrency=1', `--test-timeout=${LONGEST}`, ...files];
const child = spawn(process.execPath, words, {
  stdio: 'inherit',
  env: { ...process.env, SHOAL_TORTURE: JSON.stringify(torture) },
});
await once(child, 'exit');
process.exitCode = child.exitCode ?? 1;
if (existsSync(torture.report)) {
  const lines = readFileSync(torture.report, 'utf8').trimEnd().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as Row);
  const cells = rows.map((row) => [row.what, String(row.rounds), `${row.seconds.toFixed(0)} s`, row.found]);
  const columns = [
    { title: 'WHAT' },
    { title: 'ROUNDS', align: 'right' as const },
    { title: 'TIME', align: 'right' as const },
    { title: 'FOUND' },
  ];
  console.log(drawTable(columns, cells).join('\n'));
}
rmSync(folder, { recursive: true });
