// A peer on a real socket that is never the slow one: it serves zeros at once, or takes all it is given, and counts bytes.
// For measuring limits: whatever holds such a transfer back is Shoal.

import { once } from 'node:events';
import net from 'node:net';
import { Bitfield } from '../../src/base/bitfield.ts';
import { BLOCK_LENGTH, type Geometry } from '../../src/base/geometry.ts';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake } from '../../src/protocol/wire/handshake.ts';
import {
  decodeBlock,
  encodeBitfield,
  encodeRequest,
  encodeSignal,
  MESSAGE,
  PIECE_HEADER_LENGTH,
  writePieceHeader,
} from '../../src/protocol/wire/messages.ts';

let count = 0;

/** Requests kept outstanding by a leech: 4 MiB, enough for any rate on one machine. */
const DEPTH = 256;

export class QuickPeer {
  /** Bytes of data messages in whole blocks: sent by a seed, received by a leech. */
  bytes = 0;
  /** Requests a seed has been sent and has answered at once. */
  requests = 0;
  readonly #geometry: Geometry;
  readonly #socket: net.Socket;
  readonly #framer: Framer;
  #next = 0;
  choked = true;

  private constructor(socket: net.Socket, infoHash: string, geometry: Geometry, seed: boolean) {
    this.#socket = socket;
    this.#geometry = geometry;
    this.#framer = new Framer(
      {
        onHandshake: () => {
          if (!seed) {
            socket.write(encodeSignal(MESSAGE.interested));
            return;
          }
          socket.write(encodeBitfield(Bitfield.full(geometry.pieceCount)));
          socket.write(encodeSignal(MESSAGE.unchoke));
        },
        onKeepAlive: () => undefined,
        onMessage: (id, buffer, start, end) => {
          if (id === MESSAGE.request && seed) this.#answer(decodeBlock(id, buffer, start, end));
          if (id === MESSAGE.choke) this.choked = true;
          if (id === MESSAGE.unchoke && !seed) {
            this.choked = false;
            for (let i = 0; i < DEPTH; i++) this.#ask();
          }
        },
        onPieceHeader: () => -1,
        onPieceEnd: (_piece, _begin, length) => {
          this.bytes += length + PIECE_HEADER_LENGTH;
          this.#ask();
        },
      },
      undefined,
    );
    socket.on('error', () => undefined);
    socket.on('data', (data) => this.#framer.push(data, 0, data.length));
    socket.write(encodeHandshake(infoHash, Buffer.from(`-QQ0001-${String(count++).padStart(12, '0')}`)));
  }

  static async dial(port: number, from: string, infoHash: string, geometry: Geometry): Promise<QuickPeer> {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    await once(socket, 'connect');
    return new QuickPeer(socket, infoHash, geometry, false);
  }

  /** A seed that waits to be called; `done` gets what comes. */
  static async listen(
    infoHash: string,
    geometry: Geometry,
    host: string,
    done: (peer: QuickPeer) => void,
  ): Promise<{ port: number; close(): void }> {
    const server = net.createServer((socket) => done(new QuickPeer(socket, infoHash, geometry, true)));
    server.listen(0, host);
    await once(server, 'listening');
    return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
  }

  #ask(): void {
    if (this.choked) return;
    const { blocksPerPiece, pieceCount } = this.#geometry;
    const at = this.#next++ % (blocksPerPiece * pieceCount);
    const piece = Math.floor(at / blocksPerPiece);
    this.#socket.write(encodeRequest(piece, (at % blocksPerPiece) * BLOCK_LENGTH, BLOCK_LENGTH));
  }

  #answer({ piece, begin, length }: { piece: number; begin: number; length: number }): void {
    const message = new Uint8Array(PIECE_HEADER_LENGTH + length);
    writePieceHeader(message, 0, piece, begin, length);
    this.requests++;
    this.#socket.write(message, () => {
      this.bytes += message.length;
    });
  }

  loseInterest(): void {
    this.#socket.write(encodeSignal(MESSAGE.notInterested));
  }

  close(): void {
    this.#socket.destroy();
  }
}
