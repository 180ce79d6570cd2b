// A torrent's state without a swarm around it: pieces of two blocks, peers that have and allow what the test says. For tests
// of single decisions.

import { Bitfield } from '../../src/base/bitfield.ts';
import { BLOCK_LENGTH, Geometry } from '../../src/base/geometry.ts';
import { Availability } from '../../src/swarm/availability.ts';
import { Ledger } from '../../src/swarm/ledger.ts';
import type { Partial } from '../../src/swarm/partial.ts';
import { Peer } from '../../src/swarm/peer.ts';
import { pickPartial } from '../../src/swarm/picker.ts';
import { type Content, SwarmState } from '../../src/swarm/swarm-state.ts';
import { FixedPlaces } from './fixed-places.ts';

export const NOW = 1_000_000;

export interface Scene {
  state: SwarmState;
  content: Content;
}

/** Pieces of two blocks. `have`: how many of the first ones we have. */
export function scene(options: { pieces?: number; have?: number; slots?: number; random?: () => number } = {}): Scene {
  const { pieces = 10, have = 0, slots = 8, random = () => 0 } = options;
  const geometry = new Geometry(pieces * 2 * BLOCK_LENGTH, 2 * BLOCK_LENGTH);
  const field = new Bitfield(pieces);
  for (let piece = 0; piece < have; piece++) field.add(piece);
  const peerId = new Uint8Array(20);
  const state = new SwarmState(
    { infoHash: '', peerId, port: 0, clientName: '', random, sha1: (bytes) => bytes },
    '',
    0,
  );
  const availability = new Availability(pieces, (piece) => !field.has(piece), random);
  const content = {
    geometry,
    ledger: new Ledger(geometry, field, new FixedPlaces(slots, geometry.extentLength)),
    availability,
  };
  state.content = content;
  return { state, content };
}

let nextPeer = 0;
export function join({ state, content }: Scene, pieces?: readonly number[]): Peer {
  const info = {
    endpoint: { host: '127.0.0.1', port: 1 },
    outgoing: true,
    peerId: new Uint8Array(20),
    features: { extended: true, fast: true, dht: false, v2: false },
  };
  const peer = new Peer(nextPeer++, info, '', '', NOW, undefined, state.budget);
  const field = new Bitfield(content.geometry.pieceCount);
  if (pieces === undefined) field.fill();
  else for (const piece of pieces) field.add(piece);
  peer.have = field;
  peer.choking = false;
  if (pieces === undefined) {
    peer.countedAsSeed = true;
    content.availability.seeds++;
  } else content.availability.peerJoined(field);
  state.peers.set(peer.id, peer);
  return peer;
}

/** What the peer is given, its blocks marked as asked for. */
export function take(at: Scene, peer: Peer, blocks = Number.POSITIVE_INFINITY): Partial | undefined {
  const partial = pickPartial(at.state, at.content, peer, NOW);
  if (partial === undefined) return undefined;
  for (let i = 0; i < blocks; i++) {
    const block = at.content.ledger.nextFree(partial);
    if (block < 0) break;
    at.content.ledger.requested(partial, block, NOW);
    peer.requests.push(partial.piece, block * BLOCK_LENGTH, BLOCK_LENGTH);
  }
  return partial;
}
