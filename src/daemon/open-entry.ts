// How an entry of the daemon's list becomes a torrent of its session: from its metadata or its link, fetched to where it belongs
// or seeded where it lies. Keeps nothing.

import { parseHostPort } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { prioritiesOf } from '../engine/file-priorities.ts';
import type { Session } from '../engine/session.ts';
import { sha1 } from '../engine/torrent-source.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import { changePriorities } from './file-choice.ts';
import { choicesOf } from './file-lists.ts';
import type { TorrentEntry } from './torrent-list.ts';

/**
 * The work is in an object, because the torrent is to be shown while its disk is still checked. `doubted`: what is known of
 * data that is shared where it lies counts for nothing. Throws ERR_STATE when the state directory has lost what it needs.
 */
export async function openEntry(
  entry: TorrentEntry,
  { session, store }: { session: Session; store: TorrentStore },
  doubted: boolean,
): Promise<{ work: Promise<unknown> }> {
  const { torrent: bytes, record } = await store.load(entry.infoHash);
  const peers = entry.peers.flatMap((text) => parseHostPort(text) ?? []);
  const options = {
    ...entry.place,
    overwrite: entry.overwrite,
    trackers: entry.trackers,
    onlyTrackers: entry.onlyTrackers === true,
    peers,
    sequential: entry.sequential === true,
    // Asked when the metadata is here: until then more may be said of it.
    choose: (metainfo: Metainfo) => choosePriorities(entry, metainfo),
    ...(entry.priorities === undefined ? {} : { filePriorities: entry.priorities }),
  };
  if (entry.originals !== undefined && 'path' in entry.place) {
    if (bytes === undefined || record === undefined)
      throw new ShoalError(
        'ERR_STATE',
        `what is known of ${entry.name} is gone from the state directory; remove it and share it again`,
      );
    const vouched = doubted ? { ...record, files: record.files.map(() => undefined) } : record;
    const original = { paths: entry.originals, record: vouched };
    return { work: session.seedOriginal(parseMetainfo(bytes, sha1), entry.place.path, original, options) };
  }
  const source = bytes ?? entry.magnet;
  if (source === undefined)
    throw new ShoalError(
      'ERR_STATE',
      `the metadata of ${entry.name} is gone from the state directory; remove it and add it again`,
    );
  return { work: session.add(source, options) };
}

/** Throws ERR_USAGE when what was said of its files means none of them. */
function choosePriorities(entry: TorrentEntry, metainfo: Metainfo): readonly number[] | undefined {
  const { files, listed } = entry;
  const named = files === undefined ? undefined : prioritiesOf(metainfo, files);
  return listed === undefined ? named : changePriorities(metainfo, named, choicesOf(metainfo, named, listed, true));
}
