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

/** Colour by colour: to change that costs more than to fill, and there are dozens of strips on a screen. */
export function paintRuns(context: CanvasRenderingContext2D, runs: readonly Run[], options: PaintOptions): void {
  const { y, height, quiet = false, alpha = 1 } = options;
  const theme = stripColors();
  const have = quiet ? theme.quiet : theme.have;
  const fill = (color: string, strength: number, test: (run: Run) => boolean): void => {
    context.globalAlpha = strength * alpha;
    context.fillStyle = color;
    for (const run of runs) if (test(run)) context.fillRect(run.from, y, run.to - run.from, height);
  };
  fill(have, 1, ({ level }) => level === 4);
  fill(theme.missing, 1, (run) => run.level < 4 && (run.rest === 'missing' || isHatched(run)));
  fill(theme.arriving, 1, ({ level, rest }) => level < 4 && rest === 'arriving');
  fill(theme.nowhere, 1, (run) => run.level < 4 && run.rest === 'nowhere' && !isHatched(run));
  // What stands out among the rest is not to be covered by what is here.
  for (const some of [1, 2, 3]) fill(have, SHARES[some]!, ({ level, rest }) => level === some && rest === 'missing');
  context.globalAlpha = alpha;
  hatch(context, runs.filter(isHatched), y, height, theme.nowhere);
  context.globalAlpha = 1;
}

/** Lines would not be seen in so little. */
function isHatched({ from, to, level, rest }: Run): boolean {
  return level < 4 && rest === 'nowhere' && to - from >= NARROW;
}

/** Lines rising to the right, four pixels apart wherever it stands, so that neighbours join. */
function hatch(
  context: CanvasRenderingContext2D,
  runs: readonly Pick<Run, 'from' | 'to'>[],
  y: number,
  height: number,
  color: string,
): void {
  if (runs.length === 0) return;
  context.save();
  context.beginPath();
  for (const { from, to } of runs) context.rect(from, y, to - from, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1.25;
  context.beginPath();
  for (const { from, to } of runs)
    for (let at = from - height - ((from + y) % 4); at < to + height; at += 4) {
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
  if (state === PIECE_STATES.nowhere) hatch(context, [{ from: x, to: x + side }], y, side, theme.nowhere);
}
