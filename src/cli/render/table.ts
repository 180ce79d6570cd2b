// Rows in columns that fit the terminal. Cells must be printable text.

import { pad, width } from './width.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** The one column that gives way when the terminal is narrow. */
  shrinks?: boolean;
  /** Left out where the terminal is too narrow for it, the last first. */
  optional?: boolean;
}

const GAP = '  ';
const NARROWEST = 8;

/** Title line and one line a row, trailing spaces removed. `cells` is the width to fit into; 0 is any. */
export function drawTable(columns: readonly Column[], rows: readonly (readonly string[])[], cells = 0): string[] {
  const widths = columns.map((column, at) => Math.max(width(column.title), ...rows.map((row) => width(row[at] ?? ''))));
  const total = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.shrinks === true);
  const gives = flexible < 0 ? 0 : Math.max(0, widths[flexible]! - NARROWEST);
  const spare = columns.findLastIndex((column) => column.optional === true);
  if (cells > 0 && total - gives > cells && spare >= 0)
    return drawTable(
      columns.toSpliced(spare, 1),
      rows.map((row) => row.toSpliced(spare, 1)),
      cells,
    );
  if (cells > 0 && total > cells && flexible >= 0)
    widths[flexible] = Math.max(NARROWEST, widths[flexible]! - (total - cells));
  const line = (row: readonly string[]) =>
    columns
      .map((column, at) => pad(row[at] ?? '', widths[at]!, column.align))
      .join(GAP)
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}
