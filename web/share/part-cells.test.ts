import assert from 'node:assert/strict';
import { it } from 'node:test';
import { levelOf, PIECE_STATES, restOf } from '../../src/api/strip-cells.ts';
import { partCells } from './part-cells.ts';

it('fills from the beginning, is full only when all is done, and shows where it is', () => {
  const full = (done: number, size: number): number => partCells(done, size).filter((cell) => levelOf(cell) > 0).length;
  assert.equal(full(0, 1000), 0);
  assert.equal(full(500, 1000), 100);
  assert.equal(full(999, 1000), 199);
  assert.equal(full(1000, 1000), 200);
  assert.equal(full(0, 0), 0);
  assert.equal(restOf(partCells(500, 1000)[100]!), PIECE_STATES.arriving);
});
