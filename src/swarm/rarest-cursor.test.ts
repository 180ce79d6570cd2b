import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../base/bitfield.ts';
import { Availability } from './availability.ts';
import { type Holder, RarestCursor } from './rarest-cursor.ts';

interface TestPeer extends Holder {
  have: Bitfield;
  countedAsSeed: boolean;
  doubted: boolean;
  wanted: number;
  readonly cursor: RarestCursor;
  readonly refused: Set<number>;
}

const may = (_: undefined, peer: TestPeer, piece: number): boolean => !peer.refused.has(piece);

function makePeer(field: Bitfield): TestPeer {
  return {
    have: field,
    countedAsSeed: false,
    doubted: false,
    wanted: field.count,
    cursor: new RarestCursor(),
    refused: new Set(),
  };
}

/** Slow and plainly right: everything the peer may be asked for, the lowest bucket of that. */
function admissible(availability: Availability, peer: TestPeer): Set<number> {
  let best = Number.POSITIVE_INFINITY;
  const pieces: number[] = [];
  for (let piece = 0; piece < availability.order.length; piece++) {
    if (!availability.isOpen(piece) || !peer.have.has(piece) || peer.refused.has(piece)) continue;
    best = Math.min(best, availability.bucket(piece));
    pieces.push(piece);
  }
  return new Set(pieces.filter((piece) => availability.bucket(piece) === best));
}

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('the cursor finds what a search through everything finds, whatever happens between', () => {
  const PIECES = 200;
  const step = fc.record({
    kind: fc.oneof(
      { weight: 8, arbitrary: fc.constant('pick') },
      { weight: 20, arbitrary: fc.constant('have') },
      { weight: 8, arbitrary: fc.constant('refuse') },
      { weight: 1, arbitrary: fc.constantFrom('again', 'leave', 'lose', 'sort') },
    ),
    who: fc.nat(4),
    piece: fc.nat(PIECES - 1),
  });
  fc.assert(
    fc.property(fc.nat(1000), fc.array(step, { maxLength: 600, size: 'max' }), (seed, steps) => {
      const random = seededRandom(seed);
      const availability = new Availability(PIECES, () => true, random);
      const peers = Array.from({ length: 5 }, (_, i) => {
        const field = new Bitfield(PIECES);
        for (let piece = 0; piece < PIECES; piece++) if (i === 0 || random() < 0.2 * (i - 1)) field.add(piece);
        const peer = makePeer(field);
        if (i === 0) {
          peer.countedAsSeed = true;
          availability.seeds++;
        } else if (i === 4) peer.doubted = true;
        else availability.peerJoined(field);
        return peer;
      });
      for (const { kind, who, piece } of steps) {
        const peer = peers[who]!;
        if (kind === 'pick') {
          // What became rarer since is seen within a second.
          if (availability.stale) availability.refresh();
          const expected = admissible(availability, peer);
          const found = peer.cursor.find(availability, peer, may, undefined, random);
          if (found < 0) assert.equal(expected.size, 0, 'there was something to find');
          else {
            assert.ok(expected.has(found), `${found} is none of ${[...expected]}`);
            availability.unwant(found);
          }
        } else if (kind === 'have') {
          if (!peer.have.add(piece)) continue;
          peer.wanted++;
          if (!peer.doubted) availability.peerHas(piece);
          if (availability.isOpen(piece)) peer.cursor.gained(availability, piece);
        } else if (kind === 'again') {
          availability.want(piece);
        } else if (kind === 'leave') {
          if (peer.countedAsSeed) continue;
          if (!peer.doubted) availability.peerLeft(peer.have);
          peer.have = new Bitfield(PIECES);
          peer.cursor.restart();
        } else if (kind === 'lose') {
          if (peer.countedAsSeed || !peer.have.delete(piece)) continue;
          peer.wanted--;
          if (!peer.doubted) availability.peerLost(piece);
        } else if (kind === 'refuse') {
          if (!peer.refused.delete(piece)) peer.refused.add(piece);
          peer.cursor.review();
        } else availability.checkInvariant();
      }
    }),
    { numRuns: 200 },
  );
});

test('a piece that a peer lost is not asked of it, though its loss changes no count of copies', () => {
  const availability = new Availability(
    200,
    () => true,
    () => 0,
  );
  const peer = makePeer(new Bitfield(200));
  peer.doubted = true;
  peer.have.add(3);
  peer.have.add(168);
  peer.wanted = 2;
  const find = () => peer.cursor.find(availability, peer, may, undefined, () => 0);
  const first = find();
  const other = first === 3 ? 168 : 3;
  availability.unwant(first);
  peer.have.delete(other);
  peer.wanted--;
  assert.equal(find(), -1);
});

test('nothing that is to be had is missed, also when it was passed before', () => {
  const availability = new Availability(
    8,
    () => true,
    () => 0,
  );
  const peer = makePeer(Bitfield.full(8));
  availability.peerJoined(peer.have);
  for (let piece = 0; piece < 7; piece++) availability.unwant(piece);
  peer.refused.add(7);
  assert.equal(
    peer.cursor.find(availability, peer, may, undefined, () => 0),
    -1,
  );
  peer.refused.clear();
  assert.equal(
    peer.cursor.find(availability, peer, may, undefined, () => 0),
    7,
  );
  availability.unwant(7);
  assert.equal(
    peer.cursor.find(availability, peer, may, undefined, () => 0),
    -1,
  );
  availability.want(3);
  assert.equal(
    peer.cursor.find(availability, peer, may, undefined, () => 0),
    3,
  );
});

test('equally rare pieces are drawn from by chance', () => {
  const random = seededRandom(5);
  const drawn = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const availability = new Availability(
      20,
      () => true,
      () => 0.99,
    );
    const peer = makePeer(Bitfield.full(20));
    availability.peerJoined(peer.have);
    drawn.add(peer.cursor.find(availability, peer, may, undefined, random));
  }
  assert.ok(drawn.size > 10, `${drawn.size} of 20 were drawn`);
});

test('in a great torrent a peer whose pieces all lie far back is given some of its own at once', () => {
  const PIECES = 20_000;
  const random = seededRandom(1);
  for (const own of [60, 5_000]) {
    const availability = new Availability(PIECES, () => true, random);
    const rare = new Bitfield(PIECES);
    const common = new Bitfield(PIECES);
    for (let piece = 0; piece < PIECES; piece++) (piece < PIECES - own ? rare : common).add(piece);
    availability.peerJoined(rare);
    for (let i = 0; i < 3; i++) availability.peerJoined(common);
    for (let piece = PIECES - own; piece < PIECES; piece += 1 + Math.floor(random() * 3)) availability.peerHas(piece);
    const peer = makePeer(common);
    availability.sort();
    let read = 0;
    // Counts how much of the order is read.
    const order = new Proxy(availability.order, {
      get: (target, key) => {
        read++;
        return Reflect.get(target, key);
      },
    });
    Object.defineProperty(availability, 'order', { value: order });
    for (let i = 0; i < own; i++) {
      read = 0;
      const piece = peer.cursor.find(availability, peer, may, undefined, random);
      assert.ok(read <= 600, `pick ${i} looked at ${read} pieces`);
      assert.ok(common.has(piece), `pick ${i} found ${piece}`);
      if (own === 60) assert.ok(admissible(availability, peer).has(piece), `pick ${i} is not the rarest`);
      availability.unwant(piece);
    }
    assert.equal(peer.cursor.find(availability, peer, may, undefined, random), -1);
  }
});
