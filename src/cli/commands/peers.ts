// `shoal peers`: whom one of the daemon's torrents is connected to.

import { printable } from '../../base/printable.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellPeers } from '../render/status-view.ts';

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  const chosen = await chooseTorrents(client, words);
  for (const torrent of chosen) {
    if (chosen.length > 1) output.result(`${printable(torrent.name)}:`);
    tellPeers(output, torrent, await client.peers({ params: { infoHash: torrent.infoHash } }));
  }
};
