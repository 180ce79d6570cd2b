// How a command finds the daemon that runs on its state directory, and the torrents a user means by a word.

import { join } from 'node:path';
import { createDaemonClient, type DaemonClient } from '../api/daemon-client.ts';
import type { TorrentRow } from '../api/daemon-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { daemonFolder, OWNER_TOKEN_FILE, RUNNING_FILE, type RunningDaemon } from '../daemon/daemon-folder.ts';
import { readRecord } from '../daemon/record-file.ts';
import { readTokenFile } from '../http/bearer-token.ts';
import { leanFetch } from '../io/lean-fetch.ts';
import { findHolder } from '../io/lock.ts';
import { stateDirectory } from './peer-session.ts';
import type { Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The daemon that has the state directory, by its lock. `url` is missing while it starts. Undefined when none runs.
 * Throws ERR_DISK when the directory cannot be read.
 */
export async function findRunning(state: string): Promise<{ pid: number; url: string | undefined } | undefined> {
  const folder = daemonFolder(state);
  const holder = await findHolder(folder);
  if (holder === undefined) return undefined;
  const running = (await readRecord(join(folder, RUNNING_FILE), () => {})) as RunningDaemon | undefined;
  return { pid: holder.pid, url: running?.pid === holder.pid ? running.url : undefined };
}

/** Undefined when none runs. The lock is looked at, so that the token is shown to nobody who has the port by now. */
export async function findDaemon(
  settings: Pick<Settings, 'state'>,
  environment: Environment,
): Promise<DaemonClient | undefined> {
  const state = stateDirectory(settings, environment);
  const running = await findRunning(state);
  if (running?.url === undefined) return undefined;
  const token = await readTokenFile(join(daemonFolder(state), OWNER_TOKEN_FILE));
  return createDaemonClient(running.url, { token, fetch: leanFetch });
}

/** Throws ERR_DAEMON when none runs. */
export async function connectDaemon(
  settings: Pick<Settings, 'state'>,
  environment: Environment,
): Promise<DaemonClient> {
  const client = await findDaemon(settings, environment);
  if (client !== undefined) return client;
  throw new ShoalError(
    'ERR_DAEMON',
    `no daemon runs on ${stateDirectory(settings, environment)}; start one with shoal daemon, or name its state directory with --state`,
    { reason: 'not_running' },
  );
}

const SHORTEST_PREFIX = 6;

/** The torrents that the words mean: names, info-hashes or their beginnings, or `all`. Throws ERR_NOT_FOUND. */
export async function chooseTorrents(client: DaemonClient, words: readonly string[]): Promise<TorrentRow[]> {
  const { torrents } = await client.torrents({});
  if (words.length === 1 && words[0] === 'all') return torrents;
  const chosen = new Set<TorrentRow>();
  for (const word of words) chosen.add(chooseOne(torrents, word));
  return [...chosen];
}

function chooseOne(torrents: readonly TorrentRow[], word: string): TorrentRow {
  const name = word.normalize('NFC');
  const hash = word.toLowerCase();
  const byHash = torrents.filter(
    ({ infoHash }) => infoHash === hash || (hash.length >= SHORTEST_PREFIX && infoHash.startsWith(hash)),
  );
  const found = byHash.length > 0 ? byHash : torrents.filter((torrent) => torrent.name === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new ShoalError(
      'ERR_USAGE',
      `"${printable(word)}" may be ${found.map(({ infoHash }) => infoHash).join(' or ')}; use the info-hash`,
      { reason: 'ambiguous' },
    );
  throw new ShoalError('ERR_NOT_FOUND', `the daemon has no torrent "${printable(word)}"; see shoal status`, {
    reason: 'no_such_torrent',
  });
}
