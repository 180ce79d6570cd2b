// The bans that outlive a session: one small file, replaced as a whole. Several processes may share it: each change is
// merged into what is there at that moment. Two changes at the very same time may cost one of them; then a liar is found
// out once more, so nothing is locked for it. Judges nobody.

import { open } from 'node:fs/promises';
import { ShoalError } from '../../base/errors.ts';
import { errnoOf, toDiskError } from '../disk/disk-error.ts';
import { writeAtomically } from './atomic-file.ts';

/** Times are epoch milliseconds. */
export interface KeptBan {
  /** A global address. */
  address: string;
  since: number;
  until: number;
  reason: string;
}

const FORMAT = 'shoal-bans-v1';
const MAX_KEPT = 10_000;
const MAX_FILE = 4 * 1024 * 1024;
const MAX_ADDRESS = 45;
const MAX_REASON = 200;

export class BanStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Bans that have not run out at `now`, the oldest first. None when the file is missing or damaged: a liar that is
   * forgotten is found out again. Throws ERR_STATE when the file is of a newer Shoal, and an ERR_DISK code.
   */
  async load(now: number): Promise<KeptBan[]> {
    const text = await this.#read();
    return text === undefined ? [] : parseBans(text, now, this.#path);
  }

  /** Adds and takes away, and drops what has run out at `now`. Throws like `load`. */
  async change(made: readonly KeptBan[], lifted: readonly string[], now: number): Promise<void> {
    const kept = new Map((await this.load(now)).map((ban) => [ban.address, ban]));
    for (const address of lifted) kept.delete(address);
    for (const { address, since, until, reason } of made) {
      kept.delete(address);
      kept.set(address, { address, since, until, reason: reason.slice(0, MAX_REASON) });
    }
    const text = JSON.stringify({ format: FORMAT, bans: [...kept.values()].slice(-MAX_KEPT) });
    try {
      await writeAtomically(this.#path, Buffer.from(`${text}\n`));
    } catch (error) {
      throw toDiskError(error, this.#path, 'keep the bans');
    }
  }

  /** Undefined when there is none; what is too large to be ours counts as damaged. */
  async #read(): Promise<string | undefined> {
    try {
      const handle = await open(this.#path);
      try {
        const { size } = await handle.stat();
        return size > MAX_FILE ? '' : await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw toDiskError(error, this.#path, 'read the bans');
    }
  }
}

/** The text of the file at `path`, read as by `load`. */
export function parseBans(text: string, now: number, path: string): KeptBan[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const { format, bans } = value as { format?: unknown; bans?: unknown };
  if (typeof format === 'string' && format.startsWith('shoal-bans-') && format !== FORMAT)
    throw new ShoalError('ERR_STATE', `${path} is of a newer Shoal; move it away to keep bans with this one`, {
      reason: 'newer_bans',
    });
  if (format !== FORMAT || !Array.isArray(bans)) return [];
  return bans.filter((ban) => isKeptBan(ban) && ban.until > now).slice(-MAX_KEPT);
}

function isKeptBan(value: unknown): value is KeptBan {
  if (typeof value !== 'object' || value === null) return false;
  const { address, since, until, reason } = value as Record<string, unknown>;
  return (
    typeof address === 'string' &&
    address.length <= MAX_ADDRESS &&
    Number.isFinite(since) &&
    Number.isFinite(until) &&
    typeof reason === 'string' &&
    reason.length <= MAX_REASON
  );
}
