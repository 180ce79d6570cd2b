import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FixedPlaces } from '../../test/sim/fixed-places.ts';
import { Bitfield } from '../base/bitfield.ts';
import { BLOCK_LENGTH, BLOCKS_PER_EXTENT, Geometry } from '../base/geometry.ts';
import { Ledger, PIECE_STATE } from './ledger.ts';
import { NOBODY } from './partial.ts';

const PIECES = 4;
const PLACES = 3;
/** Of one extent, and of two, the second of two blocks. */
const SMALL = 4 * BLOCK_LENGTH;
const LARGE = (BLOCKS_PER_EXTENT + 2) * BLOCK_LENGTH;
/** Blocks that events are about one by one; those between them in a large piece come all at once. */
const BLOCKS = [0, 1, 2, 3, 62, 63, 64, 65];

interface BlockModel {
  asked: number[];
  writer: number;
  sender: number;
  where: 'nowhere' | 'memory' | 'disk';
}

interface PieceModel {
  blocks: BlockModel[];
  places: Set<number>;
  storing: Set<number>;
  onDisk: boolean;
}

/** What the ledger must amount to, kept in the most naive way. */
interface Model {
  have: Set<number>;
  partials: Map<number, PieceModel>;
  sealed: Set<number>;
}

class Real {
  readonly ledger: Ledger;

  constructor(pieceLength: number) {
    const geometry = new Geometry(pieceLength * (PIECES - 1) + BLOCK_LENGTH + 5, pieceLength);
    this.ledger = new Ledger(geometry, new Bitfield(PIECES), new FixedPlaces(PLACES, geometry.extentLength));
  }
}

const extentOf = (block: number): number => Math.floor(block / BLOCKS_PER_EXTENT);

function freePlaces(model: Readonly<Model>): number {
  let free = PLACES;
  for (const { places } of model.partials.values()) free -= places.size;
  return free;
}

function isFree(block: BlockModel): boolean {
  return block.asked.length === 0 && block.writer === NOBODY && block.where === 'nowhere';
}

function mayPlace(model: Readonly<Model>, piece: PieceModel, extent: number): boolean {
  return !piece.storing.has(extent) && (piece.places.has(extent) || freePlaces(model) > 0);
}

function blocksIn(piece: PieceModel, extent: number): BlockModel[] {
  return piece.blocks.slice(extent * BLOCKS_PER_EXTENT, (extent + 1) * BLOCKS_PER_EXTENT);
}

class Action implements fc.Command<Model, Real> {
  readonly kind: string;
  readonly piece: number;
  readonly block: number;
  readonly peer: number;

  constructor(kind: string, piece: number, block: number, peer: number) {
    this.kind = kind;
    this.piece = piece;
    this.block = block;
    this.peer = peer;
  }

  check(model: Readonly<Model>): boolean {
    const piece = model.partials.get(this.piece);
    const block = piece?.blocks[this.block];
    const extent = extentOf(this.block);
    const filling = piece !== undefined && !model.sealed.has(this.piece);
    switch (this.kind) {
      case 'begin':
      case 'open':
        return true;
      case 'restore':
        return piece === undefined && !model.have.has(this.piece);
      case 'request':
        if (block === undefined || block.where !== 'nowhere' || block.writer !== NOBODY) return false;
        return !block.asked.includes(this.peer) && (!isFree(block) || mayPlace(model, piece!, extent));
      case 'fill':
        return (
          filling && piece.blocks.length > 4 && mayPlace(model, piece, 0) && piece.blocks.slice(4, 62).every(isFree)
        );
      case 'release':
        return block?.asked.includes(this.peer) === true;
      case 'arrive':
      case 'abort':
        return block !== undefined && block.writer === this.peer;
      case 'spill':
        return (
          filling &&
          piece.places.has(extent) &&
          !piece.storing.has(extent) &&
          blocksIn(piece, extent).every((each) => each.writer === NOBODY && each.asked.length === 0)
        );
      case 'stored':
      case 'unwritten':
        return piece?.storing.has(extent) === true;
      case 'unassign':
        return filling;
      case 'verify':
      case 'fail':
        return model.sealed.has(this.piece);
      default:
        return model.have.has(this.piece);
    }
  }

  run(model: Model, real: Real): void {
    this.#run(model, real.ledger);
    checkAgainst(model, real.ledger);
  }

  #run(model: Model, ledger: Ledger): void {
    const piece = model.partials.get(this.piece);
    const block = piece?.blocks[this.block];
    const extent = extentOf(this.block);
    switch (this.kind) {
      case 'begin': {
        const possible = !model.have.has(this.piece) && piece === undefined && freePlaces(model) > 0;
        assert.equal(ledger.begin(this.piece, 0) !== undefined, possible);
        if (possible) this.#open(model, ledger);
        return;
      }
      case 'restore': {
        const count = ledger.geometry.blockCount(this.piece);
        const stored = BLOCKS.filter((each) => each < count && each % 3 === this.peer);
        const bits = new Uint8Array((count + 7) >> 3);
        for (const each of stored) bits[each >> 3]! |= 0x80 >> (each & 7);
        const partial = ledger.restored({ piece: this.piece, blocks: bits }, 0);
        assert.equal(partial !== undefined, stored.length > 0);
        if (stored.length === 0) return;
        const opened = this.#open(model, ledger);
        opened.onDisk = true;
        for (const each of stored) opened.blocks[each]!.where = 'disk';
        if (partial!.stored === count) this.#seal(model, ledger);
        return;
      }
      case 'request':
        ledger.requested(ledger.partials.get(this.piece)!, this.block, 0);
        piece!.places.add(extent);
        block!.asked.push(this.peer);
        return;
      case 'release':
        ledger.released(this.piece, this.block);
        block!.asked = block!.asked.filter((peer) => peer !== this.peer);
        return;
      case 'open':
        this.#receive(model, ledger, this.block);
        return;
      case 'arrive':
        this.#arrive(model, ledger, this.block);
        return;
      case 'fill':
        for (let each = 4; each < 62; each++) {
          ledger.requested(ledger.partials.get(this.piece)!, each, 0);
          piece!.places.add(0);
          this.#receive(model, ledger, each);
          ledger.released(this.piece, each);
          this.#arrive(model, ledger, each);
        }
        return;
      case 'abort':
        block!.writer = NOBODY;
        ledger.aborted(this.piece, this.block);
        return;
      case 'spill':
        this.#store(model, ledger, extent);
        return;
      case 'stored': {
        for (const each of blocksIn(piece!, extent)) if (each.where === 'memory') each.where = 'disk';
        piece!.storing.delete(extent);
        piece!.places.delete(extent);
        const whole = piece!.blocks.every((each) => each.where === 'disk');
        assert.equal(ledger.extentStored(this.piece, extent), whole);
        if (whole) this.#seal(model, ledger);
        return;
      }
      case 'unwritten': {
        piece!.storing.delete(extent);
        piece!.places.delete(extent);
        const lost = this.#dropBlocks(ledger, piece!, extent * BLOCKS_PER_EXTENT, (extent + 1) * BLOCKS_PER_EXTENT, [
          'memory',
        ]);
        assert.equal(ledger.extentUnwritten(this.piece, extent), lost);
        return;
      }
      case 'unassign': {
        piece!.onDisk = false;
        const lost = this.#dropBlocks(ledger, piece!, 0, piece!.blocks.length, ['memory', 'disk']);
        assert.equal(ledger.unassigned(ledger.partials.get(this.piece)!), lost);
        return;
      }
      case 'verify':
      case 'fail':
        model.sealed.delete(this.piece);
        model.partials.delete(this.piece);
        if (this.kind === 'verify') {
          ledger.verified(this.piece);
          model.have.add(this.piece);
        } else ledger.failed(this.piece, true);
        return;
      default:
        assert.equal(ledger.lost(this.piece), true);
        model.have.delete(this.piece);
    }
  }

  #open(model: Model, ledger: Ledger): PieceModel {
    const blocks = Array.from(
      { length: ledger.geometry.blockCount(this.piece) },
      (): BlockModel => ({ asked: [], writer: NOBODY, sender: NOBODY, where: 'nowhere' }),
    );
    const opened = { blocks, places: new Set<number>(), storing: new Set<number>(), onDisk: false };
    model.partials.set(this.piece, opened);
    return opened;
  }

  #receive(model: Model, ledger: Ledger, index: number): void {
    const piece = model.partials.get(this.piece);
    const block = piece?.blocks[index];
    const extent = extentOf(index);
    const wanted =
      block !== undefined &&
      block.writer === NOBODY &&
      block.where === 'nowhere' &&
      piece!.places.has(extent) &&
      !piece!.storing.has(extent);
    const offset = ledger.receiving(this.piece, index);
    assert.equal(
      offset >= 0,
      wanted,
      'only one peer writes a block, only while it is missing, only where there is room',
    );
    if (!wanted) return;
    block.writer = this.peer;
    const place = ledger.partials.get(this.piece)!.offsets[extent]!;
    assert.equal(offset, place + (index % BLOCKS_PER_EXTENT) * BLOCK_LENGTH);
  }

  #arrive(model: Model, ledger: Ledger, index: number): void {
    const piece = model.partials.get(this.piece)!;
    const block = piece.blocks[index]!;
    const extent = extentOf(index);
    for (const _ of block.asked.splice(0)) ledger.released(this.piece, index);
    block.writer = NOBODY;
    block.sender = this.peer;
    block.where = 'memory';
    const whole = blocksIn(piece, extent).every((each) => each.where !== 'nowhere');
    assert.equal(ledger.received(this.piece, index, this.peer), whole);
    if (!whole) return;
    if (ledger.partials.get(this.piece)!.offsets.length === 1 && !piece.onDisk) this.#seal(model, ledger);
    else this.#store(model, ledger, extent);
  }

  #seal(model: Model, ledger: Ledger): void {
    ledger.sealed(this.piece);
    model.sealed.add(this.piece);
  }

  /** The runs are exactly what has arrived and is not on disk. */
  #store(model: Model, ledger: Ledger, extent: number): void {
    const piece = model.partials.get(this.piece)!;
    const runs = ledger.extentSealed(ledger.partials.get(this.piece)!, extent);
    const inRuns = new Set<number>();
    for (const { begin, length } of runs)
      for (let at = begin; at < begin + length; at += BLOCK_LENGTH) inRuns.add(at / BLOCK_LENGTH);
    for (const [i, each] of blocksIn(piece, extent).entries())
      assert.equal(inRuns.delete(extent * BLOCKS_PER_EXTENT + i), each.where === 'memory');
    assert.equal(inRuns.size, 0);
    if (runs.length === 0) piece.places.delete(extent);
    else {
      piece.storing.add(extent);
      piece.onDisk = true;
    }
  }

  #dropBlocks(ledger: Ledger, piece: PieceModel, from: number, to: number, where: string[]): number {
    let lost = 0;
    for (let index = from; index < Math.min(to, piece.blocks.length); index++) {
      const block = piece.blocks[index]!;
      if (!where.includes(block.where)) continue;
      if (block.sender !== NOBODY) lost += ledger.geometry.blockSize(this.piece, index);
      block.sender = NOBODY;
      block.where = 'nowhere';
    }
    return lost;
  }

  toString(): string {
    return `${this.kind}(${this.piece}/${this.block} by ${this.peer})`;
  }
}

function checkAgainst(model: Model, ledger: Ledger): void {
  ledger.checkInvariant();
  for (let index = 0; index < PIECES; index++) {
    const expected = model.have.has(index)
      ? PIECE_STATE.have
      : model.sealed.has(index)
        ? PIECE_STATE.verifying
        : model.partials.has(index)
          ? PIECE_STATE.partial
          : PIECE_STATE.missing;
    assert.equal(ledger.state(index), expected);
    const piece = model.partials.get(index);
    if (piece === undefined) continue;
    const partial = ledger.partials.get(index)!;
    const free = piece.blocks.findIndex((each, at) => isFree(each) && mayPlace(model, piece, extentOf(at)));
    assert.equal(ledger.nextFree(partial), free);
    assert.equal(ledger.isOpen(partial), free >= 0);
    assert.equal(partial.onDisk, piece.onDisk);
  }
  assert.equal(ledger.places.free, freePlaces(model));
  const stored = new Map(
    ledger.storedBlocks().map(({ piece, blocks }) => [piece, Bitfield.from(blocks, blocks.length * 8)!]),
  );
  for (const [index, piece] of model.partials)
    for (const [at, block] of piece.blocks.entries())
      assert.equal(stored.get(index)?.has(at) === true, block.where === 'disk');
}

const KINDS = ['begin', 'request', 'release', 'open', 'open', 'arrive', 'arrive', 'fill', 'fill', 'abort', 'spill'];
const ENDS = ['stored', 'stored', 'unwritten', 'unassign', 'verify', 'fail', 'lose', 'restore'];

for (const [name, pieceLength, most] of [
  ['of one extent', SMALL, 3],
  ['of two extents', LARGE, BLOCKS.length - 1],
] as const)
  test(`the ledger agrees with a naive model under any order of events, pieces ${name}`, () => {
    const action = fc
      .record({
        kind: fc.constantFrom(...KINDS, ...ENDS),
        piece: fc.nat(PIECES - 1),
        at: fc.nat(most),
        peer: fc.nat(2),
      })
      .map(({ kind, piece, at, peer }) => new Action(kind, piece, BLOCKS[at]!, peer));
    fc.assert(
      fc.property(fc.commands([action], { maxCommands: 400, size: 'max' }), (commands) => {
        fc.modelRun(
          () => ({
            model: { have: new Set<number>(), partials: new Map(), sealed: new Set<number>() },
            real: new Real(pieceLength),
          }),
          commands,
        );
      }),
      { numRuns: 150 },
    );
  });

test('a retried piece starts again when its one peer leaves', () => {
  const { ledger } = new Real(SMALL);
  ledger.begin(0, 0);
  for (let block = 0; block < 4; block++) {
    ledger.requested(ledger.partials.get(0)!, block, 0);
    ledger.receiving(0, block);
    ledger.released(0, block);
    ledger.received(0, block, block % 2);
  }
  ledger.sealed(0);
  ledger.failed(0, true);
  assert.equal(ledger.isRetry(0), true);
  const partial = ledger.begin(0, 0)!;
  assert.equal(partial.retry, true);
  ledger.assigned(partial, 7, 0);
  ledger.requested(partial, 0, 0);
  ledger.receiving(0, 0);
  ledger.released(0, 0);
  ledger.received(0, 0, 7);
  assert.equal(ledger.unassigned(partial), BLOCK_LENGTH);
  assert.equal(partial.arrived, 0);
  assert.equal(partial.free, 4);
  assert.equal(partial.exclusive, NOBODY);
  ledger.checkInvariant();
});
