// Reads config.toml: settings at the top for every command, and `[command.NAME]` for one. Refuses what it does not know,
// naming file and line. Never writes.

import { readFile } from 'node:fs/promises';
import { ShoalError } from '../base/errors.ts';
import { quoted } from '../base/printable.ts';
import { type FileSettings, flagName, SETTINGS, type SettingName, type Source } from './settings.ts';

const MAX_LENGTH = 1 << 20;
const SECTION = 'command';

/** The file's settings, or undefined when there is no such file. Throws ERR_CONFIG for one that cannot be understood. */
export async function readConfigFile(path: string, commands: readonly string[]): Promise<FileSettings | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ShoalError('ERR_CONFIG', `cannot read the config file ${path}: ${String(code)}`, { cause: error });
  }
  if (text.length > MAX_LENGTH)
    throw new ShoalError('ERR_CONFIG', `${path}: longer than 1 MiB, which no config file is`);
  return parseConfig(text, path, commands);
}

/** Exported for tests: the same for a text. */
export async function parseConfig(text: string, path: string, commands: readonly string[]): Promise<FileSettings> {
  const { parse, TomlError } = await import('smol-toml');
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw new ShoalError('ERR_CONFIG', `${path}:${error.line}: not TOML: ${what}`, { cause: error });
  }
  const general = new Map<string, Source>();
  const byCommand = new Map<string, Map<string, Source>>();
  const place = (section: string, key: string) => `${path}:${lineOf(text, section, key)}`;
  for (const [key, value] of Object.entries(document)) {
    if (key !== SECTION) {
      add(general, key, value, place('', key));
      continue;
    }
    for (const [command, keys] of Object.entries(asTable(value, place('', key)))) {
      const section = `${SECTION}.${command}`;
      if (!commands.includes(command))
        throw new ShoalError(
          'ERR_CONFIG',
          `${place(section, '')}: no command is called ${quoted(command)}; there are ${commands.join(', ')}`,
        );
      const own = new Map<string, Source>();
      for (const [name, inner] of Object.entries(asTable(keys, place(section, ''))))
        add(own, name, inner, place(section, name));
      byCommand.set(command, own);
    }
  }
  return { value: (command, name) => byCommand.get(command)?.get(name) ?? general.get(name) };
}

function asTable(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ShoalError('ERR_CONFIG', `${place}: "${SECTION}" is a table, written as [${SECTION}.get]`);
}

function add(into: Map<string, Source>, key: string, value: unknown, place: string): void {
  const flag = key.replaceAll('_', '-');
  const name = (Object.keys(SETTINGS) as SettingName[]).find((candidate) => flagName(candidate) === flag);
  if (name === undefined) throw new ShoalError('ERR_CONFIG', `${place}: unknown setting ${quoted(key)}${known()}`);
  if (!SETTINGS[name].lasting)
    throw new ShoalError('ERR_CONFIG', `${place}: ${flag} belongs to one call; give it as --${flag}`);
  const list = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) && SETTINGS[name].kind !== 'many')
    throw new ShoalError('ERR_CONFIG', `${place}: ${flag} takes one value, not a list`);
  if (!list.every((item) => ['string', 'number', 'boolean', 'bigint'].includes(typeof item)))
    throw new ShoalError('ERR_CONFIG', `${place}: ${flag} takes a text, a number or a switch`);
  if (list.length > 0) into.set(flag, { origin: `${place}: ${flag}`, values: list.map(String), code: 'ERR_CONFIG' });
}

function known(): string {
  const names = (Object.keys(SETTINGS) as SettingName[]).filter((name) => SETTINGS[name].lasting).map(flagName);
  return `; known are ${names.join(', ')}`;
}

/** Line of a key in a section ('' is the top), or of the section's header when `key` is ''. 1 when written otherwise. */
function lineOf(text: string, section: string, key: string): number {
  const plain = (name: string) => name.trim().replace(/["'\s]/g, '');
  let current = '';
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line);
    if (header !== null) {
      current = plain(header[1]!);
      if (current === section && key === '') return index + 1;
      continue;
    }
    const assignment = /^\s*([^=#]+?)\s*=/.exec(line);
    if (assignment === null) continue;
    const name = current === '' ? plain(assignment[1]!) : `${current}.${plain(assignment[1]!)}`;
    const wanted = section === '' ? key : key === '' ? section : `${section}.${key}`;
    if (name === wanted || name.startsWith(`${wanted}.`)) return index + 1;
  }
  return 1;
}
