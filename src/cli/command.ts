// What a command is to the command line: its words, the settings it takes, and the module that is loaded when it runs.

import type { Suggestion } from './completion/suggestion.ts';
import type { Output } from './output.ts';
import type { SettingName, Settings } from './settings.ts';

export interface CommandContext {
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Aborted by the first Ctrl-C or SIGTERM; its reason is the error to end with. Asking for it takes the signals over, so
   * only commands that have something to close should.
   */
  readonly signal: AbortSignal;
  /** Called at SIGHUP in place of stopping. */
  onHangUp: (() => void) | undefined;
  /** Where each setting that was given came from: `--down`, `SHOAL_DOWN`, `/…/config.toml:3: down`. */
  origins: ReadonlyMap<SettingName, string>;
  /** Every command there is. */
  readonly commands: readonly CommandDefinition[];
  /** The settings as environment and config file say now; brings `origins` up to date. Throws as at the start. */
  reread(): Promise<Settings>;
}

/** Runs to the end; failure is a thrown ShoalError. */
export type CommandRun<K extends SettingName> = (
  context: CommandContext,
  settings: Pick<Settings, K>,
  words: readonly string[],
) => Promise<void>;

export interface CommandDefinition<K extends SettingName = SettingName> {
  readonly name: string;
  /** One line in the list of commands. */
  readonly brief: string;
  /** How the words after the name are written, such as `NAME[@VERSION]|MAGNET`. */
  readonly words?: {
    readonly placeholder: string;
    /** For the list of commands, where room is scarce. */
    readonly short?: string;
    readonly brief: string;
    readonly min: number;
    readonly max: number;
    /** What shells offer for each word; the last one goes for all that follow. */
    readonly suggest?: readonly (readonly Suggestion[])[];
  };
  /** Called by scripts, not by people: no help text lists it. */
  readonly hidden?: boolean;
  readonly settings: readonly K[];
  /** Briefs that say what a setting means for this command, where the general one would be vague. */
  readonly briefs?: Partial<Record<K, string>>;
  /** Paragraphs after the usage line. */
  readonly description: readonly string[];
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  readonly load: () => Promise<{ readonly run: CommandRun<K> }>;
}

/** Settings every command takes. */
export const COMMON = ['json', 'verbose', 'logLevel'] as const satisfies readonly SettingName[];

/** What --listen means to every command that is a peer. */
export const LISTEN_PEER = 'where peers reach this one (default all interfaces, the first free port from 6881 on)';

/** How files are chosen, for help texts. */
export const CHOICE =
  'FILES are numbers as shoal show and shoal files have them (0,2,4-6), or a pattern in which * stands for any text and ? for one character: "*.flac", or the path or name of a file or folder. A magnet link may name files, too (so=0,2); --files "*" takes all. When what is wanted is here, it is done.';

/** Keeps the names of the settings in the type, so that `run` sees exactly those. */
export function command<const K extends SettingName>(definition: CommandDefinition<K>): CommandDefinition<K> {
  return definition;
}
