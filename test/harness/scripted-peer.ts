// A seed that misbehaves on purpose, inside the test's own process: it lies in chosen blocks or takes its time. It speaks
// the wire through the protocol room and nothing else of Shoal, has everything, unchokes everybody and waits to be called.

import { open } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Bitfield } from '../../src/base/bitfield.ts';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake } from '../../src/protocol/wire/handshake.ts';
import {
  type BlockRequest,
  decodeBlock,
  encodeBitfield,
  encodePiece,
  encodeSignal,
  MESSAGE,
} from '../../src/protocol/wire/messages.ts';

export interface ScriptedPeerOptions {
  infoHash: string;
  /** The single file of the torrent, whole. */
  file: string;
  size: number;
  pieceLength: number;
  /** Blocks for which the answer is the right length of wrong bytes. */
  lies?: (block: BlockRequest) => boolean;
  /** Milliseconds before each block, one block after the other. */
  delay?: number;
  /** Eight letters that open the peer id. Default `-ZZ0001-`. */
  client?: string;
}

export interface ScriptedPeer {
  port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Blocks answered, and how many of them were lies. */
  readonly served: number;
  readonly lied: number;
  /** Pieces in which at least one lie was sent. */
  readonly spoiled: Set<number>;
}

export async function startScriptedPeer(options: ScriptedPeerOptions): Promise<ScriptedPeer> {
  const data = await open(options.file);
  /** What is still to be answered on each connection. */
  const queues = new Map<Socket, Promise<void>>();
  const state = { port: 0, connections: 0, served: 0, lied: 0, spoiled: new Set<number>() };

  async function answer(socket: Socket, block: BlockRequest): Promise<void> {
    if (options.delay !== undefined && !socket.destroyed) await wait(options.delay);
    if (socket.destroyed) return;
    const bytes = new Uint8Array(block.length);
    await data.read(bytes, 0, block.length, block.piece * options.pieceLength + block.begin);
    if (socket.destroyed) return;
    if (options.lies?.(block)) {
      state.lied++;
      state.spoiled.add(block.piece);
      for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0x55;
    }
    state.served++;
    socket.write(encodePiece(block.piece, block.begin, bytes));
  }

  const server: Server = createServer((socket) => {
    state.connections++;
    queues.set(socket, Promise.resolve());
    socket.on('error', () => {}); // being dropped is what some of these peers are for
    const framer = new Framer(
      {
        onHandshake() {
          const peerId = Buffer.from(`${options.client ?? '-ZZ0001-'}${String(state.connections).padStart(12, '0')}`);
          socket.write(encodeHandshake(options.infoHash, peerId));
          socket.write(encodeBitfield(Bitfield.full(Math.ceil(options.size / options.pieceLength))));
          socket.write(encodeSignal(MESSAGE.unchoke));
        },
        onMessage(id, buffer, start, end) {
          if (id !== MESSAGE.request) return;
          const block = decodeBlock(id, buffer, start, end);
          queues.set(
            socket,
            queues.get(socket)!.then(() => answer(socket, block)),
          );
        },
        onKeepAlive() {},
        onPieceHeader: () => -1,
        onPieceEnd() {},
      },
      undefined,
    );
    socket.on('data', (chunk) => framer.push(chunk, 0, chunk.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  state.port = typeof address === 'object' && address !== null ? address.port : 0;
  after(async () => {
    for (const socket of queues.keys()) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all(queues.values());
    await data.close();
  });
  return state;
}
