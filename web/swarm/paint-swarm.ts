// Draws a swarm on a canvas: one row a peer, one column a group of pieces, the rarest columns marked above and below.

import { stripColors } from '../strip/paint.ts';
import { runsOfRow, type SwarmRow } from './swarm-rows.ts';

/** Of a mark's width, in CSS pixels. */
const HALF = 4;

export interface SwarmMeasures {
  /** In CSS pixels. */
  width: number;
  rowHeight: number;
  /** Above and below the rows, for the marks. */
  margin: number;
}

export interface SwarmMarks {
  rarest: readonly number[];
  /** Nobody has one of their pieces. */
  missing: boolean;
  /** The column that is looked at. */
  cursor: number | undefined;
}

/** Expects a context that is scaled to CSS pixels and empty. */
export function paintSwarm(
  context: CanvasRenderingContext2D,
  rows: readonly SwarmRow[],
  { width, rowHeight, margin }: SwarmMeasures,
  { rarest, missing, cursor }: SwarmMarks,
): void {
  const theme = stripColors();
  const columns = rows[0]?.have.length ?? 0;
  const xOf = (column: number): number => Math.round((column * width) / columns);
  const tall = rows.length * rowHeight;
  for (const [index, { have }] of rows.entries()) {
    const y = margin + index * rowHeight;
    for (const { from, to, level } of runsOfRow(have)) {
      const x = xOf(from);
      context.fillStyle = theme.missing;
      context.fillRect(x, y, xOf(to) - x, rowHeight - 2);
      if (level === 0) continue;
      context.globalAlpha = level / 7;
      context.fillStyle = theme.have;
      context.fillRect(x, y, xOf(to) - x, rowHeight - 2);
      context.globalAlpha = 1;
    }
  }
  context.fillStyle = missing ? theme.nowhere : theme.arriving;
  for (const { from, to } of stretchesOf(rarest)) {
    const [left, right] = [xOf(from), xOf(to)];
    if (right - left < 2 * HALF) {
      triangle(context, (left + right) / 2, margin - 2, -1);
      triangle(context, (left + right) / 2, margin + tall, 1);
      continue;
    }
    context.fillRect(left, margin - 5, right - left, 3);
    context.fillRect(left, margin + tall, right - left, 3);
  }
  if (cursor === undefined || cursor >= columns) return;
  context.strokeStyle = theme.nowhere;
  context.lineWidth = 1;
  const x = xOf(cursor);
  context.strokeRect(x + 0.5, margin - 1.5, Math.max(2, xOf(cursor + 1) - x - 1), tall + 1);
}

/** Neighbouring columns as one. */
function stretchesOf(columns: readonly number[]): { from: number; to: number }[] {
  const stretches: { from: number; to: number }[] = [];
  for (const column of columns) {
    const last = stretches.at(-1);
    if (last?.to === column) last.to++;
    else stretches.push({ from: column, to: column + 1 });
  }
  return stretches;
}

/** Points at `y`; `direction` says where its base is: -1 above, 1 below. */
function triangle(context: CanvasRenderingContext2D, x: number, y: number, direction: 1 | -1): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - HALF, y + direction * 6);
  context.lineTo(x + HALF, y + direction * 6);
  context.fill();
}
