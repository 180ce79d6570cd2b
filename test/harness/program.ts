// A program as a process of a test or a measurement: its output as lines and JSON events, waiting for a condition, an end
// that always comes. Knows nothing of what it runs.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long to wait for an event or an end before giving up, unless a call says otherwise. */
export const PATIENCE = 60_000;

/** One line of output that is a JSON object with an event. */
export interface ProgramEvent {
  event: string;
  [field: string]: unknown;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const running = new Set<Program>();

process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

/** Kills every program started here that still runs. */
export async function endPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill('SIGKILL')));
}

export class Program {
  readonly child: ChildProcess;
  /** Lines of standard output so far. */
  readonly lines: string[] = [];
  /** Those lines that are JSON objects with an event. */
  readonly events: ProgramEvent[] = [];
  stderr = '';
  /** Settles when the process has ended and its output is read to the end. Never rejects. */
  readonly exit: Promise<Exit>;
  ended: Exit | undefined;
  readonly #title: string;
  readonly #group: boolean;
  readonly #waiting = new Set<() => void>();

  /**
   * Starts `words[0]` with the rest as arguments. Standard input is ignored unless `options.stdio` says otherwise. With
   * `options.detached` it leads a process group, and signals reach all of it: for a shell and what it runs.
   */
  constructor(words: readonly string[], options: SpawnOptions = {}) {
    this.#title = words.join(' ');
    this.#group = options.detached === true;
    this.child = spawn(words[0]!, words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this);
    this.child.stdin?.on('error', () => {}); // a process that ended before reading its input is seen by its exit
    createInterface({ input: this.child.stdout!, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      this.lines.push(line);
      const event = parseEvent(line);
      if (event !== undefined) this.events.push(event);
      this.#wake();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    this.exit = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.stderr += `${error}\n`;
      });
      this.child.on('close', (code, signal) => {
        this.ended = { code, signal };
        running.delete(this);
        this.#wake();
        resolve(this.ended);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get stdout(): string {
    return this.lines.join('\n');
  }

  /** Writes one command as a JSON line to standard input. */
  send(command: object): void {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** The first event of this name (that `where` accepts), past or future. Rejects when the process ends without it. */
  event(
    name: string,
    where: (event: ProgramEvent) => boolean = () => true,
    patience = PATIENCE,
  ): Promise<ProgramEvent> {
    return this.until(
      () => this.events.find((event) => event.event === name && where(event)),
      `event ${name}`,
      patience,
    );
  }

  /** All events of this name so far. */
  all(name: string): ProgramEvent[] {
    return this.events.filter((event) => event.event === name);
  }

  /** Looks again whenever output arrives, until `look` finds something. Rejects when the process ends without it. */
  until<T>(look: () => T | undefined | false, what: string, patience = PATIENCE): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#waiting.delete(check);
        clearTimeout(timer);
        settle();
      };
      const check = () => {
        const found = look();
        if (found !== undefined && found !== false) finish(() => resolve(found));
        else if (this.ended !== undefined) finish(() => reject(this.failure(`ended without ${what}`)));
      };
      const timer = setTimeout(() => finish(() => reject(this.failure(`no ${what} within ${patience} ms`))), patience);
      this.#waiting.add(check);
      check();
    });
  }

  /** Waits for the end and returns the exit code; a signal that ended it is 128 and more, as a shell would say. */
  async code(patience = PATIENCE): Promise<number> {
    const ended = await this.until(() => this.ended, 'end', patience);
    return ended.code ?? 128 + (ended.signal === 'SIGKILL' ? 9 : ended.signal === 'SIGINT' ? 2 : 15);
  }

  /** Sends the signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return await this.exit;
  }

  /** Sends the signal, if it still runs. */
  signal(signal: NodeJS.Signals): void {
    if (this.ended !== undefined || this.child.pid === undefined) return;
    if (!this.#group) this.child.kill(signal);
    else
      try {
        process.kill(-this.child.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // all of it has ended just now
      }
  }

  /** An error that carries what the process said. */
  failure(what: string): Error {
    const tail = this.lines.slice(-20).join('\n');
    const end = this.ended === undefined ? 'running' : `ended ${JSON.stringify(this.ended)}`;
    return new Error(`${this.#title}: ${what} (${end})\nstdout:\n${tail}\nstderr:\n${this.stderr.slice(-4000)}`);
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function parseEvent(line: string): ProgramEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'event' in value ? (value as ProgramEvent) : undefined;
  } catch {
    return undefined;
  }
}
