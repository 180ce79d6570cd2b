// Peers of the table of malicious peers in simulated swarms: one kind at a time with the end it meets, then mixes drawn by
// chance. Every honest download ends, no honest node is blamed, and what must hold of every node holds.
// `SHOAL_SEED=n` plays one mix, `SHOAL_SEEDS=n` more of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { addHostile, HOSTILE } from './hostile-peers.ts';
import { seededRandom } from './net.ts';
import { checkFairness } from './random-world.ts';
import { World } from './world.ts';
import type { WorldNode } from './world-node.ts';

const MIXES = Number(process.env.SHOAL_SEEDS ?? (process.env.SHOAL_FULL === '1' ? 200 : 30));
const GROUP = 10;
/** Seconds in which the links could do it are so many times as few. */
const PATIENCE = 10;

function troupe(world: World, leechers: number, rate: number): WorldNode[] {
  const seed = world.add({ have: () => true, up: rate, down: rate });
  return [seed, ...world.addMany(leechers, (i) => ({ up: rate, down: 2 * rate, magnet: i === 0 }))];
}

const complete = (nodes: readonly WorldNode[]) => (): boolean => nodes.every((node) => node.complete);

for (const kind of HOSTILE)
  test(`${kind.row}: who ${kind.does}`, (t) => {
    const world = new World({ seed: 5, pieces: 48, pieceLength: 32_768 });
    const honest = troupe(world, 3, 200_000);
    const hosts = new Set(addHostile(world, kind, seededRandom(77)).map(({ endpoint }) => endpoint.host));
    assert.ok(world.run(120, complete(honest)), world.explain());
    const ended = world.seconds;
    const ends = (): string[] =>
      honest
        .flatMap((node) => [...node.closings, ...node.violations].filter(({ host }) => hosts.has(host)))
        .map(({ reason }) => reason);
    const { fate } = kind;
    if (fate !== undefined)
      assert.ok(
        world.run(300, () => ends().some((reason) => fate.test(reason))),
        `it ended otherwise: ${[...new Set(ends())].join()}`,
      );
    t.diagnostic(`ended after ${ended.toFixed(0)} s; ${[...new Set(ends())].join(', ') || 'it stays'}`);
    world.checkAll();
    checkFairness(honest);
  });

function playMix(seed: number): void {
  const chance = seededRandom(seed * 6151 + 3);
  const below = (count: number): number => Math.floor(chance() * count);
  const pieceLength = [16_384, 32_768, 65_536, 262_144][below(4)]!;
  const pieces = Math.ceil((1 + below(3)) * (2 ** 20 / pieceLength));
  const world = new World({ seed, pieces, pieceLength });
  const rate = 50_000 + below(400_000);
  const leechers = 1 + below(7);
  const honest = troupe(world, leechers, rate);
  const kinds = Array.from({ length: 1 + below(5) }, () => HOSTILE[below(HOSTILE.length)]!);
  for (const kind of kinds) addHostile(world, kind, chance);
  const told = `seed ${seed} (SHOAL_SEED=${seed}): ${kinds.map(({ row }) => row).join()}`;
  try {
    const size = world.subject.geometry.totalLength;
    // A request is given up after ten seconds and more, a few times over.
    const patience = 120 + (PATIENCE * size * leechers) / (rate * (leechers + 1));
    assert.ok(world.run(patience, complete(honest)), world.explain());
    world.checkAll();
    checkFairness(honest);
  } catch (error) {
    throw new Error(`${told}: ${(error as Error).message}`, { cause: error });
  }
}

const one = process.env.SHOAL_SEED;
const last = one === undefined ? MIXES : Number(one);
for (let from = one === undefined ? 1 : last; from <= last; from += GROUP)
  test(`mixes ${from} to ${Math.min(last, from + GROUP - 1)}`, () => {
    for (let seed = from; seed <= last && seed < from + GROUP; seed++) playMix(seed);
  });
