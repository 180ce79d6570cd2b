import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { Peer } from './peer.ts';

const START = 10_000;

function makePeer(): Peer {
  const info = {
    endpoint: { host: '127.0.0.1', port: 1 },
    outgoing: true,
    peerId: new Uint8Array(20),
    features: { extended: true, fast: true, dht: false, v2: false },
  };
  return new Peer(0, info, '00', '', START);
}

/** Blocks come evenly at so many a second; the window is looked at once a second. */
function stream(peer: Peer, blocksPerSecond: number, from: number, seconds: number): number {
  let now = from;
  for (let second = 0; second < seconds; second++) {
    for (let block = 0; block < blocksPerSecond; block++) {
      peer.down.add(BLOCK_LENGTH, now + (1000 * block) / blocksPerSecond);
      peer.grow();
    }
    now += 1000;
    peer.retune(now);
  }
  return now;
}

test('in slow start the window opens by one for each block, up to 8 MiB', () => {
  const peer = makePeer();
  const first = peer.depth;
  for (let i = 0; i < 20; i++) peer.grow();
  assert.equal(peer.depth, first + 20);
  for (let i = 0; i < 1000; i++) peer.grow();
  assert.equal(peer.depth, 512);
});

test('the window settles at what the peer sends in three seconds', () => {
  const peer = makePeer();
  const now = stream(peer, 20, START, 10);
  assert.ok(Math.abs(peer.depth - 60) <= 3, `window ${peer.depth}`);
  stream(peer, 5, now, 10);
  assert.ok(Math.abs(peer.depth - 15) <= 2, `window ${peer.depth}`);
});

test('a window that shrank opens again when the rate grows', () => {
  const peer = makePeer();
  let now = stream(peer, 2, START, 10);
  assert.ok(peer.depth <= 8, `window ${peer.depth}`);
  now = stream(peer, 100, now, 10);
  assert.ok(peer.depth >= 250, `window ${peer.depth}`);
});

test('a peer that stops keeps a small window, and a snubbed one a single request', () => {
  const peer = makePeer();
  const now = stream(peer, 20, START, 10);
  stream(peer, 0, now, 20);
  assert.equal(peer.depth, 2);
  peer.snubbed = true;
  assert.equal(peer.depth, 1);
});

test('no more is asked than the peer says it lets wait', () => {
  const peer = makePeer();
  peer.reqq = 2;
  assert.equal(peer.depth, 2);
  stream(peer, 100, START, 5);
  assert.equal(peer.depth, 2);
  peer.reqq = 10_000;
  stream(peer, 1_000, START + 5_000, 5);
  assert.ok(peer.depth <= 512);
});

test('where the way is long and fast the window opens further, if the peer lets so many requests wait', () => {
  for (const [roundTrip, reqq, expected] of [
    [200, 2000, 1000],
    [200, 600, 600],
    [2_000, 100_000, 2000],
    [10, 2000, 512],
  ] as const) {
    const peer = makePeer();
    peer.reqq = reqq;
    peer.lastBlockAt = START;
    peer.blockCame(START + roundTrip);
    stream(peer, 2500, START + 1000, 6);
    assert.ok(Math.abs(peer.depth - expected) <= 10, `${roundTrip} ms, ${reqq}: window ${peer.depth}`);
  }
  const unsaid = makePeer();
  unsaid.blockCame(START + 200);
  stream(unsaid, 2500, START + 1000, 6);
  assert.equal(unsaid.depth, 512);
});
