// `shoal limit`: limits of the daemon, or of some of its torrents.

import type { DaemonClient } from '../../api/daemon-client.ts';
import type { TorrentLimits } from '../../api/daemon-schemas.ts';
import type { SettingsChange } from '../../api/settings-schemas.ts';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatDuration, formatRate } from '../../base/quantity.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { chooseTorrents, connectDaemon } from '../daemon-access.ts';
import type { Output } from '../output.ts';
import { flagName, type SettingName, type Settings, toLimit } from '../settings.ts';

const OF_TORRENT = ['down', 'up', 'ratio', 'seedTime', 'idleTime'] as const;
const OF_DAEMON = [...OF_TORRENT, 'activeDownloads', 'activeSeeds'] as const;

type Limits = Pick<Settings, (typeof OF_DAEMON)[number]>;
type Taken = 'state' | (typeof OF_DAEMON)[number] | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings, words) => {
  const { output, environment } = context;
  const client = await connectDaemon(settings, environment);
  if (words.length === 0) {
    tell(output, 'the daemon', await limitDaemon(client, given(context, settings, OF_DAEMON)));
    return;
  }
  for (const name of OF_DAEMON)
    if (!isOfTorrent(name) && context.origins.get(name) === `--${flagName(name)}`)
      throw new ShoalError('ERR_USAGE', `--${flagName(name)} is for the daemon as a whole; leave out the names`);
  const change = given(context, settings, OF_TORRENT);
  for (const { infoHash, name, limits } of await chooseTorrents(client, words)) {
    const row = await client.change({ params: { infoHash }, body: { limits: { ...limits, ...change } } });
    tell(output, name, row.limits, infoHash);
  }
};

function isOfTorrent(name: string): boolean {
  return (OF_TORRENT as readonly string[]).includes(name);
}

async function limitDaemon(client: DaemonClient, change: SettingsChange): Promise<Record<string, unknown>> {
  const { settings } = await (Object.keys(change).length === 0
    ? client.session({})
    : client.changeSettings({ body: change }));
  return Object.fromEntries(OF_DAEMON.map((name) => [name, settings[name]]));
}

/** Only what stands on this command line: what the environment or the config file say is for the daemon itself. */
function given(
  { origins }: CommandContext,
  settings: Limits,
  names: readonly (typeof OF_DAEMON)[number][],
): TorrentLimits & SettingsChange {
  const change: Record<string, number | null> = {};
  for (const name of names) {
    const value = settings[name];
    if (value !== undefined && origins.get(name) === `--${flagName(name as SettingName)}`)
      change[name] = toLimit(value);
  }
  return change;
}

function tell(output: Output, name: string, limits: Record<string, unknown>, infoHash?: string): void {
  output.event('limits', { ...(infoHash === undefined ? {} : { infoHash, name }), ...limits });
  const parts = Object.entries(limits).map(
    ([key, value]) => `${flagName(key as SettingName)} ${describe(key, value as number | null)}`,
  );
  output.result(`${printable(name)}: ${parts.length === 0 ? 'no limits of its own' : parts.join(', ')}`);
}

function describe(name: string, value: number | null): string {
  if (value === null || (value === 0 && name !== 'ratio'))
    return name === 'ratio' || name.endsWith('Time') ? 'without end' : 'unlimited';
  if (name === 'down' || name === 'up') return formatRate(value);
  return name.endsWith('Time') ? formatDuration(value) : String(value);
}
