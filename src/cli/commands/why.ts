// `shoal why`: what a running download, or the last one, waited for. Reads what the downloading process leaves in its state
// directory; asks nobody and changes nothing.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { WHY_FILE, type WhyRecord } from '../../engine/why.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { stateDirectory } from '../peer-session.ts';
import { tellWhy } from '../render/why-view.ts';
import { parseWhyRecord } from '../why-record.ts';

/** A running download writes once a second. Milliseconds after which it has ended without a word. */
const PATIENCE = 10_000;

export const run: CommandRun<'state' | (typeof COMMON)[number]> = async (context, settings, [wanted]) => {
  const state = stateDirectory(settings, context.environment);
  const records = await readAll(join(state, 'torrents'));
  const name = wanted?.normalize('NFC');
  const matching = records.filter(
    (record) => name === undefined || record.name === name || record.infoHash === name.toLowerCase(),
  );
  const latest = matching.sort((a, b) => b.at - a.at)[0];
  if (latest === undefined)
    throw new ShoalError(
      'ERR_NOT_FOUND',
      `${name === undefined ? 'no download' : `no download of "${printable(name)}"`} is known in ${state}; name its state directory with --state, or start one with shoal get`,
    );
  const running = latest.ended === undefined && Date.now() - latest.at < PATIENCE;
  tellWhy(context.output, latest, running);
};

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
