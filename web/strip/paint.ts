// Draws runs on a canvas. Colours are those of the theme; what nobody has is hatched as well, so that colour alone never
// tells it.

import { PIECE_STATES } from '../../src/api/strip-cells.ts';
import type { Run } from './runs.ts';

export interface StripColors {
  have: string;
  quiet: string;
  arriving: string;
  missing: string;
  nowhere: string;
}

let colors: StripColors | undefined;

/** Of the theme that is shown now. */
export function stripColors(): StripColors {
  if (colors !== undefined) return colors;
  const style = getComputedStyle(document.documentElement);
  const take = (name: string): string => style.getPropertyValue(name).trim();
  colors = {
    have: take('--have'),
    quiet: take('--have-quiet'),
    arriving: take('--arriving'),
    missing: take('--missing'),
    nowhere: take('--nowhere'),
  };
  return colors;
}

const repaints = new Set<() => void>();

/** Calls `repaint` when the theme is another; comes back with what ends that. */
export function onTheme(repaint: () => void): () => void {
  repaints.add(repaint);
  return () => void repaints.delete(repaint);
}

function forget(): void {
  colors = undefined;
  for (const repaint of repaints) repaint();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', forget);
new MutationObserver(forget).observe(document.documentElement, { attributeFilter: ['data-theme'] });

const SHARES = [0, 0.3, 0.55, 0.8, 1];
const NARROW = 5;

export interface PaintOptions {
  y: number;
  height: number;
  /** Complete and of no more interest. */
  quiet?: boolean;
  /** How strongly it covers what is there, from 0 to 1. */
  alpha?: number;
}

export function paintRuns(context: CanvasRenderingContext2D, runs: readonly Run[], options: PaintOptions): void {
  const { y, height, quiet = false, alpha = 1 } = options;
  const theme = stripColors();
  for (const { from, to, level, rest } of runs) {
    const width = to - from;
    context.globalAlpha = alpha;
    if (level < 4) {
      // Lines would not be seen in so little.
      const solid = rest === 'nowhere' && width < NARROW;
      context.fillStyle = rest === 'arriving' ? theme.arriving : solid ? theme.nowhere : theme.missing;
      context.fillRect(from, y, width, height);
      if (rest === 'nowhere' && !solid) hatch(context, from, y, width, height, theme.nowhere);
    }
    // What stands out among the rest is not to be covered by what is here.
    if (level === 0 || (level < 4 && rest !== 'missing')) continue;
    context.globalAlpha = SHARES[level]! * alpha;
    context.fillStyle = quiet ? theme.quiet : theme.have;
    context.fillRect(from, y, width, height);
  }
  context.globalAlpha = 1;
}

/** Lines rising to the right, four pixels apart wherever it stands, so that neighbours join. */
function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  color: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1.25;
  context.beginPath();
  const phase = (x + y) % 4;
  for (let at = x - height - phase; at < x + width + height; at += 4) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

/** One piece as a square; `state` as the API tells it. */
export function paintCell(context: CanvasRenderingContext2D, state: number, x: number, y: number, side: number): void {
  const theme = stripColors();
  context.fillStyle =
    state === PIECE_STATES.have ? theme.have : state === PIECE_STATES.arriving ? theme.arriving : theme.missing;
  context.fillRect(x, y, side, side);
  if (state === PIECE_STATES.nowhere) hatch(context, x, y, side, side, theme.nowhere);
}
