// What the terminal can show, and an area of lines at its bottom that is drawn again and again. Text must be printable
// before it comes here.

import { fit } from './width.ts';

export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Bars are drawn only for somebody who watches: on a terminal, and not in a CI job that pretends to have one. */
export function isInteractive(stream: TerminalStream, environment: Environment): boolean {
  return stream.isTTY === true && !environment.CI && environment.TERM !== 'dumb';
}

/** no-color.org: any non-empty NO_COLOR turns colours off. */
export function hasColors(stream: TerminalStream, environment: Environment): boolean {
  return isInteractive(stream, environment) && !environment.NO_COLOR;
}

/** The Linux console and the C locale have no block characters; everything else in use does. */
export function hasUnicode(environment: Environment): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return environment.TERM !== 'linux' && environment.TERM !== 'dumb' && !/^(C|POSIX)$/.test(locale);
}

const ESCAPE = '\x1b[';
export const STYLE = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
export type Style = keyof typeof STYLE;

export function paint(text: string, style: Style): string {
  return `${ESCAPE}${STYLE[style]}m${text}${ESCAPE}0m`;
}

/** Lines that stay at the bottom while messages scroll above them. */
export class LiveArea {
  readonly #stream: TerminalStream;
  #drawn: readonly string[] = [];

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  get columns(): number {
    return Math.max(20, this.#stream.columns ?? 80);
  }

  /** Replaces the area. Lines are cut to the terminal, because a wrapped line could not be taken back. */
  draw(lines: readonly string[]): void {
    const cut = lines.map((line) => fit(line, this.columns - 1));
    this.#stream.write(this.#erase() + cut.map((line) => `${line}\n`).join(''));
    this.#drawn = cut;
  }

  /** Writes a line above the area. */
  above(text: string): void {
    this.#stream.write(`${this.#erase()}${text}\n${this.#drawn.map((line) => `${line}\n`).join('')}`);
  }

  /** Takes the area away. */
  clear(): void {
    if (this.#drawn.length > 0) this.#stream.write(this.#erase());
    this.#drawn = [];
  }

  #erase(): string {
    return this.#drawn.length === 0 ? '' : `${ESCAPE}${this.#drawn.length}A\r${ESCAPE}0J`;
  }
}
