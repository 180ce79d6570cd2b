// One peer's socket joined to the framer and, after the handshake, to its swarm. Holds pause and resume and the handshake
// time-out; decides nothing. One bad peer ends its own connection and nothing else.

import { ShoalError } from '../base/errors.ts';
import type { TcpHandlers, TcpSocket } from '../io/tcp.ts';
import { Framer, type FramerSink } from '../protocol/wire/framer.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import type { Peer } from '../swarm/peer.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { Throttle } from './throttle.ts';

/** What a connection needs of the torrent it belongs to. */
export interface ConnectionOwner {
  readonly swarm: Swarm;
  /** Carries out what the swarm has decided. Called after everything that went into the swarm. */
  settle(): void;
  /** Room to send, or a new request: go on serving. */
  serve(connection: Connection): void;
  closed(connection: Connection, reason: string): void;
}

export interface ConnectionContext {
  readonly clock: () => number;
  readonly down: Throttle;
  readonly handshakeTimeout: number;
  /** The handshake is here: attach the connection to its torrent, or say why not. */
  onHandshake(connection: Connection, handshake: Handshake): string | undefined;
  onClose(connection: Connection): void;
}

/** What a read is taken to be under a download limit until it is known, so that not all sockets are let read at once. */
const READ_SHARE = 32_768;

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  (source as Buffer).copy(target, at, start, end);
}

export class Connection implements FramerSink, TcpHandlers {
  readonly socket: TcpSocket;
  readonly outgoing: boolean;
  /** Key of the candidate that was dialled. */
  readonly dialled: string | undefined;
  readonly #context: ConnectionContext;
  readonly #framer: Framer;
  #timer: NodeJS.Timeout | undefined;
  #owner: ConnectionOwner | undefined;
  #peer: Peer | undefined;
  #closed = false;
  /** Bytes of the download limit taken for the next read. */
  #prepaid = 0;
  #unsent = 0;
  #unsentSince = 0;
  /** A frame is being read from the disk. */
  reading = false;
  /** It waits for the upload limit. */
  waiting = false;

  constructor(socket: TcpSocket, dialled: string | undefined, context: ConnectionContext) {
    this.socket = socket;
    this.outgoing = dialled !== undefined;
    this.dialled = dialled;
    this.#context = context;
    this.#framer = new Framer(this, undefined, { copy });
    this.#timer = setTimeout(() => this.close('no handshake in time'), context.handshakeTimeout);
    socket.handlers = this;
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  get closed(): boolean {
    return this.#closed;
  }

  attach(owner: ConnectionOwner, peer: Peer): void {
    this.#owner = owner;
    this.#peer = peer;
  }

  setSlab(slab: Uint8Array, bitfieldLength: number): void {
    this.#framer.setSlab(slab);
    this.#framer.setBitfieldCap(bitfieldLength);
  }

  onData(buffer: Uint8Array, length: number): void {
    if (this.#closed) return;
    try {
      this.#framer.push(buffer, 0, length);
    } catch (error) {
      this.close(error instanceof ShoalError ? error.message : `internal error: ${String(error)}`);
    }
    if (this.#peer === undefined || this.#owner === undefined) return;
    this.#owner.swarm.heard(this.#peer, this.#context.clock());
    const { down } = this.#context;
    down.take(length - this.#prepaid);
    this.#prepaid = 0;
    if (down.exhausted && !this.#closed && !this.socket.paused) this.#hold(this.#peer);
    this.#owner.settle();
  }

  /** Over the download limit: nothing is read until it is this socket's turn. Its silence meanwhile is not its fault. */
  #hold(peer: Peer): void {
    peer.held = true;
    this.socket.pause();
    this.#context.down.wait(() => {
      peer.held = false;
      peer.lastBlockAt = this.#context.clock();
      if (this.#closed) this.#context.down.take(-READ_SHARE);
      else this.#prepaid = READ_SHARE;
      this.socket.resume();
    }, READ_SHARE);
  }

  onDrain(): void {
    if (!this.#closed) this.#owner?.serve(this);
  }

  onClose(reason: string): void {
    this.close(reason);
  }

  /** True when for so long nothing of what waits in the socket has gone out. To be asked about once a second. */
  takesNothing(now: number, patience: number): boolean {
    const { unsent } = this.socket;
    if (unsent === 0 || unsent !== this.#unsent) this.#unsentSince = now;
    this.#unsent = unsent;
    return now - this.#unsentSince > patience;
  }

  /** Ends the connection now; the swarm forgets the peer before this returns. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#context.down.take(-this.#prepaid);
    this.#prepaid = 0;
    this.#framer.stop();
    this.socket.close(reason);
    this.#context.onClose(this);
    this.#owner?.closed(this, reason);
  }

  onHandshake(handshake: Handshake): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const refusal = this.#context.onHandshake(this, handshake);
    if (refusal !== undefined) this.close(refusal);
  }

  onKeepAlive(): void {
    this.#owner!.swarm.keptAlive(this.#peer!);
  }

  onMessage(id: number, buffer: Uint8Array, start: number, end: number): void {
    this.#owner!.swarm.receive(this.#peer!, id, buffer, start, end, this.#context.clock());
  }

  onPieceHeader(piece: number, begin: number, length: number): number {
    return this.#owner!.swarm.blockOpened(this.#peer!, piece, begin, length);
  }

  onPieceEnd(piece: number, begin: number, length: number, kept: boolean): void {
    this.#owner!.swarm.blockArrived(this.#peer!, piece, begin, length, kept, this.#context.clock());
  }
}
