// How many terminal cells a text takes, and cutting and padding to a number of cells. Knows East Asian wide characters,
// emoji and marks that take no cell of their own; expects text that has no control characters left.

const ASCII = /^[\x20-\x7e]*$/;
const NONE = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
/** East Asian Width W and F (UAX 11) by block, and what terminals draw as emoji. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function cellsOf(character: string): number {
  return NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** Cells of a text. */
export function width(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** The text if it fits into `cells`, else its beginning and an ellipsis, never wider than `cells`. */
export function fit(text: string, cells: number): string {
  if (cells <= 0) return '';
  if (width(text) <= cells) return text;
  let taken = '';
  let used = 0;
  for (const character of text) {
    const more = cellsOf(character);
    if (used + more > cells - 1) break;
    taken += character;
    used += more;
  }
  return `${taken}…`;
}

/** Cut or filled with spaces to exactly `cells`. */
export function pad(text: string, cells: number, align: 'left' | 'right' = 'left'): string {
  const fitting = fit(text, cells);
  const space = ' '.repeat(Math.max(0, cells - width(fitting)));
  return align === 'left' ? fitting + space : space + fitting;
}
