// One peer's socket joined to the framer and, after the handshake, to its swarm. Holds pause and resume and the handshake
// time-out; decides nothing. One bad peer ends its own connection and nothing else.

import { ShoalError } from '../base/errors.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import type { TcpHandlers, TcpSocket } from '../io/tcp.ts';
import { Framer, type FramerSink } from '../protocol/wire/framer.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import type { Peer } from '../swarm/peer.ts';
import type { UpState } from '../swarm/state-times.ts';
import type { Swarm } from '../swarm/swarm.ts';
import { FrameFit } from './frame-fit.ts';
import type { PeerQuota, PeerQuotas } from './rate-limits.ts';

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
  readonly handshakeTimeout: number;
  /** The handshake is here: attach the connection to its torrent, or say why not. */
  onHandshake(connection: Connection, handshake: Handshake): string | undefined;
  onClose(connection: Connection): void;
}

/** Requests outstanding under a download limit: what the peer's share brings in so many seconds, or it waits in the kernel. */
const LIMITED_SECONDS = 0.5;

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
  #quotas: PeerQuotas | undefined;
  /** Bytes of the download limit taken for the next read, and what that may be. */
  #prepaid = 0;
  #portion = 0;
  #unsent = 0;
  #unsentSince = 0;
  /** A frame is being read from the disk. */
  reading = false;
  /** It waits for the upload limit. */
  waiting = false;
  /** It waits for the memory of a frame. */
  starved = false;
  readonly #fit = new FrameFit();

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

  attach(owner: ConnectionOwner, peer: Peer, quotas: PeerQuotas): void {
    this.#owner = owner;
    this.#peer = peer;
    this.#quotas = quotas;
    quotas.down.onChange = () => this.tune();
    this.tune();
  }

  /** Its part of the upload limits; there is one as long as there is a peer. */
  get up(): PeerQuota | undefined {
    return this.#quotas?.up;
  }

  /**
   * Fits reads and requests to the peer's share of the download limits, so that neither waits long for the others. To be
   * called when limits change and about once a second, because shares depend on who else is there.
   */
  tune(): void {
    const { down } = this.#quotas!;
    if (!down.limited) {
      this.#peer!.limitDepth = Number.POSITIVE_INFINITY;
      this.socket.limitReads(Number.POSITIVE_INFINITY);
      return;
    }
    const share = down.share(this.#context.clock());
    this.#peer!.limitDepth = 1 + Math.ceil((LIMITED_SECONDS * share) / BLOCK_LENGTH);
    this.#portion = this.socket.limitReads(down.portion());
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
    this.#owner.swarm.heard(this.#peer, length, this.#context.clock());
    if (this.#quotas?.down.limited === true) this.#charge(this.#quotas.down, this.#peer, length);
    this.#owner.settle();
  }

  /** Over the download limit nothing is read until it is this socket's turn. Its silence meanwhile is not its fault. */
  #charge(down: PeerQuota, peer: Peer, length: number): void {
    down.charge(length - this.#prepaid);
    this.#prepaid = 0;
    if (this.#closed || peer.held || down.mayPass(this.#context.clock())) return;
    peer.held = true;
    peer.wasHeld = true;
    this.socket.pause();
    down.request(this.#portion, (granted) => {
      peer.held = false;
      peer.lastBlockAt = this.#context.clock();
      this.#prepaid = granted;
      this.socket.resume();
    });
  }

  /** Payload bytes of the next frame for the peer. */
  get frameLength(): number {
    const { up } = this.#peer!;
    const now = this.#context.clock();
    return this.#fit.length(up.total, up.rate(now), now);
  }

  /** The socket took a frame in so many milliseconds. */
  frameTaken(bytes: number, milliseconds: number): void {
    this.#fit.taken(bytes, milliseconds, this.#context.clock());
  }

  /** Messages without data. They wait for no limit, but are paid for. */
  send(bytes: Uint8Array): void {
    if (this.#quotas?.up.limited === true) this.#quotas.up.takeOverhead(bytes.length);
    this.socket.write(bytes);
  }

  onDrain(): void {
    if (!this.#closed) this.#owner?.serve(this);
  }

  onClose(reason: string): void {
    this.close(reason);
  }

  /** What its uploads wait for, as far as that can be seen here. */
  get sending(): UpState | undefined {
    if (this.waiting) return 'limited';
    if (2 * this.socket.buffered > this.frameLength) return 'socketFull';
    return this.reading || this.starved ? 'disk' : undefined;
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
    this.#quotas?.down.charge(-this.#prepaid);
    this.#prepaid = 0;
    this.#quotas?.leave();
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
