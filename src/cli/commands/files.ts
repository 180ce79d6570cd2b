// `shoal files`: the files of one of the daemon's torrents, and which of them are wanted.

import type { FilePriority, FilesReply } from '../../api/daemon-schemas.ts';
import { ShoalError } from '../../base/errors.ts';
import { printable, quoted } from '../../base/printable.ts';
import { matchFiles } from '../../protocol/file-selection.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import { tellFiles } from '../render/status-view.ts';
import { flagName, type Settings } from '../settings.ts';

const PRIORITIES = ['skip', 'low', 'normal', 'high'] as const satisfies readonly FilePriority[];

type Choice = Pick<Settings, 'only' | FilePriority>;
type Taken = 'state' | keyof Choice | (typeof COMMON)[number];
type File = FilesReply['files'][number];

export const run: CommandRun<Taken> = async ({ output, environment }, settings, words) => {
  const client = await connectDaemon(settings, environment);
  const chosen = await chooseTorrents(client, words);
  for (const torrent of chosen) {
    const params = { infoHash: torrent.infoHash };
    const known = await client.files({ params });
    const changes = changesOf(known.files, settings);
    const now = changes.length === 0 ? known : await client.changeFiles({ params, body: { files: changes } });
    if (chosen.length > 1) output.result(`${printable(torrent.name)}:`);
    tellFiles(output, torrent, now);
  }
};

/** What was said later on wins; only what is not so already is changed. Throws ERR_NOT_FOUND when no file is meant. */
function changesOf(files: readonly File[], settings: Choice): { index: number; priority: FilePriority }[] {
  const priorities = new Map(files.map(({ index, priority }) => [index, priority]));
  if (settings.only !== undefined) {
    const wanted = new Set(findFiles(files, 'only', settings.only));
    for (const file of files) {
      if (!wanted.has(file)) priorities.set(file.index, 'skip');
      else if (file.priority === 'skip') priorities.set(file.index, 'normal');
    }
  }
  for (const priority of PRIORITIES)
    for (const { index } of findFiles(files, priority, settings[priority] ?? [])) priorities.set(index, priority);
  return files.flatMap((file) => {
    const priority = priorities.get(file.index)!;
    return priority === file.priority ? [] : [{ index: file.index, priority }];
  });
}

function findFiles(files: readonly File[], flag: keyof Choice, terms: readonly string[]): File[] {
  for (const term of terms)
    if (matchFiles([term], files).length === 0)
      throw new ShoalError(
        'ERR_NOT_FOUND',
        files.length === 0
          ? 'its files are not known yet; wait until the metadata is here'
          : `--${flagName(flag)}: ${quoted(term)} means none of the ${files.length} files; see shoal files for their numbers and paths`,
        { reason: 'no_file_chosen' },
      );
  return matchFiles(terms, files);
}
