// From what a caller names (a magnet link, a .torrent, the address of one, a name in the catalog) to an entry of the list.
// Decides where the data may go; starts nothing.

import { isAbsolute } from 'node:path';
import type { AddBody } from '../api/daemon-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { resolveName } from '../engine/catalog.ts';
import { prioritiesOf, wantedParts } from '../engine/file-priorities.ts';
import { resolveSource } from '../engine/torrent-source.ts';
import type { TorrentSource } from '../engine/types.ts';
import type { Pins } from '../io/stores/pins.ts';
import { trackerUrl } from '../protocol/announce-list.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import type { AllowedRoots } from './allowed-roots.ts';
import { fetchTorrent } from './fetch-torrent.ts';
import type { TorrentEntry } from './torrent-list.ts';

export interface AddContext {
  /** Where downloads go that say nothing else. */
  readonly downloads: string;
  readonly roots: AllowedRoots;
  /** Base URLs. */
  readonly trackers: readonly string[];
  readonly pins: Pins;
  readonly now: () => number;
}

export interface Added {
  entry: TorrentEntry;
  /** The .torrent, unless only a link is known. */
  torrent: Uint8Array | undefined;
  metainfo: Metainfo | undefined;
}

interface Named {
  source: TorrentSource;
  /** Tiers that the source itself does not name. */
  trackers: string[][];
}

/** Each is matched against each file. */
const MAX_PATTERNS = 1000;

/** `owner`: may name any path. `position` and `run`: its place in the queue, and whether it is to run. */
export async function describeAdded(
  body: AddBody,
  context: AddContext,
  caller: { owner: boolean },
  { position, run }: { position: number; run: boolean },
): Promise<Added> {
  const { source, trackers } = await findSource(body, context);
  const resolved = resolveSource(source);
  const { infoHash, name, torrent, metainfo } = resolved;
  const place = await choosePlace(body, context, caller);
  const extra = [...trackers, ...readTrackers(body.trackers ?? [])];
  // One that names no tracker at all is announced where this daemon announces.
  const known = extra.length > 0 || resolved.trackers.length > 0;
  const files = body.files ?? resolved.files;
  if (files !== undefined && files.filter((term) => typeof term === 'string').length > MAX_PATTERNS)
    throw new ShoalError('ERR_USAGE', `more than ${MAX_PATTERNS} patterns are too many; name files by number`, {
      reason: 'too_many_patterns',
    });
  const entry: TorrentEntry = {
    infoHash,
    name,
    added: context.now(),
    ...(typeof source === 'string' ? { magnet: source } : {}),
    place,
    overwrite: body.overwrite === true,
    ...(body.originals === undefined ? {} : { originals: body.originals }),
    trackers: known ? extra : [],
    peers: body.peers ?? [],
    ...(body.sequential === true ? { sequential: true } : {}),
    ...(files !== undefined && metainfo === undefined ? { files: [...files] } : {}),
    wanted: run ? 'run' : 'pause',
    labels: [...new Set(body.labels ?? [])],
    limits: body.limits ?? {},
    position,
    done: null,
    downloaded: 0,
    uploaded: 0,
    fetched: 0,
    seeded: 0,
    seen: {
      size: metainfo?.size ?? 0,
      have: 0,
      pieceCount: metainfo?.pieceCount ?? 0,
      piecesHave: 0,
      private: metainfo?.private ?? false,
    },
  };
  if (files !== undefined && metainfo !== undefined) wantFiles(entry, metainfo, prioritiesOf(metainfo, files));
  return { entry, torrent, metainfo };
}

/** Of a torrent that has not begun yet: a priority a file. */
export function wantFiles(entry: TorrentEntry, metainfo: Metainfo, priorities: readonly number[]): void {
  entry.priorities = priorities;
  Object.assign(entry.seen, wantedParts(metainfo, priorities));
}

async function findSource(body: AddBody, context: AddContext): Promise<Named> {
  const given = [body.magnet, body.torrent, body.url, body.name].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw new ShoalError('ERR_USAGE', 'name exactly one of magnet, torrent, url and name', { reason: 'bad_source' });
  if (body.magnet !== undefined) return { source: body.magnet, trackers: [] };
  if (body.torrent !== undefined) return { source: decodeBase64(body.torrent), trackers: [] };
  if (body.url !== undefined) {
    const trusted = context.trackers.flatMap((url) => URL.parse(url)?.origin ?? []);
    return { source: await fetchTorrent(body.url, { trusted }), trackers: [] };
  }
  const { torrentBytes, trackers } = await resolveName({
    trackers: context.trackers,
    name: body.name!.normalize('NFC'),
    version: body.version,
    publisher: body.publisher,
    trust: body.trust,
    pins: context.pins,
  });
  return { source: torrentBytes, trackers: trackers.map((tier) => [...tier]) };
}

/** Announce or base URLs as tiers of one each. Throws ERR_USAGE for what is no tracker's address. */
export function readTrackers(urls: readonly string[]): string[][] {
  return urls.map((url) => {
    const known = trackerUrl(url);
    if (known === undefined)
      throw new ShoalError('ERR_USAGE', `${JSON.stringify(url.slice(0, 100))} is not the address of a tracker`, {
        reason: 'bad_tracker',
      });
    return [/^https?:/i.test(known) ? announceUrlOf(known) : known];
  });
}

function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || Math.ceil(bytes.length / 3) * 4 - text.length > 2)
    throw new ShoalError('ERR_USAGE', 'torrent is not base64', { reason: 'bad_base64' });
  return bytes;
}

async function choosePlace(
  { path, directory, originals }: AddBody,
  { downloads, roots }: AddContext,
  { owner }: { owner: boolean },
): Promise<TorrentEntry['place']> {
  if (path !== undefined && directory !== undefined)
    throw new ShoalError('ERR_USAGE', 'give either path or directory', { reason: 'bad_path' });
  if (originals !== undefined && (!owner || path === undefined || !originals.every(isAbsolute)))
    throw new ShoalError('ERR_NOT_ALLOWED', 'files are shared from where they lie only for the owner, by their paths', {
      reason: 'owner_only',
    });
  if (path === undefined && directory === undefined) return { directory: downloads };
  const check = async (wanted: string): Promise<string> => {
    if (!owner) return roots.check(wanted);
    if (!isAbsolute(wanted)) throw new ShoalError('ERR_USAGE', `${wanted} is no absolute path`, { reason: 'bad_path' });
    return wanted;
  };
  return path === undefined ? { directory: await check(directory!) } : { path: await check(path) };
}
