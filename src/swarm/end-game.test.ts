import assert from 'node:assert/strict';
import test from 'node:test';
import { join, NOW, type Scene, scene, take } from '../../test/sim/scene.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { pickBusy } from './end-game.ts';
import type { Peer } from './peer.ts';

/** They send at these paces until `NOW`, for some seconds. */
function flow(at: Scene, ...paces: readonly (readonly [Peer, number])[]): void {
  for (let second = 5; second > 0; second--)
    for (const [peer, pace] of paces) {
      peer.arriving.add(pace, NOW - second * 1000);
      at.state.budget.arriving.add(pace, NOW - second * 1000);
    }
}

function double(at: Scene, peer: Peer, now = NOW): number | undefined {
  const busy = pickBusy(at.state, at.content, peer, now);
  if (busy === undefined) return undefined;
  at.content.ledger.requested(busy.partial, busy.block, NOW);
  peer.requests.push(busy.partial.piece, busy.block * BLOCK_LENGTH, BLOCK_LENGTH);
  return busy.block;
}

test('what comes soon from whoever owes it is not asked for twice, what comes much later is, the last first', () => {
  for (const [slow, expected] of [
    [100_000, [undefined]],
    [40_000, [1, undefined]],
    [8_000, [1, 0, undefined]],
  ] as const) {
    const at = scene({ pieces: 1 });
    const owing = join(at);
    const idle = join(at);
    flow(at, [owing, slow], [idle, 1_000_000]);
    take(at, owing);
    assert.deepEqual(
      expected.map(() => double(at, idle)),
      expected,
      `at ${slow} bytes per second`,
    );
  }
});

test('of two that are as slow as each other none helps the other out', () => {
  const at = scene({ pieces: 1 });
  const owing = join(at);
  const idle = join(at);
  flow(at, [owing, 4_000], [idle, 4_000]);
  take(at, owing);
  assert.equal(double(at, idle), undefined);
});

test('a peer that was never asked is taken for as good as the others', () => {
  for (const others of [4_000, 100_000]) {
    const at = scene({ pieces: 1 });
    const owing = join(at);
    const busy = join(at);
    const idle = join(at);
    flow(at, [owing, 4_000], [busy, others]);
    at.state.budget.askable = 2;
    take(at, owing);
    assert.equal(double(at, idle) !== undefined, others > 4_000);
  }
});

test('on a full link only what is overdue is asked for again, three times at most', () => {
  const at = scene({ pieces: 1 });
  const { budget } = at.state;
  // More has been asked for than the link brought in any useful time.
  for (let second = 40; second >= 0; second--) {
    budget.arriving.add(20_000, NOW - second * 1000);
    budget.askable = 60;
    budget.limited = true;
    budget.count = 200;
    budget.retune(NOW - second * 1000);
  }
  budget.count = 0;
  assert.equal(budget.isFull(NOW), true);
  const peers = [join(at), join(at), join(at), join(at)];
  const partial = take(at, peers[0]!)!;
  for (const peer of peers) peer.arriving.add(peer === peers[0] ? 2_000 : 50_000, NOW - 1000);
  assert.equal(double(at, peers[1]!), undefined, 'slow, but so is the link');
  const later = NOW + peers[0]!.patience + 1;
  budget.arriving.add(100_000, later);
  assert.equal(double(at, peers[0]!, later), undefined, 'not what it owes itself');
  assert.deepEqual([double(at, peers[1]!, later), double(at, peers[1]!, later)], [1, 0]);
  assert.deepEqual([double(at, peers[2]!, later), double(at, peers[2]!, later)], [1, 0]);
  assert.equal(double(at, peers[3]!, later), undefined);
  assert.deepEqual([...partial.requesters], [3, 3]);
});

test('a snubbed peer gets no third copy, and only of what nobody else sends', () => {
  const at = scene({ pieces: 1 });
  const owing = join(at);
  const idle = join(at);
  const snubbed = join(at);
  snubbed.snubbed = true;
  flow(at, [owing, 1_000]);
  take(at, owing);
  assert.equal(double(at, snubbed), undefined, 'it comes, if slowly');
  const later = NOW + 7_000;
  assert.equal(double(at, idle, later), 1);
  assert.equal(double(at, snubbed, later), 0);
});

test('before the end game a busy block is doubled only for a piece that takes long', () => {
  const at = scene({ pieces: 3, slots: 1 });
  const owing = join(at);
  const idle = join(at);
  flow(at, [owing, 1_000], [idle, 1_000_000]);
  take(at, owing);
  assert.equal(take(at, idle), undefined);
  assert.equal(double(at, idle, NOW + 1_500), undefined);
  assert.notEqual(double(at, idle, NOW + 4_000), undefined);
});

test('a block that is arriving or here is never asked for again', () => {
  const at = scene({ pieces: 1 });
  const owing = join(at);
  const idle = join(at);
  take(at, owing);
  at.content.ledger.receiving(0, 0);
  at.content.ledger.receiving(0, 1);
  at.content.ledger.received(0, 1, owing.id);
  assert.equal(double(at, idle, NOW + 60_000), undefined);
});
