import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bitfield } from '../base/bitfield.ts';
import { LastHolders, MOST_HOLDERS } from './last-holders.ts';

const PIECES = 100;

function fieldOf(pieces: Iterable<number>): Bitfield {
  const field = new Bitfield(PIECES);
  for (const piece of pieces) field.add(piece);
  return field;
}

/** Of each piece as many copies as it is named in `elsewhere`. */
function known(have: readonly number[] = [], elsewhere: readonly number[] = [], seeds = 0) {
  const copies = (piece: number): number => elsewhere.filter((each) => each === piece).length + seeds;
  return { ledger: { have: fieldOf(have) }, availability: { copies, seeds } };
}

const at = (port: number) => ({ host: '10.0.0.7', port });

describe('the last holders', () => {
  it('are those who left last with what nobody else has', () => {
    const holders = new LastHolders();
    holders.left(fieldOf([1, 2, 3, 4]), at(1), known([1], [2]), 100);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((piece) => holders.of(piece)?.at),
      [undefined, undefined, 100, 100, undefined],
    );
    holders.left(fieldOf([4, 5]), at(2), known(), 200);
    assert.deepEqual(
      [3, 4, 5].map((piece) => holders.of(piece)?.endpoint.port),
      [1, 2, 2],
    );
    holders.left(fieldOf([3]), at(2), known([], [], 1), 300);
    assert.equal(holders.of(3)?.at, 100, 'a seed has it');
    holders.left(fieldOf([3]), at(1), known(), 400);
    assert.equal(holders.of(3)?.at, 400, 'one address is one holder');
  });

  it('are few, and those forgotten are told of no piece', () => {
    const holders = new LastHolders();
    for (let port = 0; port < MOST_HOLDERS + 3; port++) holders.left(fieldOf([port]), at(port), known(), port);
    const told = Array.from({ length: PIECES }, (_, piece) => holders.of(piece)?.endpoint.port);
    for (let piece = 0; piece < PIECES; piece++)
      assert.equal(told[piece], piece < 3 || piece >= MOST_HOLDERS + 3 ? undefined : piece, String(piece));
  });
});
