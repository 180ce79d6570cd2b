import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { FixedPlaces } from '../../test/sim/fixed-places.ts';
import { Bitfield } from '../base/bitfield.ts';
import { Geometry } from '../base/geometry.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';
import type { Peer } from './peer.ts';
import { Swarm } from './swarm.ts';

const PIECES = 40;

function swarmWithPeer(): { swarm: Swarm; peer: Peer } {
  const options = {
    infoHash: '00'.repeat(20),
    peerId: new Uint8Array(20).fill(65),
    port: 6881,
    clientName: 'test',
    random: () => 0.5,
    sha1: (bytes: Uint8Array) => createHash('sha1').update(bytes).digest(),
  };
  const swarm = new Swarm(options, 0);
  const geometry = new Geometry(PIECES * 16384, 16384);
  const infoBytes = new Uint8Array(2);
  swarm.handle(
    {
      type: 'activated',
      geometry,
      have: new Bitfield(PIECES),
      places: new FixedPlaces(4, geometry.extentLength),
      infoBytes,
    },
    0,
  );
  const features = { extended: false, fast: false, dht: false, v2: false };
  const endpoint = { host: '10.0.0.1', port: 1 };
  const peer = swarm.connect(
    { endpoint, outgoing: false, peerId: new Uint8Array(20).fill(66), features },
    undefined,
    0,
  );
  if ('refusal' in peer) throw new Error(peer.refusal);
  return { swarm, peer };
}

function fieldOf(pieces: number): Uint8Array {
  const field = new Bitfield(PIECES);
  for (let piece = 0; piece < pieces; piece++) field.add(piece);
  return field.bytes;
}

test('a peer may send its bitfield instead of haves, as often as it has something new', () => {
  const { swarm, peer } = swarmWithPeer();
  for (let pieces = 1; pieces <= PIECES; pieces++) {
    const bytes = fieldOf(pieces);
    swarm.receive(peer, MESSAGE.bitfield, bytes, 0, bytes.length, 0);
    assert.equal(peer.have?.count, pieces);
    assert.equal(peer.wanted, pieces);
  }
  assert.equal(swarm.view.content?.availability.seeds, 1);
});

test('bitfields that say nothing new, or take back, end the connection', () => {
  for (const pieces of [20, 10]) {
    const { swarm, peer } = swarmWithPeer();
    const first = fieldOf(20);
    swarm.receive(peer, MESSAGE.bitfield, first, 0, first.length, 0);
    const again = fieldOf(pieces);
    const send = () => swarm.receive(peer, MESSAGE.bitfield, again, 0, again.length, 0);
    assert.throws(
      () => {
        for (let time = 0; time < 10; time++) send();
      },
      { code: 'ERR_WIRE', reason: 'invalid_bitfield' },
    );
  }
});
