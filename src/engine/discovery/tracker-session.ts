// The one session of this process with one tracker: opens it, keeps it alive, and reports the pieces of all torrents in
// batches. A tracker that knows no sessions is asked once and then left alone. Nothing that goes wrong here may disturb a
// transfer: it only means that the tracker knows less about us.

import { randomBytes } from 'node:crypto';
import { createClient, TrackerProblem } from '../../api/client.ts';
import { MAX_REPORTS } from '../../api/session-limits.ts';
import type { HeartbeatBody, HeartbeatReply } from '../../api/session-schemas.ts';
import type { Bitfield } from '../../base/bitfield.ts';
import { ShoalError } from '../../base/errors.ts';
import { leanFetch } from '../../io/lean-fetch.ts';
import { sessionOpenBytes } from '../../protocol/session-open.ts';
import { nextBatch, type Reported } from './piece-report-batch.ts';

export interface SessionSigner {
  /** Raw ed25519 public key, 64 hex digits. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): Uint8Array;
}

export interface TrackerSessionOptions {
  /** Base or announce URL of the tracker. */
  url: string;
  /** Where peers reach us. */
  port: number;
  signer: SessionSigner;
  /**
   * A session is open, the first or, after the tracker forgot it, another: announces must carry its id from now on, and
   * those torrents that were announced without it must be announced again.
   */
  onOpened?: (id: string) => void;
  /** Epoch milliseconds. */
  clock?: () => number;
}

/** Announces need not wait longer than this for a session: they are repeated once it is open. */
const READY_TIMEOUT = 3_000;
const REQUEST_TIMEOUT = 10_000;
/** Leaving politely may take no longer. */
const CLOSE_TIMEOUT = 2_000;
/** Until a new torrent is told of, so that its announce comes first and several go in one heartbeat. */
const SOON = 1_500;
const SHORTEST_BEAT = 1_000;
const LONGEST_BEAT = 60_000;
const RETRY_BEAT = 5_000;
const FIRST_RETRY = 15_000;
const LONGEST_RETRY = 600_000;

export class TrackerSession {
  readonly #options: TrackerSessionOptions;
  readonly #client: ReturnType<typeof createClient>;
  readonly #torrents = new Map<string, Reported>();
  readonly #gone = new Set<string>();
  readonly #abort = new AbortController();
  #id: string | undefined;
  #every = LONGEST_BEAT;
  #supported: boolean;
  #failures = 0;
  #problem: ShoalError | undefined;
  #work: Promise<void> = Promise.resolve();
  #first: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(options: TrackerSessionOptions) {
    this.#options = options;
    this.#client = createClient(options.url, { timeout: REQUEST_TIMEOUT, fetch: leanFetch });
    this.#supported = /^https?:/i.test(options.url);
  }

  /** What an announce to this tracker carries; undefined while there is no session. */
  get id(): string | undefined {
    return this.#id;
  }

  /** False once the tracker turned out to know no sessions. */
  get supported(): boolean {
    return this.#supported;
  }

  /** Why there is no session, or why the last heartbeat failed. Holds words of the tracker: untrusted text. */
  get problem(): ShoalError | undefined {
    return this.#problem;
  }

  /** Opens the session on the first call. Settles when it is open, or it is clear that there is no waiting for it. */
  async ready(): Promise<void> {
    this.#first ??= this.beat();
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, READY_TIMEOUT);
    await Promise.race([this.#first, patience.promise]);
    clearTimeout(timer);
  }

  /** Reports from now on what `have` gives: undefined as long as nothing is known. */
  track(infoHash: string, have: () => Bitfield | undefined): void {
    this.#gone.delete(infoHash);
    this.#torrents.set(infoHash, { have, told: undefined, asked: false, refused: false });
    if (this.#id !== undefined) this.#wakeIn(SOON);
  }

  /** We are in the swarm no more. The announce says so too, but may be lost. */
  untrack(infoHash: string): void {
    if (!this.#torrents.delete(infoHash)) return;
    this.#gone.add(infoHash);
    if (this.#id !== undefined) this.#wakeIn(SOON);
  }

  /** One heartbeat now, or an attempt to open the session. Never rejects. */
  beat(): Promise<void> {
    this.#work = this.#work.then(() => this.#beat());
    return this.#work;
  }

  /** Tells the tracker that we are gone. Never rejects; takes two seconds at most. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#work;
    const id = this.#id;
    this.#id = undefined;
    if (id === undefined) return;
    try {
      await this.#client.closeSession({ params: { id }, signal: AbortSignal.timeout(CLOSE_TIMEOUT) });
    } catch {
      // The lease ends by itself.
    }
  }

  async #beat(): Promise<void> {
    if (this.#abort.signal.aborted || !this.#supported) return;
    clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
    try {
      if (this.#id === undefined) await this.#open();
      else await this.#report(this.#id);
      this.#failures = 0;
      this.#problem = undefined;
      this.#wakeIn(this.#every);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failed(error);
    }
  }

  async #open(): Promise<void> {
    const { signer, port, clock = Date.now, onOpened } = this.#options;
    const timestamp = Math.floor(clock() / 1000);
    const open = { publisher: signer.publicKey, port, timestamp, nonce: randomBytes(16).toString('hex') };
    const signature = Buffer.from(signer.sign(sessionOpenBytes(open))).toString('base64');
    const reply = await this.#client.openSession({ body: { ...open, signature }, signal: this.#abort.signal });
    this.#id = reply.session;
    this.#every = Math.min(Math.max(1000 * reply.every, SHORTEST_BEAT), LONGEST_BEAT);
    this.#gone.clear();
    for (const torrent of this.#torrents.values()) Object.assign(torrent, { told: undefined, refused: false });
    onOpened?.(reply.session);
    if (this.#torrents.size > 0) this.#wakeIn(SOON);
  }

  async #report(id: string): Promise<void> {
    const gone = [...this.#gone].slice(0, MAX_REPORTS);
    const { refused, resend } = await this.#send(id, [...this.#torrents], gone);
    for (const infoHash of gone) this.#gone.delete(infoHash);
    for (const infoHash of refused) {
      const torrent = this.#torrents.get(infoHash);
      if (torrent !== undefined) torrent.refused = true;
    }
    // Told at once, but only once in a beat: a tracker that always asks must not keep us busy.
    const asked = resend.flatMap((infoHash) => {
      const torrent = this.#torrents.get(infoHash);
      if (torrent === undefined) return [];
      Object.assign(torrent, { told: undefined, asked: true });
      return [[infoHash, torrent] as const];
    });
    if (asked.length > 0) await this.#send(id, asked, []);
  }

  /** One heartbeat, or as many as it takes. */
  async #send(
    id: string,
    torrents: readonly (readonly [string, Reported])[],
    gone: readonly string[],
  ): Promise<HeartbeatReply> {
    const remaining = torrents.values();
    const refused: string[] = [];
    for (let first = true; ; first = false) {
      const batch = nextBatch(remaining);
      const body: HeartbeatBody = { torrents: batch.reports, ...(first && { gone: [...gone] }) };
      const reply = await this.#client.heartbeat({ params: { id }, body, signal: this.#abort.signal });
      batch.taken();
      refused.push(...reply.refused);
      // Only the last reply knows everything we said.
      if (batch.last) return { refused, resend: reply.resend };
    }
  }

  #failed(error: unknown): void {
    this.#problem =
      error instanceof ShoalError
        ? error
        : new ShoalError('ERR_INTERNAL', `the session with ${this.#options.url} failed: ${error}`, { cause: error });
    if (this.#problem.reason === 'session_unknown') {
      this.#id = undefined;
      this.#wakeIn(0);
    } else if (this.#id !== undefined) this.#wakeIn(Math.min(RETRY_BEAT, this.#every));
    else if (knowsNoSessions(this.#problem)) this.#supported = false;
    else this.#wakeIn(Math.min(FIRST_RETRY * 2 ** this.#failures++, LONGEST_RETRY));
  }

  #wakeIn(wait: number): void {
    if (this.#abort.signal.aborted) return;
    const due = performance.now() + wait;
    if (due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.beat(), wait);
    this.#timer.unref();
  }
}

/** An answer that is none of a Shoal tracker's. */
function knowsNoSessions(error: ShoalError): boolean {
  if (error instanceof TrackerProblem) return error.status === 404 || error.status === 405;
  return error.code === 'ERR_TRACKER_REPLY' && !/^http_5/.test(error.reason ?? '');
}
