// Two panes, one above the other, with a line between them that can be dragged or moved with the arrow keys. The lower one
// remembers its share of the height.

import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { prefer, preferences } from '../data/preferences.ts';
import './split.css';

const LEAST = 0.15;
const MOST = 0.85;
const STEP = 0.03;

export function Split({ upper, lower }: { upper: ComponentChildren; lower: ComponentChildren }) {
  const share = preferences.use(({ lower }) => lower);
  const box = useRef<HTMLDivElement>(null);
  const set = (value: number): void => prefer({ lower: Math.min(MOST, Math.max(LEAST, value)) });
  if (lower === null) return <div class="split">{upper}</div>;
  return (
    <div ref={box} class="split" style={{ gridTemplateRows: `minmax(0, ${1 - share}fr) auto minmax(0, ${share}fr)` }}>
      {upper}
      <hr
        class="split-line"
        tabIndex={0}
        aria-orientation="horizontal"
        aria-label="Height of the details"
        aria-valuemin={LEAST * 100}
        aria-valuemax={MOST * 100}
        aria-valuenow={Math.round(share * 100)}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const { bottom, height } = box.current!.getBoundingClientRect();
          set((bottom - event.clientY) / height);
        }}
        onKeyDown={(event) => {
          const step = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          set(share + step);
        }}
      />
      {lower}
    </div>
  );
}
