// How much was given back for what is here.

/** Two digits after the point; `–` while the size is not known. */
export function formatRatio(uploaded: number, size: number): string {
  return size > 0 ? (uploaded / size).toFixed(2) : '–';
}
