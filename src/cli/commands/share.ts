// `shoal share`: publishes what is named and serves it until it is stopped.

import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import { catalogAccess } from '../catalog-access.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { untilAborted } from '../interrupt.ts';
import { openHost } from '../open-host.ts';
import { type PeerSettings, resolvePeers, sessionOptions } from '../peer-session.ts';
import { type Share, ShareView } from '../render/share-view.ts';
import { type Shared, shareEntry } from '../sharing.ts';

type Taken =
  | 'name'
  | 'exclude'
  | 'peer'
  | 'superSeed'
  | 'pieceLength'
  | keyof PeerSettings
  | 'noDaemon'
  | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings, paths) => {
  const { output, environment, signal } = context;
  const { name, exclude, pieceLength, superSeed } = settings;
  const peers = await resolvePeers(settings.peer);
  const access = catalogAccess(settings, environment);
  const session = await openHost(context, settings, async () => ({
    ...(await sessionOptions(settings, environment, `shoal share ${paths[0]}`, (line) => output.detail(line))),
    superSeed,
  }));
  const shares: Share[] = [];
  try {
    const entries = name === undefined ? paths.map((path) => [path]) : [paths];
    for (const entry of entries) {
      const shared = await shareEntry(
        session,
        access,
        { paths: entry, name, exclude, pieceLength, peers },
        output,
        signal,
      );
      shares.push(shared);
      tellShared(context, shared, session.listen);
      if (entries.length === 1) await showCode(context, shared.published.magnet);
      watchWarnings(context, shared);
    }
    output.say('Serving until you press Ctrl-C; run the same command again to go on serving.');
    output.progress(new ShareView(shares));
    await untilAborted(signal);
  } finally {
    output.endProgress();
    await session.close();
  }
  const { code } = signal.reason as ShoalError;
  const sent = shares.reduce((sum, { torrent }) => sum + torrent.status.uploaded, 0);
  throw new ShoalError(code, `stopped sharing, ${formatSize(sent)} sent; run the same command again to go on`);
};

function tellShared({ output }: CommandContext, { name, torrent, published }: Shared, listen: string): void {
  const { infoHash, size, path } = torrent.status;
  const { magnet, outcome, entry } = published;
  output.event('sharing', { name, infoHash, magnet, listen, size, path, version: entry.seq, outcome });
  const version = outcome === 'newVersion' ? `, version ${entry.seq}` : '';
  output.result(`Sharing ${printable(name)}, ${formatSize(size)}${version}`);
  output.result(printable(magnet));
}

/** The lines that follow the code, and where the terminal's prompt was. */
const OTHER_LINES = 5;

/** For whoever stands beside with a telephone. Of several shares each would push the others out of sight. */
async function showCode({ output }: CommandContext, magnet: string): Promise<void> {
  await output.picture(async ({ rows, ...room }) => {
    const { drawQrCode } = await import('../render/qr-code.ts');
    return drawQrCode(magnet, { ...room, rows: rows - OTHER_LINES });
  });
}

/** Files that change while they are served are told of at once; a share that cannot go on is an error of its own. */
function watchWarnings({ output }: CommandContext, { name, torrent }: Shared): void {
  const read = async () => {
    for await (const event of torrent.events()) {
      if (event.type === 'warning') output.warn(event.message);
      else if (event.type === 'failed') output.warn(`"${name}" is not shared any more: ${event.error.message}`);
      else if (event.type === 'peerConnected')
        output.detail(`${printable(event.address)} ${printable(event.client)} connected`);
      else if (event.type === 'peerDisconnected')
        output.detail(`${printable(event.address)} left: ${printable(event.reason)}`);
    }
  };
  read().catch((error) => output.warn(String(error)));
}
