// What is about to be shared and waits for its name.

import { createStore } from '../data/store.ts';
import type { Picked } from './picked.ts';

export type Draft =
  | { kind: 'picked'; picked: Picked }
  /** Lies where the daemon can read it. */
  | { kind: 'path'; path: string; name: string };

export const draft = createStore<Draft | undefined>(undefined);

export function nameOf(what: Draft): string {
  return what.kind === 'path' ? what.name : what.picked.name;
}
