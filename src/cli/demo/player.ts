// One process of the demo: a shoal command of its own, whose JSON events are kept as the state the demo shows.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ShoalError } from '../../base/errors.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/shoal.js', import.meta.url));
const GRACE = 5000;
const MAX_STDERR = 4000;

export type Fields = Readonly<Record<string, unknown>>;

export class Player {
  readonly name: string;
  /** The newest event of each name. */
  readonly latest = new Map<string, Fields>();
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #waiting = new Map<string, ((fields: Fields) => void)[]>();
  readonly #failure: Promise<never>;
  #stderr = '';

  constructor(name: string, words: readonly string[], environment: NodeJS.ProcessEnv) {
    this.name = name;
    this.#child = spawn(process.execPath, [LAUNCHER, ...words, '--json'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(line));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', () => resolve(null));
      this.#child.on('close', resolve);
    });
    this.#failure = this.#ended.then((code) => {
      const said = this.latest.get('error')?.message ?? this.#stderr.trim();
      throw new ShoalError('ERR_INTERNAL', `the process of ${name} ended with code ${code}: ${said}`);
    });
    this.#failure.catch(() => {}); // matters only to who waits for an event
  }

  /** The fields of the first event of this name from now on, or of the newest before. Rejects when the process ends. */
  event(name: string): Promise<Fields> {
    const known = this.latest.get(name);
    if (known !== undefined) return Promise.resolve(known);
    const coming = new Promise<Fields>((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
    });
    return Promise.race([coming, this.#failure]);
  }

  /** A number of the newest event of a name; 0 until there is one. */
  count(event: string, field: string): number {
    return Number(this.latest.get(event)?.[field] ?? 0);
  }

  /** Asks the process to leave, and ends it when it does not. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE);
    await this.#ended;
    clearTimeout(timer);
  }

  /** For the moment in which this process itself must end at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(line: string): void {
    let fields: Fields;
    try {
      fields = JSON.parse(line);
    } catch {
      return;
    }
    const name = String(fields.event);
    this.latest.set(name, fields);
    for (const resolve of this.#waiting.get(name) ?? []) resolve(fields);
    this.#waiting.delete(name);
  }
}
