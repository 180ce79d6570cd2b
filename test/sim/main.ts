// `npm run sim`: plays simulated swarms. `--seeds N` as many random worlds, `--seed N` one (`--peers M`: with so many
// peers), `--from N` where to begin; `--report`: the chosen situations, each number beside its bound. Exits 1 when a world
// goes wrong or a bound is missed.

import { parseArgs } from 'node:util';
import { type Outcome, peersOf, playWorld } from './random-world.ts';
import { isMet, type Measure, SCENARIOS } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    peers: { type: 'string' },
    report: { type: 'boolean' },
  },
});

function tell({ seed, peers, digest, events, ideal, disturbed, ended, factor }: Outcome, milliseconds: number): void {
  const times = `ideal ${ideal.toFixed(0)} s, disturbed ${disturbed.toFixed(0)} s, ended ${ended.toFixed(0)} s`;
  console.log(
    `seed ${seed}: ${peers} peers, ${times}, × ${factor.toFixed(2)}, ${events} events in ${(milliseconds / 1000).toFixed(1)} s, ${digest}`,
  );
}

function playSeeds(): void {
  const first = Number(values.seed ?? values.from ?? 1);
  const last = values.seed === undefined ? first + Number(values.seeds ?? 20) - 1 : first;
  let failed = 0;
  for (let seed = first; seed <= last; seed++) {
    const from = performance.now();
    try {
      tell(playWorld(seed, Number(values.peers ?? peersOf(seed))), performance.now() - from);
    } catch (error) {
      failed++;
      console.error(`seed ${seed}:`, error);
    }
  }
  if (failed === 0) return;
  console.error(`${failed} of ${last - first + 1} went wrong`);
  process.exitCode = 1;
}

function line({ name, value, bound, atLeast }: Measure, met: boolean): string {
  return `${met ? '  ' : '! '}${name.padEnd(58)}${value.toFixed(2).padStart(8)}  ${atLeast === true ? '≥' : '≤'} ${bound}`;
}

function report(): void {
  const seed = Number(values.seed ?? 1);
  for (const [name, play] of Object.entries(SCENARIOS))
    try {
      for (const measure of play(1, seed)) {
        const met = isMet(measure);
        if (!met) process.exitCode = 1;
        console.log(line(measure, met));
      }
    } catch (error) {
      process.exitCode = 1;
      console.error(`! ${name}:`, error);
    }
}

if (values.report === true) report();
else playSeeds();
