// A list of any length of which only what is seen is there. Lines are equally high; who owns the items is told which are
// wanted and gives them when it has them.

import type { ComponentChildren } from 'preact';
import './virtual-list.css';
import { useCallback, useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export interface VirtualListProps {
  total: number;
  /** Pixels of a line. */
  lineHeight: number;
  /** The lines that are there now, as children, and the place of the first. */
  first: number;
  children: ComponentChildren;
  /** Pixels by which the lines before the first, and all lines, are lower together than so many of `lineHeight`. */
  savedBefore?: number;
  saved?: number;
  /** Which lines are wanted. */
  onWindow: (first: number, count: number) => void;
  /** This line is to be seen; followed when it changes to another. */
  reveal?: number | undefined;
}

/** Lines above and below what is seen. */
const SPARE = 4;

export function VirtualList(props: VirtualListProps) {
  const { total, lineHeight, first, children, savedBefore = 0, saved = 0, onWindow, reveal } = props;
  const box = useRef<HTMLDivElement>(null);
  const told = useRef('');
  /** Kept, because asking for it lays out the whole page. */
  const height = useRef(0);
  const look = useCallback(() => {
    if (box.current === null) return;
    const top = Math.max(0, Math.floor(box.current.scrollTop / lineHeight) - SPARE);
    // In steps, so that not every pixel is another window.
    const from = top - (top % 4);
    const count = Math.ceil(height.current / lineHeight) + 2 * SPARE + 4;
    const window = `${from} ${count}`;
    if (window === told.current) return;
    told.current = window;
    onWindow(from, count);
  }, [lineHeight, onWindow]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.current = entry!.contentRect.height;
      look();
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [look]);
  useLayoutEffect(() => {
    if (reveal === undefined || reveal < 0) return;
    const { scrollTop, clientHeight } = box.current!;
    const top = reveal * lineHeight;
    if (top < scrollTop) box.current!.scrollTop = top;
    else if (top + lineHeight > scrollTop + clientHeight) box.current!.scrollTop = top + lineHeight - clientHeight;
  }, [reveal, lineHeight]);
  return (
    <div ref={box} class="virtual-list" role="rowgroup" onScroll={look}>
      <div class="virtual-list-all" role="presentation" style={{ height: `${total * lineHeight - saved}px` }}>
        <div
          class="virtual-list-part"
          role="presentation"
          style={{ transform: `translateY(${first * lineHeight - savedBefore}px)` }}
        >
          {children}
        </div>
      </div>
    </div>
  );
}
