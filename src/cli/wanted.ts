// Finds out what a word stands for that somebody wants to fetch: a name in the catalog, a magnet link, a .torrent file, or
// the address of one. Asks the catalog where needed; fetches no content.

import { stat } from 'node:fs/promises';
import { ShoalError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { type ResolvedName, resolveName } from '../engine/catalog.ts';
import type { AddOptions, TorrentSource } from '../engine/types.ts';
import { parseMagnet } from '../protocol/magnet.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import { catalogAccess } from './catalog-access.ts';
import type { CommandContext } from './command.ts';
import { trackersOf } from './peer-session.ts';
import type { Settings } from './settings.ts';
import { fetchTorrent, readTorrentFile } from './torrent-source.ts';

export interface Wanted {
  source: TorrentSource;
  /** What the user called it. */
  label: string;
  infoHash: string;
  options: Pick<AddOptions, 'trackers' | 'peers'>;
}

export type FindSettings = Pick<Settings, 'tracker' | 'state'> &
  Partial<Pick<Settings, 'publisher' | 'trust'>> & {
    /** Trackers whose catalogs are asked for a name; default those of `tracker`. */
    catalogs?: readonly string[];
  };

/** Throws ERR_NOT_IN_CATALOG with near names, and what reading files, links and catalogs throws. */
export async function findWanted(context: CommandContext, settings: FindSettings, source: string): Promise<Wanted> {
  const { signal } = context;
  const given = settings.tracker === undefined ? [] : trackersOf(settings).map((url) => [announceUrlOf(url)]);
  if (/^magnet:/i.test(source)) {
    const { infoHash, name } = parseMagnet(source);
    return { source, label: name ?? infoHash, infoHash, options: { trackers: given } };
  }
  const isUrl = /^https?:\/\//i.test(source);
  if (isUrl || (await isTorrentFile(source))) {
    const metainfo = isUrl ? await fetchTorrent(source, signal) : await readTorrentFile(source);
    return { source: metainfo, label: metainfo.name, infoHash: metainfo.infoHash, options: { trackers: given } };
  }
  return findNamed(context, settings, source);
}

/** A path is meant when it looks like one or is there; a name may well end in .torrent. */
async function isTorrentFile(source: string): Promise<boolean> {
  if (/^(\.{0,2}\/|[A-Za-z]:[\\/])/.test(source)) return true;
  if (!/\.torrent$/i.test(source)) return false;
  return stat(source).then(
    (status) => status.isFile(),
    () => false,
  );
}

/** NAME or NAME@VERSION; a name that itself ends like that is found too. */
async function findNamed(context: CommandContext, settings: FindSettings, source: string): Promise<Wanted> {
  const { output, environment, signal } = context;
  const { trackers: usual, pins } = catalogAccess(settings, environment);
  const { publisher, trust, catalogs = [] } = settings;
  const trackers = catalogs.length > 0 ? catalogs : usual;
  const look = (name: string, version?: number) =>
    resolveName({ trackers, pins, name: name.normalize('NFC'), version, publisher, trust, signal });
  const versioned = /^(.+)@([1-9][0-9]{0,14})$/.exec(source);
  let found: ResolvedName;
  if (versioned === null) found = await look(source);
  else
    found = await look(versioned[1]!, Number(versioned[2])).catch(async (error: unknown) => {
      if (!(error instanceof ShoalError) || error.code !== 'ERR_NOT_IN_CATALOG') throw error;
      return look(source).catch(() => {
        throw error;
      });
    });
  for (const warning of found.warnings) output.warn(warning);
  const { entry, metainfo } = found;
  if (output.verbose || found.firstContact)
    output.say(`${printable(entry.name)}, version ${entry.seq}, published by ${entry.publisher}`);
  return {
    source: found.torrentBytes,
    label: entry.name,
    infoHash: metainfo.infoHash,
    options: { trackers: found.trackers },
  };
}
