// A QR code as lines for a terminal: two modules to a cell, one above the other, with the light margin that readers need.
// Sized by the text alone; whoever shows it says how much room there is.

import { encode } from 'uqr';

/** Modules of margin on each side: what the standard asks for, and what readers get along with. */
const MARGINS = [4, 2];

/** Black on white whatever the theme of the terminal: these two of the 256 colours are nobody's to change. */
const BLACK_ON_WHITE = '\x1b[38;5;16;48;5;231m';
const PLAIN = '\x1b[0m';

export interface QrRoom {
  columns: number;
  rows: number;
  /** Without colours light is drawn with the colour of text, as if the terminal were dark. */
  colors: boolean;
}

/** No lines when the code does not fit into the room, or the text into a code. */
export function drawQrCode(text: string, { columns, rows, colors }: QrRoom): string[] {
  // a code of so many modules and more could not be shown anyway, and long texts take long
  const most = Math.min(columns, 2 * rows) - 2 * Math.min(...MARGINS);
  const maxVersion = Math.min(40, Math.floor((most - 17) / 4));
  if (maxVersion < 1) return [];
  let code: ReturnType<typeof encode>;
  try {
    code = encode(text, { ecc: 'L', border: 0, maxVersion });
  } catch {
    return []; // longer than a code of this size can say
  }
  const margin = MARGINS.find((each) => code.size + 2 * each <= Math.min(columns, 2 * rows));
  if (margin === undefined) return [];
  const side = code.size + 2 * margin;
  const isDark = (x: number, y: number): boolean => code.data[y - margin]?.[x - margin] === true;
  return Array.from({ length: Math.ceil(side / 2) }, (_, row) => {
    const cells = Array.from({ length: side }, (_cell, x) => cell(isDark(x, 2 * row), isDark(x, 2 * row + 1), colors));
    return colors ? `${BLACK_ON_WHITE}${cells.join('')}${PLAIN}` : cells.join('');
  });
}

/** What is drawn is the dark with colours, the light without. */
function cell(upperDark: boolean, lowerDark: boolean, colors: boolean): string {
  const upper = upperDark === colors;
  const lower = lowerDark === colors;
  return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
}
