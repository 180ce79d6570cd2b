// How fast the daemon and its torrents were, kept over restarts: one series for all together, and one for each of those that
// moved last. The number of series has a bound, and a torrent that moves nothing costs nothing.

import { type HistoryRange, type RateCurve, RateSeries, type SavedSeries } from './rate-series.ts';
import { readRecord, writeRecord } from './record-file.ts';

/** Torrents with a series of their own, of 4 KiB each. */
const MAX_SERIES = 1000;
/** Milliseconds between saves; a kill costs as much. */
const SAVE_EVERY = 5 * 60_000;
/** No range goes back further. */
const FORGET_AFTER = 25 * 3600 * 1000;

export class RateHistory {
  readonly #path: string;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  #all: RateSeries;
  /** In the order in which they moved last. */
  readonly #series = new Map<string, RateSeries>();
  readonly #timer: NodeJS.Timeout;
  #saving: Promise<void> = Promise.resolve();
  #changed = false;

  private constructor(path: string, all: RateSeries, now: () => number, warn: (message: string) => void) {
    this.#path = path;
    this.#all = all;
    this.#now = now;
    this.#warn = warn;
    this.#timer = setInterval(() => void this.save(), SAVE_EVERY);
    this.#timer.unref();
  }

  /** Throws ERR_STATE. What is damaged counts as none and is told. */
  static async open(path: string, now: () => number, warn: (message: string) => void): Promise<RateHistory> {
    const kept = (await readRecord(path, warn)) as { all?: unknown; torrents?: Record<string, unknown> } | undefined;
    const history = new RateHistory(path, RateSeries.restore(kept?.all), now, warn);
    for (const [infoHash, saved] of Object.entries(kept?.torrents ?? {}).slice(-MAX_SERIES)) {
      const series = RateSeries.restore(saved);
      if (series.movedAt > now() - FORGET_AFTER) history.#series.set(infoHash, series);
    }
    return history;
  }

  /** Payload bytes of one torrent that moved between two times, in epoch milliseconds. */
  add(infoHash: string, down: number, up: number, since: number, now: number): void {
    if (down <= 0 && up <= 0) return;
    this.#changed = true;
    this.#all.add(down, up, since, now);
    const series = this.#series.get(infoHash) ?? new RateSeries();
    this.#series.delete(infoHash);
    this.#series.set(infoHash, series);
    series.add(down, up, since, now);
    if (this.#series.size <= MAX_SERIES) return;
    const [oldest] = this.#series.keys();
    this.#series.delete(oldest!);
  }

  /** Of one torrent, or of all together. */
  read(infoHash: string | undefined, range: HistoryRange): RateCurve {
    const series = infoHash === undefined ? this.#all : this.#series.get(infoHash);
    return (series ?? new RateSeries()).read(range, this.#now());
  }

  forget(infoHash: string): void {
    this.#series.delete(infoHash);
  }

  /** A failure is told and costs only history. */
  save(): Promise<void> {
    if (!this.#changed) return this.#saving;
    this.#changed = false;
    const since = this.#now() - FORGET_AFTER;
    const torrents: Record<string, SavedSeries> = {};
    for (const [infoHash, series] of this.#series) {
      if (series.movedAt < since) this.#series.delete(infoHash);
      else torrents[infoHash] = series.save();
    }
    const value = { all: this.#all.save(), torrents };
    this.#saving = this.#saving
      .then(() => writeRecord(this.#path, value))
      .catch((error) => this.#warn(`the history of rates was not kept: ${(error as Error).message}`));
    return this.#saving;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }
}
