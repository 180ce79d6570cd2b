// What peers ask of us: who is served, what is rejected, and who asks too much.

import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import { encodeCancel, encodeHave, encodeRequest, MESSAGE } from '../../src/protocol/wire/messages.ts';
import type { UploadRun } from '../../src/swarm/swarm-upload.ts';
import { type HandPeer, LoneSwarm } from './lone-swarm.ts';

const everything = (): boolean => true;

function taker(net: LoneSwarm, fast = true): HandPeer {
  const hand = net.connect({ fast });
  hand.signal(MESSAGE.interested);
  return hand;
}

function runs(net: LoneSwarm, hand: HandPeer, bytes = Number.POSITIVE_INFINITY): UploadRun[] {
  const all: UploadRun[] = [];
  for (let run = net.swarm.nextUpload(hand.peer, bytes); run; run = net.swarm.nextUpload(hand.peer, bytes))
    all.push(run);
  return all;
}

function serveCommands(net: LoneSwarm): number {
  return net.log.filter((command) => command.type === 'serve').length;
}

test('requests that follow one another are one run, up to a mebibyte and to what is allowed', () => {
  const net = new LoneSwarm({ pieces: 2, pieceLength: 100 * BLOCK_LENGTH, have: everything });
  const hand = taker(net);
  for (let block = 0; block < 100; block++) hand.say(encodeRequest(0, block * BLOCK_LENGTH, BLOCK_LENGTH));
  for (let block = 0; block < 3; block++) hand.say(encodeRequest(1, block * BLOCK_LENGTH, BLOCK_LENGTH));
  assert.deepEqual(
    runs(net, hand).map((run) => [run.piece, run.begin / BLOCK_LENGTH, run.lengths.length, run.bytes / BLOCK_LENGTH]),
    [
      [0, 0, 64, 64],
      [0, 64, 36, 36],
      [1, 0, 3, 3],
    ],
  );
  for (let block = 0; block < 4; block++) hand.say(encodeRequest(0, block * BLOCK_LENGTH, BLOCK_LENGTH));
  assert.deepEqual(
    runs(net, hand, 2.5 * BLOCK_LENGTH).map((run) => run.lengths.length),
    [2, 2],
  );
  hand.say(encodeRequest(0, 0, BLOCK_LENGTH));
  assert.deepEqual(
    runs(net, hand, 1).map((run) => run.bytes),
    [BLOCK_LENGTH],
    'one block goes even when less is allowed',
  );
});

test('requests at odd places and of odd lengths are served as they are', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  for (const [begin, length] of [
    [5, 1],
    [6, 10_000],
    [10_006, 3],
    [7, 1],
    [32_767, 1],
  ] as const)
    hand.say(encodeRequest(3, begin, length));
  assert.deepEqual(
    runs(net, hand).map((run) => [run.begin, [...run.lengths], run.bytes]),
    [
      [5, [1, 10_000, 3], 10_004],
      [7, [1], 1],
      [32_767, [1], 1],
    ],
  );
});

test('the runner is told once that there is something to serve, and again after it found nothing', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  for (let block = 0; block < 2; block++) hand.say(encodeRequest(0, block * BLOCK_LENGTH, BLOCK_LENGTH));
  assert.equal(serveCommands(net), 1);
  runs(net, hand);
  hand.say(encodeRequest(0, 0, BLOCK_LENGTH));
  assert.equal(serveCommands(net), 2);
});

const unservable: [string, number, number, number][] = [
  ['a piece we lack', 5, 0, BLOCK_LENGTH],
  ['a piece outside the torrent', 99, 0, BLOCK_LENGTH],
  ['a negative piece', 2 ** 32 - 1, 0, BLOCK_LENGTH],
  ['nothing', 0, 0, 0],
  ['more than a block', 0, 0, BLOCK_LENGTH + 1],
  ['bytes past the end', 0, BLOCK_LENGTH + 1, BLOCK_LENGTH],
  ['a negative offset', 0, 2 ** 32 - 1, 1],
];
for (const [what, piece, begin, length] of unservable)
  test(`a request for ${what} is rejected, and the connection closed when they go on`, () => {
    const net = new LoneSwarm({ have: (index) => index < 4 });
    const hand = taker(net);
    for (let i = 0; i < 300; i++) hand.say(encodeRequest(piece, begin, length));
    assert.equal(hand.closed, undefined);
    assert.deepEqual(hand.blocks(MESSAGE.reject)[299], { piece, begin, length });
    assert.equal(runs(net, hand).length, 0);
    hand.say(encodeRequest(piece, begin, length));
    assert.equal(hand.closed, 'invalid_request');
  });

test('a request for more than 128 KiB closes the connection', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  hand.say(encodeRequest(0, 0, 131_073));
  assert.equal(hand.closed, 'invalid_request');
});

test('without the fast extension nothing is rejected by message', () => {
  const net = new LoneSwarm();
  const hand = taker(net, false);
  hand.say(encodeRequest(0, 0, BLOCK_LENGTH));
  assert.equal(hand.count(MESSAGE.reject), 0);
});

test('more requests than we said may wait are rejected', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  for (let i = 0; i < 2_100; i++) hand.say(encodeRequest(0, 0, BLOCK_LENGTH));
  assert.equal(hand.peer.uploads.count, 2_000);
  assert.equal(hand.count(MESSAGE.reject), 100);
  assert.equal(hand.closed, undefined);
});

test('a cancelled request is answered once, by a reject', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  for (let block = 0; block < 2; block++) hand.say(encodeRequest(0, block * BLOCK_LENGTH, BLOCK_LENGTH));
  hand.say(encodeCancel(0, 0, BLOCK_LENGTH));
  hand.say(encodeCancel(0, 0, BLOCK_LENGTH));
  hand.say(encodeCancel(1, 0, BLOCK_LENGTH));
  assert.equal(hand.count(MESSAGE.reject), 1);
  assert.deepEqual(
    runs(net, hand).map((run) => run.begin),
    [BLOCK_LENGTH],
  );
});

test('a slot that becomes free is given at once to who has waited longest', () => {
  const net = new LoneSwarm({ have: everything, swarm: { uploadSlots: 2 } });
  const hands = [taker(net), taker(net), taker(net), taker(net)];
  const served = (): boolean[] => hands.map((hand) => !hand.peer.amChoking);
  assert.deepEqual(served(), [true, true, false, false]);
  hands[0]!.signal(MESSAGE.notInterested);
  assert.deepEqual(served().slice(1), [true, true, false]);
  hands[1]!.leave();
  assert.deepEqual(served().slice(2), [true, true]);
});

test('who is choked with requests waiting has them rejected; those that cross on the way are forgiven, more are not', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm: { uploadSlots: 1 } });
  const first = taker(net);
  const granted = first.peer.grantedFast;
  const piece = [...Array(60).keys()].find((index) => !granted.has(index))!;
  for (let i = 0; i < 50; i++) first.say(encodeRequest(piece, 0, BLOCK_LENGTH));
  const second = taker(net);
  net.swarm.uploadSent(second.peer, 1_000_000, net.now);
  net.pass(10_100);
  assert.equal(first.peer.amChoking, true);
  assert.equal(first.count(MESSAGE.choke), 1);
  assert.equal(first.count(MESSAGE.reject), 50);
  assert.equal(runs(net, first).length, 0);
  for (let i = 0; i < 2_000; i++) first.say(encodeRequest(piece, 0, BLOCK_LENGTH));
  assert.equal(first.closed, undefined);
  for (let i = 0; i < 301; i++) first.say(encodeRequest(piece, 0, BLOCK_LENGTH));
  assert.equal(first.closed, 'invalid_request');
});

test('allowed-fast pieces are served while choked to who has next to nothing, and three times at most', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything });
  const hand = net.connect();
  const granted = [...hand.peer.grantedFast.keys()];
  assert.equal(granted.length, 5);
  assert.deepEqual(hand.indexes(MESSAGE.allowedFast), granted);
  let served = 0;
  for (let copy = 0; copy < 3; copy++)
    for (const piece of granted)
      for (let block = 0; block < 2; block++) {
        hand.say(encodeRequest(piece, block * BLOCK_LENGTH, BLOCK_LENGTH));
        served += runs(net, hand).length;
      }
  assert.equal(served, 3 * 5 * 2);
  assert.equal(hand.count(MESSAGE.reject), 0);
  for (let piece = 0; piece < 5; piece++) hand.say(encodeHave(piece + 10));
  hand.say(encodeRequest(granted[0]!, 0, BLOCK_LENGTH));
  assert.equal(hand.count(MESSAGE.reject), 1, 'it has something to give by now');
  const greedy = net.connect({ port: 4000 });
  for (let copy = 0; copy < 4; copy++)
    for (let block = 0; block < 2; block++) greedy.say(encodeRequest(granted[0]!, block * BLOCK_LENGTH, BLOCK_LENGTH));
  assert.equal(greedy.count(MESSAGE.reject), 2, 'the fourth copy is not served');
  assert.equal(greedy.closed, undefined, 'nobody is closed for giving up a few blocks on a slow link');
  for (let i = 0; i < 300 && greedy.closed === undefined; i++) greedy.say(encodeRequest(granted[0]!, 0, BLOCK_LENGTH));
  assert.equal(greedy.closed, 'invalid_request');
});

test('allowed-fast requests that are taken back before they are served do not count', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything });
  const hand = net.connect();
  const [piece] = hand.peer.grantedFast.keys();
  for (let i = 0; i < 20; i++) {
    hand.say(encodeRequest(piece!, 0, BLOCK_LENGTH));
    hand.say(encodeCancel(piece!, 0, BLOCK_LENGTH));
  }
  assert.equal(hand.closed, undefined);
  hand.say(encodeRequest(piece!, 0, BLOCK_LENGTH));
  assert.equal(runs(net, hand).length, 1);
});

test('no more newcomers live on allowed-fast pieces at a time than there are slots', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm: { uploadSlots: 3 } });
  const hands = Array.from({ length: 5 }, () => net.connect());
  assert.deepEqual(
    hands.map((hand) => hand.count(MESSAGE.allowedFast)),
    [5, 5, 5, 0, 0],
  );
  hands[0]!.signal(MESSAGE.interested);
  assert.equal(net.connect().count(MESSAGE.allowedFast), 5, 'who is served does not need them');
});

test('a run that could not be read is rejected block by block', () => {
  const net = new LoneSwarm({ have: everything });
  const hand = taker(net);
  for (let block = 0; block < 2; block++) hand.say(encodeRequest(1, block * BLOCK_LENGTH, BLOCK_LENGTH));
  const [run] = runs(net, hand);
  net.swarm.uploadFailed(hand.peer, run!);
  net.settle();
  assert.deepEqual(hand.blocks(MESSAGE.reject), [
    { piece: 1, begin: 0, length: BLOCK_LENGTH },
    { piece: 1, begin: BLOCK_LENGTH, length: BLOCK_LENGTH },
  ]);
});

test('a seed suggests other pieces to each one it serves, until there is another seed', () => {
  const net = new LoneSwarm({ pieces: 60, have: everything, swarm: { uploadSlots: 3 } });
  const [a, b] = [taker(net), taker(net)] as const;
  const plain = taker(net, false);
  assert.equal(plain.count(MESSAGE.suggest), 0, 'it would not understand that');
  const waits = taker(net);
  assert.equal(waits.count(MESSAGE.suggest), 0, 'it is not served');
  assert.ok(a.count(MESSAGE.suggest) > 1);
  assert.equal(
    new Set([...a.indexes(MESSAGE.suggest), ...b.indexes(MESSAGE.suggest)]).size,
    2 * a.count(MESSAGE.suggest),
  );
  assert.ok(
    a.said.findIndex(({ id }) => id === MESSAGE.suggest) < a.said.findIndex(({ id }) => id === MESSAGE.unchoke),
    'it asks as soon as it may',
  );
  const before = a.count(MESSAGE.suggest);
  const ask = (): void => a.say(encodeRequest(a.indexes(MESSAGE.suggest).at(-1)!, 0, BLOCK_LENGTH));
  ask();
  assert.equal(a.count(MESSAGE.suggest), before + 1);
  const partial = new LoneSwarm({ pieces: 60, have: (piece) => piece < 59 });
  assert.equal(taker(partial).count(MESSAGE.suggest), 0, 'no seed');
  net.connect().offer();
  ask();
  const after = a.count(MESSAGE.suggest);
  ask();
  assert.equal(a.count(MESSAGE.suggest), after);
});
