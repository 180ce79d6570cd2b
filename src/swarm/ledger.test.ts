import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../base/bitfield.ts';
import { BLOCK_LENGTH, Geometry } from '../base/geometry.ts';
import { Ledger, NOBODY, PIECE_STATE } from './ledger.ts';

const PIECE_LENGTH = 4 * BLOCK_LENGTH;
const PIECES = 5;

/** What the ledger must amount to, kept in the most naive way. */
interface Model {
  have: Set<number>;
  slots: number;
  /** piece → per block who was asked, who writes, who sent. */
  partials: Map<number, { asked: number[]; writer: number; sender: number }[]>;
  sealed: Set<number>;
}

class Real {
  ledger = new Ledger(
    new Geometry(PIECE_LENGTH * (PIECES - 1) + BLOCK_LENGTH + 5, PIECE_LENGTH),
    new Bitfield(PIECES),
    3,
  );
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

  #block(model: Model): { asked: number[]; writer: number; sender: number } | undefined {
    return model.partials.get(this.piece)?.[this.block];
  }

  check(model: Readonly<Model>): boolean {
    const block = this.#block(model);
    switch (this.kind) {
      case 'begin':
        return true;
      case 'request':
        return (
          block !== undefined && block.sender === NOBODY && block.writer === NOBODY && !block.asked.includes(this.peer)
        );
      case 'release':
        return block?.asked.includes(this.peer) === true;
      case 'open':
        return true;
      case 'arrive':
      case 'abort':
        return block !== undefined && block.writer === this.peer;
      case 'verify':
      case 'fail':
        return model.sealed.has(this.piece);
      default:
        return model.have.has(this.piece);
    }
  }

  run(model: Model, { ledger }: Real): void {
    const block = this.#block(model);
    switch (this.kind) {
      case 'begin': {
        const possible =
          !model.have.has(this.piece) && !model.partials.has(this.piece) && model.partials.size < model.slots;
        assert.equal(ledger.begin(this.piece, 0) !== undefined, possible);
        if (possible)
          model.partials.set(
            this.piece,
            Array.from({ length: ledger.geometry.blockCount(this.piece) }, () => ({
              asked: [],
              writer: NOBODY,
              sender: NOBODY,
            })),
          );
        break;
      }
      case 'request':
        ledger.requested(ledger.partials.get(this.piece)!, this.block);
        block!.asked.push(this.peer);
        break;
      case 'release':
        ledger.released(this.piece, this.block);
        block!.asked = block!.asked.filter((peer) => peer !== this.peer);
        break;
      case 'open': {
        const free = block !== undefined && block.writer === NOBODY && block.sender === NOBODY;
        const offset = ledger.receiving(this.piece, this.block);
        assert.equal(offset >= 0, free, 'only one peer writes a block, and only while it is missing');
        if (free) {
          block.writer = this.peer;
          const slot = ledger.partials.get(this.piece)!.slot;
          assert.equal(offset, slot * PIECE_LENGTH + this.block * BLOCK_LENGTH);
        }
        break;
      }
      case 'arrive': {
        block!.writer = NOBODY;
        block!.sender = this.peer;
        const whole = model.partials.get(this.piece)!.every((each) => each.sender !== NOBODY);
        assert.equal(ledger.received(this.piece, this.block, this.peer), whole);
        if (whole) {
          ledger.sealed(this.piece);
          model.sealed.add(this.piece);
        }
        break;
      }
      case 'abort':
        block!.writer = NOBODY;
        ledger.aborted(this.piece, this.block);
        break;
      case 'verify':
      case 'fail':
        model.sealed.delete(this.piece);
        model.partials.delete(this.piece);
        if (this.kind === 'verify') {
          ledger.verified(this.piece);
          model.have.add(this.piece);
        } else ledger.failed(this.piece, true);
        break;
      default:
        assert.equal(ledger.lost(this.piece), true);
        model.have.delete(this.piece);
    }
    ledger.checkInvariant();
    for (let piece = 0; piece < PIECES; piece++) {
      const expected = model.have.has(piece)
        ? PIECE_STATE.have
        : model.sealed.has(piece)
          ? PIECE_STATE.verifying
          : model.partials.has(piece)
            ? PIECE_STATE.partial
            : PIECE_STATE.missing;
      assert.equal(ledger.state(piece), expected);
      const free = model.partials
        .get(piece)
        ?.findIndex((each) => each.asked.length === 0 && each.writer === NOBODY && each.sender === NOBODY);
      if (free !== undefined) assert.equal(ledger.nextFree(ledger.partials.get(piece)!), free);
    }
    assert.equal(ledger.freeSlots, model.slots - model.partials.size);
  }

  toString(): string {
    return `${this.kind}(${this.piece}/${this.block} by ${this.peer})`;
  }
}

test('the ledger agrees with a naive model under any order of events', () => {
  const action = fc
    .record({
      kind: fc.constantFrom(
        'begin',
        'request',
        'release',
        'open',
        'open',
        'arrive',
        'arrive',
        'abort',
        'verify',
        'fail',
        'lose',
      ),
      piece: fc.nat(PIECES - 1),
      block: fc.nat(3),
      peer: fc.nat(2),
    })
    .map(({ kind, piece, block, peer }) => new Action(kind, piece, block, peer));
  fc.assert(
    fc.property(fc.commands([action], { maxCommands: 300, size: 'max' }), (commands) => {
      fc.modelRun(
        () => ({
          model: { have: new Set<number>(), slots: 3, partials: new Map(), sealed: new Set<number>() },
          real: new Real(),
        }),
        commands,
      );
    }),
    { numRuns: 200 },
  );
});

test('a retried piece starts again when its one peer leaves', () => {
  const { ledger } = new Real();
  ledger.begin(0, 0);
  for (let block = 0; block < 4; block++) {
    ledger.requested(ledger.partials.get(0)!, block);
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
  ledger.requested(partial, 0);
  ledger.receiving(0, 0);
  ledger.released(0, 0);
  ledger.received(0, 0, 7);
  assert.equal(ledger.unassigned(partial), BLOCK_LENGTH);
  assert.equal(partial.arrived, 0);
  assert.equal(partial.free, 4);
  assert.equal(partial.exclusive, NOBODY);
  ledger.checkInvariant();
});
