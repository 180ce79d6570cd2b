// Keys that work everywhere on the page. Those of a list belong to the list.

import { h } from 'preact';
import { isDialogOpen, openDialog } from './dialog.tsx';
import { KeyHelp } from './key-help.tsx';

/** Comes back with what ends it. */
export function listenForKeys(): () => void {
  addEventListener('keydown', onKeyDown);
  return () => removeEventListener('keydown', onKeyDown);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isDialogOpen() || isTyping(event.target)) return;
  if (event.key === '/') document.querySelector<HTMLInputElement>('#search')?.focus();
  else if (event.key === '?') openDialog(h(KeyHelp, {}));
  else return;
  event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select');
}
