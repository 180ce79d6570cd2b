// One torrent of a running daemon, followed from here: asked a few times a second how it stands, and told what happens by
// the daemon's event stream.

import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '../api/daemon-client.ts';
import type { Failure, LiveReply, TorrentRow } from '../api/daemon-schemas.ts';
import { isErrorCode, ShoalError } from '../base/errors.ts';
import { EventStream } from '../engine/event-stream.ts';
import type { PeerStatus, TorrentEvent, TorrentState, TorrentStatus, TrackerStatus } from '../engine/types.ts';
import type { FollowedTorrent } from './torrent-host.ts';

const ASK_EVERY = 250;
const RETRY = 100;

/** Only once each: the daemon tells them again to who comes late or after a pause. */
const ONCE = new Set(['metadata', 'done', 'failed', 'stopped']);

export class RemoteTorrent implements FollowedTorrent {
  readonly infoHash: string;
  readonly #client: DaemonClient;
  readonly #events = new EventStream<TorrentEvent>(({ type }) => ONCE.has(type));
  readonly #told = new Set<string>();
  readonly #abort = new AbortController();
  #live: LiveReply;

  constructor(client: DaemonClient, row: TorrentRow) {
    this.#client = client;
    this.infoHash = row.infoHash;
    this.#live = {
      running: false,
      status: { ...row, reused: 0, failedPieces: 0 },
      peers: [],
      trackers: [],
      pieces: '',
    };
    void this.#watch();
    void this.#listen();
  }

  get status(): TorrentStatus {
    const { error, waiting, state, ...status } = this.#live.status;
    return {
      ...status,
      state: stateOf(state),
      ...(error === null ? {} : { error: errorOf(error) }),
      ...(waiting === null ? {} : { diskFull: errorOf(waiting) }),
    };
  }

  get peers(): PeerStatus[] {
    return [...this.#live.peers];
  }

  get trackers(): TrackerStatus[] {
    return this.#live.trackers.map(({ url, tier, lastAnswer, failure, seeds, peers }) => ({
      url,
      tier,
      lastAnswer,
      ...(failure === null ? {} : { failure }),
      ...(seeds === null ? {} : { seeds }),
      ...(peers === null ? {} : { peers }),
    }));
  }

  pieceMap(): Uint8Array | undefined {
    const { pieces } = this.#live;
    return pieces === '' ? undefined : Buffer.from(pieces, 'base64');
  }

  events(): AsyncIterable<TorrentEvent> {
    return this.#events.read();
  }

  announceTo(tiers: readonly (readonly string[])[]): void {
    const body = { trackers: tiers.flat() };
    this.#client.change({ params: { infoHash: this.infoHash }, body }).catch((error) => this.#fail(error));
  }

  /** Follows it no longer; what it does there is not touched. */
  close(): void {
    this.#abort.abort();
    this.#events.end();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        this.#live = await this.#client.live({ params: { infoHash: this.infoHash }, signal });
        const { error } = this.#live.status;
        if (error !== null) return this.#fail(errorOf(error));
        await delay(ASK_EVERY, undefined, { signal });
      } catch (error) {
        if (!signal.aborted) this.#fail(isAway(error) ? goneError(error) : error);
        return;
      }
    }
  }

  /** Goes on with the next stream when one ends: it was paused, moved or verified. */
  async #listen(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const { data } of this.#client.torrentEvents(this.infoHash, { signal })) this.#tell(data);
      } catch (error) {
        if (signal.aborted) return;
        // Why it does not run, or that it is gone, is found by the other look.
        if (!(error instanceof ShoalError)) return this.#fail(error);
      }
      await delay(RETRY, undefined, { signal }).catch(() => undefined);
    }
  }

  #tell(data: string): void {
    const event = JSON.parse(data) as TorrentEvent;
    // A stop of the daemon's torrent is no end of it, and a failure comes with its reason by the other look.
    if (event.type === 'stopped' || event.type === 'failed') return;
    if (ONCE.has(event.type) && this.#told.has(event.type)) return;
    this.#told.add(event.type);
    this.#events.emit(event);
  }

  #fail(thrown: unknown): void {
    const error =
      thrown instanceof ShoalError ? thrown : new ShoalError('ERR_DAEMON', String(thrown), { cause: thrown });
    if (error.code === 'ERR_NOT_FOUND') this.#events.emit({ type: 'stopped' });
    else this.#events.emit({ type: 'failed', error });
    this.close();
  }
}

/** The daemon's words for what waits for its turn, or has had enough, in those of a session. */
function stateOf(state: TorrentRow['state']): TorrentState {
  if (state === 'queued') return 'checking';
  return state === 'paused' || state === 'finished' ? 'stopped' : state;
}

function isAway(error: unknown): boolean {
  return error instanceof ShoalError && error.code === 'ERR_DAEMON';
}

function goneError(cause: unknown): ShoalError {
  const message = 'the daemon that did the work has stopped; run the same command again to go on';
  return new ShoalError('ERR_DAEMON', message, { cause });
}

function errorOf({ code, message, reason }: Failure): ShoalError {
  return new ShoalError(isErrorCode(code) ? code : 'ERR_DAEMON', message, reason === undefined ? {} : { reason });
}
