// Accepted sockets until their handshake names a torrent. Who says nothing must not keep others out, and who is banned by
// its address is not listened to. Knows no torrent and decides nothing about peers.

import type { TcpSocket } from '../io/tcp.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import { globalAddress } from '../swarm/ban-list.ts';
import { Connection } from './connection.ts';

/** Connections that have not sent their handshake yet, in all and from one global address. */
const MAX_WAITING = 64;
const MAX_FROM_ONE = 4;

export interface IncomingContext {
  readonly clock: () => number;
  readonly handshakeTimeout: number;
  /** Whoever comes from this address, it is not let in. */
  refuses(host: string): boolean;
  /** The handshake is here. Returns why the connection must be closed, if it must. */
  onHandshake(connection: Connection, handshake: Handshake): string | undefined;
}

export class Incoming {
  readonly #context: IncomingContext;
  /** The one that has waited longest is first. */
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
    const { clock, handshakeTimeout } = this.#context;
    const { host } = socket.remote;
    if (this.#context.refuses(host)) {
      socket.close('its address is banned');
      return;
    }
    this.#makeRoom(host);
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

  /**
   * An honest handshake comes within a round trip, so whoever has waited longest goes: of the same global address when it
   * has its share, and else of the address that has most waiting, so that a crowd from one place keeps out only itself.
   */
  #makeRoom(host: string): void {
    const waiting = new Map<string, number>();
    for (const { socket } of this.#waiting) waiting.set(socket.remote.host, (waiting.get(socket.remote.host) ?? 0) + 1);
    if ((waiting.get(host) ?? 0) >= MAX_FROM_ONE && globalAddress(host) !== undefined) this.#dropOldest(host);
    if (this.#waiting.size < MAX_WAITING) return;
    let crowd = host;
    let most = waiting.get(host) ?? 0;
    for (const [from, count] of waiting)
      if (count > most) {
        crowd = from;
        most = count;
      }
    this.#dropOldest(crowd);
  }

  #dropOldest(host: string): void {
    for (const connection of this.#waiting) {
      if (connection.socket.remote.host !== host) continue;
      connection.close('no handshake in time');
      return;
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of [...this.#waiting]) connection.close('we are leaving');
  }
}
