// A piece map drawn in one line: which parts of a torrent are here, on their way, missing, or held by nobody.

import { PIECE } from '../../engine/types.ts';

const UNICODE = { have: '█', most: '▓', some: '▒', arriving: '░', missing: '·', nowhere: '×' };
const ASCII: typeof UNICODE = { have: '#', most: '+', some: '-', arriving: ':', missing: '.', nowhere: 'x' };

/** `pieces` holds one of PIECE for each piece; the line is at most `cells` wide and each cell stands for equally many. */
export function drawStrip(pieces: Uint8Array, cells: number, unicode = true): string {
  const glyph = unicode ? UNICODE : ASCII;
  const count = Math.min(cells, pieces.length);
  let strip = '';
  for (let cell = 0; cell < count; cell++) {
    const start = Math.floor((cell * pieces.length) / count);
    const end = Math.floor(((cell + 1) * pieces.length) / count);
    let have = 0;
    let arriving = 0;
    let nowhere = 0;
    for (let piece = start; piece < end; piece++) {
      if (pieces[piece] === PIECE.have) have++;
      else if (pieces[piece] === PIECE.arriving) arriving++;
      else if (pieces[piece] === PIECE.nowhere) nowhere++;
    }
    const total = end - start;
    if (have === total) strip += glyph.have;
    else if (nowhere > 0) strip += glyph.nowhere;
    else if (have * 2 >= total) strip += glyph.most;
    else if (have > 0) strip += glyph.some;
    else strip += arriving > 0 ? glyph.arriving : glyph.missing;
  }
  return strip;
}

/** A bar of `cells` for a share between 0 and 1. */
export function drawBar(share: number, cells: number, unicode = true): string {
  const clamped = Math.max(0, Math.min(1, share));
  if (!unicode) {
    const full = Math.floor(clamped * cells);
    return '#'.repeat(full) + '.'.repeat(cells - full);
  }
  const eighths = Math.floor(clamped * cells * 8);
  const full = Math.floor(eighths / 8);
  const part = eighths % 8;
  const head = '█'.repeat(full) + (part === 0 ? '' : ' ▏▎▍▌▋▊▉'[part]!);
  return head + ' '.repeat(Math.max(0, cells - full - (part === 0 ? 0 : 1)));
}
