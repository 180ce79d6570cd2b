// One end of a simulated connection: bytes go out through one channel and come in through the other. Closing tells the
// other side after the latency and after what is on its way; a machine that loses its power tells nobody.

import type { Endpoint } from '../../src/base/endpoint.ts';
import { Channel, type ChannelEnd, type LinkClock, type Pipe } from './virtual-links.ts';

export const SOCKET_EVENT = { closed: 20 } as const;

export interface SocketHandlers {
  onBytes(bytes: Uint8Array, start: number, end: number): void;
  /** Everything that came in one go has been handed on. */
  onPacket(): void;
  /** Some of what was written has left. */
  onDrain(): void;
  onClose(reason: string): void;
}

const NOBODY_LISTENS: SocketHandlers = {
  onBytes: () => undefined,
  onPacket: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/** The way of a node to the world. */
export interface Attachment {
  readonly up: Pipe;
  readonly down: Pipe;
  /** Milliseconds to the middle of the network. */
  readonly latency: number;
}

export class VirtualSocket implements ChannelEnd {
  readonly remote: Endpoint;
  readonly latency: number;
  readonly #clock: LinkClock;
  handlers: SocketHandlers = NOBODY_LISTENS;
  other!: VirtualSocket;
  out!: Channel;
  #open = true;

  private constructor(clock: LinkClock, remote: Endpoint, latency: number) {
    this.#clock = clock;
    this.remote = remote;
    this.latency = latency;
  }

  /** Both ends of a new connection. */
  static pair(
    clock: LinkClock,
    dialler: { way: Attachment; seenAs: Endpoint },
    listener: { way: Attachment; seenAs: Endpoint },
  ): [VirtualSocket, VirtualSocket] {
    const latency = dialler.way.latency + listener.way.latency;
    const a = new VirtualSocket(clock, listener.seenAs, latency);
    const b = new VirtualSocket(clock, dialler.seenAs, latency);
    a.#join(b, dialler.way, listener.way);
    b.#join(a, listener.way, dialler.way);
    return [a, b];
  }

  #join(other: VirtualSocket, mine: Attachment, theirs: Attachment): void {
    this.other = other;
    const { up } = mine;
    const { down } = theirs;
    const window = Math.max(49_152, 3 * up.quantum, 2 * this.latency * 2 * Math.min(up.rate, down.rate));
    this.out = new Channel(this.#clock, up, down, this.latency, Math.min(window, 4_194_304), other, () => {
      if (this.#open) this.handlers.onDrain();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#open) this.out.write(bytes, start, end);
  }

  /** This side closes: nothing more is heard here, the other side learns of it. Does not call its own handlers. */
  close(): void {
    if (!this.#open) return;
    this.#end();
    const { other } = this;
    const at = Math.max(this.#clock.now + this.latency, this.out.lastArrival);
    this.#clock.at(at, SOCKET_EVENT.closed, () => other.#closedByPeer());
  }

  /** This side is gone without a word. */
  vanish(): void {
    if (!this.#open) return;
    this.#open = false;
    this.out.cut();
    this.other.out.stall();
  }

  /** The link breaks: both sides learn of it, this one first. */
  reset(): void {
    if (!this.#open) return;
    this.close();
    this.handlers.onClose('connection reset');
  }

  #closedByPeer(): void {
    if (!this.#open) return;
    this.#end();
    this.handlers.onClose('closed by the peer');
  }

  #end(): void {
    this.#open = false;
    this.out.cut();
    this.other.out.close();
  }

  stall(): void {
    this.out.stall();
    this.other.out.stall();
  }

  resume(): void {
    this.out.resume();
    this.other.out.resume();
  }

  onBytes(bytes: Uint8Array, start: number, end: number): void {
    this.handlers.onBytes(bytes, start, end);
  }

  onPacket(): void {
    if (this.#open) this.handlers.onPacket();
  }
}
