// A peer on a real socket that says exactly what a test tells it to, right or wrong, and keeps what it hears.

import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake, type Handshake } from '../../src/protocol/wire/handshake.ts';
import { decodeBlock, encodeFrame, encodePiece, encodeRequest, MESSAGE } from '../../src/protocol/wire/messages.ts';

export interface Heard {
  id: number;
  payload: Uint8Array;
}

export interface Block {
  piece: number;
  begin: number;
  length: number;
}

export interface RawPeerOptions {
  fast?: boolean;
  extended?: boolean;
  peerId?: Uint8Array;
  /** Loopback address it comes from, 127.0.0.1 unless told. */
  from?: string;
}

let count = 0;
/** Milliseconds until a condition is given up, and what a pause between two looks at it counts at most. */
const PATIENCE = 20_000;
const LONGEST_PAUSE = 100;

export async function until(condition: () => boolean, what: string): Promise<void> {
  // A machine that stands still for a while is not what is tested: a long pause between two looks counts as a short one.
  let waited = 0;
  for (let last = performance.now(); !condition(); await wait(2)) {
    const now = performance.now();
    waited += Math.min(now - last, LONGEST_PAUSE);
    last = now;
    assert.ok(waited < PATIENCE, `${what} did not come`);
  }
}

export class RawPeer {
  readonly heard: Heard[] = [];
  readonly blocks: Block[] = [];
  readonly peerId: Uint8Array;
  readonly #socket: net.Socket;
  readonly #framer: Framer;
  #handshake: Handshake | undefined;
  #bytes = 0;
  #closed = false;
  readonly from: string;
  port = 0;
  /** Called for each request the other side makes. */
  onRequest: ((request: Block) => void) | undefined;
  onUnchoke: (() => void) | undefined;
  onBlock: (() => void) | undefined;

  private constructor(socket: net.Socket, peerId: Uint8Array) {
    this.#socket = socket;
    this.peerId = peerId;
    this.port = socket.localPort ?? 0;
    this.from = socket.localAddress ?? '';
    this.#framer = new Framer(
      {
        onHandshake: (handshake) => {
          this.#handshake = handshake;
        },
        onKeepAlive: () => undefined,
        onMessage: (id, buffer, start, end) => {
          this.heard.push({ id, payload: buffer.slice(start, end) });
          if (id === MESSAGE.unchoke) this.onUnchoke?.();
          if (id === MESSAGE.request) this.onRequest?.(decodeBlock(id, buffer, start, end));
        },
        onPieceHeader: () => -1,
        onPieceEnd: (piece, begin, length) => {
          this.blocks.push({ piece, begin, length });
          this.onBlock?.();
        },
      },
      undefined,
    );
    socket.on('error', () => undefined); // being reset is what some of these peers are for
    socket.on('close', () => {
      this.#closed = true;
    });
    socket.on('data', (chunk) => {
      this.#bytes += chunk.length;
      this.#framer.push(chunk, 0, chunk.length);
    });
  }

  /** A bare connection: nothing is said yet. */
  static async open(port: number, peerId: Uint8Array = makeId(), from = '127.0.0.1'): Promise<RawPeer> {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawPeer(socket, peerId);
  }

  /** Past the handshake, both ways. */
  static async join(port: number, infoHash: string, options: RawPeerOptions = {}): Promise<RawPeer> {
    const raw = await RawPeer.open(port, options.peerId, options.from);
    raw.send(raw.handshakeFor(infoHash, options));
    await raw.greeted();
    return raw;
  }

  handshakeFor(infoHash: string, { fast = true, extended = true }: RawPeerOptions = {}): Uint8Array {
    return encodeHandshake(infoHash, this.peerId, { fast, extended });
  }

  /** As the other side sees it. */
  get address(): string {
    return `${this.from}:${this.port}`;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get bytesHeard(): number {
    return this.#bytes;
  }

  get theirId(): Uint8Array {
    return this.#handshake!.peerId;
  }

  async greeted(): Promise<void> {
    await until(() => this.#handshake !== undefined || this.#closed, 'the handshake');
    assert.ok(this.#handshake !== undefined, 'closed instead of a handshake');
  }

  send(...messages: Uint8Array[]): void {
    if (!this.#closed) this.#socket.write(Buffer.concat(messages));
  }

  /** Has these pieces, lets the other side ask, and answers with `blockOf`; nothing is sent where that is undefined. */
  offer(field: Uint8Array, blockOf: (request: Block) => Uint8Array | undefined): void {
    this.onRequest = (request) => {
      const block = blockOf(request);
      if (block !== undefined) this.send(encodePiece(request.piece, request.begin, block));
    };
    this.send(encodeFrame(MESSAGE.bitfield, field));
    this.signal(MESSAGE.unchoke);
  }

  signal(...ids: number[]): void {
    this.send(...ids.map((id) => encodeFrame(id, new Uint8Array(0))));
  }

  pause(): void {
    this.#socket.pause();
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  leave(): void {
    this.#socket.destroy();
  }

  count(id: number): number {
    return this.heard.filter((message) => message.id === id).length;
  }

  async hear(id: number, times = 1): Promise<void> {
    await until(() => this.count(id) >= times || this.#closed, `message ${id}`);
    assert.ok(this.count(id) >= times, `closed before message ${id}`);
  }

  async ended(): Promise<void> {
    await until(() => this.#closed, 'the end of the connection');
  }

  /** Shows that the connection is alive and well: a block of piece 0 is asked for and comes. */
  async fetchBlock(): Promise<void> {
    if (this.count(MESSAGE.unchoke) === 0) this.signal(MESSAGE.interested);
    await this.hear(MESSAGE.unchoke);
    const before = this.blocks.length;
    this.send(encodeRequest(0, 0, 16_384));
    await until(() => this.blocks.length > before || this.#closed, 'the block');
    assert.ok(this.blocks.length > before, 'closed instead of a block');
  }
}

function makeId(): Uint8Array {
  return Buffer.from(`-RW0001-${String(count++).padStart(12, '0')}`);
}
