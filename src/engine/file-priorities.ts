// From what the user says of files to what the swarm knows of pieces. A piece on the edge of two files is worth what the
// dearer one is: so files that are not wanted get a few bytes of their neighbours' pieces, in a .part file. Pure.

import { ShoalError } from '../base/errors.ts';
import { matchFiles } from '../protocol/file-selection.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { TOP_PRIORITY, USUAL_PRIORITY } from '../swarm/availability.ts';

/** Throws ERR_USAGE when something is no priority. */
export function checkFilePriorities(priorities: readonly number[]): void {
  for (const priority of priorities)
    if (!Number.isInteger(priority) || priority < 0 || priority > TOP_PRIORITY)
      throw new ShoalError('ERR_USAGE', `${priority} is no priority of a file: it is a whole number from 0 to 7`);
}

/** One priority a file, by its number in the metadata (pads count); what is not named has the usual one. */
export function piecePriorities(
  { files, pieceLength, pieceCount }: Metainfo,
  priorities: readonly number[],
): Uint8Array {
  const pieces = new Uint8Array(pieceCount);
  for (const [index, file] of files.entries()) {
    if (file.pad || file.length === 0) continue;
    const priority = priorities[index] ?? USUAL_PRIORITY;
    const last = Math.floor((file.offset + file.length - 1) / pieceLength);
    for (let piece = Math.floor(file.offset / pieceLength); piece <= last; piece++)
      pieces[piece] = Math.max(pieces[piece]!, priority);
  }
  return pieces;
}

/**
 * Priorities by which the files that are meant come (`AddOptions.files`), and no others. Throws ERR_USAGE when none is meant.
 */
export function prioritiesOf(metainfo: Metainfo, terms: readonly (number | string)[]): number[] {
  const named = metainfo.files.flatMap(({ path, pad }, index) => (pad ? [] : [{ index, path: path.join('/') }]));
  const priorities = metainfo.files.map(() => 0);
  const chosen = matchFiles(terms, named);
  for (const { index } of chosen) priorities[index] = USUAL_PRIORITY;
  if (chosen.length > 0) return priorities;
  throw new ShoalError(
    'ERR_USAGE',
    `${terms.join(', ').slice(0, 200)} means none of the ${named.length} files of ${metainfo.name}; its files have numbers from 0 on, and paths`,
    { reason: 'no_file_chosen' },
  );
}

/** What will be here when it is done, in bytes and pieces: what is wanted, and the pieces for which `has` says so. */
export function wantedParts(
  metainfo: Metainfo,
  priorities: readonly number[],
  has: (piece: number) => boolean = () => false,
): { wanted: number; piecesWanted: number } {
  const pieces = piecePriorities(metainfo, priorities);
  const isHere = (piece: number): boolean => pieces[piece] !== 0 || has(piece);
  let piecesWanted = 0;
  for (let piece = 0; piece < pieces.length; piece++) if (isHere(piece)) piecesWanted++;
  return { wanted: contentBytes(metainfo, isHere), piecesWanted };
}

/** Bytes of content, pads left out, in the pieces for which `test` holds. */
export function contentBytes({ files, pieceLength }: Metainfo, test: (piece: number) => boolean): number {
  let bytes = 0;
  for (const { offset, length, pad } of files) {
    if (pad) continue;
    for (let at = offset; at < offset + length; ) {
      const piece = Math.floor(at / pieceLength);
      const end = Math.min(offset + length, (piece + 1) * pieceLength);
      if (test(piece)) bytes += end - at;
      at = end;
    }
  }
  return bytes;
}
