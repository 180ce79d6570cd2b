// Joins the command definitions to the parser and runs one command line: settings resolved, errors rendered, exit code
// returned. The only file that knows the parser.

import {
  type ApplicationText,
  ArgumentScannerError,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type FlagParametersForType,
  formatMessageForArgumentScannerError,
  type CommandContext as ParserContext,
  run,
  type StricliIntegration,
  type TypedCommandParameters,
  text_en,
} from '@stricli/core';
import { EXIT, ShoalError } from '../base/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { COMMANDS } from './commands.ts';
import { asShoalError, exitCodeOfParser } from './errors.ts';
import { listenForSignals } from './interrupt.ts';
import { openLog } from './log.ts';
import { Output, type OutputStreams } from './output.ts';
import { drawCommandHelp, drawMainHelp } from './render/help.ts';
import { findSources, type RawFlags, readSettings, SETTINGS, type SettingName } from './settings.ts';

type ParsedFlags = {
  readonly [K in SettingName]: (typeof SETTINGS)[K]['kind'] extends 'many'
    ? readonly string[] | undefined
    : (typeof SETTINGS)[K]['kind'] extends 'switch'
      ? boolean | undefined
      : string | undefined;
};

/** Runs `shoal ARGUMENTS` and returns the exit code. Never throws. */
export async function runCommandLine(words: readonly string[], streams: OutputStreams): Promise<number> {
  const output = new Output(streams, { json: wantsJson(words, streams.environment) });
  let outcome: number | undefined;
  const complaints: string[] = [];
  const execute = async (definition: CommandDefinition, flags: RawFlags, args: readonly string[]) => {
    outcome = await runCommand(definition, flags, args, output, streams);
  };
  const parserProcess = {
    stdout: { write: (text: string) => void streams.stdout.write(text) },
    stderr: { write: (text: string) => void complaints.push(text) },
    exitCode: undefined as number | undefined,
  };
  try {
    await run(buildShoal(execute, streams), words, { process: parserProcess });
  } catch (error) {
    output.fail(asShoalError(error));
    return EXIT.failed;
  }
  if (complaints.length > 0) {
    const help = COMMANDS.some((definition) => definition.name === words[0])
      ? `shoal ${words[0]} --help`
      : 'shoal --help';
    output.fail(new ShoalError('ERR_USAGE', `${complaints.join('').trim()}; see ${help}`));
  }
  return outcome ?? exitCodeOfParser(Number(parserProcess.exitCode ?? 0));
}

/** Before the parser has spoken: errors of parsing must come as JSON too. */
function wantsJson(words: readonly string[], environment: OutputStreams['environment']): boolean {
  const end = words.indexOf('--');
  const flags = end < 0 ? words : words.slice(0, end);
  return flags.includes('--json') || SETTINGS.json.parse(environment.SHOAL_JSON ?? '') === true;
}

async function runCommand(
  definition: CommandDefinition,
  flags: RawFlags,
  words: readonly string[],
  output: Output,
  { environment, readerGone }: OutputStreams,
): Promise<number> {
  let signal: AbortSignal | undefined;
  const context: CommandContext = {
    output,
    environment,
    get signal() {
      signal ??= listenForSignals(
        () => {
          output.endProgress();
          output.say('Stopping; once more stops at once.');
        },
        () => context.onHangUp,
        readerGone,
      );
      return signal;
    },
    onHangUp: undefined,
    origins: new Map(),
    commands: COMMANDS,
    reread: async () => {
      const { configFile } = await import('./peer-session.ts');
      const { readConfigFile } = await import('./config-file.ts');
      const names = COMMANDS.map(({ name }) => name);
      const file = await readConfigFile(configFile(environment), names);
      const sources = findSources(definition.name, definition.settings, flags, environment, file);
      context.origins = new Map([...sources].map(([name, { origin }]) => [name, origin]));
      return readSettings(definition.settings, sources);
    },
  };
  try {
    const settings = await context.reread();
    output.json = settings.json;
    output.verbose = settings.verbose;
    output.log = await openLog(settings.logLevel);
    const { run: runModule } = await definition.load();
    await runModule(context, settings, words);
    return EXIT.done;
  } catch (thrown) {
    if (readerGone?.aborted === true) return EXIT.done;
    const error = asShoalError(thrown);
    output.fail(error);
    return error.exitCode;
  } finally {
    output.endProgress();
  }
}

type Execute = (definition: CommandDefinition, flags: RawFlags, words: readonly string[]) => Promise<void>;

function buildShoal(execute: Execute, streams: OutputStreams) {
  const routes = Object.fromEntries(COMMANDS.map((definition) => [definition.name, buildRoute(definition, execute)]));
  return buildApplication(
    buildRouteMap({ routes, docs: { brief: 'Share files by name' } }),
    {
      name: 'shoal',
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      documentation: { disableAnsiColor: true },
      localization: { text: TEXT },
    },
    { help: helpFlag(streams), version: VERSION_FLAG },
  );
}

function buildRoute(definition: CommandDefinition, execute: Execute) {
  const { words } = definition;
  const parameters: TypedCommandParameters<ParsedFlags, string[], ParserContext> = {
    flags: flagParameters(definition.settings),
    aliases: definition.settings.includes('output') ? { o: 'output' } : {},
    positional: {
      kind: 'array',
      parameter: { brief: words?.brief ?? '', placeholder: words?.placeholder ?? 'argument', parse: String },
      minimum: words?.min ?? 0,
      maximum: words?.max ?? 0,
    },
  };
  return buildCommand<ParsedFlags, string[], ParserContext>({
    loader:
      async () =>
      (flags, ...args) =>
        execute(definition, flags, args),
    parameters,
    docs: { brief: definition.brief },
  });
}

/** All as text: settings.ts reads values of flags, variables and files alike, and says where a bad one came from. */
function flagParameters(names: readonly SettingName[]): FlagParametersForType<ParsedFlags, ParserContext> {
  const parameters = names.map((name) => {
    const { kind, brief } = SETTINGS[name];
    if (kind === 'switch') return [name, { kind: 'boolean', optional: true, withNegated: false, brief }];
    return [
      name,
      { kind: 'parsed', optional: true, parse: String, brief, ...(kind === 'many' ? { variadic: true } : {}) },
    ];
  });
  return Object.fromEntries(parameters) as FlagParametersForType<ParsedFlags, ParserContext>;
}

function helpFlag(streams: OutputStreams): StricliIntegration<ParserContext> {
  return {
    flag: {
      brief: 'show help',
      aliases: ['h'],
      global: true,
      defaultForRouteMap: true,
      run: (_application, { result }) => {
        const definition = COMMANDS.find(({ name }) => name === result.prefix.at(-1));
        const columns = streams.stdout.columns ?? 100;
        streams.stdout.write(
          definition === undefined ? drawMainHelp(COMMANDS, columns) : drawCommandHelp(definition, columns),
        );
      },
    },
  };
}

const VERSION_FLAG: StricliIntegration<ParserContext> = {
  flag: {
    brief: 'show the version',
    aliases: ['V'],
    run: async function () {
      const { readVersion } = await import('./version.ts');
      this.process.stdout.write(`${readVersion()}\n`);
    },
  },
};

/** What was wrong with the words, as a person would say it. */
const TEXT: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) =>
    `there is no command "${input}"${corrections.length === 0 ? '' : `; did you mean ${corrections.join(' or ').replaceAll('`', '')}?`}`,
  exceptionWhileParsingArguments(error) {
    if (!(error instanceof ArgumentScannerError)) return error instanceof Error ? error.message : String(error);
    return formatMessageForArgumentScannerError(error, {
      FlagNotFoundError: ({ input, corrections }) => `there is no flag --${input}${suggest(corrections)}`,
      AliasNotFoundError: ({ input }) => `there is no flag -${input}`,
      UnsatisfiedFlagError: ({ externalFlagName }) => `--${kebab(externalFlagName)} needs a value`,
      UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
        `--${kebab(externalFlagName)} was given twice: "${previousInput}" and "${input}"`,
      UnexpectedPositionalError: ({ input }) => `nothing was expected where "${input}" stands`,
      UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
    });
  },
};

function suggest(corrections: readonly string[]): string {
  return corrections.length === 0
    ? ''
    : `; did you mean ${corrections.map((name) => `--${kebab(name)}`).join(' or ')}?`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
