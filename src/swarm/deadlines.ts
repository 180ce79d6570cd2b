// Pieces that somebody waits for, and when each is needed: a player reads on while the rest comes. Remembers, decides nothing.

/** A piece, and the time in milliseconds at which it is needed. */
export interface Deadline {
  readonly piece: number;
  readonly at: number;
}

/** Who seeks lets go of one place and waits at the next: queues that grew in between would be cut down each time. */
const LINGER = 5_000;

export class Deadlines {
  #waitedAt = Number.NEGATIVE_INFINITY;
  /** The first needed first. */
  #sorted: readonly Deadline[] = [];
  readonly #times = new Map<number, number>();
  /** Milliseconds in which the quickest peer would deliver one more block; as of the last look. */
  soonest = Number.POSITIVE_INFINITY;

  get sorted(): readonly Deadline[] {
    return this.#sorted;
  }

  /** Somebody waits, or did until a moment ago: no more is asked of a peer than comes soon. */
  isWaited(now: number): boolean {
    return this.#sorted.length > 0 || now - this.#waitedAt < LINGER;
  }

  /** Replaces all that was said before. */
  set(deadlines: readonly Deadline[], now: number): void {
    if (deadlines.length > 0 || this.#sorted.length > 0) this.#waitedAt = now;
    this.#times.clear();
    for (const { piece, at } of deadlines) this.#times.set(piece, Math.min(at, this.#times.get(piece) ?? at));
    this.#sorted = [...this.#times].map(([piece, at]) => ({ piece, at })).sort((a, b) => a.at - b.at);
  }

  /** When the piece is needed; Infinity: nobody waits for it. */
  of(piece: number): number {
    return this.#times.get(piece) ?? Number.POSITIVE_INFINITY;
  }

  /** The piece is here. */
  met(piece: number): void {
    if (this.#times.delete(piece)) this.#sorted = this.#sorted.filter((deadline) => deadline.piece !== piece);
  }
}
