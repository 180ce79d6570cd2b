// Who reported which pieces, and how many copies that makes of each piece of a swarm. The counts are exact because every
// change of a report goes through here. The memory of all reports together is bounded.

import { Bitfield } from '../base/bitfield.ts';
import type { Holding } from './peer-entry.ts';
import type { Roster } from './roster.ts';

/** One report of a session about one torrent, as it came: nothing in it is trusted. */
export interface PieceReport {
  /** Everything it has, in the order of BEP 3. Replaces what was said before. */
  pieces?: Uint8Array | undefined;
  /** Pieces it has got since, as ascending ranges apart from one another, both ends included. */
  added?: readonly (readonly [from: number, to: number])[] | undefined;
}

export type ReportOutcome =
  | 'taken'
  /** Additions to something that is not known here: the whole must be said. */
  | 'resend'
  /** Wrong length, or pieces the torrent does not have. */
  | 'refused';

export class PieceReports {
  /** Bytes that the bitfields of all reports take. */
  bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  apply(roster: Roster, holding: Holding, report: PieceReport, pieceCount: number): ReportOutcome {
    const added = report.added ?? [];
    // Ascending and apart, so that a report never costs more than the pieces there are.
    let next = 0;
    for (const [from, to] of added) {
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= next && from <= to && to < pieceCount))
        return 'refused';
      next = to + 1;
    }
    if (report.pieces !== undefined) {
      const pieces = Bitfield.from(report.pieces, pieceCount);
      if (pieces === undefined) return 'refused';
      this.replace(roster, holding, pieces);
      if (holding.pieces === undefined) return 'refused';
      holding.fresh = true;
    }
    const { pieces } = holding;
    if (pieces === undefined || pieces.size !== pieceCount || !holding.fresh) return 'resend';
    const copies = roster.copies!;
    for (const [from, to] of added)
      for (let piece = from; piece <= to; piece++) if (pieces.add(piece)) copies[piece]!++;
    return 'taken';
  }

  /** Without `pieces` the report is forgotten; so it is when there is no memory for it. */
  replace(roster: Roster, holding: Holding, pieces: Bitfield | undefined): void {
    if (holding.pieces !== undefined) {
      this.bytes -= holding.pieces.bytes.length;
      if (roster.copies !== undefined) count(roster.copies, holding.pieces, -1);
    }
    holding.pieces = undefined;
    holding.fresh = false;
    if (pieces === undefined || this.bytes + pieces.bytes.length > this.#maxBytes) return;
    this.bytes += pieces.bytes.length;
    holding.pieces = pieces;
    if (roster.copies?.length !== pieces.size) roster.copies = new Uint32Array(pieces.size);
    count(roster.copies, pieces, 1);
  }

  /** The peer announced that it has everything: its report is the last to hear of it. */
  complete(roster: Roster, holding: Holding): void {
    const { pieces } = holding;
    if (pieces === undefined || pieces.complete) return;
    count(roster.copies!, pieces, -1);
    pieces.fill();
    count(roster.copies!, pieces, 1);
  }
}

function count(copies: Uint32Array, pieces: Bitfield, change: 1 | -1): void {
  const { bytes, size } = pieces;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const piece = 8 * i + bit;
      if (piece < size && (byte & (128 >> bit)) !== 0) copies[piece]! += change;
    }
  }
}
