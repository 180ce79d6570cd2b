// What was just hashed becomes the state of a torrent, so that whoever seeds it need not hash it again.

import { lock } from '../io/lock.ts';
import type { TorrentRecord } from '../io/stores/torrent-record.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';

/** `torrent`: the .torrent. Only for a torrent that does not run. Throws ERR_LOCKED and ERR_STATE. */
export async function keepOriginal(store: TorrentStore, torrent: Uint8Array, record: TorrentRecord): Promise<void> {
  const { infoHash } = record;
  const folder = store.folder(infoHash);
  if (folder === undefined) return;
  const held = await lock(folder, 'shoal share');
  try {
    await store.saveTorrent(infoHash, torrent);
    const journal = await store.openJournal(record);
    await journal?.close();
  } finally {
    await held.release();
  }
}
