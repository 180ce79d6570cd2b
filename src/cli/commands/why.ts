// `shoal why`: what a running download, or the last one, waited for. Reads what the downloading process leaves in its state
// directory; asks only a daemon that runs there what is not running of its torrents, and changes nothing.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TorrentRow } from '../../api/daemon-schemas.ts';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import { WHY_FILE, type WhyRecord } from '../../engine/why.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { findDaemon } from '../daemon-access.ts';
import type { Output } from '../output.ts';
import { stateDirectory } from '../peer-session.ts';
import { tellWhy } from '../render/why-view.ts';
import type { Settings } from '../settings.ts';
import { parseWhyRecord } from '../why-record.ts';

/** A running download writes once a second. Milliseconds after which it has ended without a word. */
const PATIENCE = 10_000;

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async (context, settings, [wanted]) => {
  const state = stateDirectory(settings, context.environment);
  const row = wanted === undefined ? undefined : await findRow(settings, context.environment, wanted);
  if (row !== undefined && (row.error !== null || row.waiting !== null || IDLE.includes(row.state)))
    return tellRow(context.output, row);
  const records = await readAll(join(state, 'torrents'));
  const name = wanted?.normalize('NFC');
  const matching = records.filter(
    (record) => name === undefined || record.name === name || record.infoHash === name.toLowerCase(),
  );
  const latest = matching.sort((a, b) => b.at - a.at)[0];
  if (latest === undefined && row !== undefined) return tellRow(context.output, row);
  if (latest === undefined)
    throw new ShoalError(
      'ERR_NOT_FOUND',
      `${name === undefined ? 'no download' : `no download of "${printable(name)}"`} is known in ${state}; name its state directory with --state, or start one with shoal get or shoal add`,
    );
  const running = latest.ended === undefined && Date.now() - latest.at < PATIENCE;
  tellWhy(context.output, latest, running);
};

async function findRow(
  settings: Pick<Settings, 'state'>,
  environment: CommandContext['environment'],
  wanted: string,
): Promise<TorrentRow | undefined> {
  const client = await findDaemon(settings, environment);
  if (client === undefined) return undefined;
  const { torrents } = await client.torrents({});
  const name = wanted.normalize('NFC');
  return torrents.find((torrent) => torrent.infoHash === name.toLowerCase() || torrent.name === name);
}

/** In these a torrent of the daemon loads nothing, and what it waited for in another run does not tell why. */
const IDLE: readonly TorrentRow['state'][] = ['paused', 'queued', 'checking'];

const REASONS: Readonly<Record<TorrentRow['state'], string>> = {
  paused: 'It is paused; shoal resume lets it run.',
  queued: 'It waits for its turn; shoal limit --active-downloads and --active-seeds say how many run at a time.',
  checking: 'What is on the disk is checked first.',
  metadata: 'Its metadata is asked of peers; --peer and --tracker of shoal add name more of them.',
  downloading: 'It has just begun.',
  seeding: 'Everything that is wanted of it is here, and it is served to who asks.',
  finished: 'It is complete, and its goal for seeding is reached; shoal resume lets it go on.',
  failed: 'It failed; shoal resume tries it again.',
};

function tellRow(output: Output, { name, infoHash, state, have, wanted, error, waiting }: TorrentRow): void {
  const advice =
    error !== null
      ? `${error.message}. Once that is mended, shoal resume tries it again.`
      : waiting !== null
        ? `${waiting.message}. It goes on by itself.`
        : REASONS[state];
  output.event('why', { name, infoHash, running: false, state, size: wanted, have, advice });
  const amount = wanted === 0 ? '' : `${formatSize(have)} of ${formatSize(wanted)}, `;
  output.result(`${printable(name)}: ${amount}${state}`);
  output.result(printable(advice));
}

async function readAll(folder: string): Promise<WhyRecord[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return [];
  }
  const records: WhyRecord[] = [];
  for (const name of names) {
    const record = await readOne(join(folder, name, WHY_FILE));
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** A file that is missing, damaged or of another version is as good as none. */
async function readOne(path: string): Promise<WhyRecord | undefined> {
  try {
    return parseWhyRecord(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
