// The grid of pieces on one canvas. Points at a piece say which it is.

import { useEffect, useRef, useState } from 'preact/hooks';
import { formatSize } from '../../src/base/quantity.ts';
import { onTheme, paintCell } from '../strip/paint.ts';
import { layOut } from './grid-layout.ts';

const WORDS = ['missing', 'arriving', 'here', 'missing, and no connected peer has it'];

export function PieceGrid({ pieces, pieceLength }: { pieces: Uint8Array; pieceLength: number }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [title, setTitle] = useState('');
  const draw = useRef<() => void>(() => undefined);
  draw.current = () => {
    const element = canvas.current;
    const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
    if (element === null || clientWidth === 0) return;
    const { columns, rows, pitch } = layOut(pieces.length, clientWidth, clientHeight);
    const scale = devicePixelRatio;
    const [width, height] = [columns * pitch, rows * pitch];
    if (element.width !== Math.round(width * scale) || element.height !== Math.round(height * scale)) {
      Object.assign(element, { width: Math.round(width * scale), height: Math.round(height * scale) });
      Object.assign(element.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = element.getContext('2d')!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const side = pitch > 4 ? pitch - 1 : pitch;
    for (let piece = 0; piece < pieces.length; piece++)
      paintCell(context, pieces[piece]!, (piece % columns) * pitch, Math.floor(piece / columns) * pitch, side);
  };
  useEffect(() => draw.current());
  useEffect(() => {
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(box.current!);
    const end = onTheme(() => draw.current());
    return () => {
      observer.disconnect();
      end();
    };
  }, []);
  const point = (event: PointerEvent): void => {
    const { clientWidth, clientHeight } = box.current!;
    const { columns, pitch } = layOut(pieces.length, clientWidth, clientHeight);
    const column = Math.floor(event.offsetX / pitch);
    const piece = Math.floor(event.offsetY / pitch) * columns + column;
    const state = column < columns ? WORDS[pieces[piece] ?? -1] : undefined;
    setTitle(state === undefined ? '' : `Piece ${piece}, at ${formatSize(piece * pieceLength)}: ${state}`);
  };
  return (
    <div ref={box} class="piece-grid">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Map of ${pieces.length} pieces`}
        title={title}
        onPointerMove={point}
      />
    </div>
  );
}
