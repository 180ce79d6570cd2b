// npm run fuzz -- [--seconds N] [--target NAME] [--seed N] [--replay FILE]: all targets or one, or one input once.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { examine } from './oracle.ts';
import { type FuzzReport, formatReports, fuzz } from './runner.ts';
import { targets } from './targets.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string' },
    replay: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const chosen = targets.filter(({ name }) => values.target === undefined || values.target.includes(name));
if (chosen.length === 0) {
  console.error(`no such target; there are ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

if (values.replay !== undefined) {
  const name = path.basename(path.dirname(path.resolve(values.replay)));
  const target = chosen.length === 1 ? chosen[0]! : chosen.find((each) => each.name === name);
  if (target === undefined) {
    console.error('say with --target which target the file is for');
    process.exit(2);
  }
  await target.open?.();
  try {
    console.log(`${target.name}: ${await examine(target, readFileSync(values.replay))}`);
  } finally {
    await target.close?.();
  }
} else {
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const reports: FuzzReport[] = [];
  for (const target of chosen) {
    const report = await fuzz(target, { seconds: Number(values.seconds), seed });
    reports.push(report);
    if (report.crash === undefined) continue;
    console.error(`${target.name}: ${report.crash.error.stack}\n  again: ${report.crash.command}\n`);
    process.exitCode = 1;
  }
  console.log(values.json ? JSON.stringify(reports) : `seed ${seed}\n${formatReports(reports)}`);
}
