// Times rounds of the choker: downloading with every peer a giver, seeding in each of its ways, and slots by rate, with as
// many peers as a torrent may have and with many more. A round comes every ten seconds, for each torrent.

import { type ChokerOptions, type ChokerPeer, chooseUnchoked } from '../src/swarm/choker.ts';
import type { Row } from './row.ts';

const CROWDS = [60, 500] as const;
const ROUNDS = 2000;
const PIECE_LENGTH = 1 << 20;
/** Microseconds: a thousand torrents then take a hundredth of the time. */
const GOAL = '< 100';

const SHAPES: readonly { name: string; options: Partial<ChokerOptions> }[] = [
  { name: 'downloading', options: { seeding: false, scarce: true } },
  { name: 'seeding in turn', options: { seedChoker: 'round-robin' } },
  { name: 'seeding to the fastest', options: { seedChoker: 'fastest' } },
  { name: 'seeding against leeches', options: { seedChoker: 'anti-leech' } },
  { name: 'seeding, slots by rate', options: { slots: 'rate' } },
];

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function makePeers(count: number): ChokerPeer[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    interested: random() < 0.8,
    choked: random() < 0.8,
    snubbed: random() < 0.1,
    fresh: random() < 0.2,
    since: Math.floor(random() * 200_000),
    fixed: random() < 0.1,
    given: Math.floor(random() * 1e6),
    taken: Math.floor(random() * 1e6),
    served: Math.floor(random() * 50 * PIECE_LENGTH),
    barren: random() < 0.2 ? 1 : 0,
    progress: random(),
  }));
}

function measure(count: number, options: Partial<ChokerOptions>): Float64Array {
  const crowds = Array.from({ length: 16 }, () => makePeers(count));
  const times = new Float64Array(ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    const peers = crowds[round % crowds.length]!;
    const optimistic = new Set([peers[round % count]!.id]);
    const started = performance.now();
    chooseUnchoked(
      peers,
      {
        slots: 8,
        seeding: true,
        seedChoker: 'round-robin',
        scarce: false,
        round,
        optimistic,
        pieceLength: PIECE_LENGTH,
        ...options,
      },
      random,
    );
    times[round] = performance.now() - started;
  }
  return times.sort();
}

/** Median and tail of a round in each shape, in microseconds. */
export function measureChoker(): Row[] {
  const rows: Row[] = [];
  for (const count of CROWDS)
    for (const { name, options } of SHAPES) {
      // The first time only warms up.
      measure(count, options);
      const times = measure(count, options);
      rows.push(
        {
          name: `${name}, ${count} peers`,
          value: 1000 * times[ROUNDS >> 1]!,
          unit: 'µs',
          ...(count === 60 ? { goal: GOAL } : {}),
        },
        { name: `${name}, ${count} peers: 99 of 100`, value: 1000 * times[Math.floor(0.99 * ROUNDS)]!, unit: 'µs' },
      );
    }
  return rows;
}
