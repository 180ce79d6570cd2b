// `shoal add`: gives the daemon something to fetch. Files and addresses are read here, with the rights of who calls.

import { stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { AddBody, TorrentRow } from '../../api/daemon-schemas.ts';
import { formatEndpoint } from '../../base/endpoint.ts';
import { encodeMetainfo } from '../../protocol/metainfo-build.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { connectDaemon } from '../daemon-access.ts';
import { resolvePeers } from '../peer-session.ts';
import { tellTorrents } from '../render/status-view.ts';
import { flagName, type Settings, toLimit } from '../settings.ts';
import { findWanted, type Wanted } from '../wanted.ts';

type Taken =
  | 'output'
  | 'overwrite'
  | 'files'
  | 'sequential'
  | 'paused'
  | 'label'
  | 'peer'
  | 'publisher'
  | 'trust'
  | 'tracker'
  | 'state'
  | 'down'
  | 'up'
  | 'ratio'
  | 'seedTime'
  | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings, sources) => {
  const { output, environment } = context;
  const client = await connectDaemon(settings, environment);
  const peers = (await resolvePeers(settings.peer)).map(formatEndpoint);
  const place = await placeOf(settings.output);
  const catalogs = settings.tracker ?? (await client.session({})).trackers;
  const rows: TorrentRow[] = [];
  const add = async (source: string): Promise<void> => {
    const wanted = await findWanted(context, { ...settings, catalogs }, source);
    const body: AddBody = {
      ...sourceOf(wanted),
      ...place,
      overwrite: settings.overwrite,
      labels: settings.label ?? [],
      limits: limitsOf(context, settings),
      trackers: (wanted.options.trackers ?? []).flat(),
      peers,
      ...(settings.files === undefined ? {} : { files: settings.files }),
      ...(settings.sequential ? { sequential: true } : {}),
      ...(settings.paused ? { paused: true } : {}),
    };
    const { added, torrent } = await client.add({ body });
    if (!added) output.warn(`the daemon has "${torrent.name}" already, in ${torrent.path}`);
    rows.push(torrent);
  };
  try {
    for (const source of sources) await add(source);
  } finally {
    // Those before one that failed are there.
    if (rows.length > 0) tellTorrents(output, rows);
  }
};

/** As `get -o` understands it. Without -o it goes where the daemon's downloads go. */
async function placeOf(output: string | undefined): Promise<Pick<AddBody, 'path' | 'directory'>> {
  if (output === undefined) return {};
  const path = resolve(output);
  if (output.endsWith('/') || output.endsWith(sep)) return { directory: path };
  const isDirectory = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  return isDirectory ? { directory: path } : { path };
}

export function sourceOf({ source }: Pick<Wanted, 'source'>): Pick<AddBody, 'magnet' | 'torrent'> {
  if (typeof source === 'string') return { magnet: source };
  const bytes = source instanceof Uint8Array ? source : encodeMetainfo(source);
  return { torrent: Buffer.from(bytes).toString('base64') };
}

/** Only flags: what the environment or the config file say is for the daemon itself. */
function limitsOf(
  { origins }: CommandContext,
  settings: Pick<Settings, 'down' | 'up' | 'ratio' | 'seedTime'>,
): NonNullable<AddBody['limits']> {
  const limits: Record<string, number | null> = {};
  for (const name of ['down', 'up', 'ratio', 'seedTime'] as const) {
    const value = settings[name];
    if (value !== undefined && origins.get(name) === `--${flagName(name)}`) limits[name] = toLimit(value);
  }
  return limits;
}
