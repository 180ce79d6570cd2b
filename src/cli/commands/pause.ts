// `shoal pause`: stops torrents of the daemon until they are resumed.

import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellTorrents } from '../render/status-view.ts';

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  const chosen = await chooseTorrents(client, words);
  tellTorrents(output, await Promise.all(chosen.map(({ infoHash }) => client.pause({ params: { infoHash } }))));
};
