import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../test/sim/net.ts';
import { Geometry } from '../base/geometry.ts';
import { RequestQueue } from './request-queue.ts';
import { Steering } from './steering.ts';

const BLOCK = 16_384;

class Stage {
  readonly steering: Steering<{ id: number; uploads: RequestQueue }>;
  readonly suggested: [number, number][] = [];
  readonly common = new Set<number>();

  constructor(pieces: number, blocks = 1, seed = 5) {
    const geometry = new Geometry(pieces * blocks * BLOCK, blocks * BLOCK);
    const copies = { copies: (piece: number) => (this.common.has(piece) ? 1 : 0) };
    this.steering = new Steering(geometry, copies, seededRandom(seed), (peer, piece) =>
      this.suggested.push([peer.id, piece]),
    );
  }

  peer(id: number): { id: number; uploads: RequestQueue } {
    return { id, uploads: new RequestQueue() };
  }

  of(id: number): number[] {
    return this.suggested.filter(([peer]) => peer === id).map(([, piece]) => piece);
  }
}

test('each peer is suggested other pieces, a few at a time, the next when it asks for one of them', () => {
  const stage = new Stage(40);
  const [a, b] = [stage.peer(1), stage.peer(2)];
  for (const peer of [a, b]) stage.steering.offer(peer);
  assert.deepEqual([stage.of(1).length, stage.of(2).length], [4, 4]);
  stage.steering.offer(a);
  assert.equal(stage.of(1).length, 4, 'it has not followed any yet');
  stage.steering.asked(a, stage.of(1)[2]!);
  stage.steering.offer(a);
  assert.equal(stage.of(1).length, 5);
  assert.equal(new Set(stage.suggested.map(([, piece]) => piece)).size, 9);
});

test('of large pieces one suffices for long, and one more', () => {
  const stage = new Stage(40, 64);
  stage.steering.offer(stage.peer(1));
  assert.equal(stage.of(1).length, 2);
});

test('what somebody has or has asked for is suggested to nobody', () => {
  const stage = new Stage(6);
  const [a, b] = [stage.peer(1), stage.peer(2)];
  stage.common.add(3);
  stage.steering.asked(a, 5);
  stage.steering.offer(b);
  assert.deepEqual(
    stage.of(2).sort((x, y) => x - y),
    [0, 1, 2, 4],
  );
});

test('who does not follow is suggested more all the same', () => {
  const stage = new Stage(40);
  const a = stage.peer(1);
  stage.steering.offer(a);
  const other = [...Array(40).keys()].find((piece) => !stage.of(1).includes(piece))!;
  stage.steering.asked(a, other);
  stage.steering.offer(a);
  assert.equal(stage.of(1).length, 5);
});

test('what one who is served no more has not got goes to others', () => {
  const stage = new Stage(4);
  const [a, b] = [stage.peer(1), stage.peer(2)];
  stage.steering.offer(a);
  const [first] = stage.of(1) as [number];
  stage.steering.asked(a, first);
  a.uploads.push(first, 0, BLOCK);
  stage.steering.offer(b);
  assert.equal(stage.of(2).length, 0);
  stage.steering.stopped(a);
  stage.steering.offer(b);
  assert.deepEqual([...stage.of(2)].sort(), [0, 1, 2, 3]);
});

test('it is done when every piece was handed to somebody, whoever asks for what and comes and goes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 1e6 }),
      (pieces, count, seed) => {
        const stage = new Stage(pieces, 1, seed);
        const random = seededRandom(seed);
        const peers = Array.from({ length: count }, (_, id) => stage.peer(id));
        const handed = new Set<number>();
        for (let step = 0; step < 3000 && !stage.steering.done; step++) {
          const peer = peers[Math.floor(random() * count)]!;
          stage.steering.offer(peer);
          const own = stage.of(peer.id).filter((piece) => !handed.has(piece));
          const chosen = random() < 0.8 ? own.at(-1) : undefined;
          const piece = chosen ?? Math.floor(random() * pieces);
          handed.add(piece);
          peer.uploads.push(piece, 0, BLOCK);
          stage.steering.asked(peer, piece);
          if (step < 500 && random() < 0.1) {
            stage.steering.stopped(peer);
            for (let i = 0; i < peer.uploads.count; i++) handed.delete(peer.uploads.pieceAt(i));
            peer.uploads.clear();
          }
          if (peer.uploads.count > 3) peer.uploads.dropOldest(1);
        }
        assert.ok(stage.steering.done);
        for (let piece = 0; piece < pieces; piece++)
          assert.ok(
            handed.has(piece) || stage.suggested.some(([, other]) => other === piece),
            `${piece} was forgotten`,
          );
      },
    ),
    { numRuns: 60 },
  );
});
