// The grid of pieces on one canvas. Pointing at a piece says which it is; a click or the arrow keys choose one. What has
// changed comes up, as on a strip.

import { useEffect, useRef } from 'preact/hooks';
import { formatSize } from '../../src/base/quantity.ts';
import { dropFade, fadeIn } from '../strip/fade.ts';
import { onTheme, paintCell } from '../strip/paint.ts';
import { type GridLayout, layOut } from './grid-layout.ts';

const WORDS = ['missing', 'arriving', 'here', 'missing, and no connected peer has it'];
/** More than these are drawn at once: it is another picture then. */
const MOST_FADING = 400;

export interface PieceGridProps {
  pieces: Uint8Array;
  pieceLength: number;
  chosen: number | undefined;
  onChoose: (piece: number) => void;
}

interface Drawn extends Pick<GridLayout, 'columns' | 'pitch'> {
  pieces: Uint8Array;
}

export function PieceGrid({ pieces, pieceLength, chosen, onChoose }: PieceGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Drawn>({ pieces: new Uint8Array(0), columns: 1, pitch: 1 });
  const draw = useRef<(whole?: boolean) => void>(() => undefined);
  draw.current = (whole = false) => {
    const element = canvas.current;
    const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
    if (element === null || clientWidth === 0) return;
    const { columns, rows, pitch } = layOut(pieces.length, clientWidth, clientHeight);
    const scale = devicePixelRatio;
    const [width, height] = [columns * pitch, rows * pitch];
    const sized = element.width === Math.round(width * scale) && element.height === Math.round(height * scale);
    const { pieces: was, ...before } = drawn.current;
    const same = sized && !whole && was.length === pieces.length && before.pitch === pitch;
    const changed: number[] = [];
    for (let piece = 0; piece < pieces.length; piece++) if (!same || was[piece] !== pieces[piece]) changed.push(piece);
    if (changed.length === 0) return;
    drawn.current = { pieces, columns, pitch };
    if (!sized) {
      Object.assign(element, { width: Math.round(width * scale), height: Math.round(height * scale) });
      Object.assign(element.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = element.getContext('2d')!;
    const side = pitch > 4 ? pitch - 1 : pitch;
    const paint = (alpha: number): void => {
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.globalAlpha = alpha;
      for (const piece of changed)
        paintCell(context, pieces[piece]!, (piece % columns) * pitch, Math.floor(piece / columns) * pitch, side);
    };
    if (same && changed.length <= MOST_FADING) {
      fadeIn(element, paint);
      return;
    }
    dropFade(element);
    paint(1);
  };
  useEffect(() => draw.current(), [pieces]);
  useEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(box.current!);
    const end = onTheme(() => draw.current(true));
    return () => {
      observer.disconnect();
      end();
      dropFade(element);
    };
  }, []);
  const { columns, pitch } = drawn.current;
  const pieceAt = ({ offsetX, offsetY }: MouseEvent): number | undefined => {
    const column = Math.floor(offsetX / pitch);
    const piece = Math.floor(offsetY / pitch) * columns + column;
    return column < columns && piece < pieces.length ? piece : undefined;
  };
  const sayOf = (piece: number | undefined): string =>
    piece === undefined ? '' : describePiece(piece, pieces[piece]!, pieceLength);
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = chosen ?? -1;
    const next = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: pieces.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(Math.max(0, Math.min(pieces.length - 1, next)));
  };
  return (
    <div ref={box} class="piece-grid">
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        aria-label={`Map of ${pieces.length} pieces`}
        aria-valuemin={0}
        aria-valuemax={pieces.length - 1}
        aria-valuenow={chosen ?? 0}
        aria-valuetext={sayOf(chosen ?? 0)}
        onPointerMove={(event) => {
          event.currentTarget.title = sayOf(pieceAt(event));
        }}
        onClick={(event) => {
          const piece = pieceAt(event);
          if (piece !== undefined) onChoose(piece);
        }}
        onKeyDown={onKeyDown}
      />
      {chosen !== undefined && (
        <span
          class="piece-chosen"
          style={{
            left: `${(chosen % columns) * pitch}px`,
            top: `${Math.floor(chosen / columns) * pitch}px`,
            width: `${pitch}px`,
            height: `${pitch}px`,
          }}
        />
      )}
    </div>
  );
}

/** `state`: as the API tells it. */
export function describePiece(piece: number, state: number, pieceLength: number): string {
  return `Piece ${piece}, at ${formatSize(piece * pieceLength)}: ${WORDS[state]}`;
}
