// The views there are, in the order of the navigation. All but the first are fetched when they are opened; what follows the
// name in the address is a view's own.

import { TransfersView } from '../transfers/transfers-view.tsx';
import type { IconName } from './icons.tsx';
import type { Source } from './lazy.tsx';

export interface View {
  /** First segment of its address. */
  name: string;
  title: string;
  icon: IconName;
  source: Source;
  /** Opened by a button of its own, and not in the navigation. */
  apart?: boolean;
}

export const VIEWS: readonly View[] = [
  { name: 'transfers', title: 'Transfers', icon: 'transfers', source: { Part: TransfersView } },
  {
    name: 'catalog',
    title: 'Catalog',
    icon: 'catalog',
    source: { load: () => import('../catalog/catalog-view.tsx') },
  },
  {
    name: 'share',
    title: 'Share',
    icon: 'share',
    source: { load: () => import('../share/share-view.tsx') },
    apart: true,
  },
  {
    name: 'activity',
    title: 'Activity',
    icon: 'activity',
    source: { load: () => import('../activity/activity-view.tsx') },
  },
  {
    name: 'settings',
    title: 'Settings',
    icon: 'settings',
    source: { load: () => import('../settings/settings-view.tsx') },
  },
];
