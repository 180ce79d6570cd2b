// A foreign program as a process of a test: its output as lines, waiting for a condition, an end that always comes.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

const running = new Set<PeerProcess>();

after(() => Promise.all([...running].map((process) => process.kill())));
process.on('exit', () => {
  for (const { child } of running) child.kill('SIGKILL');
});

export class PeerProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  /** Lines that are JSON objects with an event. */
  readonly events: Record<string, unknown>[] = [];
  stderr = '';
  ended: number | undefined;
  readonly exit: Promise<number>;
  readonly #command: string;
  readonly #waiting = new Set<() => void>();

  constructor(command: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    this.#command = command.join(' ');
    this.child = spawn(command[0]!, command.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    running.add(this);
    this.child.stdin!.on('error', () => {}); // a process that ended first is seen by its exit
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      if (line.startsWith('{')) this.events.push(JSON.parse(line) as Record<string, unknown>);
      else this.lines.push(line);
      this.#wake();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exit = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.stderr += `${error}\n`;
      });
      this.child.on('close', (code, signal) => {
        running.delete(this);
        this.ended = code ?? (signal === 'SIGKILL' ? 137 : 143);
        this.#wake();
        resolve(this.ended);
      });
    });
  }

  send(command: object): void {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** Looks again whenever output arrives, until `look` finds something. Rejects when the process ends without it. */
  until<T>(look: () => T | undefined | false, what: string, patience = 60_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#waiting.delete(check);
        clearTimeout(timer);
        settle();
      };
      const check = () => {
        const found = look();
        if (found !== undefined && found !== false) finish(() => resolve(found));
        else if (this.ended !== undefined) finish(() => reject(this.#failure(`ended without ${what}`)));
      };
      const timer = setTimeout(() => finish(() => reject(this.#failure(`no ${what} in ${patience} ms`))), patience);
      this.#waiting.add(check);
      check();
    });
  }

  event(name: string, where: (event: Record<string, unknown>) => boolean = () => true, patience?: number) {
    return this.until(() => this.events.find((event) => event.event === name && where(event)), name, patience);
  }

  last(name: string): Record<string, unknown> | undefined {
    return this.events.findLast((event) => event.event === name);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended === undefined) this.child.kill(signal);
    await this.exit;
  }

  #failure(what: string): Error {
    const said = [...this.lines.slice(-30), ...this.events.slice(-5).map((event) => JSON.stringify(event))].join('\n');
    return new Error(`${this.#command}: ${what}\n${said}\n${this.stderr.slice(-4000)}`);
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
