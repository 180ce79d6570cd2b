// A strip for something that is done from its beginning to its end. Pure.

import { FULL, PIECE_STATES } from '../../src/api/strip-cells.ts';

const CELLS = 200;

/** Cells as `src/api/strip-cells.ts` has them; the one where it is now is arriving. */
export function partCells(done: number, size: number): Uint8Array {
  const cells = new Uint8Array(CELLS);
  const reached = size > 0 ? Math.floor((CELLS * Math.min(done, size)) / size) : 0;
  cells.fill(FULL << 2, 0, reached);
  if (reached < CELLS && done > 0) cells[reached] = PIECE_STATES.arriving;
  return cells;
}
