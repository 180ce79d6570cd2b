// Whether pieces on their way to the disk wait rather for their hash or for the disk, by what both took lately. Told from
// outside; decides nothing.

/** What was long ago counts less: half after about so many milliseconds. */
const HALF_LIFE = 1_000;
/** Milliseconds of hashing within that time below which it is nobody's trouble. */
const NOTICEABLE = 100;

export class StorageTime {
  #hashing = 0;
  #writing = 0;
  #hashed = 0;
  #written = 0;
  #at = 0;

  /** Milliseconds that all hashing and all writing took since the beginning; `now` in milliseconds. */
  took(hashing: number, writing: number, now: number): void {
    const kept = 0.5 ** (Math.max(0, now - this.#at) / HALF_LIFE);
    this.#hashed = this.#hashed * kept + hashing - this.#hashing;
    this.#written = this.#written * kept + writing - this.#writing;
    this.#hashing = hashing;
    this.#writing = writing;
    this.#at = now;
  }

  /** Hashing takes longer than writing. A disk that does not answer at all is no hash. */
  get isHashBound(): boolean {
    return this.#hashed > NOTICEABLE && this.#hashed > this.#written;
  }
}
