// The commands and flags as the scripts for shells need them: texts short and free of what shells might mistake, what can
// stand where as single words. Made from the one table of commands, so that no script can say anything else.

import type { CommandDefinition } from '../command.ts';
import { flagName, SETTINGS, type SettingName } from '../settings.ts';
import type { Suggestion } from './suggestion.ts';

export interface CompletedFlag {
  /** Such as `--state`. */
  name: string;
  /** Such as `-o`. */
  alias: string | undefined;
  brief: string;
  /** What stands for the value in help texts; undefined when the flag takes none. */
  placeholder: string | undefined;
  repeats: boolean;
  sources: readonly string[];
}

export interface CompletedCommand {
  name: string;
  brief: string;
  flags: readonly CompletedFlag[];
  /** For each word after the command; the last one goes for all up to `maxWords`. Each source is `path`, … or `+WORD`. */
  words: readonly (readonly string[])[];
  maxWords: number;
}

const HELP: CompletedFlag = {
  name: '--help',
  alias: '-h',
  brief: 'show help',
  placeholder: undefined,
  repeats: false,
  sources: [],
};

export function completionTable(commands: readonly CommandDefinition[]): CompletedCommand[] {
  return commands.filter(({ hidden }) => hidden !== true).map(completeCommand);
}

function completeCommand(definition: CommandDefinition): CompletedCommand {
  const { name, brief, words, settings } = definition;
  return {
    name,
    brief: plain(brief),
    flags: [...settings.map((setting) => completeFlag(definition, setting)), HELP],
    words: (words?.suggest ?? []).map(sourcesOf),
    maxWords: words?.max ?? 0,
  };
}

function completeFlag({ briefs }: CommandDefinition, name: SettingName): CompletedFlag {
  const setting = SETTINGS[name];
  return {
    name: `--${flagName(name)}`,
    alias: 'alias' in setting ? `-${setting.alias}` : undefined,
    brief: firstPart(briefs?.[name] ?? setting.brief),
    placeholder: 'placeholder' in setting ? setting.placeholder : undefined,
    repeats: setting.kind === 'many',
    sources: sourcesOf(('suggest' in setting ? setting.suggest : undefined) ?? []),
  };
}

function sourcesOf(suggestions: readonly Suggestion[]): string[] {
  return suggestions.flatMap((each) => (typeof each === 'string' ? [each] : each.map((word) => `+${word}`)));
}

/** Beside a flag there is room for little: explanations after a semicolon or in brackets stay in the help. */
function firstPart(brief: string): string {
  return plain(brief.split(/; | \(|: /)[0]!);
}

/** Typographic apostrophes: a straight one would end a string in each of the shells. */
function plain(text: string): string {
  return text.replaceAll("'", '’');
}
