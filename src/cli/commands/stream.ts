// `shoal stream`: an address at which a player plays a file of one of the daemon's torrents while it is fetched.

import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '../../api/daemon-client.ts';
import type { FilesReply } from '../../api/daemon-schemas.ts';
import { ShoalError } from '../../base/errors.ts';
import { printable, quoted } from '../../base/printable.ts';
import { matchFiles } from '../../protocol/file-selection.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';

type File = FilesReply['files'][number];

const LOOK_EVERY = 250;

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async (context, settings, [word, term]) => {
  const { output, environment } = context;
  const client = await connectDaemon(settings, environment);
  const [torrent] = await chooseTorrents(client, [word!]);
  if (torrent === undefined) throw new ShoalError('ERR_NOT_FOUND', 'the daemon has no torrents; see shoal status');
  const { infoHash, name, state } = torrent;
  if (state === 'paused' || state === 'finished' || state === 'failed')
    output.warn(`"${printable(name)}" is ${state}; nothing is played before shoal resume`);
  const files = await untilKnown(client, infoHash, context);
  const { index, path } = chooseFile(files, term);
  const { url, expires } = await client.openStream({ params: { infoHash, index } });
  output.event('stream', { infoHash, name, index, path, url, expires });
  output.result(url);
};

/** A link may have been added a moment ago. */
async function untilKnown(client: DaemonClient, infoHash: string, context: CommandContext): Promise<File[]> {
  for (let told = false; ; told = true) {
    const { files } = await client.files({ params: { infoHash } });
    if (files.length > 0) return files;
    if (!told) context.output.say('Waiting for its metadata.');
    const { signal } = context;
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Without a word the largest: the film and not what lies beside it. Throws ERR_NOT_FOUND and ERR_USAGE. */
function chooseFile(files: readonly File[], term: string | undefined): File {
  if (term === undefined) return files.reduce((largest, file) => (file.size > largest.size ? file : largest));
  const meant = matchFiles([term], files);
  if (meant.length === 1) return meant[0]!;
  if (meant.length === 0)
    throw new ShoalError('ERR_NOT_FOUND', `${quoted(term)} means none of its files; see shoal files`, {
      reason: 'no_file_chosen',
    });
  const shown = meant.slice(0, 5).map((file) => `${file.index} (${printable(file.path)})`);
  throw new ShoalError('ERR_USAGE', `${quoted(term)} may be ${shown.join(', ')}${meant.length > 5 ? ', …' : ''}`, {
    reason: 'ambiguous',
  });
}
