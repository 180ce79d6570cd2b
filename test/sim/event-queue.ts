// What is going to happen in a simulated world, in order of time; what is due at the same time happens in the order in
// which it was planned. A binary heap; knows nothing of what the events do.

export interface Happening {
  readonly at: number;
  readonly order: number;
  /** What kind of thing it is, for the digest and for reports. */
  readonly kind: number;
  readonly run: () => void;
}

export class EventQueue {
  readonly #heap: Happening[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, kind: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at, order: this.#order++, kind, run };
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up]!;
      if (!comesBefore(event, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = event;
  }

  /** The next event, taken out. */
  next(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!comesBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }

  /** When the next event is due; infinite when there is none. */
  get due(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }
}

function comesBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
