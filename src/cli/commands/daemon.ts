// `shoal daemon`: the long-running peer with its API, in the foreground until it is stopped. SIGHUP reads the config file
// anew.

import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { classifyAddress, parseAddress } from '../../base/endpoint.ts';
import { ShoalError } from '../../base/errors.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../daemon/daemon.ts';
import type { FixedSettings } from '../../daemon/daemon-settings.ts';
import { toDiskError } from '../../io/disk/disk-error.ts';
import { freeSpace } from '../../io/disk/free-space.ts';
import type { Tracker } from '../../tracker/server.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { findRunning } from '../daemon-access.ts';
import { untilAborted } from '../interrupt.ts';
import { openLog } from '../log.ts';
import { sessionOptions, stateDirectory } from '../peer-session.ts';
import { type Settings, toLimit } from '../settings.ts';
import { readVersion } from '../version.ts';

const DEFAULT_API = { host: '127.0.0.1', port: 9091 };

const NUMBERS = ['down', 'up', 'activeDownloads', 'activeSeeds'] as const;
const GOALS = ['ratio', 'seedTime', 'idleTime'] as const;

/** Settings of the API that follow from flags: numbers as they are, the others made of them. */
type Fixable = (typeof NUMBERS)[number] | (typeof GOALS)[number] | 'schedule' | 'noLimitLan' | 'moveTo' | 'watch';

type Taken =
  | 'api'
  | 'apiName'
  | 'downloads'
  | 'shareRoot'
  | 'allow'
  | 'tracker'
  | 'embedTracker'
  | 'listen'
  | 'state'
  | 'memory'
  | Fixable
  | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings) => {
  const { signal } = context;
  await refuseSecond(stateDirectory(settings, context.environment));
  const tracker = await startEmbeddedTracker(context, settings);
  const asked = new AbortController();
  try {
    const options = await daemonOptions(context, settings, tracker?.url, () => asked.abort());
    const daemon = await startDaemon(options);
    try {
      tellReady(context, daemon, stateDirectory(settings, context.environment), tracker?.url);
      await doubtDownloads(context, options.downloads);
      context.onHangUp = () => void reload(context, daemon);
      await untilAborted(AbortSignal.any([signal, asked.signal]));
    } finally {
      await daemon.close();
    }
  } finally {
    await tracker?.close();
  }
  // A program ended it: that is no interruption.
  if (!signal.aborted) return;
  const { code } = signal.reason as ShoalError;
  throw new ShoalError(code, 'the daemon has stopped; when it is started again, everything goes on');
};

/** Before anything is opened: what a second one finds taken first, its tracker's files say, would send the reader elsewhere. */
async function refuseSecond(state: string): Promise<void> {
  const found = await findRunning(state);
  if (found === undefined) return;
  const { pid, url } = found;
  throw new ShoalError(
    'ERR_LOCKED',
    `a daemon runs on ${state} already: process ${pid}${url === undefined ? '' : ` at ${url}`}; stop it, or give this one its own --state`,
  );
}

/** On the same files as `shoal tracker` with this state directory: the catalog is the same whoever runs it. */
async function startEmbeddedTracker(
  { environment, origins }: CommandContext,
  settings: Pick<Settings, 'embedTracker' | 'state' | 'logLevel' | 'verbose'>,
): Promise<Tracker | undefined> {
  const { embedTracker, logLevel, verbose } = settings;
  if (embedTracker === undefined) return undefined;
  const { startTracker } = await import('../../tracker/server.ts');
  const log = await openLog(logLevel ?? (verbose ? 'info' : undefined));
  return startTracker({
    listen: embedTracker,
    listenOrigin: origins.get('embedTracker') ?? '--embed-tracker',
    listenFlag: '--embed-tracker',
    dataDir: join(stateDirectory(settings, environment), 'tracker'),
    ...(log === undefined ? {} : { log }),
  });
}

async function daemonOptions(
  context: CommandContext,
  settings: Pick<Settings, Taken>,
  embedded: string | undefined,
  onStopAsked: () => void,
): Promise<DaemonOptions> {
  const { output, environment } = context;
  const { api, apiName, allow, logLevel, verbose } = settings;
  const state = stateDirectory(settings, environment);
  const trackers = embedded === undefined ? settings.tracker : [embedded, ...(settings.tracker ?? [])];
  const {
    down: _down,
    up: _up,
    limitLan: _limitLan,
    schedule: _schedule,
    ...session
  } = await sessionOptions({ ...settings, tracker: trackers }, environment, 'shoal daemon', (line) =>
    output.detail(line),
  );
  return {
    state,
    onStopAsked,
    downloads: downloadsDirectory(settings.downloads, state, environment),
    ...(settings.shareRoot === undefined ? {} : { shareRoot: resolve(settings.shareRoot) }),
    roots: (allow ?? []).map((root) => resolve(root)),
    api: api ?? DEFAULT_API,
    apiOrigin: context.origins.get('api') ?? 'default',
    names: apiName ?? [],
    session,
    fixed: fixedBy(context, settings),
    version: readVersion(),
    log: await openLog(logLevel ?? (verbose ? 'info' : 'warn')),
  };
}

function tellReady({ output }: CommandContext, daemon: Daemon, state: string, tracker: string | undefined): void {
  const { url, token, tokenFile, listen, host } = daemon;
  const page = `${url}/#token=${token}`;
  output.event('ready', { url, page, token, listen: listen[0] ?? '', tokenFile, state, tracker });
  output.result(`Daemon at ${url}`);
  if (tracker !== undefined) output.result(`Tracker at ${tracker}`);
  // Into a log the token does not belong.
  output.say(output.columns > 0 ? `Its page: ${page}` : `Its page: ${url}/`);
  output.say(`Its token is in ${tokenFile}; commands of this user need none.`);
  const address = parseAddress(host);
  if (address !== undefined && classifyAddress(address) !== 'loopback')
    output.warn('the API can be reached from other machines, and what is sent is not encrypted: put a proxy before it');
}

/** What is elsewhere goes on without them, and their disk may yet be mounted: no reason not to start. */
async function doubtDownloads({ output }: CommandContext, downloads: string): Promise<void> {
  try {
    const { folder } = await freeSpace(downloads);
    if (!(await stat(folder)).isDirectory()) throw new ShoalError('ERR_DISK', `${folder} is no directory`);
    await access(folder, constants.W_OK);
  } catch (error) {
    const reason = error instanceof ShoalError ? error : toDiskError(error, downloads, 'use the downloads directory');
    output.warn(`what is added without a place of its own will fail: ${reason.message}`);
  }
}

/** What flags, environment and file say, so that nobody can change it over the API. */
function fixedBy({ origins }: CommandContext, settings: Pick<Settings, Fixable>): FixedSettings {
  const fixed: { -readonly [K in keyof FixedSettings]: FixedSettings[K] } = {};
  for (const name of NUMBERS) {
    const value = settings[name];
    if (value !== undefined) fixed[name] = { value, by: origins.get(name) ?? name };
  }
  for (const name of GOALS) {
    const value = settings[name];
    if (value !== undefined) fixed[name] = { value: toLimit(value), by: origins.get(name) ?? name };
  }
  const { schedule, noLimitLan } = settings;
  if (schedule !== undefined) {
    const value = schedule.map(({ days, text: _text, ...rule }) => ({ ...rule, days: [...days] }));
    fixed.schedule = { value, by: origins.get('schedule') ?? 'schedule' };
  }
  if (noLimitLan) fixed.limitLan = { value: false, by: origins.get('noLimitLan') ?? 'noLimitLan' };
  for (const name of ['moveTo', 'watch'] as const) {
    const path = settings[name];
    if (path !== undefined) fixed[name] = { value: resolve(path), by: origins.get(name) ?? name };
  }
  return fixed;
}

/** Limits and the queue are taken over; what a running socket or directory depends on needs a restart. */
async function reload(context: CommandContext, daemon: { refix(fixed: FixedSettings): void }): Promise<void> {
  try {
    const settings = await context.reread();
    daemon.refix(fixedBy(context, settings));
    context.output.event('reloaded', {});
    context.output.say('Read the settings anew.');
  } catch (error) {
    context.output.warn(`the settings stay as they are: ${(error as Error).message}`);
  }
}

/** Where people look for downloads; without a home, beside the daemon's own files. */
function downloadsDirectory(
  given: string | undefined,
  state: string,
  environment: CommandContext['environment'],
): string {
  if (given !== undefined) return resolve(given);
  const named = environment.XDG_DOWNLOAD_DIR;
  if (named !== undefined && isAbsolute(named)) return named;
  const home = environment.HOME ?? environment.USERPROFILE ?? homedir();
  return home === '' || home === '/' || !isAbsolute(home) ? join(state, 'downloads') : join(home, 'Downloads');
}
