// All pieces of a transfer as a grid that fills the width, as large as fits, and what the colours mean.

import { useMemo, useState } from 'preact/hooks';
import { PIECE_STATES } from '../../src/api/strip-cells.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { api } from '../data/api.ts';
import { bytesOf } from '../data/base64.ts';
import { usePoll } from '../data/poll.ts';
import { When } from '../format/when.tsx';
import { useDetailTorrent } from './detail-torrent.ts';
import { describePiece, PieceGrid } from './piece-grid.tsx';
import './pieces-part.css';

const LEGEND = [
  ['have', 'here', PIECE_STATES.have],
  ['arriving', 'arriving', PIECE_STATES.arriving],
  ['missing', 'missing', PIECE_STATES.missing],
  ['nowhere', 'missing, and no connected peer has it', PIECE_STATES.nowhere],
] as const;

export function PiecesPart() {
  const { infoHash, state, size, have } = useDetailTorrent();
  const moves = size === 0 || have < size || state === 'checking';
  const { value, failure } = usePoll(infoHash, moves ? 1_000 : 10_000, (signal) =>
    api.pieces({ params: { infoHash }, signal }),
  );
  const [chosen, setChosen] = useState<number>();
  // The torrent is told of more often than its pieces.
  const pieces = useMemo(() => bytesOf(value?.pieces ?? ''), [value?.pieces]);
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (value.pieceCount === 0) return <p class="detail-note">How many pieces there are is known with the metadata.</p>;
  const counts = [0, 0, 0, 0];
  for (const piece of pieces) counts[piece]!++;
  return (
    <div class="pieces-part">
      <PieceGrid pieces={pieces} pieceLength={value.pieceLength} chosen={chosen} onChoose={setChosen} />
      <p class="pieces-legend small">
        {LEGEND.filter(([, , piece]) => counts[piece]! > 0).map(([name, text, piece]) => (
          <span key={name} class={`pieces-key ${name}`}>
            {counts[piece]} {text}
          </span>
        ))}
        <span class="quiet">
          {value.pieceCount} pieces of {formatSize(value.pieceLength)}
        </span>
        <span role="status">
          {chosen !== undefined && chosen < pieces.length && (
            <Said piece={chosen} state={pieces[chosen]!} pieceLength={value.pieceLength} />
          )}
        </span>
      </p>
    </div>
  );
}

interface SaidProps {
  piece: number;
  state: number;
  pieceLength: number;
}

/** What is known of the chosen one; of those that nobody has, who left with some of them last. */
function Said({ piece, state, pieceLength }: SaidProps) {
  const { infoHash } = useDetailTorrent();
  const nowhere = state === PIECE_STATES.nowhere;
  const { value } = usePoll(`${infoHash} ${nowhere}`, 5_000, (signal) =>
    nowhere ? api.strips({ query: { torrents: infoHash, cells: 1 }, signal }) : Promise.resolve(undefined),
  );
  const seen = value?.strips[0]?.lastSeen;
  return (
    <>
      {describePiece(piece, state, pieceLength)}
      {nowhere && seen && (
        <>
          ; what nobody has was last seen with <span class="mono">{seen.address}</span>, <When at={seen.at} />
        </>
      )}
    </>
  );
}
