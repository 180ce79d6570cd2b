// Bencode (BEP 3): bytes to values and back. Decoding is one loop over an explicit stack, so no nesting can exhaust the
// call stack, and every length is checked before it is used. Byte strings come back as views of the input, never as
// copies; whoever hashes a part takes its bytes from a span and must never re-encode it.

import { ShoalError } from '../base/errors.ts';
import { decodeUtf8, encodeLatin1, encodeUtf8 } from '../base/utf8.ts';

/** Keys are byte strings, one character per byte, so that no key (`__proto__`, say) can be more than data. */
export type BDict = Map<string, BValue>;
/** An integer is a number when that is exact, else a bigint within 64 signed bits. */
export type BValue = number | bigint | Uint8Array | BValue[] | BDict;

export interface DecodeOptions {
  /**
   * What counts as an error. `canonical`: whatever the encoder would not have written. `strict` (the default): also
   * takes unsorted keys. `lenient`: also takes repeated keys (the first one counts), integers such as `i03e`, and bytes
   * after the value. What was taken is listed in `defects`.
   */
  form?: 'canonical' | 'strict' | 'lenient';
  /** A key of the outermost dictionary, such as `info`, whose value is held to `strict` even in a lenient document. */
  strictUnder?: string;
  /** Bytes, 10 MiB unless told. */
  maxSize?: number;
  /** Containers inside one another, 100 unless told. */
  maxDepth?: number;
  /** Values and keys, 3,000,000 unless told. */
  maxTokens?: number;
}

export interface BDocument {
  value: BValue;
  /** Offset of the first byte after the value. */
  end: number;
  /** Where the raw bytes of each value of the outermost dictionary lie: [start, end). */
  spans: Map<string, readonly [start: number, end: number]>;
  /** What was accepted though it is not canonical: reason -> offset of its first occurrence. */
  defects: Map<string, number>;
}

export const MAX_BENCODE_SIZE = 10 * 1024 * 1024;
const MAX_DEPTH = 100;
const MAX_TOKENS = 3_000_000;
const MAX_INT64 = 2n ** 63n - 1n;

/** Decodes bytes that hold exactly one value. Throws ERR_BENCODE whose `reason` is the defect's name. */
export function decode(bytes: Uint8Array, options?: DecodeOptions): BValue {
  return decodeDocument(bytes, options).value;
}

/** As `decode`, for a document whose outermost value must be a dictionary (else reason `not_a_dict`). */
export function decodeDict(bytes: Uint8Array, options?: DecodeOptions): BDict {
  const value = decode(bytes, options);
  if (value instanceof Map) return value;
  throw failure('not_a_dict', 0, 'the outermost value is not a dictionary');
}

/** Decodes the value at the start of `bytes`, whatever follows it: metadata messages (BEP 9) carry data after it. */
export function decodePrefix(bytes: Uint8Array, options?: DecodeOptions): { value: BValue; end: number } {
  return new Decoder(bytes, options).run();
}

/** As `decode`, with the raw spans of the outermost dictionary's values and what was tolerated. */
export function decodeDocument(bytes: Uint8Array, options?: DecodeOptions): BDocument {
  const document = new Decoder(bytes, options).run();
  if (document.end < bytes.length) {
    if (options?.form !== 'lenient') throw failure('trailing_bytes', document.end, 'bytes follow the value');
    document.defects.set('trailing_bytes', document.end);
  }
  return document;
}

/** The value when it is a byte string. */
export function asBytes(value: BValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

/** A byte string as text; bytes that are no UTF-8 become U+FFFD. */
export function asText(value: BValue | undefined): string | undefined {
  return value instanceof Uint8Array ? decodeUtf8(value) : undefined;
}

/** The value when it is an integer that a number holds exactly. */
export function asInt(value: BValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function asList(value: BValue | undefined): BValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function asDict(value: BValue | undefined): BDict | undefined {
  return value instanceof Map ? value : undefined;
}

function failure(reason: string, offset: number, what: string): ShoalError {
  return new ShoalError('ERR_BENCODE', `Not valid bencode: ${what} (${reason} at byte ${offset}).`, { reason });
}

/** A container that is still open. Exactly one of list and dict is set. */
interface Frame {
  list: BValue[] | undefined;
  dict: BDict | undefined;
  start: number;
  /** The key that waits for its value. */
  key: string | undefined;
  greatest: string | undefined;
  /** The waiting value belongs to a repeated key and is dropped. */
  repeated: boolean;
}

const CHAR_0 = 0x30;
const CHAR_COLON = 0x3a;
const CHAR_D = 0x64;
const CHAR_E = 0x65;
const CHAR_I = 0x69;
const CHAR_L = 0x6c;
const CHAR_MINUS = 0x2d;
const CHAR_PLUS = 0x2b;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= CHAR_0 && byte <= 0x39;
}

/** One character per byte. In slices, because a call takes only so many arguments. */
function keyText(bytes: Uint8Array): string {
  if (bytes.length <= 4096) return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) parts.push(keyText(bytes.subarray(at, at + 4096)));
  return parts.join('');
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #options: DecodeOptions;
  readonly #maxSize: number;
  readonly #maxTokens: number;
  readonly #defects = new Map<string, number>();
  readonly #spans = new Map<string, readonly [number, number]>();
  /** Whether irregular integers and repeated keys are errors at this place. */
  #strict: boolean;
  #at = 0;
  #tokens = 0;

  constructor(input: Uint8Array, options: DecodeOptions = {}) {
    // A subclass such as Node's Buffer would hand its own kind of view to every caller.
    this.#bytes =
      input.constructor === Uint8Array ? input : new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    this.#end = input.length;
    this.#options = options;
    this.#maxSize = options.maxSize ?? MAX_BENCODE_SIZE;
    this.#maxTokens = options.maxTokens ?? MAX_TOKENS;
    this.#strict = options.form !== 'lenient';
  }

  run(): BDocument {
    const bytes = this.#bytes;
    const end = this.#end;
    if (end > this.#maxSize) throw failure('too_large', this.#maxSize, `${end} bytes, of at most ${this.#maxSize}`);
    if (end === 0) throw failure('not_bencoded', 0, 'there is nothing');
    const maxDepth = this.#options.maxDepth ?? MAX_DEPTH;
    const stack: Frame[] = [];
    let frame: Frame | undefined;
    for (;;) {
      if (this.#at >= end) throw failure('truncated', end, 'the end is missing');
      const byte = bytes[this.#at]!;
      let start = this.#at;
      let value: BValue;
      if (byte === CHAR_E && frame !== undefined) {
        if (frame.key !== undefined) throw failure('missing_value', start, 'a key has no value');
        this.#at++;
        start = frame.start;
        value = frame.list ?? frame.dict!;
        stack.pop();
        frame = stack[stack.length - 1];
      } else {
        if (++this.#tokens > this.#maxTokens) throw failure('too_many_tokens', start, `over ${this.#maxTokens} values`);
        if (frame?.dict !== undefined && frame.key === undefined) {
          this.#readKey(frame, byte, stack.length === 1);
          continue;
        }
        if (byte === CHAR_L || byte === CHAR_D) {
          if (stack.length === maxDepth) throw failure('depth_exceeded', start, `nested deeper than ${maxDepth}`);
          const isList = byte === CHAR_L;
          frame = {
            list: isList ? [] : undefined,
            dict: isList ? undefined : new Map(),
            start,
            key: undefined,
            greatest: undefined,
            repeated: false,
          };
          stack.push(frame);
          this.#at++;
          continue;
        }
        if (byte === CHAR_I) value = this.#readInteger();
        else if (isDigit(byte)) value = this.#readString();
        else if (byte === CHAR_MINUS && frame !== undefined)
          throw failure('bad_length', start, 'a string has a negative length');
        else throw failure('not_bencoded', start, 'no value starts with this byte');
      }
      if (frame === undefined) return { value, end: this.#at, spans: this.#spans, defects: this.#defects };
      if (frame.list !== undefined) {
        frame.list.push(value);
        continue;
      }
      const key = frame.key!;
      frame.key = undefined;
      if (!frame.repeated) frame.dict!.set(key, value);
      if (stack.length === 1) {
        if (!frame.repeated) this.#spans.set(key, [start, this.#at]);
        this.#strict = this.#options.form !== 'lenient';
      }
      frame.repeated = false;
    }
  }

  #readKey(frame: Frame, byte: number, outermost: boolean): void {
    const start = this.#at;
    if (!isDigit(byte)) {
      if (byte === CHAR_I || byte === CHAR_L || byte === CHAR_D)
        throw failure('bad_key', start, 'a dictionary key is not a string');
      if (byte === CHAR_MINUS) throw failure('bad_length', start, 'a key has a negative length');
      throw failure('not_bencoded', start, 'no dictionary key starts with this byte');
    }
    const key = keyText(this.#readString());
    const under = outermost && key === this.#options.strictUnder;
    if (under) this.#strict = true;
    // Not the key before: once they are out of order, one that comes again may well be greater than that.
    if (frame.greatest !== undefined && key <= frame.greatest) {
      if (frame.dict!.has(key)) {
        if (this.#strict) throw failure('duplicate_key', start, 'a dictionary key occurs twice');
        this.#note('duplicate_key', start);
        frame.repeated = true;
      } else {
        if (this.#options.form === 'canonical') throw failure('unsorted_keys', start, 'keys are not in order');
        this.#note('unsorted_keys', start);
      }
    } else frame.greatest = key;
    frame.key = key;
  }

  #readString(): Uint8Array {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let length = 0;
    while (isDigit(bytes[at])) {
      length = length * 10 + (bytes[at]! - CHAR_0);
      if (length > this.#maxSize) throw failure('bad_length', start, 'a string is longer than any document may be');
      if (at > start && bytes[start] === CHAR_0) throw failure('bad_length', start, 'a string length starts with 0');
      at++;
    }
    if (at === this.#end) throw failure('truncated', at, 'a string length ends too early');
    if (bytes[at] !== CHAR_COLON) throw failure('bad_length', at, 'a string length is not a number');
    at++;
    if (at + length > this.#end) throw failure('truncated', start, 'a string ends too early');
    this.#at = at + length;
    return bytes.subarray(at, at + length);
  }

  #readInteger(): number | bigint {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start + 1;
    const negative = bytes[at] === CHAR_MINUS;
    const plus = bytes[at] === CHAR_PLUS;
    if (negative || plus) at++;
    const first = at;
    let value = 0;
    while (isDigit(bytes[at])) value = value * 10 + (bytes[at++]! - CHAR_0);
    if (at === this.#end) throw failure('truncated', at, 'an integer ends too early');
    if (bytes[at] !== CHAR_E) throw failure('bad_integer', at, 'an integer holds something else than digits');
    this.#at = at + 1;
    const digits = at - first;
    if (plus || digits === 0 || (bytes[first] === CHAR_0 && (digits > 1 || negative))) {
      if (this.#strict) throw failure('bad_integer', start, 'an integer is not in its shortest form');
      this.#note('bad_integer', start);
    }
    if (digits <= 15) return negative ? 0 - value : value;
    let significant = first;
    while (bytes[significant] === CHAR_0) significant++;
    const overflow = at - significant > 19;
    const exact = overflow ? 0n : BigInt(keyText(bytes.subarray(significant, at)) || '0');
    if (overflow || exact > (negative ? MAX_INT64 + 1n : MAX_INT64))
      throw failure('int_overflow', start, 'an integer needs more than 64 bits');
    const signed = negative ? -exact : exact;
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  #note(reason: string, offset: number): void {
    if (!this.#defects.has(reason)) this.#defects.set(reason, offset);
  }
}

/** Bytes that are bencode already and are written as they are, such as an `info` whose hash must not change. */
export class Preencoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * What can be encoded. Strings are written as UTF-8; numbers must be safe integers. The keys of a Map are byte strings
 * (one character per byte), those of a plain object are text; a property that is undefined is left out.
 */
export type Encodable =
  | string
  | number
  | bigint
  | Uint8Array
  | Preencoded
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | { readonly [key: string]: Encodable | undefined };

/** Canonical bencode of a value: sorted keys, shortest forms. Throws ERR_BENCODE for what bencode cannot say. */
export function encode(value: Encodable): Uint8Array {
  const encoder = new Encoder();
  encoder.write(value, 0);
  return encoder.finish();
}

class Encoder {
  #buffer = new Uint8Array(256);
  #at = 0;

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }

  write(value: Encodable, depth: number): void {
    if (depth > 1000) throw failure('depth_exceeded', this.#at, 'the value to encode is nested deeper than 1000');
    if (typeof value === 'string') this.#string(encodeUtf8(value));
    else if (typeof value === 'number' || typeof value === 'bigint') this.#integer(value);
    else if (value instanceof Uint8Array) this.#string(value);
    else if (value instanceof Preencoded) this.#raw(value.bytes);
    else if (Array.isArray(value)) {
      this.#ascii('l');
      for (const item of value as readonly Encodable[]) this.write(item, depth + 1);
      this.#ascii('e');
    } else if (value instanceof Map) this.#dict([...(value as ReadonlyMap<string, Encodable>)], depth);
    else {
      const pairs: [string, Encodable][] = [];
      for (const [key, item] of Object.entries(value as { readonly [key: string]: Encodable | undefined }))
        if (item !== undefined) pairs.push([keyText(encodeUtf8(key)), item]);
      this.#dict(pairs, depth);
    }
  }

  #dict(pairs: [string, Encodable][], depth: number): void {
    this.#ascii('d');
    pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    for (const [key, item] of pairs) {
      const bytes = encodeLatin1(key);
      for (let i = 0; i < key.length; i++)
        if (key.charCodeAt(i) > 255) throw failure('bad_key', this.#at, 'a key to encode holds more than bytes');
      this.#string(bytes);
      this.write(item, depth + 1);
    }
    this.#ascii('e');
  }

  #integer(value: number | bigint): void {
    if (typeof value === 'number' ? !Number.isSafeInteger(value) : value > MAX_INT64 || value < -MAX_INT64 - 1n)
      throw failure('int_overflow', this.#at, `${value} cannot be encoded as an integer`);
    this.#ascii(`i${value === 0 ? 0 : value}e`);
  }

  #string(bytes: Uint8Array): void {
    this.#ascii(`${bytes.length}:`);
    this.#raw(bytes);
  }

  #ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#buffer[this.#at++] = text.charCodeAt(i);
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }
}
