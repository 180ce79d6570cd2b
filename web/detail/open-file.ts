// Opens a file of a transfer in a window of its own; what is not here yet is fetched first where it is read.

import { api } from '../data/api.ts';

/** Throws what the daemon says against it. */
export async function openFile(infoHash: string, index: number): Promise<void> {
  const { path } = await api.openStream({ params: { infoHash, index } });
  window.open(path, '_blank', 'noopener');
}
