// Requests in the order they were made: ours to a peer, or a peer's to us. Answers nearly always come in that order, so
// removing the oldest costs nothing; anything else is a short scan. Allocates only when it grows.

/** Counts the requests of several queues together. */
export interface Tally {
  count: number;
}

export class RequestQueue {
  readonly #tally: Tally | undefined;
  #pieces: Int32Array;
  #begins: Int32Array;
  #lengths: Int32Array;
  #head = 0;
  #count = 0;

  constructor(capacity = 64, tally?: Tally) {
    this.#tally = tally;
    this.#pieces = new Int32Array(capacity);
    this.#begins = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  pieceAt(i: number): number {
    return this.#pieces[this.#slot(i)]!;
  }

  beginAt(i: number): number {
    return this.#begins[this.#slot(i)]!;
  }

  lengthAt(i: number): number {
    return this.#lengths[this.#slot(i)]!;
  }

  push(piece: number, begin: number, length: number): void {
    if (this.#count === this.#pieces.length) this.#grow();
    const slot = this.#slot(this.#count++);
    if (this.#tally !== undefined) this.#tally.count++;
    this.#pieces[slot] = piece;
    this.#begins[slot] = begin;
    this.#lengths[slot] = length;
  }

  /** Position of a request counted from the oldest, or -1. */
  find(piece: number, begin: number): number {
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#slot(i);
      if (this.#begins[slot] === begin && this.#pieces[slot] === piece) return i;
    }
    return -1;
  }

  removeAt(i: number): void {
    for (let j = i; j > 0; j--) {
      const to = this.#slot(j);
      const from = this.#slot(j - 1);
      this.#pieces[to] = this.#pieces[from]!;
      this.#begins[to] = this.#begins[from]!;
      this.#lengths[to] = this.#lengths[from]!;
    }
    this.dropOldest(1);
  }

  dropOldest(count: number): void {
    this.#head = (this.#head + count) % this.#pieces.length;
    this.#count -= count;
    if (this.#tally !== undefined) this.#tally.count -= count;
  }

  clear(): void {
    this.dropOldest(this.#count);
    this.#head = 0;
  }

  #slot(i: number): number {
    const slot = this.#head + i;
    return slot < this.#pieces.length ? slot : slot - this.#pieces.length;
  }

  #grow(): void {
    const grown = new RequestQueue(this.#pieces.length * 2);
    for (let i = 0; i < this.#count; i++) grown.push(this.pieceAt(i), this.beginAt(i), this.lengthAt(i));
    this.#pieces = grown.#pieces;
    this.#begins = grown.#begins;
    this.#lengths = grown.#lengths;
    this.#head = 0;
  }
}
