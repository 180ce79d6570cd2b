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
    const gone = kept.length > 0 ? ', but not all of its data' : ' with its data';
    output.result(`${printable(name)} is removed${data ? gone : `; its data stays in ${printable(path)}`}`);
    for (const file of kept)
      output.warn(`${file} stays: it was there before, has been changed since, or cannot be deleted`);
  }
};
