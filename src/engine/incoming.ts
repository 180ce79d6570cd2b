// Accepted sockets until their handshake names a torrent. Who says nothing must not keep others out. Knows no torrent and
// decides nothing about peers.

import type { TcpSocket } from '../io/tcp.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import { Connection } from './connection.ts';

/** Connections that have not sent their handshake yet. */
const MAX_WAITING = 200;

export interface IncomingContext {
  readonly clock: () => number;
  readonly handshakeTimeout: number;
  /** The handshake is here. Returns why the connection must be closed, if it must. */
  onHandshake(connection: Connection, handshake: Handshake): string | undefined;
}

export class Incoming {
  readonly #context: IncomingContext;
  readonly #waiting = new Set<Connection>();
  #closed = false;

  constructor(context: IncomingContext) {
    this.#context = context;
  }

  accept(socket: TcpSocket): void {
    if (this.#closed) {
      socket.close('we are leaving');
      return;
    }
    // The one that has been silent longest makes room.
    if (this.#waiting.size >= MAX_WAITING)
      for (const oldest of this.#waiting.values().take(1)) oldest.close('no handshake in time');
    const { clock, handshakeTimeout } = this.#context;
    const connection = new Connection(socket, undefined, {
      clock,
      handshakeTimeout,
      onHandshake: (self, handshake) => {
        this.#waiting.delete(self);
        return this.#context.onHandshake(self, handshake);
      },
      onClose: (self) => this.#waiting.delete(self),
    });
    this.#waiting.add(connection);
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#waiting]) connection.close('we are leaving');
  }
}
