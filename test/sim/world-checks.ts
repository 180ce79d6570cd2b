// What must hold of a node after each event that touched it, and of everybody now and then. Keeps its own books beside the
// swarm's: who writes where in the slab, and which places the disk is reading. Throws on the first thing that is wrong.

import { PIECE_STATE } from '../../src/swarm/ledger.ts';
import type { Peer } from '../../src/swarm/peer.ts';
import type { Swarm } from '../../src/swarm/swarm.ts';
import type { UploadRun } from '../../src/swarm/swarm-upload.ts';
import { checkSwarm } from './check-swarm.ts';
import type { VirtualDisk } from './virtual-disk.ts';
import type { VirtualSocket } from './virtual-socket.ts';

/** Most requests to one peer that may be outstanding, and most of its requests that may wait here. */
const MAX_REQUESTS = 512;
const MAX_UPLOADS = 2000;
/** Most bytes that may wait in one socket: the backlog that closes it, and one frame. */
const MAX_UNSENT = 9 * 1024 * 1024 + 65_536;

interface Watched {
  readonly id: number;
  readonly swarm: Swarm;
  readonly disk: VirtualDisk;
  readonly slab: Uint8Array;
  readonly placeCount: number;
  readonly gained: number;
  readonly alive: boolean;
  readonly connections: ReadonlyMap<Peer, WatchedConnection>;
}

interface WatchedConnection {
  readonly socket: VirtualSocket;
  readonly peer: Peer | undefined;
  writing: number;
  writingEnd: number;
}

export class NodeWatch {
  readonly #node: Watched;
  /** Places the disk is reading, by their offsets: whose they are and where they end. */
  readonly #sealed = new Map<number, { piece: number; end: number }>();

  constructor(node: Watched) {
    this.#node = node;
  }

  /** A new slab. */
  begin(): void {
    this.#sealed.clear();
  }

  #fail(what: string): never {
    throw new Error(`node ${this.#node.id}: ${what}`);
  }

  opened(connection: WatchedConnection, piece: number, offset: number, length: number): void {
    if (offset < 0) return;
    const node = this.#node;
    const end = offset + length;
    if (end > node.slab.length) this.#fail(`a block at ${offset} does not fit the slab`);
    for (const [place, sealed] of this.#sealed)
      if (end > place && offset < sealed.end)
        this.#fail(`a block of piece ${piece} goes where the disk is reading piece ${sealed.piece}`);
    for (const { writing, writingEnd } of node.connections.values())
      if (writing >= 0 && end > writing && offset < writingEnd)
        this.#fail(`a block of piece ${piece} at ${offset} has two writers`);
    connection.writing = offset;
    connection.writingEnd = end;
  }

  /** The block is whole, or its connection is gone. */
  ended(connection: WatchedConnection): void {
    connection.writing = -1;
  }

  sealed(piece: number, offset: number, length: number): void {
    const node = this.#node;
    const end = offset + length;
    if (this.#sealed.has(offset)) this.#fail(`the place of piece ${piece} is sealed already`);
    for (const { writing } of node.connections.values())
      if (writing >= offset && writing < end) this.#fail(`somebody still writes into piece ${piece}`);
    this.#sealed.set(offset, { piece, end });
  }

  unsealed(offset: number): void {
    this.#sealed.delete(offset);
  }

  /** A stretch is about to be read and sent. */
  serving(run: UploadRun): void {
    const { swarm, disk } = this.#node;
    if (swarm.view.content?.ledger.have.has(run.piece) !== true || !disk.isRight(run.piece))
      this.#fail(`serves piece ${run.piece}, which is not verified`);
  }

  pieceTouched(piece: number): void {
    const { swarm, disk } = this.#node;
    const { content } = swarm.view;
    if (content === undefined) return;
    const { ledger } = content;
    const state = ledger.state(piece);
    const have = ledger.have.has(piece);
    if (have !== (state === PIECE_STATE.have)) this.#fail(`have-bit of piece ${piece} in state ${state}`);
    if (have && !disk.isRight(piece)) this.#fail(`a have-bit stands over wrong bytes of piece ${piece}`);
    const underWay = state === PIECE_STATE.partial || state === PIECE_STATE.verifying;
    if (ledger.partials.has(piece) !== underWay)
      this.#fail(`piece ${piece} in state ${state} and its partial disagree`);
    if (ledger.held + ledger.places.free !== this.#node.placeCount)
      this.#fail(`${ledger.held} places held, ${ledger.places.free} free of ${this.#node.placeCount}`);
  }

  connectionTouched({ peer, socket }: WatchedConnection): void {
    if (peer === undefined) return;
    if (peer.requests.count > MAX_REQUESTS) this.#fail(`${peer.requests.count} requests to one peer`);
    if (peer.uploads.count > MAX_UPLOADS) this.#fail(`${peer.uploads.count} requests of one peer wait`);
    if (peer.withdrawn < 0) this.#fail('requests taken back are counted wrong');
    if (socket.out.queued > MAX_UNSENT) this.#fail(`${socket.out.queued} bytes wait in one socket`);
    if (peer.out.length > 0) this.#fail('bytes for a peer were left behind');
  }

  /** Everything. */
  everything(): void {
    const { swarm, gained, alive, connections } = this.#node;
    if (!alive) return;
    checkSwarm(swarm.view, gained);
    const { content } = swarm.view;
    if (content === undefined) return;
    for (let piece = 0; piece < content.geometry.pieceCount; piece++) this.pieceTouched(piece);
    for (const connection of connections.values()) this.connectionTouched(connection);
  }
}
