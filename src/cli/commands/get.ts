// `shoal get`: finds out what is meant (a name, a magnet link, a .torrent file, the address of one), fetches it, and goes on
// seeding when asked to.

import { stat } from 'node:fs/promises';
import { EXIT, ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { type ResolvedName, resolveName } from '../../engine/catalog.ts';
import { Session } from '../../engine/session.ts';
import type { Torrent } from '../../engine/types.ts';
import { parseMagnet } from '../../protocol/magnet.ts';
import { announceUrlOf } from '../../protocol/tracker/http.ts';
import { type CatalogAccess, catalogAccess } from '../catalog-access.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { chooseDestination, download, reportDownload, UNATTENDED_TIMEOUT, type Wanted } from '../download.ts';
import { untilAborted } from '../interrupt.ts';
import type { Output } from '../output.ts';
import { listenOf, resolvePeers, sessionOptions, stateDirectory, trackersOf } from '../peer-session.ts';
import { formatPercent } from '../render/quantity.ts';
import { ShareView } from '../render/share-view.ts';
import type { Settings } from '../settings.ts';
import { fetchTorrent, readTorrentFile } from '../torrent-source.ts';

type Taken =
  | 'output'
  | 'overwrite'
  | 'seed'
  | 'peer'
  | 'timeout'
  | 'publisher'
  | 'trust'
  | 'tracker'
  | 'listen'
  | 'state'
  | 'down'
  | 'up'
  | 'memory'
  | 'noDaemon'
  | (typeof COMMON)[number];

type GetSettings = Pick<Settings, Taken>;

export const run: CommandRun<Taken> = async (context, settings, [source]) => {
  const { output, environment, signal } = context;
  const peers = await resolvePeers(settings.peer);
  const session = await Session.open(await sessionOptions(settings, environment, `shoal get ${source}`));
  let torrent: Torrent | undefined;
  try {
    const wanted = await findWanted(context, settings, source!);
    const options = {
      ...(await chooseDestination(settings.output, wanted.infoHash, stateDirectory(settings, environment))),
      overwrite: settings.overwrite,
    };
    wanted.options.peers = [...(wanted.options.peers ?? []), ...peers];
    const timeout = settings.timeout ?? (output.interactive ? 0 : UNATTENDED_TIMEOUT);
    const found = await download(session, wanted, options, { output, signal, timeout, listen: listenOf(session) });
    torrent = found.torrent;
    reportDownload(output, found.summary);
    if (!settings.seed) return;
    output.say('Seeding until you press Ctrl-C.');
    output.progress(new ShareView([{ name: found.summary.name, torrent }]));
    await untilAborted(signal);
    throw signal.reason;
  } catch (error) {
    torrent ??= session.torrents[0];
    throw error === signal.reason ? resumable(signal.reason as ShoalError, torrent) : error;
  } finally {
    output.endProgress();
    await session.close();
  }
};

/** Interrupting loses nothing, and the message says how to go on. */
function resumable(reason: ShoalError, torrent: Torrent | undefined): ShoalError {
  const how = reason.exitCode === EXIT.interrupted ? 'interrupted' : 'terminated';
  if (torrent === undefined || torrent.status.size === 0)
    return new ShoalError(reason.code, `${how} before anything came`);
  const { name, have, size } = torrent.status;
  return new ShoalError(
    reason.code,
    have === size
      ? `stopped seeding "${name}"; run the same command again to go on`
      : `${how} with ${formatPercent(have, size)} of "${name}" here; run the same command again to go on`,
  );
}

async function findWanted(context: CommandContext, settings: GetSettings, source: string): Promise<Wanted> {
  const { output, environment, signal } = context;
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
  return findNamed(output, signal, catalogAccess(settings, environment), source, settings);
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
export async function findNamed(
  output: Output,
  signal: AbortSignal,
  { trackers, pins }: CatalogAccess,
  source: string,
  { publisher, trust }: { publisher?: string | undefined; trust?: boolean },
): Promise<Wanted> {
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
