// The strip of real pieces that stands for progress wherever a transfer appears. Draws only what changed of its picture, and
// lets it come up when it is of the same thing.

import { useEffect, useRef } from 'preact/hooks';
import { dropFade, fadeIn } from './fade.ts';
import { onTheme, paintRuns } from './paint.ts';
import { changesOf, type Run, runsOf } from './runs.ts';
import './strip.css';

const NONE = new Uint8Array(0);
/** More changes than these are another picture, and no motion that one could follow. */
const MOST_FADING = 12;

export interface StripProps {
  /** As `src/api/strip-cells.ts` makes them; undefined while they are not known. */
  cells: Uint8Array | undefined;
  /** What it is of: another one's picture is there at once. */
  of?: string;
  /** For who does not see it. */
  label: string;
  /** In CSS pixels. */
  height?: number;
  /** Complete and of no more interest. */
  quiet?: boolean;
}

export function Strip({ cells, of, label, height = 8, quiet = false }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const draw = useRef<(force?: boolean) => void>(() => undefined);
  const drawn = useRef<{ runs: readonly Run[]; quiet: boolean; of: string | undefined }>({ runs: [], quiet, of });
  /** In CSS pixels; kept, because asking for it lays out the whole page. */
  const width = useRef(0);
  draw.current = (force = false) => {
    const element = canvas.current;
    const wide = Math.round(width.current * devicePixelRatio);
    if (element === null || wide === 0) return;
    const runs = runsOf(cells ?? NONE, wide);
    const tall = Math.round(height * devicePixelRatio);
    const options = { y: 0, height: tall, quiet };
    const { runs: was, ...before } = drawn.current;
    const sized = element.width === wide && element.height === tall;
    const whole = force || !sized || before.quiet !== quiet || before.of !== of || was.length === 0;
    const changes = whole ? runs : changesOf(was, runs);
    if (!whole && changes.length === 0) return;
    drawn.current = { runs, quiet, of };
    if (!sized) Object.assign(element, { width: wide, height: tall });
    const context = element.getContext('2d')!;
    if (!whole && changes.length <= MOST_FADING) {
      fadeIn(element, (alpha) => paintRuns(context, changes, { ...options, alpha }));
      return;
    }
    dropFade(element);
    context.clearRect(0, 0, wide, tall);
    paintRuns(context, runs, options);
  };
  useEffect(() => draw.current(), [cells, quiet, height, of]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.current = entry!.contentRect.width;
      draw.current();
    });
    const element = canvas.current!;
    observer.observe(element);
    const end = onTheme(() => draw.current(true));
    return () => {
      observer.disconnect();
      end();
      dropFade(element);
    };
  }, []);
  return <canvas ref={canvas} class="strip" style={{ height: `${height}px` }} role="img" aria-label={label} />;
}
