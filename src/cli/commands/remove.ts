// `shoal remove`: has the daemon forget torrents; their data stays unless it is to go, too.

import { printable } from '../../base/printable.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';

type Taken = 'state' | 'withData' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  const data = settings.withData;
  for (const { infoHash, name, path } of await chooseTorrents(client, words)) {
    const { kept } = await client.remove({ params: { infoHash }, query: { data } });
    output.event('removed', { infoHash, name, path, data, kept });
    output.result(`${printable(name)} is removed${data ? ' with its data' : `; its data stays in ${printable(path)}`}`);
    for (const file of kept) output.warn(`${file} could not be deleted`);
  }
};
