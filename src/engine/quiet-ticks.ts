// Which torrents of a session are looked at ten times a second, and which only now and then: ten thousand seeds that nobody
// asks for must cost next to nothing, not even being asked whether it is time.

/** A complete torrent to which nobody came for so long is quiet. Milliseconds. */
const QUIET_AFTER = 10_000;
/** Each quiet one is looked at once in so many ticks, a few at every tick. */
const TICKS_OF_A_ROUND = 100;

export interface Ticking {
  /** Looks after itself. False: there is nothing to look after now. */
  tick(now: number): boolean;
}

export class QuietTicks<T extends Ticking> {
  /** With the time since when there was nothing to look after. */
  readonly #awake = new Map<T, number>();
  readonly #quiet = new Set<T>();
  #round = this.#quiet.values();

  /** It is new, or something may be about to happen. */
  stir(torrent: T, now: number): void {
    this.#quiet.delete(torrent);
    this.#awake.set(torrent, now);
  }

  delete(torrent: T): void {
    this.#quiet.delete(torrent);
    this.#awake.delete(torrent);
  }

  /** To be called ten times a second. */
  tick(now: number): void {
    for (const [torrent, since] of this.#awake) {
      if (torrent.tick(now)) this.#awake.set(torrent, now);
      else if (now - since >= QUIET_AFTER) {
        this.#awake.delete(torrent);
        this.#quiet.add(torrent);
      }
    }
    for (let left = Math.ceil(this.#quiet.size / TICKS_OF_A_ROUND); left > 0; left--) {
      const { value, done } = this.#round.next();
      if (done === true) {
        this.#round = this.#quiet.values();
        return;
      }
      if (value.tick(now)) this.stir(value, now);
    }
  }
}
