// The sockets of one torrent: carries out what its swarm decides about peers (dial, disconnect, send, serve) and passes
// everything else on. Owns no decision.

import { toHex } from '../base/bytes.ts';
import type { ShoalError } from '../base/errors.ts';
import { dial } from '../io/tcp.ts';
import { encodeHandshake, type Handshake, readFeatures } from '../protocol/wire/handshake.ts';
import type { Command } from '../swarm/commands.ts';
import type { Peer } from '../swarm/peer.ts';
import type { Swarm } from '../swarm/swarm.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { FramePool } from './frame-pool.ts';
import type { TorrentQuotas } from './rate-limits.ts';
import { serveUploads, type UploadContext, type UploadSource } from './uploader.ts';

export type PeerCommand = Extract<Command, { type: 'dial' | 'disconnect' | 'serve' }>;
export type OtherCommand = Exclude<Command, PeerCommand>;

export interface LinkContext {
  readonly infoHash: string;
  readonly peerId: Uint8Array;
  readonly clock: () => number;
  readonly quotas: TorrentQuotas;
  readonly frames: FramePool;
  readonly dialTimeout: number;
  readonly handshakeTimeout: number;
  /** Milliseconds in which a peer may take nothing of what waits for it. */
  readonly unreadTimeout: number;
  source(): UploadSource | undefined;
  onCommand(command: OtherCommand): void;
  onReadFailed(piece: number, error: ShoalError): void;
  onConnected(peer: Peer): void;
  onDisconnected(peer: Peer, reason: string): void;
  /** A mistake of ours: the torrent cannot go on, the process can. */
  onBroken(error: unknown): void;
}

/** A peer that lets so much pile up in its socket does not read. */
const MAX_BACKLOG = 8 * 1024 * 1024;

export class PeerLinks implements ConnectionOwner {
  readonly swarm: Swarm;
  readonly #context: LinkContext;
  #uploads: UploadContext | undefined;
  readonly #connections = new Map<Peer, Connection>();
  /** Dialled, and waiting for their handshake; made with the first of them. */
  #pending: Set<Connection> | undefined;
  /** Attempts to connect, each with the way to give it up; made with the first of them. */
  #dials: Set<() => void> | undefined;
  #checkedAt = 0;
  #slab: Uint8Array | undefined;
  #bitfieldLength = 0;
  #settling = false;
  #closed = false;

  constructor(swarm: Swarm, context: LinkContext) {
    this.swarm = swarm;
    this.#context = context;
  }

  setSlab(slab: Uint8Array, pieceCount: number): void {
    this.#slab = slab;
    this.#bitfieldLength = (pieceCount + 7) >> 3;
    for (const connection of this.#connections.values()) connection.setSlab(slab, this.#bitfieldLength);
  }

  /** Everything is here: no block will be kept any more. */
  dropSlab(): void {
    if (this.#slab !== undefined) this.setSlab(new Uint8Array(0), this.#bitfieldLength * 8);
  }

  /** A connection whose handshake names this torrent. Returns why it must be closed, if it must. */
  accept(connection: Connection, handshake: Handshake): string | undefined {
    if (this.#closed) return 'the torrent is stopped';
    if (handshake.infoHash !== this.#context.infoHash) return 'the peer answered for another torrent';
    const now = this.#context.clock();
    const theirs = readFeatures(handshake.reserved);
    const info = {
      endpoint: connection.socket.remote,
      outgoing: connection.outgoing,
      peerId: handshake.peerId,
      features: theirs,
    };
    const peer = this.swarm.connect(info, connection.dialled, now);
    if (!connection.outgoing && (!('refusal' in peer) || peer.answer)) connection.socket.write(this.#handshake());
    if ('refusal' in peer) {
      if (connection.dialled !== undefined && toHex(handshake.peerId) === toHex(this.#context.peerId))
        this.swarm.handle({ type: 'dialledOurselves', key: connection.dialled }, now);
      return peer.refusal;
    }
    if (this.#pending?.delete(connection) === true) this.swarm.dialEnded();
    this.#connections.set(peer, connection);
    connection.attach(this, peer, this.#context.quotas.join(connection.socket.remote.host));
    if (this.#slab !== undefined) connection.setSlab(this.#slab, this.#bitfieldLength);
    this.#context.onConnected(peer);
    this.settle();
    return undefined;
  }

  settle(): void {
    if (this.#settling || this.#closed) return;
    this.#settling = true;
    const { outbox } = this.swarm;
    let done = 0;
    try {
      do {
        for (done = 0; done < outbox.length; ) this.#carryOut(outbox[done++]!);
        outbox.length = 0;
        done = 0;
        this.#flush();
      } while (outbox.length > 0);
    } catch (error) {
      // What has been tried must not be tried again.
      outbox.splice(0, done);
      this.#context.onBroken(error);
    } finally {
      this.#settling = false;
    }
  }

  /** Called often; looks once a second for peers that take nothing of what is sent to them. */
  tick(now: number): void {
    this.settle();
    for (const [peer, connection] of this.#connections) peer.sending = connection.sending;
    if (now - this.#checkedAt < 1000) return;
    this.#checkedAt = now;
    for (const connection of [...this.#connections.values()])
      if (connection.takesNothing(now, this.#context.unreadTimeout)) connection.close('does not read what it is sent');
      else connection.tune();
  }

  serve(connection: Connection): void {
    this.#uploads ??= this.#openUploads();
    serveUploads(connection, this.#uploads);
  }

  #openUploads(): UploadContext {
    const context = this.#context;
    return {
      swarm: this.swarm,
      frames: context.frames,
      clock: context.clock,
      source: () => context.source(),
      failed: (piece, error) => context.onReadFailed(piece, error),
      settle: () => this.settle(),
    };
  }

  closed(connection: Connection, reason: string): void {
    const { peer } = connection;
    if (peer === undefined || !this.#connections.delete(peer)) return;
    this.swarm.handle({ type: 'peerDisconnected', peer }, this.#context.clock());
    this.#context.onDisconnected(peer, reason);
    this.settle();
  }

  close(reason: string): void {
    this.swarm.leave();
    this.settle();
    this.#closed = true;
    for (const giveUp of [...(this.#dials ?? [])]) giveUp();
    for (const connection of [...(this.#pending ?? []), ...this.#connections.values()]) connection.close(reason);
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'dial':
        this.#dial(command);
        return;
      case 'disconnect':
        this.#connections.get(command.peer)?.close(command.reason);
        return;
      case 'serve': {
        const connection = this.#connections.get(command.peer);
        if (connection !== undefined) this.serve(connection);
        return;
      }
      default:
        this.#context.onCommand(command);
    }
  }

  #flush(): void {
    const { flushable } = this.swarm;
    const now = this.#context.clock();
    for (const peer of flushable) {
      const bytes = peer.out.drain();
      const connection = this.#connections.get(peer);
      if (connection === undefined || bytes.length === 0) continue;
      peer.lastSentAt = now;
      if (connection.socket.buffered > MAX_BACKLOG) connection.close('does not read what it is sent');
      else connection.send(bytes);
    }
    flushable.length = 0;
  }

  #dial(command: Extract<Command, { type: 'dial' }>): void {
    const { clock } = this.#context;
    const { key } = command;
    this.#dials ??= new Set();
    this.#pending ??= new Set();
    const dials = this.#dials;
    const pending = this.#pending;
    const giveUp = dial(command.endpoint, this.#context.dialTimeout, (socket) => {
      dials.delete(giveUp);
      if (socket === undefined || this.#closed) {
        socket?.close('the torrent is stopped');
        this.swarm.handle({ type: 'dialFailed', key }, clock());
        this.settle();
        return;
      }
      const connection = new Connection(socket, key, {
        clock,
        handshakeTimeout: this.#context.handshakeTimeout,
        onHandshake: (self, handshake) => this.accept(self, handshake),
        onClose: (self) => {
          if (!pending.delete(self)) return;
          this.swarm.handle({ type: 'dialFailed', key }, clock());
        },
      });
      pending.add(connection);
      socket.write(this.#handshake());
    });
    dials.add(giveUp);
  }

  #handshake(): Uint8Array {
    return encodeHandshake(this.#context.infoHash, this.#context.peerId, { extended: true, fast: true });
  }
}
