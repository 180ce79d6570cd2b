// The context menu of one or more transfers.

import { h } from 'preact';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { openDialog } from '../app/dialog.tsx';
import { type MenuItem, openMenu } from '../app/menu.tsx';
import { notify } from '../app/notices.tsx';
import { isStopped } from '../data/figures.ts';
import { announce, magnetOf, pause, queue, resume, verify } from './actions.ts';
import { LabelDialog } from './label-dialog.tsx';
import { LimitDialog } from './limit-dialog.tsx';
import { MoveDialog } from './move-dialog.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { commandFor } from './shell-command.ts';

/** `row`: the one it was opened on; `infoHashes`: all it is about, that one among them. */
export function openTransferMenu(row: TorrentRow, infoHashes: readonly string[], x: number, y: number): void {
  const one = infoHashes.length === 1;
  const title = one ? row.name : `${infoHashes.length} transfers`;
  const subjects = one ? [row] : [row, ...infoHashes.slice(1).map((infoHash) => ({ name: '', infoHash }))];
  const command = (words: string, flags?: string): string => commandFor(words, subjects, flags);
  const copy = (text: string, what: string): void =>
    void navigator.clipboard?.writeText(text).then(() => notify(`Copied the ${what}.`));
  const items: MenuItem[] = [
    isStopped(row)
      ? { label: 'Resume', keys: 'Space', command: command('resume'), run: () => void resume(infoHashes) }
      : { label: 'Pause', keys: 'Space', command: command('pause'), run: () => void pause(infoHashes) },
    {
      label: 'Limits…',
      command: command('limit', '--down 2M --up 500K'),
      run: () => openDialog(h(LimitDialog, { row, infoHashes })),
    },
    { label: 'Labels…', run: () => openDialog(h(LabelDialog, { row, infoHashes })) },
    { label: 'Move data…', run: () => openDialog(h(MoveDialog, { row, infoHashes })) },
    { label: 'First in the queue', apart: true, run: () => void queue(infoHashes, 0) },
    { label: 'Last in the queue', run: () => void queue(infoHashes, Number.MAX_SAFE_INTEGER) },
    { label: 'Ask trackers for peers', run: () => void announce(infoHashes) },
    { label: 'Check what is on disk', run: () => void verify(infoHashes) },
    { label: 'Copy magnet link', apart: true, disabled: !one, run: () => copy(magnetOf(row), 'magnet link') },
    { label: 'Copy info-hash', disabled: !one, run: () => copy(row.infoHash, 'info-hash') },
    {
      label: 'Remove…',
      keys: 'Delete',
      apart: true,
      dangerous: true,
      command: command('remove'),
      run: () => openDialog(h(RemoveDialog, { row, infoHashes })),
    },
  ];
  openMenu(title, x, y, items);
}
