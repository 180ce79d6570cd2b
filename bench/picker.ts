// Times single picks in a torrent of 100,000 pieces with 200 peers, in the shapes that make pickers slow. Every pick begins a
// piece; what is begun is dropped again outside the clock, so that memory for pieces in progress plays no part.

import { Bitfield } from '../src/base/bitfield.ts';
import { Availability } from '../src/swarm/availability.ts';
import { type Holder, RarestCursor } from '../src/swarm/rarest-cursor.ts';
import type { Row } from './row.ts';

const PIECES = 100_000;
const PEERS = 200;
const PICKS = 40_000;
/** Pieces that the peers get between two of our picks. */
const HAVES = 20;

class BenchPeer implements Holder {
  readonly have: Bitfield;
  readonly countedAsSeed: boolean;
  readonly doubted = false;
  readonly cursor = new RarestCursor();
  wanted: number;

  constructor(have: Bitfield) {
    this.have = have;
    this.countedAsSeed = have.complete;
    this.wanted = have.count;
  }
}

interface Shape {
  readonly name: string;
  /** Whether peer `i` has the piece. */
  readonly has: (peer: number, piece: number) => boolean;
  /** Who is asked; without it everybody in turn. */
  readonly asked?: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'seeds and peers with more and more', has: (i) => i < 20 || random() < i / PEERS },
  { name: 'a peer with 50 pieces among 199 with half', has: (i) => random() < (i === 0 ? 0.0005 : 0.5), asked: 0 },
  { name: 'a peer that has only what is common', has: (i, piece) => i > 0 || piece >= 60_000, asked: 0 },
  { name: 'one seed and 199 that begin', has: (i) => i === 0 || random() < 0.001 },
];

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function may(_: undefined, peer: BenchPeer, piece: number): boolean {
  return peer.have.has(piece);
}

function makePeers(shape: Shape, availability: Availability): BenchPeer[] {
  return Array.from({ length: PEERS }, (_, i) => {
    const field = new Bitfield(PIECES);
    for (let piece = 0; piece < PIECES; piece++) if (shape.has(i, piece)) field.add(piece);
    const peer = new BenchPeer(field);
    if (peer.countedAsSeed) availability.seeds++;
    else availability.peerJoined(field);
    return peer;
  });
}

function measure(shape: Shape): Row[] {
  const availability = new Availability(PIECES, () => true, random);
  const peers = makePeers(shape, availability);
  availability.sort();
  const times = new Float64Array(PICKS);
  let picks = 0;
  for (let i = 0; i < PICKS; i++) {
    const peer = peers[shape.asked ?? i % PEERS]!;
    const started = performance.now();
    const piece = peer.cursor.find(availability, peer, may, undefined, random);
    if (piece >= 0) availability.unwant(piece);
    times[picks++] = performance.now() - started;
    if (piece < 0 && shape.asked !== undefined && availability.open.nextCommon(peer.have, 0) < 0) break;
    gain(peers, availability);
  }
  const sorted = times.subarray(0, picks).sort();
  const at = (share: number): number => 1000 * sorted[Math.min(picks - 1, Math.floor(share * picks))]!;
  let sum = 0;
  for (const time of sorted) sum += time;
  return [
    { name: `${shape.name}: mean of ${picks} picks`, value: (1000 * sum) / picks, unit: 'µs', goal: '< 2' },
    { name: `${shape.name}: 99 of 100`, value: at(0.99), unit: 'µs' },
    { name: `${shape.name}: 999 of 1000`, value: at(0.999), unit: 'µs' },
  ];
}

/** Peers get pieces one at a time. */
function gain(peers: readonly BenchPeer[], availability: Availability): void {
  for (let i = 0; i < HAVES; i++) {
    const peer = peers[Math.floor(random() * PEERS)]!;
    const piece = Math.floor(random() * PIECES);
    if (!peer.have.add(piece)) continue;
    availability.peerHas(piece);
    if (!availability.isOpen(piece)) continue;
    peer.wanted++;
    peer.cursor.gained(availability, piece);
  }
}

/** Mean and tail of a pick in each shape, in microseconds. */
export function measurePicker(): Row[] {
  // The first round only warms up.
  SHAPES.flatMap(measure);
  return SHAPES.flatMap(measure);
}
