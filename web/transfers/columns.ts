// The columns of the list of transfers: their titles, and what they sort by.

import type { SortKey } from '../data/feed-messages.ts';

export interface Column {
  key: SortKey;
  title: string;
  numeric?: boolean;
  /** The first click sorts downward. */
  downward?: boolean;
}

export const COLUMNS: readonly Column[] = [
  { key: 'name', title: 'Name' },
  { key: 'progress', title: 'Pieces' },
  { key: 'left', title: 'Status' },
  { key: 'down', title: 'Down', numeric: true, downward: true },
  { key: 'up', title: 'Up', numeric: true, downward: true },
  { key: 'peers', title: 'Peers', numeric: true, downward: true },
  { key: 'size', title: 'Size', numeric: true, downward: true },
  { key: 'ratio', title: 'Ratio', numeric: true, downward: true },
  { key: 'added', title: 'Added', numeric: true, downward: true },
];
