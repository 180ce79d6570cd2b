import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AvailabilityReply, PeersReply, SwarmPeer } from '../api/session-schemas.ts';
import { mergeSwarms } from './catalog-where.ts';

const INFO_HASH = 'ab'.repeat(20);

function makePeer(addresses: string[], more: Partial<SwarmPeer> = {}): SwarmPeer {
  return { addresses, client: '', seed: false, left: 100, age: 1, session: true, ...more };
}

/** Which of eight pieces, high bit first. */
function withPieces(addresses: string[], bits: number): SwarmPeer {
  const have = bits.toString(2).replaceAll('0', '').length;
  return makePeer(addresses, { pieces: Buffer.from([bits]).toString('base64'), have });
}

function makeSwarm(swarm: SwarmPeer[]): { peers: PeersReply; availability: AvailabilityReply } {
  const seeds = swarm.filter((peer) => peer.seed).length;
  return {
    peers: { infoHash: INFO_HASH, pieceCount: 8, seeds, peers: swarm.length - seeds, completed: swarm.length, swarm },
    availability: {
      infoHash: INFO_HASH,
      pieceCount: 8,
      complete: seeds,
      partial: 0,
      unknown: 0,
      min: 0,
      missing: 8,
      histogram: [],
      rarest: [],
    },
  };
}

test('one tracker is told as it is', () => {
  const only = makeSwarm([makePeer(['192.0.2.1:1'])]);
  assert.equal(mergeSwarms([only]), only);
});

test('a peer known to several trackers is one, as the one that knows most of it tells it', () => {
  const merged = mergeSwarms([
    makeSwarm([makePeer(['192.0.2.1:1']), withPieces(['192.0.2.2:1'], 0b1100_0000)]),
    makeSwarm([
      withPieces(['192.0.2.1:1', '[2001:db8::1]:1'], 0b1010_0000),
      withPieces(['192.0.2.2:1'], 0b1000_0000),
      makePeer(['192.0.2.3:1'], { seed: true, have: 8, left: 0 }),
    ]),
  ]);
  assert.deepEqual(
    merged.peers.swarm.map(({ addresses, seed, have }) => ({ addresses, seed, have })),
    [
      { addresses: ['192.0.2.3:1'], seed: true, have: 8 },
      { addresses: ['192.0.2.1:1', '[2001:db8::1]:1'], seed: false, have: 2 },
      { addresses: ['192.0.2.2:1'], seed: false, have: 2 },
    ],
  );
  assert.equal(merged.peers.seeds, 1);
  assert.equal(merged.peers.peers, 2);
  assert.deepEqual(merged.availability, {
    infoHash: INFO_HASH,
    pieceCount: 8,
    complete: 1,
    partial: 2,
    unknown: 0,
    min: 1,
    missing: 0,
    histogram: [
      { copies: 1, pieces: 5 },
      { copies: 2, pieces: 2 },
      { copies: 3, pieces: 1 },
    ],
    rarest: [3, 4, 5, 6, 7, 1, 2, 0].map((piece) => ({ piece, copies: piece === 0 ? 3 : piece < 3 ? 2 : 1 })),
  });
});

test('a seed anywhere is a seed, and a bitfield of the wrong length counts as unknown', () => {
  const merged = mergeSwarms([
    makeSwarm([withPieces(['192.0.2.1:1'], 0b1000_0000)]),
    makeSwarm([
      makePeer(['192.0.2.1:1'], { seed: true, have: 8 }),
      makePeer(['192.0.2.9:1'], { pieces: Buffer.alloc(5).toString('base64'), have: 3 }),
    ]),
  ]);
  assert.equal(merged.peers.seeds, 1);
  assert.equal(merged.availability.complete, 1);
  assert.equal(merged.availability.unknown, 1);
  assert.equal(merged.availability.min, 1);
});
