// Swarms drawn by chance: odd piece lengths, connections that come and go, peers that lie, hang, reject or say nothing, in
// an order of events drawn as well. After every event the books must balance, and in the end every honest node has
// everything that some honest node has. `SHOAL_SEED=n` runs one seed, `SHOAL_SEEDS=n` more of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkSwarm } from './check-swarm.ts';
import { type Node, type NodeOptions, seededRandom, TestNet } from './net.ts';

const LENGTHS = [1, 2, 7, 100, 5_000, 16_384, 16_385, 20_000, 32_768, 50_001];
/** How a connection between honest nodes may end. */
const FAIR =
  /^(both sides have everything|closed by the peer|leaves|connected to this peer already|replaced by|pieces it|stopped in)/;

class Chance {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  often(share: number): boolean {
    return this.next() < share;
  }
}

interface Cast {
  net: TestNet;
  honest: Node[];
  others: Node[];
}

function cast(seed: number, chance: Chance): Cast {
  const pieceLength = chance.one(LENGTHS);
  const pieces = 1 + chance.below(Math.min(40, Math.ceil(400_000 / pieceLength)));
  const net = new TestNet(pieces, pieceLength, seed, 1 + chance.below(pieceLength));
  net.slowDisks = chance.often(0.5);
  net.checked = false;
  const common = (): NodeOptions => ({
    slots: 1 + chance.below(6),
    fast: chance.often(0.7),
    swarm: { snubAfter: 2_000, uploadSlots: 1 + chance.below(4) },
  });
  const honest: Node[] = [];
  for (let i = 2 + chance.below(4); i > 0; i--) {
    const share = chance.one([0, 0, 0.3, 0.7, 1]);
    const magnet = chance.often(0.2) && i > 1;
    honest.push(net.add({ ...common(), have: () => chance.often(share), magnet: magnet && share < 1 }));
  }
  if (chance.often(0.8)) honest.push(net.add({ ...common(), have: () => true }));
  const others: Node[] = [];
  for (let i = chance.below(4); i > 0; i--)
    others.push(
      net.add({
        ...common(),
        have: () => chance.often(0.9),
        ...chance.one<NodeOptions>([
          { silent: true },
          { corrupt: (_piece, _begin, block) => chance.often(0.4) && block[chance.below(block.length)]!++ },
          { corrupt: (_piece, _begin, block) => block[0]!++ },
          { rejects: () => chance.often(0.5) },
          { hangs: () => chance.often(0.3) },
        ]),
      }),
    );
  return { net, honest, others };
}

function check({ honest, others }: Cast): void {
  for (const node of [...honest, ...others]) checkSwarm(node.swarm.view, node.gained);
}

function lose(chance: Chance, node: Node): void {
  const { content } = node.swarm.view;
  if (content === undefined || node.slab.length === 0) return;
  const pieces = Array.from({ length: content.geometry.pieceCount }, (_, piece) => piece).filter(() =>
    chance.often(0.3),
  );
  for (const piece of pieces) {
    if (!content.ledger.have.has(piece)) continue;
    const start = content.geometry.pieceOffset(piece);
    node.data.fill(0, start, start + content.geometry.pieceSize(piece));
  }
  node.swarm.handle({ type: 'piecesLost', pieces }, node.net.now);
  node.settle();
}

function act(chance: Chance, { net, honest, others }: Cast): void {
  const everybody = [...honest, ...others];
  const kind = chance.next();
  if (kind < 0.6) net.connect(chance.one(everybody), chance.one(everybody));
  else if (kind < 0.8) {
    const node = chance.one(everybody);
    const wires = [...node.wires.values()];
    if (wires.length > 0) net.close(chance.one(wires), 'leaves');
  } else if (kind < 0.85) net.leave(chance.one(everybody));
  else if (kind < 0.87) lose(chance, chance.one(honest));
  else if (kind < 0.9) {
    const node = chance.one(honest);
    node.swarm.pause(true, net.now);
    node.settle();
    checkSwarm(node.swarm.view, node.gained);
    node.swarm.pause(false, net.now);
  } else for (let i = chance.below(30); i > 0; i--) net.tick();
}

/** What honest nodes have among them, as piece numbers. */
function known(honest: readonly Node[]): Set<number> {
  const pieces = new Set<number>();
  for (const { swarm } of honest) {
    const { content } = swarm.view;
    for (let piece = 0; piece < (content?.geometry.pieceCount ?? 0); piece++)
      if (content!.ledger.have.has(piece)) pieces.add(piece);
  }
  return pieces;
}

function lacking(honest: readonly Node[]): string[] {
  const all = known(honest);
  return honest.flatMap((node) => {
    const { content } = node.swarm.view;
    // One that began as a seed has no room to fetch again what it lost.
    if (content !== undefined && node.slab.length === 0) return [];
    const missing = [...all].filter((piece) => content?.ledger.have.has(piece) !== true);
    return missing.length === 0 ? [] : [`node ${node.id} lacks ${missing.join(' ')}`];
  });
}

function run(seed: number): void {
  const chance = new Chance(seed);
  const troupe = cast(seed, chance);
  const { net, honest, others } = troupe;
  for (let i = 20 + chance.below(60); i > 0; i--) {
    act(chance, troupe);
    for (let events = chance.below(40); events > 0; events--) {
      net.stir(chance.next);
      check(troupe);
    }
    if (chance.often(0.3)) net.tick();
    check(troupe);
  }
  // From now on everybody honest stays, and comes back when it was dropped.
  for (let second = 0; second < 150; second++) {
    if (second % 3 === 0)
      for (const [i, node] of honest.entries())
        for (const other of honest.slice(0, i))
          if (node.peer(other) === undefined && !(node.complete && other.complete)) net.connect(node, other);
    for (let tick = 0; tick < 10; tick++) {
      net.tick();
      for (let events = 0; events < 400 && net.stir(chance.next); events++);
      check(troupe);
    }
    if (lacking(honest).length === 0) break;
  }
  assert.deepEqual(lacking(honest), []);
  for (const node of honest) {
    const { geometry, ledger } = node.swarm.view.content!;
    for (let piece = 0; piece < geometry.pieceCount; piece++) {
      if (!ledger.have.has(piece)) continue;
      const start = geometry.pieceOffset(piece);
      const end = start + geometry.pieceSize(piece);
      assert.equal(Buffer.compare(node.data.subarray(start, end), net.data.subarray(start, end)), 0);
    }
    for (const { reason, other } of node.closings)
      if (!others.includes(other) && other !== node) assert.match(reason, FAIR);
  }
}

const { SHOAL_SEED, SHOAL_SEEDS = '100' } = process.env;
const first = Number(SHOAL_SEED ?? 1);
const last = SHOAL_SEED === undefined ? Number(SHOAL_SEEDS) : first;
for (let from = first; from <= last; from += 25)
  test(`swarms of seeds ${from} to ${Math.min(last, from + 24)}`, () => {
    for (let seed = from; seed <= Math.min(last, from + 24); seed++)
      try {
        run(seed);
      } catch (error) {
        throw new Error(`with SHOAL_SEED=${seed}: ${(error as Error).message}`, { cause: error });
      }
  });
