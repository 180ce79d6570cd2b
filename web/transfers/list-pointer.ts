// Clicks on the list of transfers: one looks at a transfer, with Ctrl it is taken into the selection, with Shift all from
// the last one on.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { go } from '../app/route.ts';
import { ask } from '../data/feed.ts';
import { subjectsOf } from './list-keys.ts';
import { selectAll, selection, selectOnly, toggle } from './selection.ts';
import { openTransferMenu } from './transfer-menu.ts';

function hashAt(event: Event): string | undefined {
  const row = (event.target as HTMLElement).closest<HTMLElement>('[data-hash]');
  return row?.dataset.hash;
}

export async function onListClick(event: MouseEvent): Promise<void> {
  const infoHash = hashAt(event);
  if (infoHash === undefined) return;
  const { anchor } = selection.get();
  if (event.shiftKey && anchor !== undefined)
    selectAll((await ask({ kind: 'between', from: anchor, to: infoHash })).infoHashes);
  else if (event.ctrlKey || event.metaKey) toggle(infoHash);
  else {
    selectOnly(infoHash);
    go(['transfers', infoHash]);
  }
}

export function onListMenu(event: MouseEvent, rows: readonly TorrentRow[]): void {
  const infoHash = hashAt(event);
  const row = rows.find((each) => each.infoHash === infoHash);
  if (row === undefined) return;
  event.preventDefault();
  if (!selection.get().infoHashes.has(row.infoHash)) {
    selectOnly(row.infoHash);
    go(['transfers', row.infoHash], { replace: true });
  }
  openTransferMenu(row, subjectsOf(row.infoHash), event.clientX, event.clientY);
}
