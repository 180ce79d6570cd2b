// `npm run hostile`: every hostile peer on real sockets and in simulated swarms, every malformed message, the leak check;
// then tables of the rows with what became of them. A row without a test, or with one that failed, makes it end with 1.
// `--seconds N` lets the longest test take so long; words choose files by name.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { drawTable } from '../../src/cli/render/table.ts';
import { messageRows, peerRows, type Row, rowsOf } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '600' } },
});
const HERE = import.meta.dirname;
const SIMULATED = path.join(HERE, '..', 'sim', 'hostile.test.ts');
const files = [...readdirSync(HERE).map((name) => path.join(HERE, name)), SIMULATED]
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => positionals.length === 0 || positionals.some((word) => name.includes(word)));

interface Count {
  passed: number;
  failed: number;
}

const onSockets = new Map<string, Count>();
const simulated = new Map<string, Count>();

function count(results: Map<string, Count>, name: string, passed: boolean): void {
  for (const row of rowsOf(name)) {
    const counted = results.get(row) ?? { passed: 0, failed: 0 };
    if (passed) counted.passed++;
    else counted.failed++;
    results.set(row, counted);
  }
}

function tell(counted: Count | undefined): string {
  if (counted === undefined) return '-';
  return counted.failed === 0 ? `held, ${counted.passed}` : `FAILED, ${counted.failed}`;
}

/** Returns whether all rows hold. */
function print(title: string, rows: readonly Row[], ways: readonly [string, Map<string, Count>][]): boolean {
  let good = true;
  const cells = rows.map(({ row, does, outcome, absent }) => {
    const counts = ways.map(([, results]) => results.get(row));
    const tested = counts.some((each) => each !== undefined);
    if (tested === (absent === true) || counts.some((each) => (each?.failed ?? 0) > 0)) good = false;
    return [row, does, ...(absent === true ? ways.map(() => 'n/a') : counts.map(tell)), outcome];
  });
  const columns = ['ROW', title, ...ways.map(([way]) => way), 'OUTCOME'].map((name) => ({ title: name }));
  console.log(`\n${drawTable(columns, cells).join('\n')}`);
  return good;
}

process.env.SHOAL_FULL = '1';
let failed = 0;
const events = run({ files, concurrency: 1, timeout: Number(values.seconds) * 1000 });
events.on('test:pass', ({ name, file, skip }) => {
  if (skip === undefined) count(file === SIMULATED ? simulated : onSockets, name, true);
});
events.on('test:fail', ({ name, file }) => {
  failed++;
  count(file === SIMULATED ? simulated : onSockets, name, false);
});
for await (const text of events.compose(new Spec())) process.stdout.write(String(text));

const peersHold = print('A PEER THAT', peerRows, [
  ['SOCKETS', onSockets],
  ['SIMULATED', simulated],
]);
const messagesHold = print('A MESSAGE', messageRows, [['SOCKETS', onSockets]]);
if (failed > 0 || (positionals.length === 0 && !(peersHold && messagesHold))) process.exitCode = 1;
