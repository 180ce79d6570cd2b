// Which transfers are selected, beside the one that is looked at, which the address names.

import { createStore } from '../data/store.ts';

export interface Selection {
  infoHashes: ReadonlySet<string>;
  /** From which the next range goes. */
  anchor: string | undefined;
}

const NONE: Selection = { infoHashes: new Set(), anchor: undefined };

export const selection = createStore<Selection>(NONE);

export function selectOnly(infoHash: string): void {
  selection.set({ infoHashes: new Set([infoHash]), anchor: infoHash });
}

export function selectNothing(): void {
  selection.set(NONE);
}

/** Takes it in, or out when it was in. */
export function toggle(infoHash: string): void {
  const infoHashes = new Set(selection.get().infoHashes);
  if (!infoHashes.delete(infoHash)) infoHashes.add(infoHash);
  selection.set({ infoHashes, anchor: infoHash });
}

/** All of these, and no others; the next range begins where the last one did. */
export function selectAll(infoHashes: readonly string[]): void {
  selection.set({ infoHashes: new Set(infoHashes), anchor: selection.get().anchor ?? infoHashes[0] });
}
