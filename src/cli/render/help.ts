// Help texts, made from the same definitions that the parser uses, so that they cannot say anything else.

import type { CommandDefinition } from '../command.ts';
import { environmentName, flagName, SETTINGS, type SettingName } from '../settings.ts';
import { pad, width } from './width.ts';

const WIDEST = 100;

interface Row {
  left: string;
  right: string;
}

/** The list of commands: `shoal --help`. */
export function drawMainHelp(definitions: readonly CommandDefinition[], columns: number): string {
  const shown = definitions.filter(({ hidden }) => hidden !== true);
  const rows = shown.map((definition) => ({
    left: `shoal ${[definition.name, definition.words?.short ?? definition.words?.placeholder].filter(Boolean).join(' ')}`,
    right: definition.brief,
  }));
  return [
    'Name a file, share it, and everyone who wants it fetches it from everyone who has it.',
    '',
    ...drawRows(rows, columns, 34),
    '',
    ...drawRows(
      [
        { left: 'shoal COMMAND --help', right: 'what a command does, its flags and examples' },
        { left: 'shoal --version', right: 'the version of this program' },
      ],
      columns,
      34,
    ),
    '',
    ...wrap(
      'Every flag that is not of one call only can also stand in the environment (--piece-length is SHOAL_PIECE_LENGTH) or in config.toml (piece-length = "1M"). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not in the catalog, 4 no peer has the data, 5 data failed its hash, 6 disk, 7 tracker unreachable, 8 refused, 130 interrupted, 143 terminated.',
      columns,
    ),
    '',
  ].join('\n');
}

/** The help of one command. */
export function drawCommandHelp(definition: CommandDefinition, columns: number): string {
  const usage = ['shoal', definition.name, definition.words?.placeholder, '[FLAGS]'].filter(Boolean).join(' ');
  const flags = definition.settings.map((name): Row => ({ left: flagForm(name), right: flagBrief(definition, name) }));
  flags.push({ left: '-h --help', right: 'show this help' }, { left: '   --', right: 'what follows is no flag' });
  const examples = definition.examples.map(([left, right]) => ({ left, right }));
  return [
    usage,
    '',
    ...definition.description.flatMap((paragraph) => [...wrap(paragraph, columns), '']),
    ...(definition.words === undefined
      ? []
      : [...drawRows([{ left: definition.words.placeholder, right: definition.words.brief }], columns, 28), '']),
    'Flags:',
    ...drawRows(flags, columns, 28),
    '',
    'Examples:',
    ...drawRows(examples, columns, 46),
    '',
  ].join('\n');
}

function flagForm(name: SettingName): string {
  const setting = SETTINGS[name];
  const alias = 'alias' in setting ? `-${setting.alias} ` : '   ';
  return `${alias}--${flagName(name)}${'placeholder' in setting ? ` ${setting.placeholder}` : ''}`;
}

export function flagBrief(definition: CommandDefinition, name: SettingName): string {
  const brief = definition.briefs?.[name] ?? SETTINGS[name].brief;
  return SETTINGS[name].lasting ? `${brief} [${environmentName(name)}]` : brief;
}

/** Two columns; a left side wider than `widest` gets a line of its own. */
function drawRows(rows: readonly Row[], columns: number, widest: number): string[] {
  const left = Math.min(widest, Math.max(...rows.map((row) => width(row.left))));
  const room = Math.max(24, Math.min(columns, WIDEST) - left - 4);
  return rows.flatMap((row) => {
    const [first = '', ...more] = wrap(row.right, room);
    const rest = more.map((line) => `${' '.repeat(left + 4)}${line}`);
    return width(row.left) <= left
      ? [`  ${pad(row.left, left)}  ${first}`.trimEnd(), ...rest]
      : [`  ${row.left}`, `${' '.repeat(left + 4)}${first}`, ...rest];
  });
}

function wrap(text: string, columns: number): string[] {
  const room = Math.min(columns, WIDEST);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
