import assert from 'node:assert/strict';
import test from 'node:test';
import { FixedPlaces } from '../../test/sim/fixed-places.ts';
import { Bitfield } from '../base/bitfield.ts';
import { BLOCK_LENGTH, Geometry } from '../base/geometry.ts';
import { Availability } from './availability.ts';
import { Ledger } from './ledger.ts';
import { NOBODY, type Partial } from './partial.ts';
import { Peer } from './peer.ts';
import { pickBusy, pickPartial } from './picker.ts';
import { type Content, SwarmState } from './swarm-state.ts';

const NOW = 1_000_000;

interface Scene {
  state: SwarmState;
  content: Content;
}

/** Pieces of two blocks. `have`: how many of the first ones we have. */
function scene(options: { pieces?: number; have?: number; slots?: number; random?: () => number } = {}): Scene {
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
function join({ state, content }: Scene, pieces?: readonly number[]): Peer {
  const info = {
    endpoint: { host: '127.0.0.1', port: 1 },
    outgoing: true,
    peerId: new Uint8Array(20),
    features: { extended: true, fast: true, dht: false, v2: false },
  };
  const peer = new Peer(nextPeer++, info, '', '', NOW);
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
function take(at: Scene, peer: Peer, blocks = Number.POSITIVE_INFINITY): Partial | undefined {
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
  assert.equal(pickBusy(at.content, b, NOW + 60_000), undefined);
  at.state.retryOwners.delete(0);
  a.retries.length = 0;
  ledger.unassigned(taken);
  assert.equal(take(at, b, 1), taken, 'nobody has it: whoever comes may');
  assert.equal(taken.exclusive, b.id);
  assert.equal(at.state.retryOwners.get(0), b);
});

test('busy blocks are doubled in the end game, those asked of fewest first, three times at most', () => {
  const at = scene({ pieces: 1 });
  const peers = [join(at), join(at), join(at), join(at)];
  const partial = take(at, peers[0]!)!;
  const double = (peer: Peer): number | undefined => {
    const busy = pickBusy(at.content, peer, NOW);
    if (busy === undefined) return undefined;
    at.content.ledger.requested(busy.partial, busy.block, NOW);
    peer.requests.push(0, busy.block * BLOCK_LENGTH, BLOCK_LENGTH);
    return busy.block;
  };
  assert.equal(double(peers[0]!), undefined, 'not what it owes itself');
  assert.deepEqual([double(peers[1]!), double(peers[1]!), double(peers[1]!)], [0, 1, undefined]);
  assert.deepEqual([double(peers[2]!), double(peers[2]!)], [0, 1]);
  assert.equal(double(peers[3]!), undefined);
  assert.deepEqual([...partial.requesters], [3, 3]);
});

test('before the end game a busy block is doubled only for a piece that takes long', () => {
  const at = scene({ pieces: 3, slots: 1 });
  const a = join(at);
  const b = join(at);
  take(at, a);
  assert.equal(take(at, b), undefined);
  assert.equal(pickBusy(at.content, b, NOW + 2_000), undefined);
  assert.notEqual(pickBusy(at.content, b, NOW + 4_000), undefined);
});

test('a block that is arriving or here is never asked for again', () => {
  const at = scene({ pieces: 1 });
  const a = join(at);
  const b = join(at);
  take(at, a);
  at.content.ledger.receiving(0, 0);
  at.content.ledger.receiving(0, 1);
  at.content.ledger.received(0, 1, a.id);
  assert.equal(pickBusy(at.content, b, NOW + 60_000), undefined);
  assert.equal(b.current, NOBODY);
});
