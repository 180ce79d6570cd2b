// Cuts the byte stream of one peer into messages, in place: the payload of a piece message is copied once, from the
// read buffer into the slab, everything else is shown where it lies. A length is judged before a byte is kept. Never
// allocates per block, never interprets a message, never keeps a reference to a read buffer after `push` returns.

import { checkHandshakeStart, HANDSHAKE_LENGTH, type Handshake, parseHandshake } from './handshake.ts';
import { MESSAGE, PIECE_HEADER_LENGTH, readUint32 } from './messages.ts';
import { violation } from './violation.ts';

/** What a connection is told. All calls happen inside `push`; the arguments are valid only during the call. */
export interface FramerSink {
  /** Once, before anything else. */
  onHandshake(handshake: Handshake): void;
  /**
   * A whole message other than piece; the payload is `buffer[start..end)`, without the id. The payload of an id nobody
   * knows is stepped over: such a call comes with an empty range.
   */
  onMessage(id: number, buffer: Uint8Array, start: number, end: number): void;
  onKeepAlive(): void;
  /** The header of a piece message. Returns the slab offset for the payload, or -1 to step over it. */
  onPieceHeader(piece: number, begin: number, length: number): number;
  /** The payload is complete: in the slab when `kept`, else gone. */
  onPieceEnd(piece: number, begin: number, length: number, kept: boolean): void;
}

/** Copies `source[start..end)` to `target` at `at`. */
export type CopyBytes = (source: Uint8Array, start: number, end: number, target: Uint8Array, at: number) => void;

export interface FramerOptions {
  /** A quicker copy than the language offers, where the platform has one. */
  copy?: CopyBytes;
}

/** No message at all may be longer (id included). */
export const MAX_MESSAGE_LENGTH = 1024 * 1024;
/** We never ask for more in one piece. */
export const MAX_BLOCK_LENGTH = 16384;
/** A gather buffer larger than this is given back after its message. */
const KEPT_GATHER_LENGTH = 4096;

/** Exact length (id included) and name by id; the reason is `invalid_<name>`. */
const FIXED: (readonly [length: number, name: string] | undefined)[] = [];
FIXED[MESSAGE.choke] = [1, 'choke'];
FIXED[MESSAGE.unchoke] = [1, 'unchoke'];
FIXED[MESSAGE.interested] = [1, 'interested'];
FIXED[MESSAGE.notInterested] = [1, 'not_interested'];
FIXED[MESSAGE.have] = [5, 'have'];
FIXED[MESSAGE.request] = [13, 'request'];
FIXED[MESSAGE.cancel] = [13, 'cancel'];
FIXED[MESSAGE.port] = [3, 'dht_port'];
FIXED[MESSAGE.suggest] = [5, 'suggest'];
FIXED[MESSAGE.haveAll] = [1, 'have_all'];
FIXED[MESSAGE.haveNone] = [1, 'have_none'];
FIXED[MESSAGE.reject] = [13, 'reject'];
FIXED[MESSAGE.allowedFast] = [5, 'allow_fast'];

const STATE = { handshake: 0, head: 1, body: 2, skip: 3, pieceHead: 4, piece: 5 } as const;
type State = (typeof STATE)[keyof typeof STATE];

function copyView(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  target.set(source.subarray(start, end), at);
}

export class Framer {
  readonly #sink: FramerSink;
  readonly #copy: CopyBytes;
  #slab: Uint8Array | undefined;
  #bitfieldCap = MAX_MESSAGE_LENGTH;
  #state: State = STATE.handshake;
  #stopped = false;

  // Bytes of the handshake, of a header or of a small message that came in more than one read.
  #gather = new Uint8Array(HANDSHAKE_LENGTH);
  #gathered = 0;

  // The message under way: its id and how much of its payload is still to come.
  #id = 0;
  #left = 0;

  // The piece message under way.
  #piece = 0;
  #begin = 0;
  #length = 0;
  #target = -1;

  constructor(sink: FramerSink, slab: Uint8Array | undefined, options: FramerOptions = {}) {
    this.#sink = sink;
    this.#slab = slab;
    this.#copy = options.copy ?? copyView;
  }

  /** Where payloads go from the next piece message on. */
  setSlab(slab: Uint8Array): void {
    this.#slab = slab;
  }

  /** Largest bitfield payload accepted, in bytes; known exactly once the metadata is. */
  setBitfieldCap(bytes: number): void {
    this.#bitfieldCap = Math.min(bytes + 1, MAX_MESSAGE_LENGTH);
  }

  /** Ignores everything from here on. May be called by the sink inside a callback. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Takes `buffer[start..end)`, which the caller may overwrite afterwards. Throws ShoalError ERR_WIRE with a reason when
   * the peer breaks the protocol; the framer is then stopped.
   */
  push(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    try {
      while (!this.#stopped) {
        if (this.#state === STATE.piece) {
          if (at === end && this.#left > 0) return;
          at = this.#takePiece(buffer, at, end);
          continue;
        }
        if (at === end) return;
        switch (this.#state) {
          case STATE.head:
            at = this.#takeHead(buffer, at, end);
            break;
          case STATE.pieceHead:
            at = this.#takePieceHead(buffer, at, end);
            break;
          case STATE.body:
            at = this.#takeBody(buffer, at, end);
            break;
          case STATE.skip:
            at = this.#takeSkip(at, end);
            break;
          case STATE.handshake:
            at = this.#takeHandshake(buffer, at, end);
            break;
        }
      }
    } catch (error) {
      this.#stopped = true;
      throw error;
    }
  }

  #takeHandshake(buffer: Uint8Array, at: number, end: number): number {
    const next = this.#fill(buffer, at, end, HANDSHAKE_LENGTH);
    checkHandshakeStart(this.#gather, 0, this.#gathered);
    if (this.#gathered < HANDSHAKE_LENGTH) return next;
    this.#gathered = 0;
    this.#state = STATE.head;
    this.#sink.onHandshake(parseHandshake(this.#gather));
    return next;
  }

  /** Length prefix and id: five bytes, or four of a keep-alive. */
  #takeHead(buffer: Uint8Array, at: number, end: number): number {
    if (this.#gathered === 0 && end - at >= 5) {
      const length = readUint32(buffer, at);
      this.#checkLength(length);
      if (length === 0) {
        this.#sink.onKeepAlive();
        return at + 4;
      }
      this.#open(buffer[at + 4]!, length);
      return at + 5;
    }
    const next = this.#fill(buffer, at, end, this.#gathered < 4 ? 4 : 5);
    if (this.#gathered < 4) return next;
    const length = readUint32(this.#gather, 0);
    if (this.#gathered === 4) {
      this.#checkLength(length);
      if (length > 0) return next;
      this.#gathered = 0;
      this.#sink.onKeepAlive();
      return next;
    }
    this.#gathered = 0;
    this.#open(this.#gather[4]!, length);
    return next;
  }

  #checkLength(length: number): void {
    if (length > MAX_MESSAGE_LENGTH)
      throw violation('packet_too_large', `announced a message of ${length} bytes; ${MAX_MESSAGE_LENGTH} is the most`);
  }

  /** The id is known: judge the length (id included) and choose what to do with the payload. */
  #open(id: number, length: number): void {
    if (id === MESSAGE.piece) {
      if (length < 9) throw violation('invalid_piece', `sent a piece message of ${length} bytes`);
      if (length > 9 + MAX_BLOCK_LENGTH)
        throw violation('packet_too_large', `sent a block of ${length - 9} bytes; ${MAX_BLOCK_LENGTH} is the most`);
      this.#length = length - 9;
      this.#state = STATE.pieceHead;
      return;
    }
    const fixed = FIXED[id];
    if (fixed !== undefined && length !== fixed[0])
      throw violation(`invalid_${fixed[1]}`, `sent a ${fixed[1]} message of ${length} bytes instead of ${fixed[0]}`);
    if (id === MESSAGE.bitfield && length > this.#bitfieldCap)
      throw violation(
        'packet_too_large',
        `sent a bitfield of ${length - 1} bytes; ${this.#bitfieldCap - 1} is the most`,
      );
    if (id === MESSAGE.extended && length < 2) throw violation('invalid_extended', 'sent an empty extended message');
    const known = fixed !== undefined || id === MESSAGE.bitfield || id === MESSAGE.extended;
    this.#id = id;
    this.#left = length - 1;
    if (this.#left === 0) {
      this.#state = STATE.head;
      this.#sink.onMessage(id, this.#gather, 0, 0);
    } else this.#state = known ? STATE.body : STATE.skip;
  }

  #takeBody(buffer: Uint8Array, at: number, end: number): number {
    const length = this.#left;
    if (this.#gathered === 0 && end - at >= length) {
      this.#state = STATE.head;
      this.#sink.onMessage(this.#id, buffer, at, at + length);
      return at + length;
    }
    const next = this.#fill(buffer, at, end, length);
    if (this.#gathered < length) return next;
    const whole = this.#gather;
    if (whole.length > KEPT_GATHER_LENGTH) this.#gather = new Uint8Array(HANDSHAKE_LENGTH);
    this.#gathered = 0;
    this.#state = STATE.head;
    this.#sink.onMessage(this.#id, whole, 0, length);
    return next;
  }

  #takeSkip(at: number, end: number): number {
    const step = Math.min(this.#left, end - at);
    this.#left -= step;
    if (this.#left === 0) {
      this.#state = STATE.head;
      this.#sink.onMessage(this.#id, this.#gather, 0, 0);
    }
    return at + step;
  }

  #takePieceHead(buffer: Uint8Array, at: number, end: number): number {
    const rest = PIECE_HEADER_LENGTH - 5;
    if (this.#gathered === 0 && end - at >= rest) {
      this.#openPiece(readUint32(buffer, at), readUint32(buffer, at + 4));
      return at + rest;
    }
    const next = this.#fill(buffer, at, end, rest);
    if (this.#gathered < rest) return next;
    this.#gathered = 0;
    this.#openPiece(readUint32(this.#gather, 0), readUint32(this.#gather, 4));
    return next;
  }

  #openPiece(piece: number, begin: number): void {
    this.#piece = piece;
    this.#begin = begin;
    this.#left = this.#length;
    this.#state = STATE.piece;
    this.#target = this.#sink.onPieceHeader(piece, begin, this.#length);
    if (this.#target >= 0 && (this.#slab === undefined || this.#target + this.#length > this.#slab.length))
      throw new RangeError(`slab offset ${this.#target} does not leave room for ${this.#length} bytes`);
  }

  #takePiece(buffer: Uint8Array, at: number, end: number): number {
    const step = Math.min(this.#left, end - at);
    if (step > 0 && this.#target >= 0)
      this.#copy(buffer, at, at + step, this.#slab!, this.#target + this.#length - this.#left);
    this.#left -= step;
    if (this.#left === 0) {
      this.#state = STATE.head;
      this.#sink.onPieceEnd(this.#piece, this.#begin, this.#length, this.#target >= 0);
    }
    return at + step;
  }

  /** Adds to the gathered bytes until there are `length`; memory grows with what has come, not with what was announced. */
  #fill(buffer: Uint8Array, at: number, end: number, length: number): number {
    const step = Math.min(length - this.#gathered, end - at);
    const needed = this.#gathered + step;
    if (needed > this.#gather.length) {
      const larger = new Uint8Array(Math.min(length, Math.max(needed, 2 * this.#gather.length)));
      larger.set(this.#gather.subarray(0, this.#gathered));
      this.#gather = larger;
    }
    this.#gather.set(buffer.subarray(at, at + step), this.#gathered);
    this.#gathered = needed;
    return at + step;
  }
}
