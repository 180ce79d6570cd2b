// `shoal unshare`: takes a name out of the catalogs, by its publisher's signature or with an operator's token.

import { readFile } from 'node:fs/promises';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { unpublishName } from '../../engine/catalog-publish.ts';
import { catalogAccess } from '../catalog-access.ts';
import type { COMMON, CommandRun } from '../command.ts';

const MAX_TOKEN = 1024;

export const run: CommandRun<'tracker' | 'admin' | 'state' | (typeof COMMON)[number]> = async (
  { output, environment },
  settings,
  [name],
) => {
  const access = catalogAccess(settings, environment);
  const { trackers, warnings } = await unpublishName({
    trackers: access.trackers,
    pins: access.pins,
    identity: await access.identity(),
    name: name!,
    token: settings.admin === undefined ? undefined : await readToken(settings.admin),
  });
  for (const warning of warnings) output.warn(warning);
  output.event('unshared', { name, trackers });
  output.result(`${printable(name!)} is out of the catalog of ${trackers.map(printable).join(', ')}`);
};

/** What is a path is read; a token is taken as it is. */
async function readToken(given: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(given, 'utf8');
  } catch (error) {
    if (/^[A-Za-z0-9_.~+=-]+$/.test(given)) return given;
    throw new ShoalError('ERR_USAGE', `--admin: ${given} is no token, and no file that can be read`, { cause: error });
  }
  const token = text.trim();
  if (token.length > MAX_TOKEN || /\s/.test(token))
    throw new ShoalError('ERR_USAGE', `--admin: ${given} does not hold a token; the tracker says where its own is`);
  return token;
}
