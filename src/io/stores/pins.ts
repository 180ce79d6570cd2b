// What was once learnt of each catalog name: its publisher and the highest version seen. With it a tracker can hide or
// delay, but after the first contact never swap or roll back. Several processes may use one directory at once; a pin is
// only ever raised, and no raise is lost.
//
// Each name has a folder named by the SHA-256 of the name. In it the state is the file with the highest number, and a
// change is the exclusive creation of the next number: whoever finds the number taken reads again. No locks are held, so
// none can be left behind.

import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';
import { createExclusively } from './exclusive-file.ts';

export interface Pin {
  name: string;
  /** 64 hex digits. */
  publisher: string;
  /** Highest version seen. */
  seq: number;
  /** Of that version, 40 hex digits; '' when it was the removal of the name. */
  infoHash: string;
  /** SHA-256 of the signed bytes of that version, 64 hex digits. */
  hash: string;
}

export interface Pins {
  get(name: string): Promise<Pin | undefined>;
  /**
   * Keeps `pin` when it is new or higher than what is kept for its name. A pin of another publisher is only replaced with
   * `replacePublisher`. Returns what is kept now.
   */
  raise(pin: Pin, options?: { replacePublisher?: boolean }): Promise<Pin>;
}

const FORMAT = 'shoal-pin-v1';
const TRIES = 100;

/** What to keep of two pins for one name. */
function chooseHigher(kept: Pin | undefined, pin: Pin, replacePublisher: boolean): Pin {
  if (kept === undefined) return pin;
  if (kept.publisher !== pin.publisher) return replacePublisher ? pin : kept;
  return pin.seq > kept.seq ? pin : kept;
}

/** Pins that are forgotten with the process. */
export class MemoryPins implements Pins {
  readonly #pins = new Map<string, Pin>();

  async get(name: string): Promise<Pin | undefined> {
    return this.#pins.get(name);
  }

  async raise(pin: Pin, options: { replacePublisher?: boolean } = {}): Promise<Pin> {
    const kept = chooseHigher(this.#pins.get(pin.name), pin, options.replacePublisher === true);
    this.#pins.set(pin.name, kept);
    return kept;
  }
}

/** Pins kept below `directory`, made on first use. Failures are ShoalErrors that name the file. */
export class FilePins implements Pins {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async get(name: string): Promise<Pin | undefined> {
    return (await this.#read(name)).pin;
  }

  async raise(pin: Pin, options: { replacePublisher?: boolean } = {}): Promise<Pin> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const { pin: kept, number } = await this.#read(pin.name);
      const chosen = chooseHigher(kept, pin, options.replacePublisher === true);
      if (chosen === kept) return chosen;
      if (await this.#create(chosen, number + 1)) return chosen;
    }
    throw new ShoalError('ERR_STATE', `the pin of ${JSON.stringify(pin.name)} is changed by others all the time`);
  }

  #folder(name: string): string {
    return join(this.#directory, hash('sha256', name));
  }

  /** The state of a name and its number; 0 when there is none. */
  async #read(name: string): Promise<{ pin: Pin | undefined; number: number }> {
    const folder = this.#folder(name);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const numbers = await listNumbers(folder);
      const highest = numbers[0];
      if (highest === undefined) return { pin: undefined, number: 0 };
      const path = join(folder, String(highest));
      const text = await readIfThere(path);
      // Removed between listing and reading: then there is a higher one.
      if (text === undefined) continue;
      return { pin: parsePin(text, name, path), number: highest };
    }
    throw new ShoalError('ERR_STATE', `the pins in ${folder} are changed by others all the time`);
  }

  /** False when another process was first with this number or a higher one. */
  async #create(pin: Pin, number: number): Promise<boolean> {
    const folder = this.#folder(pin.name);
    const path = join(folder, String(number));
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!(await createExclusively(path, `${JSON.stringify({ format: FORMAT, ...pin }, undefined, 2)}\n`)))
        return false;
      // A slow process may have taken a number below one that was cleared away since.
      const numbers = await listNumbers(folder);
      if (numbers[0] !== number) return false;
      for (const old of numbers.slice(1)) await rm(join(folder, String(old)), { force: true });
      return true;
    } catch (error) {
      throw toDiskError(error, path, 'keep the pin');
    }
  }
}

/** Highest first. */
async function listNumbers(folder: string): Promise<number[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
      .map(Number)
      .sort((a, b) => b - a);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toDiskError(error, folder, 'read the pins in');
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw toDiskError(error, path, 'read the pin');
  }
}

/** A damaged pin must not be taken for none: then a swap would go unnoticed. */
export function parsePin(text: string, name: string, path: string): Pin {
  let value: Record<string, unknown> = {};
  try {
    value = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    // Judged with the rest.
  }
  const { format, publisher, seq, infoHash, hash: recordHash } = value;
  if (
    format !== FORMAT ||
    value.name !== name ||
    typeof publisher !== 'string' ||
    !Number.isSafeInteger(seq) ||
    typeof infoHash !== 'string' ||
    typeof recordHash !== 'string'
  )
    throw new ShoalError(
      'ERR_STATE',
      `${path}, which keeps the publisher of ${JSON.stringify(name)}, is damaged or of a newer Shoal; remove it to trust the trackers anew`,
      { reason: 'damaged_pin' },
    );
  return { name, publisher, seq: seq as number, infoHash, hash: recordHash };
}
