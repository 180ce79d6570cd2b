// The parts of the details, in the order of their tabs.

import type { Source } from '../app/lazy.tsx';
import { FilesPart } from './files-part.tsx';
import { LogPart } from './log-part.tsx';
import { PeersPart } from './peers-part.tsx';
import { PiecesPart } from './pieces-part.tsx';
import { TrackersPart } from './trackers-part.tsx';
import { WhyPart } from './why-part.tsx';

export interface Part {
  /** In the address. */
  name: string;
  title: string;
  source: Source;
}

export const PARTS: readonly Part[] = [
  { name: 'pieces', title: 'Pieces', source: { Part: PiecesPart } },
  { name: 'peers', title: 'Peers', source: { Part: PeersPart } },
  { name: 'swarm', title: 'Swarm', source: { load: () => import('./swarm-part.tsx') } },
  { name: 'files', title: 'Files', source: { Part: FilesPart } },
  { name: 'trackers', title: 'Trackers', source: { Part: TrackersPart } },
  { name: 'rates', title: 'Rates', source: { load: () => import('./rates-part.tsx') } },
  { name: 'why', title: 'Why', source: { Part: WhyPart } },
  { name: 'log', title: 'Log', source: { Part: LogPart } },
];
