// From what the user says of files to what the swarm knows of pieces. A piece on the edge of two files is worth what the
// dearer one is: so files that are not wanted get a few bytes of their neighbours' pieces, in a .part file. Pure.

import { ShoalError } from '../base/errors.ts';
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
