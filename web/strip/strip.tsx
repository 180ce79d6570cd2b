// The strip of real pieces that stands for progress wherever a transfer appears. Draws only when its picture changed.

import { useEffect, useRef } from 'preact/hooks';
import { onTheme, paintRuns } from './paint.ts';
import { type Run, runsOf, sameRuns } from './runs.ts';
import './strip.css';

const NONE = new Uint8Array(0);

export interface StripProps {
  /** As `src/api/strip-cells.ts` makes them; undefined while they are not known. */
  cells: Uint8Array | undefined;
  /** For who does not see it. */
  label: string;
  /** In CSS pixels. */
  height?: number;
  /** Complete and of no more interest. */
  quiet?: boolean;
}

export function Strip({ cells, label, height = 8, quiet = false }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const draw = useRef<(force?: boolean) => void>(() => undefined);
  const drawn = useRef<{ runs: readonly Run[]; quiet: boolean }>({ runs: [], quiet });
  /** In CSS pixels; kept, because asking for it lays out the whole page. */
  const width = useRef(0);
  draw.current = (force = false) => {
    const element = canvas.current;
    const wide = Math.round(width.current * devicePixelRatio);
    if (element === null || wide === 0) return;
    const runs = runsOf(cells ?? NONE, wide);
    const tall = Math.round(height * devicePixelRatio);
    const sized = element.width === wide && element.height === tall;
    if (!force && sized && drawn.current.quiet === quiet && sameRuns(drawn.current.runs, runs)) return;
    drawn.current = { runs, quiet };
    if (!sized) Object.assign(element, { width: wide, height: tall });
    const context = element.getContext('2d')!;
    context.clearRect(0, 0, wide, tall);
    paintRuns(context, runs, { y: 0, height: tall, quiet });
  };
  useEffect(() => draw.current(), [cells, quiet, height]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.current = entry!.contentRect.width;
      draw.current();
    });
    observer.observe(canvas.current!);
    const end = onTheme(() => draw.current(true));
    return () => {
      observer.disconnect();
      end();
    };
  }, []);
  return <canvas ref={canvas} class="strip" style={{ height: `${height}px` }} role="img" aria-label={label} />;
}
