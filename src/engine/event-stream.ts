// Events for any number of readers as async iterables. A reader that is slow keeps its own queue up to a cap, after which
// the oldest events that only inform are dropped; nobody waits for a reader.

const CAP = 10_000;

interface Reader<T> {
  queue: T[];
  /** Calls of `next` that wait, in order. */
  waiting: (() => void)[];
  left: boolean;
}

function wake<T>(reader: Reader<T>): void {
  for (const resume of reader.waiting.splice(0)) resume();
}

export class EventStream<T extends object> {
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
      wake(reader);
    }
  }

  /** What is no longer so: a late reader does not see it. */
  forget(isOutdated: (event: T) => boolean): void {
    const kept = this.#kept.filter((event) => !isOutdated(event));
    this.#kept.splice(0, this.#kept.length, ...kept);
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) wake(reader);
  }

  /** How many are reading. */
  get readers(): number {
    return this.#readers.size;
  }

  read(): AsyncIterable<T> {
    // Subscribed at once and not at the first `next`, so that nothing is missed in between.
    const reader: Reader<T> = { queue: [...this.#kept], waiting: [], left: false };
    this.#readers.add(reader);
    return { [Symbol.asyncIterator]: () => this.#iterate(reader) };
  }

  // Not a generator: its `return` would wait for the event that a pending `next` waits for.
  #iterate(reader: Reader<T>): AsyncIterator<T, undefined> {
    const done = { value: undefined, done: true } as const;
    const leave = (): void => {
      reader.left = true;
      this.#readers.delete(reader);
      wake(reader);
    };
    const answer = (resolve: (result: IteratorResult<T, undefined>) => void): void => {
      const value = reader.left ? undefined : reader.queue.shift();
      if (value === undefined && this.#ended) leave();
      if (value !== undefined) resolve({ value, done: false });
      else if (reader.left) resolve(done);
      else reader.waiting.push(() => answer(resolve));
    };
    return {
      // Not async: thousands of readers wait for hours, and each would keep the state of a function.
      next: () => new Promise(answer),
      return: async () => {
        leave();
        return done;
      },
    };
  }
}
