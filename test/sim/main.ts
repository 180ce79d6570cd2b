// `npm run sim`: plays simulated swarms. `--seeds N` as many random worlds, `--seed N` one (`--peers M`: with so many
// peers), `--from N` where to begin. Exits 1 when one of them goes wrong.

import { parseArgs } from 'node:util';
import { type Outcome, peersOf, playWorld } from './random-world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    peers: { type: 'string' },
  },
});

function tell({ seed, peers, digest, events, ideal, disturbed, ended, factor }: Outcome, milliseconds: number): void {
  const times = `ideal ${ideal.toFixed(0)} s, disturbed ${disturbed.toFixed(0)} s, ended ${ended.toFixed(0)} s`;
  console.log(
    `seed ${seed}: ${peers} peers, ${times}, × ${factor.toFixed(2)}, ${events} events in ${(milliseconds / 1000).toFixed(1)} s, ${digest}`,
  );
}

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
if (failed > 0) {
  console.error(`${failed} of ${last - first + 1} went wrong`);
  process.exitCode = 1;
}
