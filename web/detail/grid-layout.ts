// How many cells of which size show all pieces in a box. Pure.

export interface GridLayout {
  columns: number;
  rows: number;
  /** Pixels from one cell to the next; one of them is a gap when there is room for one. */
  pitch: number;
}

const LARGEST = 24;
const SMALLEST = 3;

/** The largest cells with which all `count` fit; the smallest ones when none do, and then it is higher than the box. */
export function layOut(count: number, width: number, height: number): GridLayout {
  for (let pitch = LARGEST; pitch > SMALLEST; pitch--) {
    const columns = Math.max(1, Math.floor(width / pitch));
    const rows = Math.ceil(count / columns);
    if (rows * pitch <= height) return { columns, rows, pitch };
  }
  const columns = Math.max(1, Math.floor(width / SMALLEST));
  return { columns, rows: Math.ceil(count / columns), pitch: SMALLEST };
}
