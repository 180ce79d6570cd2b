import assert from 'node:assert/strict';
import test from 'node:test';
import { join, NOW, scene, take } from '../../test/sim/scene.ts';
import { pickBusy } from './end-game.ts';

test('the first pieces are drawn by chance', () => {
  const drawn = new Set<number>();
  for (let i = 0; i < 50; i++) {
    let call = 0;
    // The shuffle of the order is left alone; the draw is what is varied.
    const at = scene({ random: () => (call++ < 9 ? 0.999 : i / 50) });
    drawn.add(take(at, join(at))!.piece);
  }
  assert.equal(drawn.size, 10);
});

test('after the first four pieces the rarest comes first', () => {
  const at = scene({ have: 4, random: () => 0.99 });
  const peer = join(at);
  join(at, [4, 5, 6, 7, 8]);
  join(at, [4, 5, 7, 8]);
  assert.equal(take(at, peer)!.piece, 9);
  assert.equal(take(at, peer)!.piece, 6);
});

test('a peer that is no seed is given the rarest of its own', () => {
  const at = scene({ have: 4 });
  const peer = join(at, [6, 8]);
  join(at, [6, 7]);
  assert.equal(take(at, peer)!.piece, 8);
  assert.equal(take(at, peer)!.piece, 6);
  assert.equal(take(at, peer), undefined);
});

test('a peer goes on with the piece it is filling, and helps others only when nothing new is left', () => {
  const at = scene({ have: 4, slots: 8 });
  const a = join(at);
  const b = join(at);
  const first = take(at, a, 1)!;
  assert.equal(take(at, a, 1), first);
  const second = take(at, a, 1)!;
  assert.notEqual(second, first);
  assert.notEqual(take(at, b), second, 'a new piece before one of another peer');
  for (let i = 0; i < 2; i++) take(at, b);
  assert.equal(at.content.availability.wanted, 1);
  take(at, b);
  assert.equal(take(at, b), second);
});

test('no piece begins without a slot', () => {
  const at = scene({ slots: 2 });
  const peer = join(at);
  take(at, peer);
  take(at, peer);
  assert.equal(take(at, peer), undefined);
  assert.equal(at.content.availability.wanted, 8);
});

test('nothing is given for what a peer lacks, chokes or rejected', () => {
  const at = scene({ pieces: 2 });
  const choking = join(at);
  choking.choking = true;
  assert.equal(take(at, choking), undefined);
  choking.allowedFast.add(1);
  assert.equal(take(at, choking)!.piece, 1);
  assert.equal(take(at, choking), undefined);
  const refusing = join(at, [0]);
  refusing.refused.add(0);
  assert.equal(take(at, refusing), undefined);
});

test('a failed piece goes whole to one peer and to nobody else', () => {
  const at = scene({ pieces: 2, slots: 2 });
  const { ledger, availability } = at.content;
  const a = join(at);
  const b = join(at);
  for (const piece of [0, 1]) {
    const partial = ledger.begin(piece, NOW)!;
    availability.unwant(piece);
    for (const block of [0, 1]) {
      ledger.requested(partial, block, NOW);
      ledger.receiving(piece, block);
      ledger.released(piece, block);
      ledger.received(piece, block, a.id);
    }
    ledger.sealed(piece);
    ledger.failed(piece, true);
    availability.want(piece);
  }
  at.state.retryOwners.set(1, b);
  b.retries.push(1);
  const taken = take(at, a, 1)!;
  assert.equal(taken.piece, 0);
  assert.equal(taken.exclusive, a.id);
  assert.deepEqual(a.retries, [0]);
  assert.equal(take(at, b, 1)!.piece, 1);
  take(at, b, 1);
  assert.equal(take(at, b), undefined, 'the other block of piece 0 is for the first peer alone');
  assert.equal(pickBusy(at.state, at.content, b, NOW + 60_000), undefined);
  at.state.retryOwners.delete(0);
  a.retries.length = 0;
  ledger.unassigned(taken);
  assert.equal(take(at, b, 1), taken, 'nobody has it: whoever comes may');
  assert.equal(taken.exclusive, b.id);
  assert.equal(at.state.retryOwners.get(0), b);
});

test('a piece that somebody waits for comes first, but not from a peer that would be too late', () => {
  const at = scene({ have: 4 });
  const slow = join(at);
  const fast = join(at);
  for (let second = 5; second > 0; second--) {
    slow.arriving.add(4_000, NOW - second * 1000);
    fast.arriving.add(1_000_000, NOW - second * 1000);
  }
  at.state.deadlines.set(
    [
      { piece: 9, at: NOW + 500 },
      { piece: 8, at: NOW + 60_000 },
    ],
    NOW,
  );
  at.state.deadlines.soonest = 16;
  assert.equal(take(at, slow)!.piece, 8);
  assert.equal(take(at, fast)!.piece, 9);
  assert.ok(![8, 9].includes(take(at, fast)!.piece), 'the rest as usual');
});

test('when many pieces are begun, those are finished before new ones are begun', () => {
  for (const [begun, expected] of [
    [8, false],
    [9, true],
  ] as const) {
    const at = scene({ pieces: 40, slots: 40, have: 4 });
    const peer = join(at);
    for (let piece = 10; piece < 10 + begun; piece++) {
      at.content.ledger.requested(at.content.ledger.begin(piece, NOW)!, 0, NOW);
      at.content.availability.unwant(piece);
    }
    const { piece } = take(at, peer)!;
    assert.equal(piece >= 10 && piece < 10 + begun, expected, `${begun} begun, given ${piece}`);
  }
});
