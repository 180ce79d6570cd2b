// Worlds drawn by chance from a seed: links, latency, churn, liars, silent peers, nodes that cannot be dialled, disks that
// fail, magnets, piece lengths. Each has one honest seed that stays and can be dialled, so every honest download must end,
// and in time. Everything that happens follows from the seed and the number of peers.

import { seededRandom } from './net.ts';
import { World } from './world.ts';
import type { Manners, NodeOptions, WorldNode } from './world-node.ts';

/** Downloads end within so many times the time that the links allow at best. */
export const PATIENCE = 10;
const KIB = 1024;
/** KiB of the smallest torrent: with less, what takes time is time-outs and not links. */
const LEAST_SIZE = 1024;
/**
 * Liars spoil large pieces only where there are so many pieces: with fewer everybody waits for whole pieces of one another,
 * and what the links allow says little.
 */
const LARGE_PIECE = 256 * KIB;
const LEAST_LARGE_PIECES = 4;
/** Bytes per second of the slowest uplink. */
const LEAST_RATE = 16_000;
const LENGTHS = [16, 16, 16, 16, 20, 32, 39, 64, 64, 256, 1024, 1040, 2500];

class Chance {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed * 7919 + 17);
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  often(share: number): boolean {
    return this.next() < share;
  }
}

export interface Outcome {
  readonly seed: number;
  readonly peers: number;
  readonly digest: string;
  readonly events: number;
  /** Virtual seconds: what the links allow, when the last disturbance was over, when the last one ended. */
  readonly ideal: number;
  readonly disturbed: number;
  readonly ended: number;
  /** How much longer than the ideal it took after the last disturbance, as a factor. */
  readonly factor: number;
}

/** How many peers the world of a seed has: every twentieth is large. */
export function peersOf(seed: number): number {
  if (seed % 20 === 0) return 100;
  const chance = new Chance(seed * 3 + 1);
  return chance.often(0.7) ? 2 + chance.below(14) : 16 + chance.below(34);
}

interface Cast {
  world: World;
  honest: WorldNode[];
  others: WorldNode[];
  /** Seconds in which the links could do it. */
  ideal: number;
  disturbed: number;
}

function drawManners(chance: Chance, mayLie: boolean): Manners {
  if (!mayLie) return chance.one<Manners>([{ silent: true }, { rejects: () => chance.often(0.5) }]);
  const share = chance.one([0.02, 0.3, 1]);
  return chance.one<Manners>([
    { silent: true },
    { corrupt: (_piece, _begin, block) => chance.often(share) && block[chance.below(block.length)]!++ },
    { corrupt: (piece, begin, block) => piece % 3 === 0 && begin === 0 && block[0]!++ },
    { rejects: () => chance.often(0.5) },
    { hangs: () => chance.often(0.05) },
  ]);
}

function cast(seed: number, peers: number, chance: Chance): Cast {
  const large = peers > 50;
  const pieceLength = large ? 16 * KIB : chance.one(LENGTHS) * KIB + (chance.often(0.2) ? chance.below(5000) : 0);
  const most = Math.ceil((large ? 2048 : pieceLength > 1024 * KIB ? 12_000 : 4096) / (pieceLength / KIB));
  const least = Math.ceil(LEAST_SIZE / (pieceLength / KIB));
  const pieces = least + chance.below(Math.max(1, Math.min(256, most) - least));
  const lastPiece = chance.often(0.5) ? pieceLength : 1 + chance.below(pieceLength);
  const world = new World({ seed, pieces, pieceLength, lastPiece });
  const size = world.subject.geometry.totalLength;
  const pace = chance.between(25, 60);
  const disturbances = chance.often(0.7);
  const common = (): NodeOptions => {
    const up = Math.max(LEAST_RATE, size / (pace * chance.between(0.7, 5)));
    const failing = disturbances && chance.often(0.2);
    return {
      up,
      down: Math.max(up, size / (pace * chance.between(0.1, 1))),
      latency: chance.between(1, chance.often(0.2) ? 300 : 60),
      nat: chance.often(0.3),
      fast: chance.often(0.7),
      slots: 2 + chance.below(24),
      disk: {
        hashRate: chance.often(0.1) ? size / 10 : 1e9,
        lateness: chance.often(0.3) ? chance.between(0, 2000) : 0,
        workers: 1 + chance.below(3),
        ...(failing ? { short: 0.3, writeErrors: 0.02, readErrors: 0.02 } : {}),
      },
      swarm: { uploadSlots: 2 + chance.below(7), ...(chance.often(0.3) ? { maxPeers: 8 + chance.below(40) } : {}) },
    };
  };
  const honest = [
    world.add({
      ...common(),
      up: size / (pace * 0.5),
      nat: false,
      have: () => true,
      disk: {},
      fast: chance.often(0.8),
    }),
  ];
  const others: WorldNode[] = [];
  let disturbed = 0;
  for (let i = 1; i < peers; i++) {
    const comes = chance.often(0.5) ? 0 : chance.between(0, pace);
    if (i > 1 && chance.often(0.15)) {
      others.push(
        world.add(
          {
            ...common(),
            ...drawManners(chance, pieceLength <= LARGE_PIECE || pieces >= LEAST_LARGE_PIECES),
            have: () => chance.often(0.9),
          },
          comes,
        ),
      );
      continue;
    }
    const share = chance.one([0, 0, 0, 0.3, 1]);
    const magnet = share === 0 && chance.often(0.3);
    disturbed = Math.max(disturbed, comes);
    const own = () => chance.often(share);
    honest.push(world.add({ ...common(), magnet, have: own }, comes));
  }
  const ups = honest.reduce((sum, { options }) => sum + options.up!, 0);
  const slowest = Math.min(...honest.map(({ options }) => options.down!));
  const lacking = honest.filter((node) => node.disk.recover().length < pieces).length;
  const ideal = Math.max(size / honest[0]!.options.up!, size / slowest, (lacking * size) / ups);
  const result = { world, honest, others, ideal, disturbed };
  if (disturbances) disturb(chance, result, pace);
  return result;
}

/** Plans what goes wrong. All of it is over at `disturbed`. */
function disturb(chance: Chance, troupe: Cast, pace: number): void {
  const { world, honest, others } = troupe;
  const until = (seconds: number): void => {
    troupe.disturbed = Math.max(troupe.disturbed, seconds);
  };
  const mortal = [...honest.slice(1), ...others];
  if (chance.often(0.5))
    for (const node of mortal) {
      if (!chance.often(0.4)) continue;
      const at = chance.between(5, 2 * pace);
      const back = at + chance.between(1, pace);
      world.after(at, () => node.kill(chance.often(0.4)));
      world.after(back, () => node.start());
      until(back);
    }
  if (chance.often(0.3)) world.breakLinks(chance.between(20, 200));
  if (chance.often(0.3)) {
    const at = chance.between(1, pace);
    const seconds = chance.between(1, 60);
    const side = [...honest, ...others].filter(() => chance.often(0.5));
    world.after(at, () => world.partition(side, seconds));
    until(at + seconds);
  }
  for (const node of honest.slice(1)) {
    if (!chance.often(0.1)) continue;
    // It fills up half-way, and somebody makes room.
    node.disk.options.capacity = world.subject.geometry.totalLength * chance.between(0.1, 0.9);
    const at = chance.between(pace, 2 * pace);
    world.after(at, () => {
      node.disk.options.capacity = Number.POSITIVE_INFINITY;
    });
    until(at);
  }
}

/** Plays the world of a seed to its end. Throws what is wrong, with the command that plays it again. */
export function playWorld(seed: number, peers = peersOf(seed)): Outcome {
  try {
    return play(seed, peers);
  } catch (error) {
    const again = `npm run sim -- --seed ${seed} --peers ${peers}`;
    throw new Error(`${(error as Error).message}\nto see it again: ${again}`, { cause: error });
  }
}

function play(seed: number, peers: number): Outcome {
  const chance = new Chance(seed);
  const { world, honest, ideal, disturbed } = cast(seed, peers, chance);
  world.run(disturbed);
  const patience = PATIENCE * ideal;
  const complete = (): boolean => honest.every((node) => node.complete);
  if (!world.run(patience, complete))
    throw new Error(`not all have ended ${Math.round(patience)} s after the last disturbance\n${world.explain()}`);
  world.checkAll();
  checkFairness(honest);
  return {
    seed,
    peers,
    digest: world.digest,
    events: world.events,
    ideal,
    disturbed,
    ended: world.seconds,
    factor: (world.seconds - disturbed) / ideal,
  };
}

/** No honest node takes another for a liar. */
export function checkFairness(honest: readonly WorldNode[]): void {
  const hosts = new Map(honest.map((node) => [node.endpoint.host, node]));
  for (const node of honest) {
    for (const { reason, host } of node.violations)
      if (hosts.has(host)) throw new Error(`node ${node.id} accuses honest node ${hosts.get(host)!.id}: ${reason}`);
    for (const other of honest)
      if (node.swarm.view.bans.covers(other.endpoint.host, other.endpoint.port))
        throw new Error(`node ${node.id} has banned honest node ${other.id}`);
  }
}
