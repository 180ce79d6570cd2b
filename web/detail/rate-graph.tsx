// The graph of rates. The library draws; how it looks and what its axes say is decided here.

import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatRate } from '../../src/base/quantity.ts';
import { onTheme } from '../strip/paint.ts';
import { type History, pointsOf, rateTicks } from './rate-points.ts';

export function RateGraph({ history, label }: { history: History; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const graph = useRef<UPlot | undefined>(undefined);
  const points = pointsOf(history);
  const latest = useRef(points);
  latest.current = points;
  useEffect(() => graph.current?.setData(points), [history]);
  useEffect(() => {
    const draw = (): void => {
      graph.current?.destroy();
      const { clientWidth, clientHeight } = box.current!;
      const clock = new Intl.DateTimeFormat(undefined, { timeStyle: history.step < 5 ? 'medium' : 'short' });
      graph.current = new UPlot(optionsOf(clientWidth, clientHeight, clock), latest.current, box.current!);
    };
    const observer = new ResizeObserver(([entry]) => {
      // Told once more when it is gone already.
      if (box.current === null) return;
      const { width, height } = entry!.contentRect;
      if (graph.current === undefined) draw();
      else graph.current.setSize({ width, height });
    });
    observer.observe(box.current!);
    const end = onTheme(draw);
    return () => {
      observer.disconnect();
      end();
      graph.current?.destroy();
      graph.current = undefined;
    };
  }, [history.step]);
  const last = (values: readonly number[]): string => formatRate(values.at(-1) ?? 0);
  return (
    <div
      ref={box}
      class="rate-graph"
      role="img"
      aria-label={`${label}; now ${last(history.down)} down, ${last(history.up)} up`}
    />
  );
}

function optionsOf(width: number, height: number, clock: Intl.DateTimeFormat): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: UPlot.Axis = {
    stroke: color('--quiet'),
    font: `11px ${style.getPropertyValue('--sans')}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    // The last moment's words stand half beside the graph.
    padding: [10, 36, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1024, most)] } },
    axes: [
      { ...axis, space: 70, values: (_, moments) => moments.map((at) => clock.format(at * 1000)) },
      { ...axis, size: 72, splits: (_, __, ___, most) => rateTicks(most), values: (_, rates) => rates.map(formatRate) },
    ],
    series: [
      {},
      { label: 'down', stroke: color('--have'), width: 1.5, points: { show: false } },
      { label: 'up', stroke: color('--upload'), width: 1.5, dash: [5, 3], points: { show: false } },
    ],
  };
}
