// Starts and stops torrents as the queue has it (queue.ts): a few at a time, in their order, and never looking at thousands
// of them for each one that begins. Decides nothing about who may run.

import type { ManagedTorrent } from './managed-torrent.ts';
import { chooseActive, type QueueLimits } from './queue.ts';

export interface QueueRunnerOptions {
  /** All torrents in the order of the queue. */
  ordered(): readonly ManagedTorrent[];
  limits(): QueueLimits;
  onFailed(error: unknown): void;
}

/** Disks that are checked at the same time: more would only take turns on the same hash threads and disks. */
const STARTS_AT_ONCE = 4;
/** Who is checked for longer, in milliseconds, has much to hash: others need not wait for it, up to so many altogether. */
const LONG_START = 5000;
const MOST_STARTS = 16;
/** Looking at the queue may take this part of the time at most, however many torrents there are. */
const LOOK_SHARE = 0.1;

export class QueueRunner {
  readonly #options: QueueRunnerOptions;
  #looking = false;
  /** Not before then, by the clock of the process. */
  #nextLook = 0;
  /** Those that may run and do not yet, the first one last; as of the last look. */
  #waiting: ManagedTorrent[] = [];
  /** Starts under way, and those of them for which others wait. */
  #starts = 0;
  #quickStarts = 0;
  #closed = false;

  constructor(options: QueueRunnerOptions) {
    this.#options = options;
  }

  /** The queue may have changed: soon starts and stops what that asks for. */
  look(): void {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    const look = (): void => {
      this.#looking = false;
      if (this.#closed) return;
      const began = performance.now();
      this.#settle();
      const end = performance.now();
      this.#nextLook = end + (end - began) / LOOK_SHARE;
    };
    const wait = this.#nextLook - performance.now();
    // Where there are few it is always time.
    if (wait > 1) setTimeout(look, wait);
    else queueMicrotask(look);
  }

  #settle(): void {
    const limits = this.#options.limits();
    const wanting: { torrent: ManagedTorrent; position: number; complete: boolean }[] = [];
    for (const [position, torrent] of this.#options.ordered().entries()) {
      if (torrent.entry.wanted === 'run' && torrent.error === undefined)
        wanting.push({ torrent, position, complete: torrent.isComplete });
    }
    const active = chooseActive(wanting, limits);
    this.#waiting = [];
    for (const each of wanting) {
      const { torrent } = each;
      const runs = torrent.running !== undefined || torrent.isStarting;
      if (torrent.isHeld) continue;
      if (active.has(each) && !runs) this.#waiting.push(torrent);
      else if (!active.has(each) && runs) void this.stop(torrent);
    }
    this.#waiting.reverse();
    this.#startNext();
  }

  /** As many of those that wait as may be checked at a time. */
  #startNext(): void {
    while (!this.#closed && this.#quickStarts < STARTS_AT_ONCE && this.#starts < MOST_STARTS) {
      const torrent = this.#waiting.pop();
      if (torrent === undefined) return;
      const { entry, error, running, isStarting, isHeld } = torrent;
      if (entry.wanted === 'run' && error === undefined && running === undefined && !isStarting && !isHeld)
        void this.#start(torrent);
    }
  }

  async #start(torrent: ManagedTorrent): Promise<void> {
    const wasComplete = torrent.isComplete;
    let isQuick = true;
    const slow = (): void => {
      if (!isQuick) return;
      isQuick = false;
      this.#quickStarts--;
    };
    this.#starts++;
    this.#quickStarts++;
    const timer = setTimeout(() => {
      slow();
      this.#startNext();
    }, LONG_START);
    await torrent.start();
    clearTimeout(timer);
    slow();
    this.#starts--;
    // One that is not what it was taken for may have taken, or left, the place of another.
    if (torrent.running === undefined || torrent.isComplete !== wasComplete) this.look();
    this.#startNext();
  }

  /** Its turn is over; it waits for the next. */
  async stop(torrent: ManagedTorrent): Promise<void> {
    await torrent.stop().catch((error) => this.#options.onFailed(error));
  }

  /** Nothing is started or stopped any more. */
  close(): void {
    this.#closed = true;
  }
}
