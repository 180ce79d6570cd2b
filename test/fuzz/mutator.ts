// Makes new inputs out of known ones: flips, splices, tokens, extreme lengths, cuts. Every choice comes from the seed, so a
// run is repeated by its number alone. Knows nothing of any format.

const INTERESTING = [0, 1, 2, 4, 7, 8, 15, 16, 20, 31, 32, 63, 64, 127, 128, 200, 254, 255];
const EXTREME_WORDS = [
  0,
  1,
  5,
  9,
  13,
  2 ** 14,
  2 ** 14 + 9,
  2 ** 17,
  2 ** 20,
  2 ** 20 + 1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const EXTREME_NUMBERS = [
  '0',
  '1',
  '-1',
  '00',
  '-0',
  '20',
  '255',
  '256',
  '65535',
  '65536',
  '16384',
  '16385',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999',
  '1e9',
  '0x10',
  '1.5',
  '+1',
].map((text) => Buffer.from(text));
/** A short stretch is repeated up to this many bytes, to find what grows faster than its input. */
const LONG = 65_536;

export class Mutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to `count` - 1; 0 when there are none. */
  below(count: number): number {
    return count <= 1 ? 0 : this.next() % count;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A changed copy of one of `pool`, at most `maxLength` bytes. `tokens` are words of the format. */
  mutate(pool: readonly Uint8Array[], tokens: readonly Uint8Array[], maxLength: number): Uint8Array {
    let bytes: Uint8Array = this.pick(pool);
    for (let steps = 1 << this.below(4); steps > 0; steps--) bytes = this.#change(bytes, pool, tokens);
    return copyOf(bytes.subarray(0, maxLength));
  }

  #change(bytes: Uint8Array, pool: readonly Uint8Array[], tokens: readonly Uint8Array[]): Uint8Array {
    const at = this.below(bytes.length + 1);
    const length = this.#length(bytes.length - at);
    switch (this.below(13)) {
      case 0:
        return this.#set(bytes, (byte) => byte ^ (1 << this.below(8)));
      case 1:
        return this.#set(bytes, () => this.pick(INTERESTING));
      case 2:
        return this.#set(bytes, () => this.below(256));
      case 3:
        return splice(
          bytes,
          at,
          0,
          Uint8Array.from({ length: 1 + this.below(8) }, () => this.below(256)),
        );
      case 4:
        return splice(bytes, at, length, new Uint8Array(0));
      case 5:
        return splice(bytes, this.below(bytes.length + 1), 0, bytes.subarray(at, at + length));
      case 6: {
        const other = this.pick(pool);
        const from = this.below(other.length + 1);
        return splice(bytes, at, length, other.subarray(from, from + this.#length(other.length - from)));
      }
      case 7:
        return tokens.length === 0 ? bytes : splice(bytes, at, 0, this.pick(tokens));
      case 8:
        return tokens.length === 0 ? bytes : splice(bytes, at, length, this.pick(tokens));
      case 9:
        return this.#extremeNumber(bytes, at);
      case 10:
        return this.#extremeWord(bytes, at);
      case 11:
        return bytes.subarray(0, at);
      default:
        return this.below(8) === 0
          ? this.#repeat(bytes, at, length)
          : splice(bytes, at, 0, bytes.subarray(at, at + length));
    }
  }

  /** Mostly short, now and then anything up to `most`. */
  #length(most: number): number {
    return this.below(4) === 0 ? this.below(most + 1) : Math.min(most, this.below(20));
  }

  #set(bytes: Uint8Array, change: (byte: number) => number): Uint8Array {
    if (bytes.length === 0) return bytes;
    const copy = copyOf(bytes);
    const at = this.below(copy.length);
    copy[at] = change(copy[at]!);
    return copy;
  }

  /** Puts a number of another size in the place of the digits at or after `at`. */
  #extremeNumber(bytes: Uint8Array, at: number): Uint8Array {
    let start = at;
    while (start < bytes.length && !isDigit(bytes[start]!)) start++;
    let end = start;
    while (end < bytes.length && isDigit(bytes[end]!)) end++;
    return splice(bytes, start, end - start, this.pick(EXTREME_NUMBERS));
  }

  #extremeWord(bytes: Uint8Array, at: number): Uint8Array {
    const word = this.pick(EXTREME_WORDS);
    return splice(bytes, at, 4, Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word));
  }

  #repeat(bytes: Uint8Array, at: number, length: number): Uint8Array {
    if (length === 0) return bytes;
    const unit = bytes.subarray(at, at + Math.min(length, 64));
    const long = new Uint8Array(unit.length * Math.ceil((1 + this.below(LONG)) / unit.length));
    for (let i = 0; i < long.length; i += unit.length) long.set(unit, i);
    return splice(bytes, at, unit.length, long);
  }
}

/** A plain array of its own: `slice` of a Buffer is a view, and to change it would change the pool. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** `bytes` with `drop` bytes at `at` replaced by `put`. */
export function splice(bytes: Uint8Array, at: number, drop: number, put: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + drop));
  const out = new Uint8Array(at + put.length + rest.length);
  out.set(bytes.subarray(0, at));
  out.set(put, at);
  out.set(rest, at + put.length);
  return out;
}
