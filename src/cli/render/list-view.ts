// How a listing of the catalog is told: a table, or an event for each entry.

import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import type { ListedFile, Listing } from '../../engine/catalog.ts';
import type { Output } from '../output.ts';
import { countOf } from './download-view.ts';
import { drawTable } from './table.ts';

/** `query` is what was looked for, for the message when nothing is found. */
export function tellFiles(output: Output, { files, truncated, warnings }: Listing, query: string | undefined): void {
  for (const warning of warnings) output.warn(warning);
  for (const file of files) tellEntry(output, file);
  for (const line of drawFiles(files, output.columns)) output.result(line);
  if (files.length === 0)
    output.say(
      query === undefined
        ? 'The catalog is empty; shoal share puts something in.'
        : `Nothing matches "${printable(query)}".`,
    );
  if (truncated)
    output.say(`There is more than these ${countOf(files.length, 'entry', 'entries')}; name what you look for.`);
}

function tellEntry(output: Output, file: ListedFile): void {
  const { name, seq, size, seeds, peers, infoHash, publisher, files, published, trackers } = file;
  output.event('entry', { name, version: seq, size, seeds, peers, infoHash, publisher, files, published, trackers });
}

const COLUMNS = [
  { title: 'NAME', shrinks: true },
  { title: 'SIZE', align: 'right' as const },
  { title: 'SEEDS', align: 'right' as const },
  { title: 'PEERS', align: 'right' as const },
  { title: 'VERSION', align: 'right' as const },
];

/** Nothing for no files. */
function drawFiles(files: readonly ListedFile[], columns: number): string[] {
  if (files.length === 0) return [];
  const rows = files.map(({ name, size, seeds, peers, seq }) => [
    printable(name),
    formatSize(size),
    String(seeds),
    String(peers),
    String(seq),
  ]);
  return drawTable(COLUMNS, rows, columns);
}
