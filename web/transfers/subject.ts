// What a dialog about transfers is about, for its title.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';

export interface Subject {
  /** The one it was opened on. */
  row: TorrentRow;
  /** All it is about, that one among them. */
  infoHashes: readonly string[];
}

export function titleOf({ row, infoHashes }: Subject): string {
  return infoHashes.length === 1 ? row.name : `${infoHashes.length} transfers`;
}
