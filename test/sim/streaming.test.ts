// Somebody reads while the rest comes: pieces have to be there in time, in whatever order the reader asks for them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MESSAGE } from '../../src/protocol/wire/messages.ts';
import type { Deadline } from '../../src/swarm/deadlines.ts';
import { LoneSwarm } from './lone-swarm.ts';
import { World } from './world.ts';
import type { WorldNode } from './world-node.ts';

const everything = (): boolean => true;
/** Seconds that are wanted ahead of the reader. */
const AHEAD = 10;
/** Seconds that must be here before it begins. */
const BUFFER = 2;

/** Reads pieces one after the other at a steady rate, as a player does. */
class Player {
  readonly #world: World;
  readonly #node: WorldNode;
  readonly #perSecond: number;
  #at: number;
  #playing = false;
  /** Seconds from the last seek until it played, and seconds it stood still after that. */
  startUp = 0;
  stalled = 0;

  constructor(world: World, node: WorldNode, perSecond: number) {
    this.#world = world;
    this.#node = node;
    this.#perSecond = perSecond;
    this.#at = 0;
    this.#step();
  }

  seek(piece: number): void {
    this.#at = piece;
    this.#playing = false;
    this.startUp = 0;
  }

  get ended(): boolean {
    return this.#at >= this.#world.subject.geometry.pieceCount;
  }

  #here(seconds: number): boolean {
    const { have } = this.#node.swarm.view.content!.ledger;
    const end = Math.min(have.size, this.#at + seconds * this.#perSecond);
    for (let piece = Math.floor(this.#at); piece < end; piece++) if (!have.has(piece)) return false;
    return true;
  }

  #step(): void {
    if (this.ended) return;
    const seconds = 0.1;
    if (!this.#playing) {
      this.startUp += seconds;
      this.#playing = this.#here(BUFFER);
    } else if (this.#here(seconds)) this.#at += seconds * this.#perSecond;
    else this.stalled += seconds;
    const first = Math.floor(this.#at);
    const count = Math.min(this.#world.subject.geometry.pieceCount - first, Math.ceil(AHEAD * this.#perSecond));
    const deadlines = Array.from({ length: Math.max(0, count) }, (_, i) => ({
      piece: first + i,
      at: this.#world.now + (1000 * i) / this.#perSecond,
    }));
    this.#node.swarm.setDeadlines(deadlines, this.#world.now);
    this.#node.settle();
    this.#world.after(seconds, () => this.#step());
  }
}

function play(seed: number, seekTo?: number): Player {
  const world = new World({ seed, pieces: 600, pieceLength: 65_536, checkEvery: 500 });
  const rates = [300_000, 200_000, 100_000, 60_000, 30_000, 10_000, 5_000];
  const seeds = rates.map((up, i) => world.add({ have: everything, up, latency: 10 + 15 * i }));
  const total = seeds.reduce((sum, { way }) => sum + 1000 * way.up.rate, 0);
  const node = world.add({ up: 50_000, down: 4_000_000, slots: 64 });
  // It has met its peers.
  world.run(10);
  const player = new Player(world, node, (0.6 * total) / 65_536);
  if (seekTo !== undefined) world.after(20, () => player.seek(seekTo));
  assert.equal(
    world.run(200, () => player.ended),
    true,
  );
  world.checkAll();
  return player;
}

test('a stream at 60 % of what the peers send together never stalls after it began', () => {
  for (const seed of [1, 2]) {
    const player = play(seed);
    assert.equal(player.stalled, 0);
    assert.ok(player.startUp < 5, `it began after ${player.startUp} s`);
  }
});

test('after a seek it goes on within seconds and does not stall', () => {
  const player = play(3, 420);
  assert.equal(player.stalled, 0);
  assert.ok(player.startUp < 6, `it went on after ${player.startUp} s`);
});

test('pieces come in their order when that is asked for, those of a higher priority before the others', () => {
  const net = new LoneSwarm({ pieces: 40, slots: 40, have: (piece) => piece === 2 });
  net.swarm.setSequential(true);
  const priorities = new Uint8Array(40).fill(4);
  priorities[9] = 7;
  net.swarm.setPriorities(priorities, net.now);
  const peer = net.connect();
  peer.offer();
  const order: number[] = [];
  while (order.length < 20) {
    for (const piece of peer.owedPieces) if (!order.includes(piece)) order.push(piece);
    peer.answer(1);
  }
  assert.deepEqual(order.slice(0, 12), [9, 0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12]);
});

test('who looks for a place in a film does not have everything taken back at each step', () => {
  const net = new LoneSwarm({ pieces: 2000, slots: 1000 });
  const { swarm } = net;
  const peer = net.connect();
  peer.offer();
  const pass = (milliseconds: number, blocks: number) => {
    peer.answer(blocks);
    net.now += milliseconds;
    swarm.tick(net.now);
    net.settle();
  };
  for (let round = 0; round < 50; round++) pass(100, 20);
  const asked = peer.peer.requests.count;
  assert.ok(asked > 300, `${asked} requests, for more than a second`);
  const look = (deadlines: readonly Deadline[]) => {
    swarm.setDeadlines(deadlines, net.now);
    net.settle();
    pass(50, 10);
  };
  for (let step = 0; step < 50; step++) {
    look([{ piece: 1999 - 20 * step, at: net.now }]);
    look([]);
  }
  // A Shoal peer closes the connection of who takes back two thousand in a few seconds.
  const cancels = peer.count(MESSAGE.cancel);
  assert.ok(cancels > 50 && cancels < 2 * asked, `${cancels} were taken back of ${asked}`);
  for (let round = 0; round < 80; round++) pass(100, 20);
  assert.ok(peer.peer.requests.count > 300, 'who waits for nothing any more asks for as much as before');
});
