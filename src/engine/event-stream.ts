// Events for any number of readers as async iterables. A reader that is slow keeps its own queue up to a cap, after which
// the oldest events that only inform are dropped; nobody waits for a reader.

const CAP = 10_000;

interface Reader<T> {
  queue: T[];
  wake: (() => void) | undefined;
}

export class EventStream<T> {
  readonly #readers = new Set<Reader<T>>();
  readonly #keep: (event: T) => boolean;
  /** Events that a late reader has to see. */
  readonly #kept: T[] = [];
  #ended = false;

  constructor(keep: (event: T) => boolean) {
    this.#keep = keep;
  }

  emit(event: T): void {
    if (this.#ended) return;
    if (this.#keep(event)) this.#kept.push(event);
    for (const reader of this.#readers) {
      if (reader.queue.length >= CAP) {
        const victim = reader.queue.findIndex((queued) => !this.#keep(queued));
        reader.queue.splice(Math.max(0, victim), 1);
      }
      reader.queue.push(event);
      reader.wake?.();
    }
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.wake?.();
  }

  read(): AsyncIterable<T> {
    // Subscribed at once and not at the first `next`, so that nothing is missed in between.
    const reader: Reader<T> = { queue: [...this.#kept], wake: undefined };
    this.#readers.add(reader);
    const stream = this;
    return {
      async *[Symbol.asyncIterator]() {
        try {
          while (true) {
            while (reader.queue.length > 0) yield reader.queue.shift()!;
            if (stream.#ended) return;
            await new Promise<void>((resolve) => {
              reader.wake = resolve;
            });
            reader.wake = undefined;
          }
        } finally {
          stream.#readers.delete(reader);
        }
      },
    };
  }
}
