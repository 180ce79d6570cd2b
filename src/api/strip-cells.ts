// A piece map made small: what a strip of some width shows of it, one byte a cell. The daemon makes them for its list, the
// page makes them of whole maps and draws them. Pure.

/** States of a piece as the API tells them, one byte a piece. */
export const PIECE_STATES = { missing: 0, arriving: 1, have: 2, nowhere: 3 } as const;

/** The highest level: all pieces of the cell are here. */
export const FULL = 63;

/** The upper six bits of a cell say how much of it is here, the lower two what stands out among the rest. */
export function levelOf(cell: number): number {
  return cell >> 2;
}

/** One of `PIECE_STATES` but `have`: nowhere before arriving before missing. */
export function restOf(cell: number): number {
  return cell & 3;
}

const WEIGHT = [0, 1, 0, 2];

/** At most `width` cells, each for equally many pieces; with fewer pieces than that one for each. */
export function cellsOf(pieces: Uint8Array, width: number): Uint8Array {
  return gather(pieces, width, (state) => (state === PIECE_STATES.have ? FULL << 2 : state));
}

/** Fewer cells of many. */
export function shrinkCells(cells: Uint8Array, width: number): Uint8Array {
  return cells.length <= width ? cells : gather(cells, width, (cell) => cell);
}

function gather(values: Uint8Array, width: number, cellOf: (value: number) => number): Uint8Array {
  const count = Math.min(Math.max(0, Math.floor(width)), values.length);
  const cells = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const start = Math.floor((at * values.length) / count);
    const end = Math.floor(((at + 1) * values.length) / count);
    let sum = 0;
    let rest = 0;
    for (let index = start; index < end; index++) {
      const cell = cellOf(values[index]!);
      sum += levelOf(cell);
      if (levelOf(cell) < FULL && WEIGHT[restOf(cell)]! > WEIGHT[rest]!) rest = restOf(cell);
    }
    const whole = FULL * (end - start);
    // Full only when nothing is missing, and empty only when nothing is here.
    const level =
      sum === whole ? FULL : sum === 0 ? 0 : Math.min(FULL - 1, Math.max(1, Math.round(sum / (end - start))));
    cells[at] = (level << 2) | (level === FULL ? 0 : rest);
  }
  return cells;
}
