// Whole swarms drawn by chance: 50 small ones, or with SHOAL_FULL=1 200 of up to 100 peers. A failure tells the command
// that plays it again.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PATIENCE, peersOf, playWorld } from './random-world.ts';

const FULL = process.env.SHOAL_FULL === '1';
const SEEDS = FULL ? 200 : 50;
const MOST_PEERS = FULL ? 100 : 16;
const GROUP = 10;

for (let from = 1; from <= SEEDS; from += GROUP)
  test(`worlds ${from} to ${from + GROUP - 1}`, () => {
    for (let seed = from; seed < from + GROUP; seed++) {
      const { factor } = playWorld(seed, Math.min(MOST_PEERS, peersOf(seed)));
      assert.ok(factor <= PATIENCE);
    }
  });
