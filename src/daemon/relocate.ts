// Puts what a torrent of the daemon has on the disk elsewhere, while nothing runs it, and keeps what is known of it there.

import { ShoalError } from '../base/errors.ts';
import { resolveRoot } from '../io/disk/safe-path.ts';
import { lock } from '../io/lock.ts';
import type { ManagedContext, ManagedTorrent } from './managed-torrent.ts';
import { moveData } from './move-data.ts';
import { leftBy } from './own-data.ts';
import type { TorrentEntry } from './torrent-list.ts';

type Context = Pick<ManagedContext, 'store' | 'log'>;

/**
 * `target`: where the file or folder at `from` goes. `place`: the same in words of the entry, which is also what counts
 * before the metadata is here. Throws ERR_NOT_ALLOWED for what is shared from where it lies, and what `moveData` throws.
 */
export async function relocate(
  torrent: ManagedTorrent,
  context: Context,
  target: (from: string) => string,
  place: (before: TorrentEntry['place']) => TorrentEntry['place'],
): Promise<void> {
  const { entry, infoHash } = torrent;
  if (entry.originals !== undefined)
    throw new ShoalError('ERR_NOT_ALLOWED', `${entry.name} is shared from where it lies; it cannot be moved`, {
      reason: 'shared_in_place',
    });
  await torrent.whileStopped(async () => {
    const metainfo = await torrent.metainfo();
    let isOwn = false;
    let moved: { from: string; to: string } | undefined;
    if (metainfo !== undefined) {
      const from = torrent.placeOf(metainfo);
      moved = { from: await resolveRoot(from), to: await resolveRoot(target(from)) };
      const { record } = await context.store.load(infoHash);
      isOwn = await moveData(metainfo, from, target(from), leftBy(record, moved.from));
    }
    entry.place = place(entry.place);
    entry.overwrite = isOwn;
    torrent.forgive();
    await torrent.save();
    // What only has another name need not be hashed anew: its stamp says so. What was copied has another one.
    if (moved !== undefined) await keepKnown(infoHash, context, moved);
  });
}

/** Without this everything is hashed anew, which is no reason for the move to fail. */
async function keepKnown(
  infoHash: string,
  { store, log }: Context,
  moved: { from: string; to: string },
): Promise<void> {
  try {
    const held = await lock(store.folder(infoHash)!, 'shoal daemon');
    await store.relocate(infoHash, moved.from, moved.to).finally(() => held.release());
  } catch (error) {
    log.warn(String(error));
  }
}
