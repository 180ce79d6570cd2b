// Keeps the registry in a file, so that a restart of the tracker loses no peer. The file is only ever replaced as a whole
// and ends with the SHA-256 of what precedes. One that is damaged is set aside: then announces and heartbeats fill the
// registry again within minutes. A save never holds up announces, and one that fails never stops the tracker.

import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeAtomically } from '../io/stores/atomic-file.ts';
import type { Registry } from '../registry/registry.ts';
import type { TrackerClock } from './clock.ts';
import type { TrackerLog } from './tracker-log.ts';

export interface RegistryStoreOptions {
  directory: string;
  registry: Registry;
  clock: TrackerClock;
  log: TrackerLog;
  /** Milliseconds between saves while something changes; more when saving takes long. */
  every?: number;
}

const FILE = 'registry.jsonl';
const DIGEST = 'sha256 ';
const SAVE_EVERY = 10_000;
/** Saving may take one part in so many of the time. */
const SHARE = 30;
/** Bytes of text made before others get their turn. */
const PORTION = 64 * 1024;

export class RegistryStore {
  readonly path: string;
  readonly #options: RegistryStoreOptions;
  #saved = -1;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;
  #pause = 0;
  #closed = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RegistryStoreOptions) {
    this.#options = options;
    this.path = join(options.directory, FILE);
  }

  /** Fills the registry, in which the allowed torrents must be known already, from the file, if there is one. */
  async load(): Promise<void> {
    const { registry, clock, log } = this.#options;
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn(`cannot read ${this.path} (${(error as Error).message}): peers will be known again as they announce`);
      return;
    }
    const lines = verifiedLines(text);
    if (lines !== undefined && registry.restore(lines, clock.now())) return;
    const aside = `${this.path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    await rename(this.path, aside).catch(() => undefined);
    log.warn(`${this.path} is damaged and was set aside as ${aside}: peers will be known again as they announce`);
  }

  /** Saves from now on, every so often when something has changed. */
  start(): void {
    const { every = SAVE_EVERY } = this.#options;
    this.#timer = setTimeout(
      () => {
        const started = performance.now();
        void this.save().then(() => {
          this.#pause = SHARE * (performance.now() - started);
          if (!this.#closed) this.start();
        });
      },
      Math.max(every, this.#pause),
    );
    this.#timer.unref();
  }

  /** Settles when the file holds what is known now. Never rejects. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /** Saves a last time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.save();
  }

  async #save(): Promise<void> {
    const { registry, clock, log } = this.#options;
    const { changes } = registry;
    if (changes === this.#saved) return;
    try {
      await writeAtomically(this.path, await this.#render(registry, clock));
      this.#saved = changes;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        log.error(`cannot save ${this.path} (${(error as Error).message}); the tracker goes on and tries again`);
      this.#failing = true;
    }
  }

  async #render(registry: Registry, clock: TrackerClock): Promise<Uint8Array> {
    const hash = createHash('sha256');
    const parts: Buffer[] = [];
    let portion = '';
    const flush = (): void => {
      const part = Buffer.from(portion);
      portion = '';
      hash.update(part);
      parts.push(part);
    };
    for (const line of registry.snapshot(clock.now())) {
      portion += `${line}\n`;
      if (portion.length < PORTION) continue;
      flush();
      await nextTurn();
    }
    flush();
    parts.push(Buffer.from(`${DIGEST}${hash.digest('hex')}\n`));
    return Buffer.concat(parts);
  }
}

/** The lines before the digest, or undefined when it does not fit them. */
function verifiedLines(text: string): string[] | undefined {
  const at = text.lastIndexOf(`\n${DIGEST}`) + 1;
  if (at === 0) return undefined;
  const digest = createHash('sha256').update(text.slice(0, at)).digest('hex');
  if (text.slice(at) !== `${DIGEST}${digest}\n`) return undefined;
  return text.slice(0, at - 1).split('\n');
}
