// Bytes in both directions over the last minute, hour and day, in rings of fixed size. Pure: times are given. Knows nothing
// of torrents.

export type HistoryRange = '1m' | '1h' | '1d';

/** Milliseconds of one step, and how many are kept. */
const RANGES: Readonly<Record<HistoryRange, { step: number; count: number }>> = {
  '1m': { step: 1000, count: 60 },
  '1h': { step: 30_000, count: 120 },
  '1d': { step: 300_000, count: 288 },
};
const NAMES = Object.keys(RANGES) as HistoryRange[];

export interface RateCurve {
  /** Seconds between points. */
  step: number;
  /** Epoch milliseconds of the beginning of the first step. */
  from: number;
  /** Bytes per second, the oldest first; the step that has not ended is left out. */
  down: number[];
  up: number[];
}

interface Ring {
  /** Bytes of each step, by its number modulo the length. */
  down: Float32Array<ArrayBuffer>;
  up: Float32Array<ArrayBuffer>;
  /** Number of the newest step that was written, counted from the epoch. */
  newest: number;
}

/** As it is kept: base64 of the rings. */
export type SavedSeries = Record<string, { newest: number; down: string; up: string }>;

export class RateSeries {
  readonly #rings = new Map<HistoryRange, Ring>();
  /** Epoch milliseconds at which bytes moved last. */
  movedAt = 0;

  constructor() {
    for (const name of NAMES) {
      const { count } = RANGES[name];
      this.#rings.set(name, { down: new Float32Array(count), up: new Float32Array(count), newest: 0 });
    }
  }

  /** Bytes that moved evenly between `since` and `now`. */
  add(down: number, up: number, since: number, now: number): void {
    this.movedAt = now;
    for (const name of NAMES) {
      const { step, count } = RANGES[name];
      const ring = this.#rings.get(name)!;
      const last = Math.floor(now / step);
      advance(ring, last);
      // Of a long time without a look only the newest steps are kept.
      const begin = Math.max(Math.min(since, now - 1), (last - count + 1) * step);
      const span = now - begin;
      for (let number = Math.floor(begin / step); number <= last; number++) {
        const share = (Math.min(now, (number + 1) * step) - Math.max(begin, number * step)) / span;
        const at = number % count;
        ring.down[at]! += down * share;
        ring.up[at]! += up * share;
      }
    }
  }

  read(range: HistoryRange, now: number): RateCurve {
    const { step, count } = RANGES[range];
    const ring = this.#rings.get(range)!;
    const last = Math.floor(now / step) - 1;
    const first = last - count + 2;
    const curve: RateCurve = { step: step / 1000, from: first * step, down: [], up: [] };
    for (let number = first; number <= last; number++) {
      const isKept = number <= ring.newest && number > ring.newest - count;
      curve.down.push(isKept ? Math.round(ring.down[number % count]! / curve.step) : 0);
      curve.up.push(isKept ? Math.round(ring.up[number % count]! / curve.step) : 0);
    }
    return curve;
  }

  save(): SavedSeries {
    const saved: SavedSeries = {};
    for (const [name, { newest, down, up }] of this.#rings)
      saved[name] = { newest, down: toBase64(down), up: toBase64(up) };
    return saved;
  }

  /** What is not as it should be counts as nothing. */
  static restore(saved: unknown): RateSeries {
    const series = new RateSeries();
    if (typeof saved !== 'object' || saved === null) return series;
    for (const name of NAMES) {
      const kept = (saved as Record<string, unknown>)[name];
      if (typeof kept !== 'object' || kept === null) continue;
      const { newest, down, up } = kept as Record<string, unknown>;
      const ring = series.#rings.get(name)!;
      if (!Number.isSafeInteger(newest) || (newest as number) < 0) continue;
      if (!fromBase64(down, ring.down) || !fromBase64(up, ring.up)) continue;
      ring.newest = newest as number;
      series.movedAt = Math.max(series.movedAt, ring.newest * RANGES[name].step);
    }
    return series;
  }
}

/** Empties the steps between the newest and `last`. */
function advance(ring: Ring, last: number): void {
  const { down, up } = ring;
  const count = down.length;
  for (let number = Math.max(ring.newest + 1, last - count + 1); number <= last; number++) {
    down[number % count] = 0;
    up[number % count] = 0;
  }
  if (last > ring.newest) ring.newest = last;
}

function toBase64(numbers: Float32Array<ArrayBuffer>): string {
  return Buffer.from(numbers.buffer).toString('base64');
}

function fromBase64(text: unknown, into: Float32Array<ArrayBuffer>): boolean {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  if (bytes?.length !== into.byteLength) return false;
  new Uint8Array(into.buffer).set(bytes);
  if (into.every((value) => value >= 0 && value < Infinity)) return true;
  into.fill(0);
  return false;
}
