// A fixed-size set of piece indices in BitTorrent's own bit order (BEP 3: high bit first), so that `bytes` goes on the
// wire as it is. Keeps its own count. Spare bits are always zero.

const ONES = new Uint8Array(256);
for (let i = 1; i < 256; i++) ONES[i] = (i & 1) + ONES[i >> 1]!;

export class Bitfield {
  readonly size: number;
  readonly bytes: Uint8Array;
  /** The same bits, 32 at a time and with zeros at the end: for what looks at all of them at once. */
  readonly words: Uint32Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.words = new Uint32Array((size + 31) >> 5);
    this.bytes = new Uint8Array(this.words.buffer, 0, (size + 7) >> 3);
  }

  /** Copies `bytes`; undefined when the length is wrong or a spare bit is set (BEP 3). */
  static from(bytes: Uint8Array, size: number): Bitfield | undefined {
    if (bytes.length !== (size + 7) >> 3) return undefined;
    const spare = bytes.length * 8 - size;
    if (spare > 0 && (bytes[bytes.length - 1]! & ((1 << spare) - 1)) !== 0) return undefined;
    const field = new Bitfield(size);
    field.bytes.set(bytes);
    field.#recount();
    return field;
  }

  static full(size: number): Bitfield {
    const field = new Bitfield(size);
    field.fill();
    return field;
  }

  get count(): number {
    return this.#count;
  }

  get complete(): boolean {
    return this.#count === this.size;
  }

  has(index: number): boolean {
    return index >= 0 && index < this.size && (this.bytes[index >> 3]! & (128 >> (index & 7))) !== 0;
  }

  /** The first bit at or after `from` that is set, or -1. Skips zeros 32 at a time. */
  next(from: number): number {
    return this.#seek(from, this);
  }

  /** The first bit at or after `from` that is set here and in `other`, which has the same size; or -1. */
  nextCommon(other: Bitfield, from: number): number {
    return this.#seek(from, other);
  }

  #seek(from: number, other: Bitfield): number {
    const { bytes, words, size } = this;
    let at = from;
    while (at < size) {
      if ((at & 31) === 0 && (words[at >> 5]! & other.words[at >> 5]!) === 0) {
        at += 32;
        continue;
      }
      const both = bytes[at >> 3]! & other.bytes[at >> 3]! & (255 >> (at & 7)) & 255;
      if (both !== 0) return (at & ~7) + Math.clz32(both) - 24;
      at = (at & ~7) + 8;
    }
    return -1;
  }

  /** True when the bit was not set before. */
  add(index: number): boolean {
    if (index < 0 || index >= this.size || this.has(index)) return false;
    this.bytes[index >> 3]! |= 128 >> (index & 7);
    this.#count++;
    return true;
  }

  /** True when the bit was set before. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.bytes[index >> 3]! &= ~(128 >> (index & 7));
    this.#count--;
    return true;
  }

  fill(): void {
    this.bytes.fill(255);
    const spare = this.bytes.length * 8 - this.size;
    if (spare > 0) this.bytes[this.bytes.length - 1]! &= 255 << spare;
    this.#count = this.size;
  }

  /** How many of `from` up to, but not including, `to` are set. */
  countIn(from: number, to: number): number {
    let count = 0;
    let index = from;
    for (; index < to && (index & 7) !== 0; index++) if (this.has(index)) count++;
    for (; index + 8 <= to; index += 8) count += ONES[this.bytes[index >> 3]!]!;
    for (; index < to; index++) if (this.has(index)) count++;
    return count;
  }

  clear(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.size);
    copy.bytes.set(this.bytes);
    copy.#count = this.#count;
    return copy;
  }

  #recount(): void {
    let count = 0;
    for (const byte of this.bytes) count += ONES[byte]!;
    this.#count = count;
  }
}
