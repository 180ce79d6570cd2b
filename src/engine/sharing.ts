// The steps by which something becomes available under a name, whoever takes them: hash it, put it into the catalogs,
// and wait until a tracker knows where it is served.

import { ShoalError } from '../base/errors.ts';
import type { CreatedTorrent } from '../io/disk/create.ts';
import { type Published, type PublishOptions, publishEntry } from './catalog-publish.ts';
import type { Torrent } from './types.ts';

const LOOK_EVERY = 20;
/** Milliseconds a tracker that has just taken the entry may need to answer the first announce. */
const ANNOUNCE_PATIENCE = 15_000;

export interface PublishRequest extends Pick<PublishOptions, 'trackers' | 'pins' | 'signal' | 'retryFor'> {
  identity: PublishOptions['identity'];
  /** In the catalog; default the content's own name. */
  name: string | undefined;
}

/** Throws what `publishEntry` throws. */
export async function publishCreated(
  { metainfo, torrent }: Pick<CreatedTorrent, 'metainfo' | 'torrent'>,
  { name, ...request }: PublishRequest,
): Promise<{ name: string; published: Published }> {
  const wanted = (name ?? metainfo.name).normalize('NFC');
  const published = await publishEntry({ ...request, name: wanted, torrentBytes: torrent, metainfo });
  return { name: wanted, published };
}

/**
 * Resolves when a tracker has answered `started`, which makes the peer known to others; without one in time it comes back
 * with a warning. Throws what ended the torrent.
 */
export async function untilAnnounced(torrent: Pick<Torrent, 'trackers' | 'status'>): Promise<string | undefined> {
  const began = performance.now();
  const answered = () => torrent.trackers.some(({ lastAnswer, failure }) => lastAnswer > 0 && failure === undefined);
  while (!answered()) {
    const { error, state, name } = torrent.status;
    if (error !== undefined) throw error;
    if (state === 'stopped') throw new ShoalError('ERR_INTERRUPTED', `sharing "${name}" was stopped`);
    if (performance.now() - began > ANNOUNCE_PATIENCE) {
      const failure = torrent.trackers.find((tracker) => tracker.failure !== undefined)?.failure ?? 'no answer';
      return `no tracker has taken the announce of "${name}" yet (${failure}); it is tried again`;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  return undefined;
}
