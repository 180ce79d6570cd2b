// Keys of the list of transfers.

import { h } from 'preact';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { openDialog } from '../app/dialog.tsx';
import { currentRoute, go } from '../app/route.ts';
import { ask } from '../data/feed.ts';
import { pauseOrResume } from './actions.ts';
import { RemoveDialog } from './remove-dialog.tsx';
import { selectAll, selection, selectNothing, selectOnly } from './selection.ts';
import { openTransferMenu } from './transfer-menu.ts';

const PAGE = 12;
const ALL = 1e9;
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE,
  PageUp: -PAGE,
  End: ALL,
  Home: -ALL,
};

export function onListKey(event: KeyboardEvent, current: string | undefined, rows: readonly TorrentRow[]): void {
  if (event.target !== event.currentTarget) return;
  const row = rows.find(({ infoHash }) => infoHash === current);
  const step = STEPS[event.key];
  if (step !== undefined) queueStep(step, event.shiftKey);
  else if ((event.ctrlKey || event.metaKey) && event.key === 'a')
    void ask({ kind: 'all' }).then(({ infoHashes }) => selectAll(infoHashes));
  else if (event.key === 'Escape') selectNothing();
  else if (row === undefined || !onRowKey(event, row)) return;
  event.preventDefault();
}

function onRowKey(event: KeyboardEvent, row: TorrentRow): boolean {
  const subject = { row, infoHashes: subjectsOf(row.infoHash) };
  if (event.key === ' ') void pauseOrResume(row, subject.infoHashes);
  else if (event.key === 'Delete') openDialog(h(RemoveDialog, subject));
  else if (event.key === 'Enter')
    document.querySelector<HTMLElement>('[data-detail] [role=tab][aria-selected=true]')?.focus();
  else if (event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10')) {
    const { left, bottom } = document.querySelector(`#row-${row.infoHash}`)!.getBoundingClientRect();
    openTransferMenu(row, subject.infoHashes, left + 40, bottom);
  } else return false;
  return true;
}

/** All that are selected when this one is among them, else this one; it comes first. */
export function subjectsOf(infoHash: string): string[] {
  const { infoHashes } = selection.get();
  return infoHashes.has(infoHash) ? [infoHash, ...[...infoHashes].filter((each) => each !== infoHash)] : [infoHash];
}

/** One after another, each from where the one before has led: keys come faster than answers. */
let steps: Promise<void> = Promise.resolve();

function queueStep(by: number, extend: boolean): void {
  steps = steps.catch(() => undefined).then(() => stepTo(by, extend));
}

async function stepTo(by: number, extend: boolean): Promise<void> {
  const current = currentRoute().path[1];
  const { infoHashes } = await ask({ kind: 'step', from: current, by });
  const [next] = infoHashes;
  if (next === undefined) return;
  if (extend) {
    const from = selection.get().anchor ?? current ?? next;
    selectAll((await ask({ kind: 'between', from, to: next })).infoHashes);
  } else selectOnly(next);
  go(['transfers', next], { replace: true });
}
