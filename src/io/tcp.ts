// TCP sockets for the peer wire. Reads go into one static buffer shared by all sockets, which is consumed before the
// callback returns, so receiving allocates nothing; writes are handed to the socket as they are. Holds no protocol.

import net from 'node:net';
import { type Endpoint, formatAddress, formatEndpoint, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { describePortOwner } from './port-owner.ts';

/** One read of up to this many bytes; a smaller buffer is measurably slower. */
const READ_LENGTH = 512 * 1024;
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_LENGTH);
/** Its beginnings, for sockets that may read only so much at a time: of 2 KiB, 4 KiB and so on. */
const LEAST_READ = 2048;
const SHORT_READS = Array.from({ length: Math.log2(READ_LENGTH / LEAST_READ) + 1 }, (_, power) =>
  READ_BUFFER.subarray(0, LEAST_READ << power),
);

export interface TcpHandlers {
  /** `buffer[0..length)` is valid only during the call. */
  onData(buffer: Uint8Array, length: number): void;
  /** Everything written so far has left for the kernel. */
  onDrain(): void;
  /** Once, after any error or end. */
  onClose(reason: string): void;
}

export class TcpSocket {
  readonly remote: Endpoint;
  readonly #socket: net.Socket;
  #handlers: TcpHandlers | undefined;
  #reason = 'closed by the peer';
  #paused = false;
  #readPower = SHORT_READS.length - 1;
  /** Where the next reads go, when that has changed. */
  #nextReads: Buffer | undefined;

  constructor(socket: net.Socket, remote: Endpoint) {
    this.remote = remote;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.message;
    });
    socket.on('end', () => socket.destroy());
    socket.on('drain', () => this.#handlers?.onDrain());
    socket.on('close', () => {
      this.#handlers?.onClose(this.#reason);
      this.#handlers = undefined;
    });
  }

  set handlers(handlers: TcpHandlers) {
    this.#handlers = handlers;
  }

  /** Called by the read callback of this socket. False stops reading until `resume`. */
  received(length: number, buffer: Uint8Array): boolean {
    this.#handlers?.onData(buffer, length);
    return !this.#paused;
  }

  /**
   * From now on a read takes at most so many bytes, rounded down to a power of two and to 2 KiB at least. Returns what a
   * read may take.
   */
  limitReads(bytes: number): number {
    const power = Math.min(SHORT_READS.length - 1, Math.max(0, Math.floor(Math.log2(bytes / LEAST_READ))));
    if (power === this.#readPower) return LEAST_READ << power;
    const shorter = power < this.#readPower;
    this.#readPower = power;
    this.#nextReads = SHORT_READS[power]!;
    // Where reads go is asked for after a read. The one under way can be cut short by a call that is not documented;
    // where it is missing, one more read is long.
    const { _handle: handle } = this.#socket as unknown as {
      _handle?: { useUserBuffer?: (to: Buffer) => void } | null;
    };
    if (shorter && typeof handle?.useUserBuffer === 'function') handle.useUserBuffer(this.#nextReads);
    return LEAST_READ << power;
  }

  /** Asked after each read: where the next ones go, or undefined when that is where they went. */
  moveReads(): Buffer | undefined {
    const to = this.#nextReads;
    if (to !== undefined) this.#nextReads = undefined;
    return to;
  }

  /** Bytes written and not yet with the kernel. */
  get buffered(): number {
    return this.#socket.writableLength;
  }

  /** Bytes the kernel has not taken yet. Gets less as the other side reads, also in the middle of one large write. */
  get unsent(): number {
    const { _handle: handle } = this.#socket as unknown as { _handle?: { writeQueueSize?: number } | null };
    return handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  get paused(): boolean {
    return this.#paused;
  }

  write(bytes: Uint8Array, sent?: () => void): void {
    if (this.#socket.destroyed || !this.#socket.writable) {
      sent?.();
      return;
    }
    this.#socket.write(bytes, sent === undefined ? undefined : () => sent());
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  close(reason: string): void {
    if (this.#socket.destroyed) return;
    this.#reason = reason;
    this.#socket.destroy();
  }

  /** Sends what is written, then closes. */
  end(reason: string): void {
    this.#reason = reason;
    this.#socket.end();
  }
}

/**
 * Calls back once, in a later turn: with the socket, or with the reason why there is none. The function that comes back
 * gives up an attempt that is still under way.
 */
export function dial(
  endpoint: Endpoint,
  timeout: number,
  done: (socket: TcpSocket | undefined, reason: string) => void,
): () => void {
  let tcp: TcpSocket | undefined;
  let socket: net.Socket;
  try {
    socket = net.connect({
      host: endpoint.host,
      port: endpoint.port,
      onread: {
        buffer: () => readsOf(tcp),
        callback: (length, buffer) => tcp?.received(length, buffer as Uint8Array) ?? true,
      },
    });
  } catch (error) {
    // An address that is none is refused on the spot.
    setImmediate(() => done(undefined, (error as NodeJS.ErrnoException).code ?? String(error)));
    return () => undefined;
  }
  let timer: NodeJS.Timeout | undefined = setTimeout(() => socket.destroy(new Error('timed out')), timeout);
  const settle = (reason: string): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    if (tcp === undefined) socket.destroy();
    done(tcp, reason);
  };
  socket.once('connect', () => {
    tcp = new TcpSocket(socket, endpoint);
    settle('');
  });
  socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  socket.once('close', () => settle('closed'));
  return () => {
    if (timer !== undefined) socket.destroy(new Error('given up'));
  };
}

export interface Listener {
  readonly port: number;
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** Where peers are expected when nothing else is said. */
const FIRST_PORT = 6881;
const LAST_PORT = 6981;

/**
 * Listens where told, or on all interfaces and both families at the first free port from 6881 on.
 * Throws ERR_LISTEN naming the port, its owner where that can be found, and the way out.
 */
export async function listen(where: Endpoint | undefined, onSocket: (socket: TcpSocket) => void): Promise<Listener> {
  if (where !== undefined) return listenOn(where, onSocket);
  for (let port = FIRST_PORT; ; port++) {
    try {
      return await listenOn({ host: '', port }, onSocket);
    } catch (error) {
      if (port === LAST_PORT || (error as ShoalError).reason !== 'EADDRINUSE') throw error;
    }
  }
}

function listenOn(where: Endpoint, onSocket: (socket: TcpSocket) => void): Promise<Listener> {
  const server = net.createServer({ pauseOnConnect: true });
  server.on('connection', (socket) => {
    const adopted = adopt(socket);
    if (adopted !== undefined) onSocket(adopted);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(where, error));
    });
    const options = where.host === '' ? { port: where.port } : { port: where.port, host: where.host };
    server.listen(options, () => {
      server.on('error', () => undefined);
      const bound = server.address() as net.AddressInfo;
      resolve({
        port: bound.port,
        addresses: [formatEndpoint({ host: bound.address, port: bound.port })],
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}

function listenError(where: Endpoint, error: NodeJS.ErrnoException): ShoalError {
  const reason = error.code ?? 'unknown';
  if (reason === 'EADDRINUSE')
    return new ShoalError(
      'ERR_LISTEN',
      `port ${where.port}, given by --listen, is taken${describePortOwner(where.port)}; stop it or choose another`,
      { reason, cause: error },
    );
  return new ShoalError(
    'ERR_LISTEN',
    `cannot listen on ${formatEndpoint(where)} (${reason}); choose another address with --listen`,
    {
      reason,
      cause: error,
    },
  );
}

/** Takes the handle out of a socket that was accepted; undefined where that cannot be done, or it would be no good. */
function takeHandle(socket: net.Socket): object | undefined {
  const holder = socket as unknown as { _handle?: { useUserBuffer?: unknown } | null };
  const handle = holder._handle;
  if (handle === null || typeof handle?.useUserBuffer !== 'function') return undefined;
  holder._handle = null;
  return handle;
}

/**
 * An accepted socket does not take `onread`, so its handle moves into a socket that does. The option is not documented:
 * where the handle cannot be had, data events do the same at more cost per byte. The socket must have been accepted with
 * `pauseOnConnect`.
 */
export function adopt(socket: net.Socket): TcpSocket | undefined {
  const address = parseAddress(socket.remoteAddress ?? '');
  const port = socket.remotePort;
  if (address === undefined || port === undefined) {
    socket.on('error', () => undefined);
    socket.destroy();
    return undefined;
  }
  const remote = { host: formatAddress(address), port };
  const handle = takeHandle(socket);
  if (handle === undefined) {
    const plain = new TcpSocket(socket, remote);
    socket.on('data', (data: Buffer) => plain.received(data.length, data));
    socket.resume();
    return plain;
  }
  let tcp: TcpSocket | undefined;
  const options = {
    handle,
    onread: {
      buffer: () => readsOf(tcp),
      callback: (length: number, buffer: Uint8Array) => tcp!.received(length, buffer),
    },
  };
  const moved = new net.Socket(options as net.SocketConstructorOpts);
  tcp = new TcpSocket(moved, remote);
  // The server counts the socket it made: without this it would never be done closing.
  moved.once('close', () => socket.destroy());
  moved.resume();
  return tcp;
}

/** What Node asks for before the first read, and after each for the next: anything but bytes means no change. */
function readsOf(socket: TcpSocket | undefined): Buffer {
  return socket === undefined ? READ_BUFFER : (socket.moveReads() as Buffer);
}
