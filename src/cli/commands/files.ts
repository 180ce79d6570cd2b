// `shoal files`: the files of one of the daemon's torrents.

import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellFiles } from '../render/status-view.ts';

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  for (const { infoHash } of await chooseTorrents(client, words))
    tellFiles(output, await client.files({ params: { infoHash } }));
};
