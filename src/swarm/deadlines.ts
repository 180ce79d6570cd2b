// Pieces that somebody waits for, and when each is needed: a player reads on while the rest comes. Remembers, decides nothing.

/** A piece, and the time in milliseconds at which it is needed. */
export interface Deadline {
  readonly piece: number;
  readonly at: number;
}

export class Deadlines {
  /** The first needed first. */
  #sorted: readonly Deadline[] = [];
  readonly #times = new Map<number, number>();
  /** Milliseconds in which the quickest peer would deliver one more block; as of the last look. */
  soonest = Number.POSITIVE_INFINITY;

  get sorted(): readonly Deadline[] {
    return this.#sorted;
  }

  /** Replaces all that was said before. */
  set(deadlines: readonly Deadline[]): void {
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
