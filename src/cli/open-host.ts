// Chooses who does the work of a command: the daemon that runs on its state directory, or a session of its own.

import { Session } from '../engine/session.ts';
import type { AddOptions, SessionOptions, TorrentSource } from '../engine/types.ts';
import type { CommandContext } from './command.ts';
import { listenOf } from './peer-session.ts';
import { flagName, type SettingName, type Settings } from './settings.ts';
import type { FollowedTorrent, TorrentHost } from './torrent-host.ts';

/** Flags that shape a session of one's own: a daemon has its own values for them. */
const OWN_SESSION = ['listen', 'memory', 'schedule', 'noLimitLan', 'superSeed'] as const;

type HostSettings = Pick<Settings, 'state' | 'noDaemon' | 'down' | 'up'>;

/** The running daemon on the state directory, unless the flags ask for a session of the command's own. */
export async function openHost(
  context: CommandContext,
  settings: HostSettings,
  options: () => Promise<SessionOptions>,
): Promise<TorrentHost> {
  const { origins, environment, output } = context;
  const isFlag = (name: SettingName) => origins.get(name) === `--${flagName(name)}`;
  if (!settings.noDaemon && !OWN_SESSION.some(isFlag)) {
    const { findDaemon } = await import('./daemon-access.ts');
    const client = await findDaemon(settings, environment);
    if (client !== undefined) {
      const { openRemoteHost } = await import('./remote-host.ts');
      output.detail(`handing over to the daemon at ${client.url}`);
      const limits = {
        ...(settings.down !== undefined && isFlag('down') ? { down: settings.down } : {}),
        ...(settings.up !== undefined && isFlag('up') ? { up: settings.up } : {}),
      };
      return openRemoteHost(client, context, settings, limits);
    }
  }
  return new OwnSession(await Session.open(await options()));
}

class OwnSession implements TorrentHost {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get torrents(): readonly FollowedTorrent[] {
    return this.#session.torrents;
  }

  get listen(): string {
    return listenOf(this.#session);
  }

  add(source: TorrentSource, options: AddOptions): Promise<FollowedTorrent> {
    return this.#session.add(source, options);
  }

  seedOriginal(...words: Parameters<TorrentHost['seedOriginal']>): Promise<FollowedTorrent> {
    return this.#session.seedOriginal(...words);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
