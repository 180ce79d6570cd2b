// `shoal suggest`: names that a shell offers when somebody presses Tab. Says nothing rather than something late or wrong:
// who presses Tab wants neither an error nor a wait.

import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { listFiles } from '../../engine/catalog.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { ASKED, type Asked } from '../completion/suggestion.ts';
import { findDaemon } from '../daemon-access.ts';
import { trackersOf } from '../peer-session.ts';
import type { Settings } from '../settings.ts';

/** Milliseconds. */
const PATIENCE = 1000;
const MOST_NAMES = 500;

type Taken = 'tracker' | 'state' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async ({ output, environment }, settings, [kind, beginning = '']) => {
  const asked = ASKED.find((each) => each === kind);
  if (asked === undefined) throw new ShoalError('ERR_USAGE', `suggest takes ${ASKED.join(', ')}, not "${kind}"`);
  const names = await findNames(asked, beginning, settings, environment).catch(() => []);
  const fitting = names.filter((name) => name.startsWith(beginning) && isPlain(name));
  for (const name of new Set(fitting)) {
    output.event('name', { name });
    output.result(name);
  }
};

/** A name that would have to be escaped is not the name any more, and a shell takes each line for one. */
function isPlain(name: string): boolean {
  return name !== '' && printable(name) === name;
}

async function findNames(
  asked: Asked,
  beginning: string,
  settings: Pick<Settings, 'tracker' | 'state'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const signal = AbortSignal.timeout(PATIENCE);
  if (asked === 'entry') {
    const trackers = trackersOf(settings);
    const { files } = await listFiles({ trackers, query: beginning, limit: MOST_NAMES, retryFor: 0, signal });
    return files.map(({ name }) => name);
  }
  const client = await findDaemon(settings, environment);
  if (client === undefined) return [];
  const { torrents } = await client.torrents({ signal });
  return asked === 'torrent' ? torrents.map(({ name }) => name) : torrents.flatMap(({ labels }) => labels);
}
