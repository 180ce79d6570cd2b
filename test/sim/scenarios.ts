// Whole swarms in chosen situations, each played to numbers with the bound that a good engine keeps. Times are virtual
// seconds; "fluid" is the time the links allow if data flowed like water: the larger of size / (uplink of the seeds), size /
// (slowest downlink) and (bytes lacking in all) / (sum of the uplinks). `scale` < 1 makes a swarm smaller for quick tests.

import type { SwarmOptions } from '../../src/swarm/swarm-state.ts';
import { World } from './world.ts';
import type { NodeOptions, WorldNode } from './world-node.ts';

/** One number of a scenario and what it may be at most (or at least). */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly atLeast?: boolean;
}

const BLOCK = 16_384;
const everything = (): boolean => true;

export function isMet({ value, bound, atLeast }: Measure): boolean {
  return atLeast === true ? value >= bound : value <= bound;
}

function finish(world: World, nodes: readonly WorldNode[], seconds: number): void {
  if (!world.run(seconds, () => nodes.every((node) => node.finishedAt !== undefined)))
    throw new Error(`not all have ended after ${seconds} s\n${world.explain()}`);
  world.checkAll();
}

/** Seconds from its start to its end. */
function took(node: WorldNode): number {
  return (node.finishedAt! - node.startedAt) / 1000;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** One seed, many peers that come at once, equal uplinks, none leaves. */
export function flashCrowd(scale = 1, seed = 1): Measure[] {
  const { last, copies } = playCrowd(scale, seed, {});
  return [
    { name: 'flash crowd: last end / fluid bound', value: last, bound: 1.3 },
    { name: 'flash crowd: copies the seed sent', value: copies, bound: 2 },
  ];
}

/** The same with a seed that hands out each piece once (BEP 16). */
export function superSeed(scale = 1, seed = 1): Measure[] {
  const { copies } = playCrowd(scale, seed, { superSeed: true });
  return [{ name: 'flash crowd at a super-seed: copies the seed sent', value: copies, bound: 1.3 }];
}

function playCrowd(scale: number, seed: number, swarm: Partial<SwarmOptions>): { last: number; copies: number } {
  const peers = Math.round(50 * scale);
  const pieces = Math.max(64, Math.round(256 * scale));
  const up = 64_000;
  // Long enough for many rounds of the choker.
  const world = new World({ seed, pieces, pieceLength: 4 * BLOCK });
  const source = world.add({ have: everything, up, down: 4 * up, swarm });
  const crowd = world.addMany(peers, () => ({ up, down: 4 * up }));
  const size = world.subject.geometry.totalLength;
  finish(world, crowd, 100 * (size / up));
  const fluid = Math.max(size / up, (peers * size) / ((peers + 1) * up));
  return { last: Math.max(...crowd.map(took)) / fluid, copies: source.swarm.view.up.total / size };
}

/**
 * Sharers and free riders in equal number; the seed is slow and there is less than everybody could take. Who has finished
 * leaves, so what riders get is the seed's, and what sharers give away while they download.
 */
export function titForTat(scale = 1, seed = 1): Measure[] {
  const each = Math.round(16 * scale);
  const up = 64_000;
  // Long enough for many rounds of the choker.
  const world = new World({ seed, pieces: 256, pieceLength: 4 * BLOCK });
  const source = { have: everything, up: up * 2, down: 4 * up };
  world.add(source);
  const common = { up, down: 8 * up, swarm: { uploadSlots: 4 } };
  const sharers = world.addMany(each, () => ({ ...common, leaves: true }));
  const riders = world.addMany(each, () => ({ ...common, silent: true }));
  finish(world, [...sharers, ...riders], 4000);
  const ratio = mean(sharers.map(took)) / mean(riders.map(took));
  return [{ name: 'tit for tat: sharers end / free riders end', value: ratio, bound: 0.6 }];
}

/**
 * The same with a seed no faster than a peer. Then the sharers soon have all that it has sent, so their uplinks are not
 * scarce and riders get what is spare; and a seed that serves in turn gives half of what is new to riders, who keep it: all
 * end together, at twice the time, whatever the sharers do. Only a seed that looks who passes pieces on makes the difference.
 */
export function ridersAtSuperSeed(scale = 1, seed = 1): Measure[] {
  const each = Math.round(10 * scale);
  const up = 64_000;
  const world = new World({ seed, pieces: 256, pieceLength: 4 * BLOCK });
  world.add({ have: everything, up, down: 4 * up, swarm: { uploadSlots: 4, superSeed: true } });
  const common = { up, down: 8 * up, swarm: { uploadSlots: 4 } };
  const sharers = world.addMany(each, () => ({ ...common, leaves: true }));
  const riders = world.addMany(each, () => ({ ...common, silent: true }));
  finish(world, [...sharers, ...riders], 6000);
  const ratio = mean(sharers.map(took)) / mean(riders.map(took));
  return [{ name: 'riders at a slow super-seed: sharers end / riders end', value: ratio, bound: 0.6 }];
}

/** What a tenth of free riders costs the others, against the same swarm with none. */
export function fewRiders(scale = 1, seed = 1): Measure[] {
  const peers = Math.round(30 * scale);
  const up = 64_000;
  const play = (riders: number): number => {
    const world = new World({ seed, pieces: 128 });
    world.add({ have: everything, up: 2 * up, down: 4 * up });
    const options: NodeOptions = { up, down: 8 * up };
    const honest = world.addMany(peers - riders, () => options);
    world.addMany(riders, () => ({ ...options, silent: true }));
    finish(world, honest, 4000);
    return mean(honest.map(took));
  };
  const without = play(0);
  const cost = play(Math.max(1, Math.round(peers * 0.1))) / without - 1;
  return [{ name: 'a tenth of free riders: what honest peers lose', value: cost, bound: 0.15 }];
}

/** A swarm at work, and peers with nothing that come to it. */
export function newcomers(scale = 1, seed = 1): Measure[] {
  const peers = Math.round(40 * scale);
  const up = 48_000;
  const world = new World({ seed, pieces: 384 });
  world.add({ have: everything, up: 2 * up, down: 4 * up });
  const old = world.addMany(peers, () => ({ up, down: 4 * up }));
  const late = world.addMany(
    4,
    () => ({ up, down: 4 * up }),
    (i) => 20 + 15 * i,
  );
  finish(world, [...old, ...late], 4000);
  const first = Math.max(...late.map((node) => (node.firstPieceAt! - node.startedAt) / 1000));
  const fluid = (world.subject.geometry.totalLength * (peers + 4)) / ((peers + 6) * up);
  const starved = Math.max(...[...old, ...late].map(took)) / fluid;
  return [
    { name: 'newcomers: seconds to the first piece', value: first, bound: 60 },
    { name: 'newcomers: slowest end / fluid bound', value: starved, bound: 10 },
  ];
}

/** A fast peer downloads from a few fast seeds among many slow ones. */
export function fastAmongSlow(scale = 1, seed = 1): Measure[] {
  const slow = Math.round(20 * scale);
  const world = new World({ seed, pieces: 512, pieceLength: 4 * BLOCK });
  world.addMany(slow, () => ({ have: everything, up: 16_000, down: 64_000 }));
  const fast = world.addMany(2, () => ({ have: everything, up: 1_000_000, down: 1_000_000 }));
  const peer = world.add({ up: 100_000, down: 5_000_000, slots: 64 });
  finish(world, [peer], 4000);
  const carried = fast.reduce((sum, node) => sum + node.way.up.carried, 0);
  const used = carried / (took(peer) * 2_000_000);
  return [{ name: 'fast among slow: share of the fast uplinks used', value: used, bound: 0.8, atLeast: true }];
}

/**
 * Seeds whose uplinks differ a hundredfold, one of which stops sending near the end: the end is not waited for, and hardly
 * anything is sent twice.
 */
export function unequalSeeds(scale = 1, seed = 1): Measure[] {
  const count = Math.round(24 * scale);
  const world = new World({ seed, pieces: 1024, pieceLength: 4 * BLOCK });
  const seeds = world.addMany(count, (i) => ({
    have: everything,
    up: 8_000 * 100 ** (i / count),
    down: 400_000,
    latency: 10 + 8 * i,
  }));
  const peer = world.add({ up: 100_000, down: 20_000_000, slots: 128 });
  const size = world.subject.geometry.totalLength;
  const sum = seeds.reduce((total, { way }) => total + 1000 * way.up.rate, 0);
  world.after((0.9 * size) / sum, () => {
    seeds[Math.floor(count / 2)]!.options.silent = true;
  });
  finish(world, [peer], 4000);
  return [
    { name: 'unequal seeds: end / fluid bound', value: took(peer) / (size / sum), bound: 1.4 },
    { name: 'unequal seeds: share of the bytes that came twice', value: peer.swarm.view.wasted / size, bound: 0.02 },
  ];
}

/** Every minute a random half of the peers is killed, and comes back ten seconds later. */
export function churn(scale = 1, seed = 1): Measure[] {
  const peers = Math.round(30 * scale);
  const up = 64_000;
  const world = new World({ seed, pieces: 512 });
  world.add({ have: everything, up: 2 * up, down: 4 * up });
  const mortals = world.addMany(peers, () => ({ up, down: 4 * up }));
  const random = world.chance();
  const strike = (): void => {
    for (const node of mortals) {
      if (random() >= 0.5) continue;
      node.kill(random() < 0.3);
      world.after(10, () => node.start());
    }
    world.after(60, strike);
  };
  world.after(60, strike);
  finish(world, mortals, 4000);
  const size = world.subject.geometry.totalLength;
  const fluid = Math.max(size / (2 * up), (peers * size) / ((peers + 2) * up));
  return [{ name: 'half killed each minute: last end / fluid bound', value: world.seconds / fluid, bound: 10 }];
}

/** One honest seed that can be dialled; everybody else who has data lies, says nothing, hangs or rejects. */
export function oneHonestCopy(scale = 1, seed = 1): Measure[] {
  const peers = Math.round(12 * scale);
  const world = new World({ seed, pieces: 256 });
  const up = 100_000;
  world.add({ have: everything, up, down: 4 * up });
  const wrong: NodeOptions[] = [
    { corrupt: (_piece, _begin, block) => block[0]!++ },
    { corrupt: (piece, _begin, block) => piece % 10 === 0 && block[7]!++ },
    { silent: true },
    { hangs: () => true },
    { rejects: everything },
  ];
  for (const manners of wrong) world.add({ have: everything, up, down: 4 * up, ...manners });
  const honest = world.addMany(peers, (i) => ({ up, down: 4 * up, nat: i % 3 === 0, magnet: i % 4 === 1 }));
  finish(world, honest, 4000);
  const size = world.subject.geometry.totalLength;
  const fluid = Math.max(size / up, (peers * size) / ((peers + 1) * up));
  return [{ name: 'one honest copy: last end / fluid bound', value: world.seconds / fluid, bound: 10 }];
}

/**
 * Few places in memory, many disk workers whose answers come up to three seconds late and in any order, links that break,
 * slow peers that make an end game. Counts have-bits over wrong bytes; every check runs as well.
 */
export function lateAnswers(scale = 1, seed = 1): Measure[] {
  let wrong = 0;
  for (let i = 0; i < Math.max(2, Math.round(6 * scale)); i++) {
    const world = new World({ seed: seed * 100 + i, pieces: 60, pieceLength: 3 * BLOCK, checkEvery: 200 });
    const disk = { lateness: 3000, workers: 8, hashRate: 400_000, writeRate: 400_000, short: 0.5 };
    world.add({ have: everything, up: 300_000, down: 300_000 });
    world.add({ have: everything, up: 200_000, corrupt: (piece, _begin, block) => piece % 7 === 0 && block[1]!++ });
    world.addMany(3, () => ({ have: everything, up: 9_000, latency: 300 }));
    const nodes = world.addMany(6, (n) => ({
      up: 150_000,
      down: 900_000,
      slots: 2 + n,
      disk,
      fast: n % 2 === 0,
      swarm: { snubAfter: 1500 },
    }));
    world.breakLinks(40);
    finish(world, nodes, 4000);
    const { geometry } = world.subject;
    for (const node of nodes)
      for (let piece = 0; piece < geometry.pieceCount; piece++)
        if (node.swarm.view.content!.ledger.have.has(piece) && !node.disk.isRight(piece)) wrong++;
  }
  return [{ name: 'late and reordered answers: have-bits over wrong bytes', value: wrong, bound: 0 }];
}

export const SCENARIOS = {
  oneHonestCopy,
  flashCrowd,
  superSeed,
  titForTat,
  ridersAtSuperSeed,
  fewRiders,
  newcomers,
  fastAmongSlow,
  unequalSeeds,
  churn,
  lateAnswers,
} as const;
