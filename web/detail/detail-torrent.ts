// The transfer whose details are shown, for the parts.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';

export const DetailTorrent = createContext<TorrentRow | undefined>(undefined);

/** Only within the details. */
export function useDetailTorrent(): TorrentRow {
  return useContext(DetailTorrent)!;
}
