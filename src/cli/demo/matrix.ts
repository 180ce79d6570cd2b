// Who sent what to whom: the table at the end of the demo. Pure.

import { formatSize } from '../../base/quantity.ts';
import { drawTable } from '../render/table.ts';

export interface Received {
  /** Name of the peer that received. */
  by: string;
  from: readonly { readonly address: string; readonly bytes: number }[];
}

/** Bytes by sender, then by receiver. Addresses nobody of `names` has are named as they are. */
export function buildMatrix(
  names: ReadonlyMap<string, string>,
  received: readonly Received[],
): Map<string, Map<string, number>> {
  const matrix = new Map<string, Map<string, number>>();
  for (const name of names.values()) matrix.set(name, new Map());
  for (const { by, from } of received) {
    for (const { address, bytes } of from) {
      const sender = names.get(address) ?? address;
      const row = matrix.get(sender) ?? new Map<string, number>();
      row.set(by, (row.get(by) ?? 0) + bytes);
      matrix.set(sender, row);
    }
  }
  return matrix;
}

/** A line for each sender, a column for each receiver, and the sums. */
export function drawMatrix(matrix: ReadonlyMap<string, ReadonlyMap<string, number>>, receivers: readonly string[]) {
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  const rows = [...matrix].map(([sender, row]) => [
    sender,
    ...receivers.map((receiver) => (row.has(receiver) ? formatSize(row.get(receiver)!) : '–')),
    formatSize(sum(row.values())),
  ]);
  rows.push([
    'received',
    ...receivers.map((receiver) => formatSize(sum([...matrix.values()].map((row) => row.get(receiver) ?? 0)))),
    '',
  ]);
  const columns = ['FROM', ...receivers.map((receiver) => `TO ${receiver}`), 'SENT'];
  return drawTable(
    columns.map((title, at) => ({ title, align: at === 0 ? ('left' as const) : ('right' as const) })),
    rows,
  );
}
