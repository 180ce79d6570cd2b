// What a torrent tells whoever uses it: events, how the download ended, and that everything was let go. Decides nothing.

import type { ShoalError } from '../base/errors.ts';
import type { Share } from '../swarm/commands.ts';
import type { Peer } from '../swarm/peer.ts';
import { addressOf, Contributions, describeShares } from './contributions.ts';
import { EventStream } from './event-stream.ts';
import type { DownloadSummary, TorrentEvent } from './types.ts';

/** Milliseconds until the same trouble with reading is told again. */
const REPEAT_WARNING = 10_000;
/** A reader that comes late has to know of these. */
const KEPT: ReadonlySet<TorrentEvent['type']> = new Set(['metadata', 'done', 'failed', 'stopped']);

export class TorrentNews {
  readonly done: Promise<DownloadSummary>;
  /** Settles when the torrent has let go of everything. */
  readonly stopped: Promise<void>;
  readonly #clock: () => number;
  readonly #events = new EventStream<TorrentEvent>((event) => KEPT.has(event.type));
  readonly #given = new Contributions();
  #settleDone!: { resolve: (summary: DownloadSummary) => void; reject: (error: ShoalError) => void };
  #settleStopped!: () => void;
  #lastReadFailure = { message: '', at: 0 };

  constructor(clock: () => number) {
    this.#clock = clock;
    this.done = new Promise((resolve, reject) => {
      this.#settleDone = { resolve, reject };
    });
    this.stopped = new Promise((resolve) => {
      this.#settleStopped = resolve;
    });
    // Whoever only reads events need not handle this promise as well.
    this.done.catch(() => undefined);
  }

  read(): AsyncIterable<TorrentEvent> {
    return this.#events.read();
  }

  tell(event: TorrentEvent): void {
    this.#events.emit(event);
  }

  /** Something a user should read; the torrent goes on. */
  warn(message: string): void {
    this.tell({ type: 'warning', message });
  }

  /** One warning for what may be hundreds of requests. */
  readFailed({ message }: ShoalError): void {
    const now = this.#clock();
    if (message === this.#lastReadFailure.message && now - this.#lastReadFailure.at < REPEAT_WARNING) return;
    this.#lastReadFailure = { message, at: now };
    this.warn(message);
  }

  connected(peer: Peer): void {
    this.tell({ type: 'peerConnected', address: addressOf(peer), client: peer.client });
  }

  disconnected(peer: Peer, reason: string): void {
    this.tell({ type: 'peerDisconnected', address: addressOf(peer), reason });
  }

  piece(index: number, from: readonly Share[]): void {
    this.#given.add(from);
    this.tell({ type: 'piece', index, from: describeShares(from) });
  }

  badPiece(index: number, from: readonly Share[]): void {
    this.tell({ type: 'badPiece', index, from: describeShares(from) });
  }

  /** What was wanted is here. Who gave it is filled in. */
  complete(result: Omit<DownloadSummary, 'peers'>): void {
    const summary = { ...result, peers: this.#given.list() };
    this.tell({ type: 'done', summary });
    this.#settleDone.resolve(summary);
  }

  /** More is wanted than was: who comes late is not told of that any more. */
  goesOn(): void {
    this.#events.forget(({ type }) => type === 'done');
  }

  failed(error: ShoalError): void {
    this.tell({ type: 'failed', error });
    this.#settleDone.reject(error);
  }

  /** Everything is let go. `interrupted`: what became of a download that had not ended. */
  end(interrupted: ShoalError): void {
    this.#settleDone.reject(interrupted);
    this.tell({ type: 'stopped' });
    this.#events.end();
    this.#settleStopped();
  }
}
