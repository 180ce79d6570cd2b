// What a strip of so many pixels shows of a piece map, as runs of equal pixels: the fewer there are, the less is drawn. Pure.

import { FULL, levelOf, PIECE_STATES, restOf, shrinkCells } from '../../src/api/strip-cells.ts';

/** Pixels from `from` up to, but not including, `to`. */
export interface Run {
  from: number;
  to: number;
  /** How much of what they stand for is here: 0 nothing, 1 to 3 some, 4 all. */
  level: number;
  /** What stands out among the rest. */
  rest: 'missing' | 'arriving' | 'nowhere';
}

const ALL = 4;
const RESTS = { [PIECE_STATES.arriving]: 'arriving', [PIECE_STATES.nowhere]: 'nowhere' } as const;

/** `cells`: as `src/api/strip-cells.ts` makes them. */
export function runsOf(cells: Uint8Array, width: number): Run[] {
  const shown = shrinkCells(cells, width);
  const runs: Run[] = [];
  let last = -1;
  for (let at = 0; at < shown.length; at++) {
    const cell = coarse(shown[at]!);
    const to = Math.floor(((at + 1) * width) / shown.length);
    if (cell === last) {
      runs.at(-1)!.to = to;
      continue;
    }
    last = cell;
    const from = runs.at(-1)?.to ?? 0;
    runs.push({ from, to, level: cell >> 2, rest: RESTS[(cell & 3) as 1 | 3] ?? 'missing' });
  }
  return runs;
}

/** All that can be told apart when it is drawn, as one number. */
function coarse(cell: number): number {
  const level = levelOf(cell);
  if (level === FULL) return ALL << 2;
  const step = level === 0 ? 0 : Math.min(ALL - 1, 1 + Math.floor((level * (ALL - 1)) / FULL));
  return (step << 2) | restOf(cell);
}

/** What of `now` is another than it was, of two pictures of the same width: nothing when they are the same. */
export function changesOf(was: readonly Run[], now: readonly Run[]): Run[] {
  const changes: Run[] = [];
  let at = 0;
  for (const run of now)
    for (let { from } = run; from < run.to; ) {
      while (at < was.length && was[at]!.to <= from) at++;
      const old = was[at];
      const to = Math.min(run.to, old?.to ?? run.to);
      if (old?.level !== run.level || old.rest !== run.rest) changes.push({ ...run, from, to });
      from = to;
    }
  return changes;
}
