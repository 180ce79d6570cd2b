// Far more addresses than places: most cannot be dialled, and all are named again and again. Downloads end all the same, and
// nobody is dialled faster or oftener than told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { formatEndpoint } from '../../src/base/endpoint.ts';
import { World } from './world.ts';
import type { WorldNode } from './world-node.ts';

/** Addresses at which nobody is, or that let nobody in: an attempt takes ten seconds to fail. */
const DEAD = Array.from({ length: 950 }, (_, i) => ({ host: `99.${i >> 8}.${i & 255}.1`, port: 6881 }));

function nameOften(world: World, node: WorldNode): void {
  const name = (): void => {
    if (node.complete) return;
    node.swarm.handle({ type: 'peersFound', endpoints: DEAD }, world.now);
    node.settle();
    world.after(5, name);
  };
  name();
}

test('a thousand addresses for fifty places: those that are there are found, at a bounded pace', () => {
  const world = new World({ seed: 5, pieces: 64, checkEvery: 10_000, numWant: 60 });
  const swarm = { maxPeers: 50, uploadSlots: 4 };
  world.add({ have: () => true, up: 400_000, swarm });
  // One of them has room for all, so that it never stops dialling.
  const roomy = { ...swarm, maxPeers: 1_000 };
  const honest = world.addMany(39, (i) => ({
    up: 60_000,
    down: i === 0 ? 30_000 : 400_000,
    swarm: i === 0 ? roomy : swarm,
  }));
  // Each of these knows the dead before it hears of anybody alive.
  for (const node of honest.slice(0, 10)) nameOften(world, node);
  const watched = honest[0]!;
  const dials: number[] = [];
  const attempts = new Map<string, number>();
  let underway = 0;
  let mostUnderway = 0;
  const { dial } = world;
  world.dial = (from, to, done) => {
    if (from === watched) {
      dials.push(world.now);
      const key = formatEndpoint(to);
      attempts.set(key, (attempts.get(key) ?? 0) + 1);
    }
    if (from === watched) mostUnderway = Math.max(mostUnderway, ++underway);
    dial.call(world, from, to, (socket) => {
      if (from === watched) underway--;
      done(socket);
    });
  };
  assert.equal(
    world.run(600, () => honest.every((node) => node.complete)),
    true,
    world.explain(),
  );
  for (const node of honest.slice(1)) assert.ok(node.swarm.view.peers.size <= 50);
  assert.ok(dials.length > 100, `${dials.length} attempts`);
  for (let i = 0; i + 60 < dials.length; i++)
    assert.ok(dials[i + 60]! - dials[i]! >= 990, 'more than sixty attempts in a second');
  assert.equal(mostUnderway, 30, 'attempts under way at a time');
  const most = Math.max(...DEAD.map((endpoint) => attempts.get(formatEndpoint(endpoint)) ?? 0));
  assert.ok(most <= 6, `one address was dialled ${most} times`);
  world.checkAll();
});
