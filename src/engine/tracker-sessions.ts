// The sessions of this process with the trackers its torrents use: one a tracker, opened when the first torrent needs it.
// Knows which torrent is announced where; everything else is the business of the single session.

import { randomBytes } from 'node:crypto';
import type { Bitfield } from '../base/bitfield.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import { type SessionSigner, TrackerSession } from './discovery/tracker-session.ts';

interface Tracked {
  readonly trackers: readonly TrackerSession[];
  readonly announceAgain: () => void;
}

export class TrackerSessions {
  /** The `key` of all our announces: lets a tracker know us again when our address changes (BEP 7). */
  readonly key = randomBytes(4).toString('hex');
  readonly #identity: SessionSigner;
  readonly #stranger: SessionSigner;
  readonly #own: ReadonlySet<string>;
  readonly #port: number;
  readonly #sessions = new Map<string, TrackerSession>();
  readonly #tracked = new Map<string, Tracked>();

  /**
   * Sessions with the user's own `trackers` are signed by `identity`, those with trackers that came with a torrent by
   * `stranger`, a key of this process: a magnet link must not make us tell its tracker who we are.
   */
  constructor(identity: SessionSigner, stranger: SessionSigner, trackers: readonly string[], port: number) {
    this.#identity = identity;
    this.#stranger = stranger;
    this.#own = new Set(trackers.map(announceUrlOf));
    this.#port = port;
  }

  /**
   * Reports the pieces of a torrent to every tracker in `urls` that keeps sessions. `announceAgain` is called when a
   * tracker has opened a new session that earlier announces know nothing of.
   */
  track(infoHash: string, urls: readonly string[], have: () => Bitfield | undefined, announceAgain: () => void): void {
    const trackers = urls.filter((url) => /^https?:/.test(url)).map((url) => this.#session(url));
    for (const session of this.#tracked.get(infoHash)?.trackers ?? [])
      if (!trackers.includes(session)) session.untrack(infoHash);
    for (const session of trackers) session.track(infoHash, have);
    this.#tracked.set(infoHash, { trackers, announceAgain });
  }

  untrack(infoHash: string): void {
    for (const session of this.#tracked.get(infoHash)?.trackers ?? []) session.untrack(infoHash);
    this.#tracked.delete(infoHash);
  }

  /** Settles when the torrent's trackers have sessions, or there is no use in waiting for them. */
  async ready(infoHash: string): Promise<void> {
    await Promise.all((this.#tracked.get(infoHash)?.trackers ?? []).map((session) => session.ready()));
  }

  /** What an announce to this URL carries. */
  sessionId(url: string): string | undefined {
    return this.#sessions.get(announceUrlOf(url))?.id;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  #session(url: string): TrackerSession {
    const key = announceUrlOf(url);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session: TrackerSession = new TrackerSession({
      url: key,
      port: this.#port,
      signer: this.#own.has(key) ? this.#identity : this.#stranger,
      onOpened: () => {
        for (const tracked of this.#tracked.values()) if (tracked.trackers.includes(session)) tracked.announceAgain();
      },
    });
    this.#sessions.set(key, session);
    return session;
  }
}
