// A node whose downlink is far slower than what its peers would send: what it asks for has to fit the link, and nobody is
// blamed for a block that takes long because all share it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { World } from './world.ts';

test('sixty willing peers on a slow downlink neither slow it down nor send twice', () => {
  const down = 20_000;
  const world = new World({ seed: 3, pieces: 128 });
  world.addMany(60, () => ({ have: () => true, up: 100_000, down: 400_000 }));
  const node = world.add({ up: 50_000, down, slots: 40 });
  const size = world.subject.geometry.totalLength;
  assert.equal(
    world.run((3 * size) / down, () => node.complete),
    true,
    world.explain(),
  );
  const { wasted, peers } = node.swarm.view;
  const took = (node.finishedAt! - node.startedAt) / 1000;
  assert.ok(took < (1.15 * size) / down, `took ${took} s where ${size / down} s would do`);
  assert.ok(wasted < 0.05 * size, `${wasted} of ${size} bytes came twice`);
  assert.equal([...peers.values()].filter((peer) => peer.snubbed).length, 0);
  assert.equal(node.closings.filter(({ reason }) => reason.includes('middle of a block')).length, 0);
  world.checkAll();
});
