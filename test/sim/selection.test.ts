// What of a torrent is wanted, and what follows when that changes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import { MESSAGE } from '../../src/protocol/wire/messages.ts';
import { LoneSwarm } from './lone-swarm.ts';
import { World } from './world.ts';

const everything = (): boolean => true;

function priorities(count: number, of: (piece: number) => number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, piece) => of(piece));
}

test('only what is wanted is asked for, and then nothing, until more is wanted', () => {
  const net = new LoneSwarm({ pieces: 8, slots: 8, priorities: priorities(8, (piece) => (piece < 3 ? 4 : 0)) });
  const peer = net.connect();
  peer.offer();
  for (const piece of peer.owedPieces) assert.ok(piece < 3);
  assert.equal(peer.peer.wanted, 3);
  peer.answerAll();
  const { view } = net.swarm;
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].filter((piece) => view.content!.ledger.have.has(piece)),
    [0, 1, 2],
  );
  assert.equal(view.seeding, true);
  assert.equal(view.complete, false);
  assert.equal(net.log.filter(({ type }) => type === 'announceSelected').length, 1);
  assert.equal(net.log.filter(({ type }) => type === 'announceComplete').length, 0);
  assert.match(peer.closed ?? '', /both sides have everything/, 'a seed has nothing to give us');
  const other = net.connect();
  other.offer([1, 2, 3, 4, 5, 6]);
  assert.equal(other.count(MESSAGE.interested), 0);
  net.swarm.setPriorities(
    priorities(8, (piece) => (piece < 6 ? 4 : 0)),
    net.now,
  );
  net.settle();
  assert.equal(other.count(MESSAGE.interested), 1);
  other.answerAll();
  assert.equal(view.content!.ledger.have.count, 6);
  assert.equal(view.content!.ledger.have.has(6), false);
  assert.equal(net.log.filter(({ type }) => type === 'announceSelected').length, 2);
  net.pass(1_000);
  assert.equal(other.peer.amInterested, false);
});

test('what is under way when it is not wanted any more is finished, the rest is not begun', () => {
  const net = new LoneSwarm({ pieces: 40, slots: 40 });
  const peer = net.connect();
  peer.offer();
  const begun = peer.owedPieces.size;
  assert.ok(begun > 0 && begun < 40, `${begun} begun`);
  net.swarm.setPriorities(new Uint8Array(40), net.now);
  net.settle();
  assert.equal(net.swarm.view.lacking, begun);
  assert.equal(net.swarm.view.seeding, false);
  peer.answerAll();
  assert.equal(net.swarm.view.content!.ledger.have.count, begun);
  assert.equal(net.swarm.view.seeding, true);
});

test('a higher priority comes before rarity, and a change counts at once', () => {
  const net = new LoneSwarm({
    pieces: 40,
    slots: 40,
    have: (piece) => piece < 4,
    priorities: priorities(40, (piece) => (piece >= 30 ? 7 : 4)),
  });
  const common = net.connect();
  common.offer([]);
  const peer = net.connect();
  peer.offer();
  const first = [...peer.owedPieces];
  assert.ok(
    first.slice(0, 8).every((piece) => piece >= 30),
    `asked for ${first}`,
  );
  net.swarm.setPriorities(
    priorities(40, (piece) => (piece === 20 ? 7 : 1)),
    net.now,
  );
  const before = new Set(peer.owedPieces);
  peer.answer(before.size);
  const next = [...peer.owedPieces].filter((piece) => !before.has(piece));
  assert.equal(next[0], 20);
});

test('whole swarms end what they want, whatever changes meanwhile', () => {
  const pieces = 60;
  const world = new World({ seed: 5, pieces, pieceLength: 2 * BLOCK_LENGTH, checkEvery: 100 });
  world.addMany(2, () => ({ have: everything, up: 200_000 }));
  const nodes = world.addMany(6, (i) => ({ up: 100_000, down: 400_000, slots: 4 + i, magnet: i === 2 }));
  const random = world.chance();
  const choose = (): void => {
    for (const node of nodes) {
      node.swarm.setPriorities(
        priorities(pieces, () => Math.floor(random() * 8) * (random() < 0.5 ? 1 : 0)),
        world.now,
      );
      node.settle();
      node.watch.everything();
    }
  };
  for (let at = 2; at < 20; at += 1.5) world.after(at, choose);
  assert.equal(
    world.run(200, () => world.seconds > 21 && nodes.every((node) => node.swarm.view.lacking === 0)),
    true,
    world.explain(),
  );
  assert.ok(nodes.some((node) => !node.complete));
  for (const node of nodes) assert.ok(node.complete || node.selectedAt !== undefined);
  for (const node of nodes) {
    node.swarm.setPriorities(new Uint8Array(pieces).fill(4), world.now);
    node.settle();
  }
  assert.equal(
    world.run(200, () => nodes.every((node) => node.complete)),
    true,
    world.explain(),
  );
  world.checkAll();
});

test('a seed that left while nothing was wanted is dialled at once when something is', () => {
  const net = new LoneSwarm({ pieces: 8, slots: 8, priorities: priorities(8, (piece) => (piece < 3 ? 4 : 0)) });
  const endpoint = { host: '10.0.0.9', port: 6881 };
  const key = '10.0.0.9:6881';
  net.swarm.handle({ type: 'peersFound', endpoints: [endpoint] }, net.now);
  net.settle();
  assert.deepEqual(net.dials, [key]);
  const seed = net.connect({ ...endpoint, dialled: key });
  seed.offer();
  seed.answerAll();
  assert.match(seed.closed ?? '', /both sides have everything/);
  net.swarm.setPriorities(
    priorities(8, (piece) => (piece < 2 ? 4 : 0)),
    net.now,
  );
  net.settle();
  assert.deepEqual(net.dials, [key], 'nothing more is wanted');
  net.swarm.setPriorities(
    priorities(8, (piece) => (piece < 6 ? 4 : 0)),
    net.now,
  );
  net.settle();
  assert.deepEqual(net.dials, [key, key]);
});
