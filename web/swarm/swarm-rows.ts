// What the picture of a swarm shows, from what the daemon tells: its rows, the rarest columns, and the pieces behind each
// column. Pure.

import type { SwarmReply } from '../../src/api/history-schemas.ts';
import { formatPercent } from '../../src/base/quantity.ts';

export interface SwarmRow {
  /** `address` of the peer; empty for the daemon itself. */
  key: string;
  title: string;
  client: string;
  /** Of each column, 0 to 255: the share of its pieces that are there. */
  have: readonly number[];
}

/** All of a column's pieces are there. */
const ALL = 255;

/** The daemon first, then its peers by address, so that no row moves while one looks. */
export function rowsOf({ own, rows }: SwarmReply): SwarmRow[] {
  const peers = rows.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  return [
    { key: '', title: 'here', client: '', have: own },
    ...peers.map(({ address, client, have }) => ({ key: address, title: address, client, have })),
  ];
}

/** The columns with the fewest copies, and how many those are; none when all columns have equally many. */
export function rarestOf({ copies }: SwarmReply): { columns: number[]; copies: number } {
  const fewest = Math.min(...copies);
  const columns = copies.flatMap((each, column) => (each === fewest ? [column] : []));
  return columns.length === copies.length ? { columns: [], copies: fewest } : { columns, copies: fewest };
}

/** `pieces 120 to 135`. */
export function piecesOf(column: number, { pieceCount, pieceGroups }: SwarmReply): string {
  const first = Math.floor((column * pieceCount) / pieceGroups);
  const last = Math.max(first, Math.floor(((column + 1) * pieceCount) / pieceGroups) - 1);
  return first === last ? `piece ${first}` : `pieces ${first} to ${last}`;
}

/** What is known of one column, as a sentence. */
export function describeColumn(column: number, swarm: SwarmReply): string {
  const rows = rowsOf(swarm);
  const whole = rows.filter(({ have }) => have[column] === ALL).length;
  const part = rows.filter(({ have }) => have[column]! > 0 && have[column]! < ALL).length;
  const copies = swarm.copies[column]!;
  const some = part > 0 ? `, and some of them with ${part} more` : '';
  const rarest = copies === 0 ? 'one of them is with nobody' : `${copies} ${copies === 1 ? 'copy' : 'copies'} at least`;
  return `${piecesOf(column, swarm)}: whole with ${whole} of ${rows.length}${some}; ${rarest}.`;
}

/** How much of everything a row has. */
export function shareOf({ have }: SwarmRow): string {
  return formatPercent(
    have.reduce((sum, each) => sum + each, 0),
    ALL * have.length,
  );
}

/** Neighbours that look the same as one: `level` 0 nothing, 7 all. */
export function runsOfRow(have: readonly number[]): { from: number; to: number; level: number }[] {
  const runs: { from: number; to: number; level: number }[] = [];
  for (const [column, each] of have.entries()) {
    // All and nothing are told from almost.
    const level = each === ALL ? 7 : each === 0 ? 0 : 1 + Math.min(5, Math.floor((each * 6) / ALL));
    const last = runs.at(-1);
    if (last?.level === level) last.to = column + 1;
    else runs.push({ from: column, to: column + 1, level });
  }
  return runs;
}
