// `shoal peers`: whom one of the daemon's torrents is connected to.

import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellPeers } from '../render/status-view.ts';

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  for (const { infoHash } of await chooseTorrents(client, words))
    tellPeers(output, await client.peers({ params: { infoHash } }));
};
