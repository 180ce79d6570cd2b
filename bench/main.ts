// `npm run bench -- [--size 2G] [--rounds 5] [--scenario ID]… [--only PART]… [--json] [--write]`: transfers next to the peers
// that are installed, hashing, picker, framer, choker, the tracker's catalog. Quote ratios from one run; machines differ.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureChoker } from './choker.ts';
import { presentContenders } from './contenders.ts';
import { measureFramer } from './framer.ts';
import { measureHashing } from './hashing.ts';
import { measurePicker } from './picker.ts';
import { printRows, printTransfer, writeReport } from './report.ts';
import type { Row } from './row.ts';
import { makeJob, runScenario, SCENARIOS, type ScenarioResult } from './suite.ts';

const PARTS = ['transfer', 'hashing', 'picker', 'choker', 'framer', 'catalog'] as const;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: process.env.SIZE ?? '2G' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

function bytes(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  if (match === null) throw new Error(`${text} is no size; write 512M or 1G`);
  return Number(match[1]) * 1024 ** ' KMG'.indexOf((match[2] || ' ').toUpperCase());
}

for (const part of values.only ?? [])
  if (!PARTS.some((known) => known === part)) throw new Error(`--only ${part}: the parts are ${PARTS.join(', ')}`);
for (const id of values.scenario ?? [])
  if (!SCENARIOS.some((known) => known.id === id))
    throw new Error(`--scenario ${id}: there are ${SCENARIOS.map((known) => known.id).join(', ')}`);

const places = { memory: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), disk: tmpdir() };
const tell = (text: string): void => console.error(text);
const wants = (part: (typeof PARTS)[number]): boolean =>
  values.only?.includes(part) ?? (values.scenario === undefined || part === 'transfer');

const transfers: ScenarioResult[] = [];
const parts = new Map<string, Row[]>();
const contenders = presentContenders(tell);

/** After each measurement: whoever interrupts the rest keeps what is done. */
async function keep(): Promise<void> {
  if (!values.write) return;
  const docs = fileURLToPath(new URL('../docs', import.meta.url));
  const versions = contenders.map((contender) => `${contender.name} ${contender.version()}`);
  await writeReport(docs, { versions, transfers, parts }, new Date().toISOString().slice(0, 10));
}

async function report(part: string, rows: Row[]): Promise<void> {
  parts.set(part, rows);
  await keep();
  if (values.json) console.log(JSON.stringify({ bench: part, rows }));
  else printRows(part, rows);
}

if (wants('transfer'))
  for (const scenario of SCENARIOS) {
    if (values.scenario !== undefined && !values.scenario.includes(scenario.id)) continue;
    const options = { size: bytes(values.size), rounds: Number(values.rounds), places, contenders };
    const result = await runScenario(scenario, options, tell);
    transfers.push(result);
    await keep();
    if (values.json) console.log(JSON.stringify({ bench: 'transfer', ...result }));
    else printTransfer(result);
  }

if (wants('hashing')) {
  const folder = await mkdtemp(join(places.memory, 'shoal-bench-'));
  try {
    const job = await makeJob(folder, { pieceLength: 1 << 20 }, bytes(values.size));
    await report('Hashing files in memory', await measureHashing(job));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (wants('picker')) await report('Choosing what to ask for, 100,000 pieces and 200 peers', measurePicker());
if (wants('choker')) await report('One round of choosing whom to serve', measureChoker());
if (wants('framer')) await report('Cutting a stream into messages', measureFramer());

if (wants('catalog')) {
  const script = fileURLToPath(new URL('catalog.ts', import.meta.url));
  const words = [script, ...(values.json ? ['--json'] : [])];
  process.exitCode = spawnSync(process.execPath, words, { stdio: 'inherit' }).status ?? 1;
}
