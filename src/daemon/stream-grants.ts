// Who may play what: addresses that nobody can guess, each for one file and for a while. Kept in memory only, and worth nothing
// any more when the torrent is gone.

import { createHash, randomBytes } from 'node:crypto';
import type { ManagedTorrent } from './managed-torrent.ts';

export interface StreamGrant {
  readonly torrent: ManagedTorrent;
  /** Of the metadata. */
  readonly index: number;
  /** Last part of the path. */
  readonly name: string;
  readonly size: number;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** Long enough for a film, a break and the rest of it. */
const LIFE = 12 * 3600 * 1000;
/** The oldest goes first. */
const MAX_GRANTS = 10_000;

export class StreamGrants {
  readonly #now: () => number;
  readonly #isHere: (torrent: ManagedTorrent) => boolean;
  /** By the hash of their token, so that how long a look takes says nothing about it. */
  readonly #grants = new Map<string, StreamGrant>();

  /** `isHere`: whether the daemon has the torrent still. `now`: epoch milliseconds. */
  constructor(isHere: (torrent: ManagedTorrent) => boolean, now: () => number) {
    this.#isHere = isHere;
    this.#now = now;
  }

  open(file: Omit<StreamGrant, 'expires'>): { token: string; expires: number } {
    this.#sweep();
    const token = randomBytes(32).toString('base64url');
    const expires = this.#now() + LIFE;
    this.#grants.set(hashOf(token), { ...file, expires });
    return { token, expires };
  }

  /** Undefined: there is no such address, or not any more. */
  find(token: string): StreamGrant | undefined {
    const grant = this.#grants.get(hashOf(token));
    return grant === undefined || !this.#isValid(grant) ? undefined : grant;
  }

  #isValid(grant: StreamGrant): boolean {
    return this.#now() < grant.expires && this.#isHere(grant.torrent);
  }

  #sweep(): void {
    for (const [key, grant] of this.#grants)
      if (!this.#isValid(grant) || this.#grants.size >= MAX_GRANTS) this.#grants.delete(key);
      else break;
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
