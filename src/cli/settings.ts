// The one table of everything a user can set: flag, environment variable, line of config.toml, default. Decides
// precedence and where a bad value came from. Never writes a file.

import { type Endpoint, parseHostPort } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { quoted } from '../base/printable.ts';
import { parseRate, parseSeconds, parseSize } from '../base/quantity.ts';
import { MAX_TERM } from '../protocol/file-selection.ts';
import type { Suggestion } from './completion/suggestion.ts';
import { parseLimitRule } from './schedule.ts';

interface Setting<T> {
  /** What stands for the value in help texts; none for a switch. */
  placeholder?: string;
  /** One line for help texts. */
  brief: string;
  /** Undefined when the text means nothing. `expected` then says what would have. */
  parse: (text: string) => T | undefined;
  expected: string;
  kind: 'one' | 'many' | 'switch';
  /** Settable by environment and config file, or only on the command line because it belongs to one call. */
  lasting: boolean;
  alias?: string;
  /** Between the values of a list in an environment variable; default a comma. */
  separator?: string;
  /** What shells offer for the value; default nothing. */
  suggest?: readonly Suggestion[];
}

type Lasting = 'lasting' | 'per call';

const text = (value: string): string | undefined => (value === '' ? undefined : value);

function one<T>(
  placeholder: string,
  brief: string,
  lasting: Lasting,
  parse: (text: string) => T | undefined,
  expected: string,
): Setting<T> & { kind: 'one' } {
  return { kind: 'one', placeholder, brief, parse, expected, lasting: lasting === 'lasting' };
}

function many<T>(
  placeholder: string,
  brief: string,
  lasting: Lasting,
  parse: (text: string) => T | undefined,
  expected: string,
): Setting<T> & { kind: 'many' } {
  return { kind: 'many', placeholder, brief, parse, expected, lasting: lasting === 'lasting' };
}

function directory(brief: string, lasting: Lasting): Setting<string> & { kind: 'one' } {
  return { ...one('DIR', brief, lasting, text, 'a directory'), suggest: ['directory'] };
}

function toggle(brief: string, lasting: Lasting): Setting<boolean> & { kind: 'switch' } {
  const parse = (text: string) =>
    /^(1|true|yes|on)$/i.test(text) ? true : /^(0|false|no|off|)$/i.test(text) ? false : undefined;
  return { kind: 'switch', brief, parse, expected: 'true or false', lasting: lasting === 'lasting' };
}

function trackerUrl(value: string): string | undefined {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? value : undefined;
}

const MIN_PIECE_LENGTH = 16 * 1024;
const MAX_PIECE_LENGTH = 64 * 1024 * 1024;

function pieceLength(value: string): number | undefined {
  const size = parseSize(value);
  if (size === undefined || size < MIN_PIECE_LENGTH || size > MAX_PIECE_LENGTH) return undefined;
  return (size & (size - 1)) === 0 ? size : undefined;
}

const peer = (value: string): Endpoint | undefined => {
  const endpoint = parseHostPort(value);
  return endpoint === undefined || endpoint.host === '' || endpoint.port === 0 ? undefined : endpoint;
};

function hostName(value: string): string | undefined {
  const endpoint = parseHostPort(value) ?? parseHostPort(`${value}:80`);
  return endpoint === undefined || endpoint.host === '' ? undefined : value.toLowerCase();
}

/** Numbers, or a pattern; what it means is known when the files are. */
const files = (brief: string) =>
  many(
    'FILES',
    brief,
    'per call',
    (value) => (value.length <= MAX_TERM ? text(value) : undefined),
    'a list of numbers such as 0,2,4-6, or a pattern such as "*.flac"',
  );

function parseCount(value: string): number | undefined {
  return /^\d{1,5}$/.test(value) ? Number(value) : undefined;
}

function parseRatio(value: string): number | undefined {
  return /^\d{1,5}(\.\d{1,4})?$/.test(value) ? Number(value) : undefined;
}

/** How far to seed: a number, or Infinity for `none`, which lifts the goal. */
const goal =
  (parse: (value: string) => number | undefined) =>
  (value: string): number | undefined =>
    /^none$/i.test(value) ? Number.POSITIVE_INFINITY : parse(value);

function label(value: string): string | undefined {
  return /^[^,\u0000-\u001f\u007f]{1,64}$/u.test(value) ? value : undefined;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const DEFAULT_TRACKER = 'http://127.0.0.1:7070';

/** Keys are flag names in camel case: pieceLength is --piece-length, SHOAL_PIECE_LENGTH and piece-length in the file. */
export const SETTINGS = {
  tracker: many(
    'URL',
    `tracker to talk to; may repeat (default ${DEFAULT_TRACKER})`,
    'lasting',
    trackerUrl,
    'an http or https address such as http://10.0.0.5:7070',
  ),
  listen: one(
    'HOST:PORT',
    'where this process listens; port 0 takes any free one',
    'lasting',
    parseHostPort,
    'HOST:PORT, such as 0.0.0.0:6881 or [::]:6881',
  ),
  publicUrl: one(
    'URL',
    'address under which others reach this tracker',
    'lasting',
    trackerUrl,
    'an http or https address',
  ),
  data: directory("the tracker's own files (default by XDG)", 'lasting'),
  state: directory('where identity, pins and resume data are kept (default by XDG)', 'lasting'),
  output: { ...one('PATH', 'where to put it', 'per call', text, 'a path'), alias: 'o', suggest: ['path'] },
  overwrite: toggle(
    'keep what matches of other data in the destination, replace the rest, fetch again what is gone',
    'per call',
  ),
  name: one('NAME', 'name in the catalog; makes all PATHs one entry', 'per call', text, 'a name'),
  exclude: many('GLOB', 'leave out what matches; may repeat', 'lasting', text, 'a pattern such as "*.tmp"'),
  seed: toggle('go on seeding when everything is here', 'lasting'),
  superSeed: toggle('send each piece about once, until half of the peers have everything (BEP 16)', 'per call'),
  peer: many('HOST:PORT', 'also connect to this peer; may repeat', 'per call', peer, 'HOST:PORT of a peer'),
  timeout: one(
    'SECONDS',
    'give up when nothing has arrived for so long (default: never on a terminal, else 60)',
    'lasting',
    parseSeconds,
    'a number of seconds; 0 is never',
  ),
  publisher: one(
    'KEY',
    'insist on this publisher',
    'per call',
    text,
    'a public key as `shoal identity show` prints it',
  ),
  trust: toggle('accept that the name has changed hands', 'per call'),
  open: toggle('serve any torrent, not only those in the catalog', 'lasting'),
  admin: {
    ...one('TOKEN', "the operator's token, or the file that holds it", 'lasting', text, 'a token or a path'),
    suggest: ['path'],
  },
  down: one(
    'RATE',
    'download at most so much a second, such as 500K or 20M',
    'lasting',
    parseRate,
    'a rate such as 500K or 20M',
  ),
  up: one('RATE', 'upload at most so much a second', 'lasting', parseRate, 'a rate such as 500K or 20M'),
  noLimitLan: toggle('no limit for peers on this machine and in private networks', 'lasting'),
  schedule: {
    ...many(
      'RULE',
      'other limits at some times, such as "Mon-Fri 08:00-18:00 down=1M up=200K"; may repeat, the first that holds counts',
      'lasting',
      parseLimitRule,
      'a rule such as "Mon-Fri 08:00-18:00 down=1M up=200K" (days may be left out)',
    ),
    separator: ';',
  },
  memory: one(
    'SIZE',
    'memory for data on its way to the disk (default 20M)',
    'lasting',
    parseSize,
    'a size such as 64M',
  ),
  pieceLength: one('SIZE', 'piece length (default by size)', 'lasting', pieceLength, 'a power of two from 16K to 64M'),
  api: one('HOST:PORT', 'where the API listens (default 127.0.0.1:9091)', 'lasting', parseHostPort, 'HOST:PORT'),
  embedTracker: one(
    'HOST:PORT',
    'also run a tracker with a catalog, which listens here',
    'lasting',
    parseHostPort,
    'HOST:PORT, such as 127.0.0.1:7070',
  ),
  apiName: many(
    'HOST[:PORT]',
    'another name the API is reached by, such as that of a proxy; may repeat',
    'lasting',
    hostName,
    'a host name, with a port if it is not that of the API',
  ),
  downloads: directory('where downloads go that say nothing else', 'lasting'),
  shareRoot: directory('where files go that the page sends', 'lasting'),
  moveTo: directory('move downloads there when they are complete', 'lasting'),
  watch: directory('add .torrent and .magnet files that are put there', 'lasting'),
  allow: {
    ...many('DIR', 'let callers of the API put data below this, too; may repeat', 'lasting', text, 'a directory'),
    suggest: ['directory'],
  },
  activeDownloads: one('N', 'downloads at a time, 0 for all', 'lasting', parseCount, 'a whole number'),
  activeSeeds: one('N', 'seeds at a time, 0 for all', 'lasting', parseCount, 'a whole number'),
  ratio: one(
    'N',
    'stop seeding when so many times the size was sent',
    'lasting',
    goal(parseRatio),
    'a number such as 1.5, or none',
  ),
  seedTime: one(
    'TIME',
    'stop seeding after so long, such as 12h',
    'lasting',
    goal(parseSeconds),
    'a time such as 90m, or none',
  ),
  idleTime: one(
    'TIME',
    'stop seeding when nothing was sent for so long',
    'lasting',
    goal(parseSeconds),
    'a time such as 90m, or none',
  ),
  label: {
    ...many('LABEL', 'a word to find it by; may repeat', 'per call', label, 'a label without a comma'),
    suggest: ['label'],
  },
  files: files('fetch only these files; may repeat'),
  only: files('want these files and no others'),
  skip: files('do not fetch these'),
  low: files('fetch these last'),
  normal: files('fetch these in their turn'),
  high: files('fetch these first'),
  sequential: toggle('fetch pieces in their order, not the rarest first', 'per call'),
  paused: toggle('do not let it run yet', 'per call'),
  withData: toggle('delete what it put on the disk, too', 'per call'),
  noDaemon: toggle('do the work in this process', 'lasting'),
  json: toggle('one JSON object a line on standard output', 'lasting'),
  verbose: toggle('say more: peers that come and go, each piece, the cause of an error', 'lasting'),
  logLevel: {
    ...one(
      'LEVEL',
      `also write a log, as lines of JSON on standard error: ${LOG_LEVELS.join(', ')}`,
      'lasting',
      (value) => LOG_LEVELS.find((level) => level === value),
      LOG_LEVELS.join(', '),
    ),
    suggest: [LOG_LEVELS],
  },
} as const;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends { kind: 'many'; parse: (text: string) => infer T }
  ? Exclude<T, undefined>[] | undefined
  : S extends { kind: 'switch' }
    ? boolean
    : S extends { parse: (text: string) => infer T }
      ? T | undefined
      : never;

/** Every setting as a command sees it; those it did not ask for are absent. */
export type Settings = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> };

/** What the command line parser hands over: text as it was written. */
export type RawFlags = { readonly [K in SettingName]?: string | readonly string[] | boolean | undefined };

export function flagName(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function environmentName(name: SettingName): string {
  return `SHOAL_${flagName(name).replaceAll('-', '_').toUpperCase()}`;
}

/** Where values were found, and what a message about them must say. */
export interface Source {
  /** How messages name it: `--down`, `SHOAL_DOWN`, `/home/me/.config/shoal/config.toml:3: down`. */
  origin: string;
  values: readonly string[];
  code: 'ERR_USAGE' | 'ERR_CONFIG';
}

/** A config file that was read; `value` looks a flag name up for a command. */
export interface FileSettings {
  value(command: string, name: string): Source | undefined;
}

/** Where each setting that was given comes from: flag, else environment, else config file. */
export function findSources<K extends SettingName>(
  command: string,
  names: readonly K[],
  flags: RawFlags,
  environment: Readonly<Record<string, string | undefined>>,
  file: FileSettings | undefined,
): Map<K, Source> {
  const sources = new Map<K, Source>();
  for (const name of names) {
    let source = fromFlags(name, flags);
    if (source === undefined && SETTINGS[name].lasting)
      source = fromEnvironment(name, environment) ?? file?.value(command, flagName(name));
    if (source !== undefined) sources.set(name, source);
  }
  return sources;
}

/**
 * The values of the settings a command takes; those that were not given are undefined (false, for a switch). Throws
 * ERR_USAGE or ERR_CONFIG naming the place of the first value that means nothing.
 */
export function resolveSettings<K extends SettingName>(
  command: string,
  names: readonly K[],
  flags: RawFlags,
  environment: Readonly<Record<string, string | undefined>>,
  file: FileSettings | undefined,
): Pick<Settings, K> {
  return readSettings(names, findSources(command, names, flags, environment, file));
}

/** As `resolveSettings`, of what `findSources` found. */
export function readSettings<K extends SettingName>(
  names: readonly K[],
  sources: ReadonlyMap<K, Source>,
): Pick<Settings, K> {
  const resolved: Record<string, unknown> = {};
  for (const name of names) {
    const setting = SETTINGS[name];
    const source = sources.get(name);
    const values = source?.values.map((value) => parseFrom(setting, value, source));
    resolved[name] =
      setting.kind === 'many' ? values : setting.kind === 'switch' ? (values?.[0] ?? false) : values?.[0];
  }
  return resolved as Pick<Settings, K>;
}

function parseFrom(setting: Setting<unknown>, value: string, source: Source): unknown {
  const parsed = setting.parse(value);
  if (parsed !== undefined) return parsed;
  throw new ShoalError(source.code, `${source.origin}: ${quoted(value)} is not ${setting.expected}`);
}

function fromFlags(name: SettingName, flags: RawFlags): Source | undefined {
  const given = flags[name];
  if (given === undefined || given === false) return undefined;
  const values = typeof given === 'object' ? given : [String(given)];
  return values.length === 0 ? undefined : { origin: `--${flagName(name)}`, values, code: 'ERR_USAGE' };
}

/** Lists are separated by commas (rules of a schedule, which may hold some, by semicolons). An empty variable counts as none, as elsewhere on Unix. */
function fromEnvironment(
  name: SettingName,
  environment: Readonly<Record<string, string | undefined>>,
): Source | undefined {
  const variable = environmentName(name);
  const value = environment[variable] ?? '';
  const { separator = ',' }: Setting<unknown> = SETTINGS[name];
  const values = (SETTINGS[name].kind === 'many' ? value.split(separator) : [value])
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return values.length === 0 ? undefined : { origin: variable, values, code: 'ERR_CONFIG' };
}

/** As the API has it: null for a goal that is lifted. */
export function toLimit(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
