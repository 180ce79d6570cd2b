// The strip of real pieces that stands for progress wherever a transfer appears. Draws only when its picture changed.

import { useEffect, useRef } from 'preact/hooks';
import { onTheme, paintRuns } from './paint.ts';
import { type Run, runsOf, sameRuns } from './runs.ts';
import './strip.css';

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
  draw.current = (force = false) => {
    const element = canvas.current;
    const width = Math.round((element?.clientWidth ?? 0) * devicePixelRatio);
    if (element === null || width === 0) return;
    const runs = runsOf(cells ?? new Uint8Array(0), width);
    const tall = Math.round(height * devicePixelRatio);
    const sized = element.width === width && element.height === tall;
    if (!force && sized && drawn.current.quiet === quiet && sameRuns(drawn.current.runs, runs)) return;
    drawn.current = { runs, quiet };
    if (!sized) Object.assign(element, { width, height: tall });
    const context = element.getContext('2d')!;
    context.clearRect(0, 0, width, tall);
    paintRuns(context, runs, { y: 0, height: tall, quiet });
  };
  useEffect(() => draw.current());
  useEffect(() => {
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(canvas.current!);
    const end = onTheme(() => draw.current(true));
    return () => {
      observer.disconnect();
      end();
    };
  }, []);
  return <canvas ref={canvas} class="strip" style={{ height: `${height}px` }} role="img" aria-label={label} />;
}
