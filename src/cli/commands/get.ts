// `shoal get`: finds out what is meant (a name, a magnet link, a .torrent file, the address of one), fetches it, and goes on
// seeding when asked to.

import { EXIT, ShoalError } from '../../base/errors.ts';
import { formatPercent } from '../../base/quantity.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { chooseDestination, download, reportDownload, UNATTENDED_TIMEOUT } from '../download.ts';
import { untilAborted } from '../interrupt.ts';
import { openHost } from '../open-host.ts';
import { type PeerSettings, resolvePeers, sessionOptions, stateDirectory } from '../peer-session.ts';
import { ShareView } from '../render/share-view.ts';
import type { FollowedTorrent } from '../torrent-host.ts';
import { findWanted } from '../wanted.ts';

type Taken =
  | 'output'
  | 'overwrite'
  | 'files'
  | 'sequential'
  | 'seed'
  | 'peer'
  | 'timeout'
  | 'publisher'
  | 'trust'
  | keyof PeerSettings
  | 'noDaemon'
  | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings, [source]) => {
  const { output, environment, signal } = context;
  const peers = await resolvePeers(settings.peer);
  const session = await openHost(context, settings, () =>
    sessionOptions(settings, environment, `shoal get ${source}`, (line) => output.detail(line)),
  );
  let torrent: FollowedTorrent | undefined;
  try {
    const wanted = await findWanted(context, settings, source!);
    const options = {
      ...(await chooseDestination(settings.output, wanted.infoHash, stateDirectory(settings, environment))),
      overwrite: settings.overwrite,
      sequential: settings.sequential,
      ...(settings.files === undefined ? {} : { files: settings.files }),
    };
    wanted.options.peers = [...(wanted.options.peers ?? []), ...peers];
    const timeout = settings.timeout ?? (output.interactive ? 0 : UNATTENDED_TIMEOUT);
    const found = await download(session, wanted, options, { output, signal, timeout, listen: session.listen });
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
function resumable(reason: ShoalError, torrent: FollowedTorrent | undefined): ShoalError {
  const how = reason.exitCode === EXIT.interrupted ? 'interrupted' : 'terminated';
  if (torrent === undefined || torrent.status.size === 0)
    return new ShoalError(reason.code, `${how} before anything came`);
  const { name, have, wanted } = torrent.status;
  return new ShoalError(
    reason.code,
    have === wanted
      ? `stopped seeding "${name}"; run the same command again to go on`
      : `${how} with ${formatPercent(have, wanted)} of "${name}" here; run the same command again to go on`,
  );
}
