// What this browser remembers of how its reader likes the page: theme, order, heights. Kept in the browser alone; damaged or
// forbidden storage costs nothing but the memory.

import type { GroupName, SortKey } from './feed-messages.ts';
import { createStore } from './store.ts';

export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  /** How high rows are. */
  density: 'normal' | 'dense';
  sort: SortKey;
  descending: boolean;
  folded: GroupName[];
  /** Share of the height that the lower pane has, between 0 and 1. */
  lower: number;
  /** Of the lower pane. */
  tab: string;
  /** Of the player, between 0 and 1. */
  volume: number;
  /** A film covers the lower pane. */
  largePicture: boolean;
}

const KEY = 'shoal-page';
const DEFAULTS: Preferences = {
  theme: 'system',
  density: 'normal',
  sort: 'added',
  descending: true,
  folded: [],
  lower: 0.42,
  tab: 'pieces',
  volume: 1,
  largePicture: true,
};

export const preferences = createStore<Preferences>(read(), (value) => {
  show(value);
  try {
    localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // Then it is forgotten.
  }
});
show(preferences.get());

export function prefer(change: Partial<Preferences>): void {
  preferences.change((value) => ({ ...value, ...change }));
}

function read(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    const known = Object.entries(DEFAULTS).map(([name, value]) => {
      const mine = kept[name as keyof Preferences];
      return [name, typeof mine === typeof value && Array.isArray(mine) === Array.isArray(value) ? mine : value];
    });
    return Object.fromEntries(known) as Preferences;
  } catch {
    return DEFAULTS;
  }
}

function show({ theme, density }: Preferences): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
  if (density === 'normal') delete dataset.density;
  else dataset.density = density;
}
