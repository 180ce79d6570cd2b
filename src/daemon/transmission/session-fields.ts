// The session as Transmission's clients know it (rpc-spec of 4.0, legacy names): what they read, and what of it they may
// change. What this daemon has not is told as switched off, and cannot be switched on.

import type { SessionReply } from '../../api/daemon-schemas.ts';
import type { SettingsChange } from '../../api/settings-schemas.ts';
import { type Arguments, RpcFailure } from './arguments.ts';
import { SPEED_UNIT } from './torrent-fields.ts';

/** The dialect of Transmission 4.0; clients ask the version for what they may use. */
const DIALECT = { version: '4.0.6', rpc: 17, semver: '5.3.0', oldest: 14 } as const;
const MINUTES = 24 * 60;
/** Shown while a queue is off. */
const USUAL_QUEUE = 5;

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];

export interface SessionFacts extends SessionReply {
  readonly sessionId: string;
  readonly configDirectory: string;
}

/** All fields of `session-get`. */
export function describeSession(facts: SessionFacts): Record<string, unknown> {
  const { settings, downloads, port, version } = facts;
  const times = settings.altTimes;
  return {
    'alt-speed-down': Math.round(settings.altDown / SPEED_UNIT),
    'alt-speed-enabled': settings.alternative,
    'alt-speed-time-begin': times.from,
    'alt-speed-time-day': times.days.reduce((bits, day) => bits | (1 << day), 0),
    'alt-speed-time-enabled': times.on,
    'alt-speed-time-end': times.to,
    'alt-speed-up': Math.round(settings.altUp / SPEED_UNIT),
    'anti-brute-force-enabled': true,
    'anti-brute-force-threshold': 5,
    'blocklist-enabled': false,
    'blocklist-size': 0,
    'blocklist-url': '',
    'cache-size-mb': 32,
    'config-dir': facts.configDirectory,
    'default-trackers': facts.trackers.join('\n\n'),
    'dht-enabled': false,
    'download-dir': downloads,
    'download-dir-free-space': facts.free,
    'download-queue-enabled': settings.activeDownloads > 0,
    'download-queue-size': settings.activeDownloads === 0 ? USUAL_QUEUE : settings.activeDownloads,
    encryption: 'tolerated',
    'idle-seeding-limit': settings.idleTime === null ? 30 : Math.round(settings.idleTime / 60),
    'idle-seeding-limit-enabled': settings.idleTime !== null,
    'incomplete-dir': downloads,
    'incomplete-dir-enabled': false,
    'lpd-enabled': false,
    'peer-limit-global': settings.maxConnections,
    'peer-limit-per-torrent': 60,
    'peer-port': port,
    'peer-port-random-on-start': false,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'queue-stalled-enabled': false,
    'queue-stalled-minutes': 30,
    'rename-partial-files': true,
    'rpc-version': DIALECT.rpc,
    'rpc-version-minimum': DIALECT.oldest,
    'rpc-version-semver': DIALECT.semver,
    'script-torrent-added-enabled': false,
    'script-torrent-added-filename': '',
    'script-torrent-done-enabled': false,
    'script-torrent-done-filename': '',
    'script-torrent-done-seeding-enabled': false,
    'script-torrent-done-seeding-filename': '',
    'seed-queue-enabled': settings.activeSeeds > 0,
    'seed-queue-size': settings.activeSeeds === 0 ? USUAL_QUEUE : settings.activeSeeds,
    seedRatioLimit: settings.ratio ?? 2,
    seedRatioLimited: settings.ratio !== null,
    'session-id': facts.sessionId,
    'speed-limit-down': Math.round(settings.down / SPEED_UNIT),
    'speed-limit-down-enabled': settings.down > 0,
    'speed-limit-up': Math.round(settings.up / SPEED_UNIT),
    'speed-limit-up-enabled': settings.up > 0,
    'start-added-torrents': settings.startAdded,
    'tcp-enabled': true,
    'trash-original-torrent-files': false,
    units: {
      'memory-bytes': 1024,
      'memory-units': ['KiB', 'MiB', 'GiB', 'TiB'],
      'size-bytes': 1000,
      'size-units': ['kB', 'MB', 'GB', 'TB'],
      'speed-bytes': SPEED_UNIT,
      'speed-units': ['kB/s', 'MB/s', 'GB/s', 'TB/s'],
    },
    'utp-enabled': false,
    // A dotted number that clients compare, then who we are.
    version: `${DIALECT.version} (Shoal ${version})`,
  };
}

/** A number that counts only while a switch is on: the value to set, or undefined when the call does not touch it. */
function switched<T>(
  args: Arguments,
  names: { value: string; enabled: string },
  now: { value: number; enabled: boolean },
  off: T,
): number | T | undefined {
  const value = args.number(names.value);
  const enabled = args.flag(names.enabled);
  if (value === undefined && enabled === undefined) return undefined;
  return (enabled ?? now.enabled) ? (value ?? now.value) : off;
}

/** What `session-set` asks for. Throws RpcFailure for what cannot be changed, unless it is so already. */
export function readSessionChange(args: Arguments, facts: SessionFacts): SettingsChange {
  const fields = describeSession(facts);
  const now = (value: string, enabled: string) => ({
    value: fields[value] as number,
    enabled: fields[enabled] as boolean,
  });
  const read = <T>(value: string, enabled: string, off: T) =>
    switched(args, { value, enabled }, now(value, enabled), off);
  const change: SettingsChange = {};
  const down = read('speed-limit-down', 'speed-limit-down-enabled', 0);
  const up = read('speed-limit-up', 'speed-limit-up-enabled', 0);
  const ratio = read('seedRatioLimit', 'seedRatioLimited', null);
  const idle = read('idle-seeding-limit', 'idle-seeding-limit-enabled', null);
  const downloads = read('download-queue-size', 'download-queue-enabled', 0);
  const seeds = read('seed-queue-size', 'seed-queue-enabled', 0);
  const start = args.flag('start-added-torrents');
  if (down !== undefined) change.down = Math.round(down * SPEED_UNIT);
  if (up !== undefined) change.up = Math.round(up * SPEED_UNIT);
  if (ratio !== undefined) change.ratio = ratio;
  if (idle !== undefined) change.idleTime = idle === null ? null : Math.round(idle * 60);
  if (downloads !== undefined) change.activeDownloads = Math.round(downloads);
  if (seeds !== undefined) change.activeSeeds = Math.round(seeds);
  if (start !== undefined) change.startAdded = start;
  Object.assign(change, readAlternative(args, facts));
  const connections = args.number('peer-limit-global');
  if (connections !== undefined) change.maxConnections = Math.min(100_000, Math.max(1, Math.round(connections)));
  for (const name of args.names) {
    if (CHANGEABLE.has(name) || !Object.hasOwn(fields, name)) continue;
    // Clients send whole sheets of settings: what stays as it is asks for nothing.
    if (JSON.stringify(args.raw(name)) !== JSON.stringify(fields[name]))
      throw new RpcFailure(`${name} cannot be changed over this interface`);
  }
  return change;
}

/** The alternative limits. A rate of 0 is none. */
function readAlternative(args: Arguments, { settings }: SessionFacts): SettingsChange {
  const change: SettingsChange = {};
  const [down, up] = [args.number('alt-speed-down'), args.number('alt-speed-up')];
  const isOn = args.flag('alt-speed-enabled');
  if (down !== undefined) change.altDown = Math.round(down * SPEED_UNIT);
  if (up !== undefined) change.altUp = Math.round(up * SPEED_UNIT);
  if (isOn !== undefined) change.alternative = isOn;
  const byClock = args.flag('alt-speed-time-enabled');
  const from = args.number('alt-speed-time-begin', 0, MINUTES - 1);
  const to = args.number('alt-speed-time-end', 0, MINUTES);
  const bits = args.number('alt-speed-time-day', 0, 127);
  if (byClock === undefined && from === undefined && to === undefined && bits === undefined) return change;
  const before = settings.altTimes;
  const days = bits === undefined ? before.days : EVERY_DAY.filter((day) => (bits & (1 << day)) !== 0);
  change.altTimes = {
    on: byClock ?? before.on,
    days,
    from: Math.trunc(from ?? before.from),
    to: Math.trunc(to ?? before.to),
  };
  return change;
}

const CHANGEABLE = new Set([
  'alt-speed-down',
  'alt-speed-up',
  'alt-speed-enabled',
  'alt-speed-time-enabled',
  'alt-speed-time-begin',
  'alt-speed-time-end',
  'alt-speed-time-day',
  'speed-limit-down',
  'speed-limit-down-enabled',
  'speed-limit-up',
  'speed-limit-up-enabled',
  'seedRatioLimit',
  'seedRatioLimited',
  'idle-seeding-limit',
  'idle-seeding-limit-enabled',
  'download-queue-size',
  'download-queue-enabled',
  'seed-queue-size',
  'seed-queue-enabled',
  'start-added-torrents',
  'peer-limit-global',
]);
