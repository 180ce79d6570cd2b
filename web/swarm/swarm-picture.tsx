// Who has what of a torrent, as a picture that can be walked through with the arrow keys: each column is said in words below.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { SwarmReply } from '../../src/api/history-schemas.ts';
import { formatPercent } from '../../src/base/quantity.ts';
import { onTheme } from '../strip/paint.ts';
import { paintSwarm } from './paint-swarm.ts';
import './swarm-picture.css';
import { describeColumn, piecesOf, rarestOf, rowsOf, shareOf } from './swarm-rows.ts';

const ROW = 20;
const MARGIN = 10;

export function SwarmPicture({ swarm }: { swarm: SwarmReply }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<number>();
  const rows = rowsOf(swarm);
  const rarest = rarestOf(swarm);
  const columns = swarm.pieceGroups;
  const at = cursor === undefined ? undefined : Math.min(cursor, columns - 1);
  const height = rows.length * ROW + 2 * MARGIN;
  const draw = useRef<() => void>(() => undefined);
  draw.current = () => {
    const element = canvas.current;
    const width = element?.clientWidth ?? 0;
    if (element === null || width === 0) return;
    const scale = devicePixelRatio;
    const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)];
    if (element.width !== wide || element.height !== tall) Object.assign(element, { width: wide, height: tall });
    const context = element.getContext('2d')!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const marks = { rarest: rarest.columns, missing: rarest.copies === 0, cursor: at };
    paintSwarm(context, rows, { width, rowHeight: ROW, margin: MARGIN }, marks);
  };
  useEffect(() => draw.current());
  useEffect(() => {
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(canvas.current!);
    const end = onTheme(() => draw.current());
    return () => {
      observer.disconnect();
      end();
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = {
      ArrowRight: Math.min(columns - 1, (at ?? -1) + 1),
      ArrowLeft: Math.max(0, (at ?? columns) - 1),
      Home: 0,
      End: columns - 1,
    }[event.key];
    if (next === undefined && event.key !== 'Escape') return;
    setCursor(next);
    event.preventDefault();
  };
  const point = (event: PointerEvent & { currentTarget: HTMLCanvasElement }): void =>
    setCursor(
      Math.max(0, Math.min(columns - 1, Math.floor((event.offsetX * columns) / event.currentTarget.clientWidth))),
    );
  const peers = rows.length - 1;
  return (
    <figure class="swarm">
      <div class="swarm-body">
        <ol class="swarm-peers" style={{ paddingTop: `${MARGIN}px` }} aria-label="Rows of the picture">
          {rows.map((row) => (
            <li key={row.key} style={{ height: `${ROW}px` }} title={row.client}>
              <span class={row.key === '' ? 'clip' : 'mono clip'}>{row.title}</span>
              <span class="number small quiet">{shareOf(row)}</span>
            </li>
          ))}
        </ol>
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          style={{ height: `${height}px` }}
          aria-label={`Who has which pieces: this daemon and ${peers} ${peers === 1 ? 'peer' : 'peers'}. Arrow keys go from column to column.`}
          aria-describedby="swarm-words"
          onKeyDown={onKeyDown}
          onPointerMove={point}
          onPointerLeave={() => setCursor(undefined)}
        />
      </div>
      <figcaption class="swarm-words small">
        <span id="swarm-words" role="status">
          {at === undefined ? wordsOf(swarm) : describeColumn(at, swarm)}
        </span>
        {rarest.columns.length > 0 && (
          <button type="button" class="button swarm-rarest" onClick={() => setCursor(nextOf(rarest.columns, at))}>
            {rarest.columns.length === 1 ? 'The rarest' : 'Next of the rarest'}
          </button>
        )}
      </figcaption>
    </figure>
  );
}

/** The first after `at`, from the beginning again behind the last. */
function nextOf(columns: readonly number[], at: number | undefined): number {
  return columns.find((column) => at === undefined || column > at) ?? columns[0]!;
}

function wordsOf(swarm: SwarmReply): string {
  const { columns, copies } = rarestOf(swarm);
  const each = `${copies} ${copies === 1 ? 'copy' : 'copies'}`;
  if (columns.length === 0)
    return copies === 0
      ? 'Everywhere there are pieces that nobody here has.'
      : `Of every piece there is about the same number: ${each} at least.`;
  const where =
    columns.length === 1
      ? piecesOf(columns[0]!, swarm)
      : `${formatPercent(columns.length, swarm.pieceGroups)} of the columns`;
  return copies === 0
    ? `Nobody connected has all of ${where}, marked above and below.`
    : `Rarest: ${where}, with ${each}; marked above and below.`;
}
