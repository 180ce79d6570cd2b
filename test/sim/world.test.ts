// The simulated world itself: it is deterministic, it does to its nodes what it is told, and its checks see what they are
// there for.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeHaveAll, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { playWorld } from './random-world.ts';
import { World } from './world.ts';
import type { WorldNode } from './world-node.ts';

function allComplete(nodes: readonly WorldNode[]): () => boolean {
  return () => nodes.every((node) => node.complete);
}

test('the same seed gives the same events, another seed others', () => {
  const { digest } = playWorld(5, 12);
  assert.equal(playWorld(5, 12).digest, digest);
  assert.notEqual(playWorld(6, 12).digest, digest);
});

test('a swarm is never faster than its links allow, and does not take long', () => {
  const world = new World({ seed: 3, pieces: 64 });
  const size = 64 * 16_384;
  const seed = world.add({ have: () => true, up: 100_000 });
  const peers = world.addMany(8, () => ({ up: 100_000, down: 300_000 }));
  assert.ok(world.run(60, allComplete(peers)), world.explain());
  world.checkAll();
  assert.ok(world.seconds >= size / 100_000);
  assert.ok(seed.way.up.carried <= world.seconds * 100_000 + 70_000);
  for (const peer of peers) assert.equal(peer.fetched, size);
});

test('a killed node comes back with what it had written and fetches none of it again', () => {
  const world = new World({ seed: 4, pieces: 64 });
  world.add({ have: () => true, up: 100_000 });
  const peer = world.add({ up: 50_000, down: 300_000 });
  world.run(6);
  const before = peer.fetched;
  assert.ok(before > 0 && !peer.complete);
  peer.kill();
  world.run(2);
  assert.equal(peer.alive, false);
  peer.start();
  assert.ok(world.run(60, allComplete([peer])), world.explain());
  assert.equal(peer.fetched, 64 * 16_384);
  assert.equal(peer.lives, 2);
});

test('after a power cut the record claims nothing that is not there, and the rest is fetched again', () => {
  let again = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World({ seed, pieces: 64 });
    world.add({ have: () => true, up: 200_000 });
    const peer = world.add({ down: 300_000, disk: { syncEvery: 2000 } });
    world.run(4.9);
    peer.kill(true);
    world.run(1);
    peer.start();
    assert.ok(world.run(400, allComplete([peer])), world.explain());
    world.checkAll();
    again += peer.fetched - 64 * 16_384;
  }
  assert.ok(again > 0, 'something that was not synced was lost');
});

test('who is cut off waits, and goes on when the network is whole again', () => {
  const world = new World({ seed: 6, pieces: 64 });
  world.add({ have: () => true, up: 100_000 });
  const peer = world.add({ down: 300_000 });
  world.run(3);
  world.partition([peer], 20);
  world.run(1);
  const then = peer.fetched;
  world.run(18);
  assert.equal(peer.fetched, then);
  assert.ok(world.run(60, allComplete([peer])), world.explain());
});

test('a node that cannot be dialled dials; two of them never meet', () => {
  const world = new World({ seed: 7, pieces: 16 });
  world.add({ have: () => true, nat: true });
  const hidden = world.add({ nat: true });
  assert.equal(world.run(100, allComplete([hidden])), false);
  const open = world.add({});
  assert.ok(world.run(100, allComplete([hidden, open])), world.explain());
});

test('a full disk pauses its node until there is room', () => {
  const world = new World({ seed: 8, pieces: 32 });
  world.add({ have: () => true });
  const peer = world.add({ disk: { capacity: 8 * 16_384 } });
  assert.equal(world.run(60, allComplete([peer])), false);
  assert.equal(peer.fetched, 8 * 16_384);
  assert.ok(peer.refusedWrites > 0);
  peer.disk.options.capacity = Number.POSITIVE_INFINITY;
  assert.ok(world.run(60, allComplete([peer])), world.explain());
});

test('a peer played by hand hears what a node says and is heard', () => {
  const world = new World({ seed: 9, pieces: 8 });
  const asked: number[] = [];
  const script = world.addScript({
    onHandshake: (line) => {
      line.greet();
      line.say(encodeHaveAll());
      line.say(Uint8Array.of(0, 0, 0, 1, MESSAGE.unchoke));
    },
    onMessage: (_line, id) => asked.push(id),
  });
  const node = world.add({});
  world.run(5);
  assert.equal(script.lines.length, 1);
  assert.ok(asked.includes(MESSAGE.interested) && asked.includes(MESSAGE.request), asked.join(' '));
  script.lines[0]!.say(Uint8Array.of(0, 0, 0, 1, MESSAGE.have));
  world.run(2);
  assert.equal(node.violations[0]?.reason, 'invalid_have');
});

test('bytes that come wrong are seen, and their sender is found out', () => {
  const world = new World({ seed: 10, pieces: 32 });
  world.add({ have: () => true, up: 30_000 });
  const liar = world.add({ have: () => true, up: 200_000, corrupt: (_piece, _begin, block) => block[5]!++ });
  const peer = world.add({});
  assert.ok(world.run(200, allComplete([peer])), world.explain());
  assert.ok(peer.badPieces > 0);
  assert.ok(peer.swarm.view.bans.covers(liar.endpoint.host, liar.endpoint.port));
});
