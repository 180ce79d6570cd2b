// The only way a command speaks: results on standard output, progress and messages on standard error, JSON lines when
// asked. Decides what is shown where; knows nothing about what it says.

import type { ShoalError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import {
  hasColors,
  hasUnicode,
  isInteractive,
  LiveArea,
  paint,
  type Style,
  type TerminalStream,
} from './render/terminal.ts';

export interface OutputStreams {
  stdout: TerminalStream;
  stderr: TerminalStream;
  environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when whoever read the output has gone. */
  readerGone?: AbortSignal;
}

/** How something under way shows itself, to each kind of reader. Called only when somebody reads it. */
export interface ProgressView {
  /** Lines for a terminal of so many cells. */
  lines(columns: number): string[];
  /** One line for a log. */
  plain(): string;
  /** What the JSON events are called; default `progress`. */
  readonly eventName?: string;
  /** Fields of the JSON events to write now. */
  events?(): Record<string, unknown>[];
}

/** What a log must take; pino does. */
export interface Log {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Events that come often have a level of their own; the rest is info. */
const LEVELS: Readonly<Record<string, 'trace' | 'debug'>> = {
  progress: 'debug',
  hashing: 'debug',
  checking: 'debug',
  piece: 'trace',
};

const DRAW_EVERY = 200;
/** At most twice a second, by contract; a little slower so that a late timer cannot break it. */
const EVENT_EVERY = 510;
const PLAIN_EVERY = 5000;

export class Output {
  json: boolean;
  verbose: boolean;
  /** Takes what is told as well, when the user wants a log. */
  log: Log | undefined;
  /** True when a person watches standard error. */
  readonly interactive: boolean;
  readonly unicode: boolean;
  readonly #streams: OutputStreams;
  readonly #area: LiveArea;
  readonly #colors: boolean;
  #stopProgress: (() => void) | undefined;
  /** Wraps every write: who shows a prompt takes it away and puts it back. */
  around: (write: () => void) => void = (write) => write();

  constructor(streams: OutputStreams, options: { json?: boolean; verbose?: boolean } = {}) {
    this.#streams = streams;
    this.json = options.json ?? false;
    this.verbose = options.verbose ?? false;
    this.interactive = isInteractive(streams.stderr, streams.environment);
    this.unicode = hasUnicode(streams.environment);
    this.#colors = hasColors(streams.stderr, streams.environment);
    this.#area = new LiveArea(streams.stderr);
  }

  /** Width for tables on standard output; 0 when it is not a terminal, so that nothing is cut in a pipe. */
  get columns(): number {
    return this.#streams.stdout.isTTY === true ? (this.#streams.stdout.columns ?? 80) : 0;
  }

  /** One JSON line; without --json only the log has it. */
  event(event: string, fields: Record<string, unknown>): void {
    this.log?.[LEVELS[event] ?? 'info'](fields, event);
    if (this.json) this.#write({ event, ...fields });
  }

  /** A line of the result; nothing with --json. */
  result(line: string): void {
    if (this.json) return;
    const bothOnTerminal = this.#streams.stdout.isTTY === true && this.interactive;
    this.around(() => {
      if (bothOnTerminal) this.#area.above(line);
      else this.#streams.stdout.write(`${line}\n`);
    });
  }

  /**
   * Lines for a person who sees standard output on a terminal, and for nobody else. `draw` gets the room there is, and
   * gives none when it needs more.
   */
  async picture(draw: (room: { columns: number; rows: number; colors: boolean }) => Promise<string[]>): Promise<void> {
    const { stdout, environment } = this.#streams;
    if (this.json || !this.unicode || !isInteractive(stdout, environment)) return;
    const { columns = 80, rows = 24 } = stdout;
    for (const line of await draw({ columns, rows, colors: hasColors(stdout, environment) })) this.result(line);
  }

  /** A message to the person; nothing with --json. */
  say(line: string): void {
    if (!this.json) this.#message(line);
  }

  /** A message only for who asked for more. */
  detail(line: string): void {
    this.log?.debug({}, line);
    if (this.verbose) this.say(line);
  }

  /** Something went other than asked, and the work goes on. */
  warn(message: string): void {
    this.log?.warn({}, printable(message));
    if (this.json) this.#write({ event: 'warning', message });
    else this.#message(`shoal: ${this.paint('warning:', 'yellow')} ${printable(message)}`);
  }

  /** The one place that writes an error. */
  fail(error: ShoalError): void {
    this.endProgress();
    const { code, message, reason } = error;
    this.log?.error({ code, reason }, printable(message));
    if (this.json) this.#write({ event: 'error', code, message, ...(reason === undefined ? {} : { reason }) });
    else this.#message(`shoal: ${printableLines(error.message)}`);
    if (this.verbose && error.stack !== undefined) this.#streams.stderr.write(`${withCauses(error)}\n`);
  }

  paint(text: string, style: Style): string {
    return this.#colors ? paint(text, style) : text;
  }

  /** Shows something under way until the returned function is called. One at a time. */
  progress(view: ProgressView): () => void {
    this.endProgress();
    const stop = this.json ? this.#tellEvents(view) : this.interactive ? this.#drawLines(view) : this.#tellLines(view);
    this.#stopProgress = stop;
    return () => {
      if (this.#stopProgress === stop) this.endProgress();
    };
  }

  /** Takes away whatever progress is shown. */
  endProgress(): void {
    this.#stopProgress?.();
    this.#stopProgress = undefined;
  }

  #tellEvents(view: ProgressView): () => void {
    const tell = () => {
      for (const fields of view.events?.() ?? []) this.event(view.eventName ?? 'progress', fields);
    };
    tell();
    return every(EVENT_EVERY, tell);
  }

  #drawLines(view: ProgressView): () => void {
    const draw = () => this.#area.draw(view.lines(this.#area.columns));
    draw();
    const stop = every(DRAW_EVERY, draw);
    return () => {
      stop();
      this.#area.clear();
    };
  }

  #tellLines(view: ProgressView): () => void {
    let last = '';
    return every(PLAIN_EVERY, () => {
      const line = view.plain();
      if (line !== last && line !== '') this.#message(line);
      last = line;
    });
  }

  #write(event: Record<string, unknown>): void {
    // JSON leaves these as they are, and a terminal would obey them.
    const json = JSON.stringify(event).replace(
      /[\u007f-\u009f]/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
    );
    this.around(() => this.#streams.stdout.write(`${json}\n`));
  }

  #message(line: string): void {
    this.around(() => {
      if (this.interactive) this.#area.above(line);
      else this.#streams.stderr.write(`${line}\n`);
    });
  }
}

function every(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds);
  return () => clearInterval(timer);
}

/** Errors may have several lines on purpose; everything else in them is foreign. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function withCauses(error: Error): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error && parts.length < 5; at = at.cause)
    parts.push(printableLines(at.stack ?? String(at)));
  return parts.join('\ncaused by: ');
}
