// One node of a simulated world: a real swarm with real framers on virtual sockets and a virtual disk, run as the engine
// runs it. Misbehaves only where its manners say so, and then outside the swarm.

import { Bitfield } from '../../src/base/bitfield.ts';
import type { Endpoint } from '../../src/base/endpoint.ts';
import { Framer, type FramerSink } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake, type Handshake, readFeatures } from '../../src/protocol/wire/handshake.ts';
import { PIECE_HEADER_LENGTH, writePieceHeader } from '../../src/protocol/wire/messages.ts';
import type { Ban } from '../../src/swarm/ban-list.ts';
import { digestBlocks } from '../../src/swarm/blame.ts';
import type { Command, StoreExtent } from '../../src/swarm/commands.ts';
import type { Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import type { SwarmOptions } from '../../src/swarm/swarm-state.ts';
import type { UploadRun } from '../../src/swarm/swarm-upload.ts';
import { FixedPlaces } from './fixed-places.ts';
import { sha1 } from './net.ts';
import { type DiskOptions, VirtualDisk, type WriteResult } from './virtual-disk.ts';
import { Pipe } from './virtual-links.ts';
import type { Attachment, SocketHandlers, VirtualSocket } from './virtual-socket.ts';
import { NodeWatch } from './world-checks.ts';
import type { Dweller, Setting } from './world-setting.ts';

/** What a node does that no honest one would. */
export interface Manners {
  /** Changes a block on its way out. */
  corrupt?: (piece: number, begin: number, block: Uint8Array) => void;
  /** Keeps requests without answering. */
  silent?: boolean;
  /** Rejects this run of blocks instead of sending it. */
  rejects?: () => boolean;
  /** Sends half a block and nothing more on that connection. */
  hangs?: () => boolean;
}

export interface NodeOptions extends Manners {
  /** What it has when it comes for the first time. Nothing unless told. */
  have?: (piece: number) => boolean;
  /** Bytes per second; 1 MiB each unless told. */
  up?: number;
  down?: number;
  /** Milliseconds to the middle of the network, 20 unless told: the latency of a link is the sum of both ends. */
  latency?: number;
  nat?: boolean;
  /** Pieces its memory holds. */
  slots?: number;
  fast?: boolean;
  magnet?: boolean;
  /** Goes away as soon as it has everything. */
  leaves?: boolean;
  disk?: DiskOptions;
  swarm?: Partial<SwarmOptions>;
}

export const NODE_EVENT = { tick: 30, opened: 31, handshakeTimeout: 32, diskRetry: 33, read: 34 } as const;

const TICK = 100;
const IDLE_TICK = 1000;
const HANDSHAKE_TIMEOUT = 10_000;
/** Milliseconds of sending that one frame carries. */
const FRAME_TIME = 250;
const LEAST_FRAME = 16_384;
const LARGEST_FRAME = 1024 * 1024;
/** A peer that lets so much pile up in its socket does not read. */
const MAX_BACKLOG = 8 * 1024 * 1024;
const DISK_RETRY = 5000;

/** One connection of a node. */
export class NodeConnection implements FramerSink, SocketHandlers {
  readonly node: WorldNode;
  readonly socket: VirtualSocket;
  readonly dialled: string | undefined;
  readonly #framer: Framer;
  peer: Peer | undefined;
  /** It hangs: what it sends from now on is lost. */
  mute = false;
  /** The block under way, as an offset in the slab, or -1. */
  writing = -1;
  writingEnd = -1;
  /** A frame is being read from the disk. */
  reading = false;
  /** Bytes of the packet that is being handed on. */
  packet = 0;

  constructor(node: WorldNode, socket: VirtualSocket, dialled: string | undefined) {
    this.node = node;
    this.socket = socket;
    this.dialled = dialled;
    this.#framer = new Framer(this, undefined);
    socket.handlers = this;
  }

  setSlab(slab: Uint8Array, bitfieldLength: number): void {
    this.#framer.setSlab(slab);
    this.#framer.setBitfieldCap(bitfieldLength);
  }

  onBytes(bytes: Uint8Array, start: number, end: number): void {
    if (!this.socket.open) return;
    this.packet += end - start;
    try {
      this.#framer.push(bytes, start, end);
    } catch (error) {
      const { reason } = error as { reason?: string };
      if (reason === undefined) throw error;
      this.node.violations.push({ reason, host: this.socket.remote.host });
      this.node.drop(this, reason);
    }
  }

  onPacket(): void {
    this.node.heard(this);
  }

  onDrain(): void {
    this.node.serve(this);
  }

  onClose(reason: string): void {
    this.node.closed(this, reason);
  }

  onHandshake(handshake: Handshake): void {
    this.node.met(this, handshake);
  }

  onKeepAlive(): void {
    this.node.swarm.keptAlive(this.peer!);
  }

  onMessage(id: number, buffer: Uint8Array, start: number, end: number): void {
    this.node.swarm.receive(this.peer!, id, buffer, start, end, this.node.setting.now);
  }

  onPieceHeader(piece: number, begin: number, length: number): number {
    const offset = this.node.swarm.blockOpened(this.peer!, piece, begin, length);
    this.node.watch.opened(this, piece, offset, length);
    return offset;
  }

  onPieceEnd(piece: number, begin: number, length: number, kept: boolean): void {
    this.node.watch.ended(this);
    this.node.swarm.blockArrived(this.peer!, piece, begin, length, kept, this.node.setting.now);
    this.node.watch.pieceTouched(piece);
  }

  stop(): void {
    this.#framer.stop();
  }
}

export class WorldNode implements Dweller {
  readonly id: number;
  readonly setting: Setting;
  readonly options: NodeOptions;
  readonly endpoint: Endpoint;
  readonly way: Attachment;
  readonly nat: boolean;
  readonly disk: VirtualDisk;
  readonly watch: NodeWatch;
  readonly connections = new Map<Peer, NodeConnection>();
  readonly #chance: () => number;
  readonly #pending = new Set<NodeConnection>();
  swarm!: Swarm;
  slab: Uint8Array = new Uint8Array(0);
  placeCount = 0;
  alive = false;
  /** How many times it has been started. */
  lives = 0;
  #tickDue = Number.POSITIVE_INFINITY;
  #tickPlan = 0;
  #touched = false;
  #settling = false;

  // What is told of it in the end.
  startedAt = 0;
  firstPieceAt: number | undefined;
  finishedAt: number | undefined;
  /** When everything wanted was here last. */
  selectedAt: number | undefined;
  /** Bytes of pieces that passed since the last start. */
  gained = 0;
  /** The same over all lives. */
  fetched = 0;
  badPieces = 0;
  /** Whom it has banned, over all its lives. */
  readonly bans: Ban[] = [];
  refusedWrites = 0;
  /** What was against the protocol, and from whom. */
  readonly violations: { reason: string; host: string }[] = [];
  /** Why connections ended, and with whom. */
  readonly closings: { reason: string; host: string }[] = [];

  constructor(setting: Setting, id: number, endpoint: Endpoint, options: NodeOptions) {
    this.setting = setting;
    this.id = id;
    this.endpoint = endpoint;
    this.options = options;
    this.nat = options.nat === true;
    this.way = {
      up: new Pipe(options.up ?? 1_048_576),
      down: new Pipe(options.down ?? 1_048_576),
      latency: options.latency ?? 20,
    };
    this.#chance = setting.chance();
    const { geometry, truth } = setting.subject;
    this.disk = new VirtualDisk(setting, geometry, truth, setting.chance(), options.disk ?? {});
    for (let piece = 0; piece < geometry.pieceCount; piece++)
      if (options.have?.(piece) === true) this.disk.place(piece);
    this.watch = new NodeWatch(this);
  }

  get complete(): boolean {
    return this.alive && this.swarm.view.complete;
  }

  /** Begins, or begins again with what the disk has. */
  start(): void {
    if (this.alive) return;
    this.#settling = false;
    const { subject, now } = this.setting;
    this.alive = true;
    if (this.lives++ === 0) this.startedAt = now;
    this.gained = 0;
    const { options } = this;
    this.swarm = new Swarm(
      {
        infoHash: subject.infoHash,
        peerId: peerIdOf(this.id, this.lives),
        port: this.endpoint.port,
        clientName: `node ${this.id}`,
        random: this.#chance,
        sha1,
        ...(options.magnet === true && this.lives === 1 ? {} : { infoBytes: subject.infoBytes }),
        ...options.swarm,
      },
      now,
    );
    this.setting.note(this.id, 1);
    if (this.swarm.view.infoBytes !== undefined) this.#activate();
    this.#announce();
    this.#planTick(now + this.#chance() * TICK);
    this.settle();
  }

  #activate(): void {
    const { subject, now } = this.setting;
    const { geometry } = subject;
    const have = new Bitfield(geometry.pieceCount);
    for (const piece of this.disk.recover()) have.add(piece);
    this.placeCount = have.complete ? 0 : (this.options.slots ?? 16);
    const places = new FixedPlaces(this.placeCount, geometry.extentLength);
    this.slab = places.slab;
    this.watch.begin();
    for (const connection of this.connections.values()) this.#handSlab(connection);
    this.swarm.handle({ type: 'activated', geometry, have, places, infoBytes: subject.infoBytes }, now);
    if (have.complete) this.#finished();
    const life = this.lives;
    const sync = (): void => {
      if (!this.alive || this.lives !== life) return;
      this.disk.sync();
      this.setting.at(this.setting.now + this.disk.options.syncEvery, NODE_EVENT.opened, sync);
    };
    this.setting.at(this.setting.now + this.disk.options.syncEvery, NODE_EVENT.opened, sync);
  }

  #handSlab(connection: NodeConnection): void {
    connection.setSlab(this.slab, (this.setting.subject.geometry.pieceCount + 7) >> 3);
  }

  /** The process is killed; `power`: the whole machine is. Nobody is told by a machine that lost its power. */
  kill(power = false): void {
    if (!this.alive) return;
    this.alive = false;
    this.#tickDue = Number.POSITIVE_INFINITY;
    this.#tickPlan++;
    for (const { socket } of [...this.connections.values(), ...this.#pending]) {
      if (power) socket.vanish();
      else socket.close();
    }
    this.connections.clear();
    this.#pending.clear();
    this.disk.crash(power);
    this.setting.note(this.id, power ? 3 : 2);
  }

  #announce(): void {
    const life = this.lives;
    this.setting.announce(this, (endpoints) => {
      if (!this.alive || this.lives !== life) return;
      this.swarm.handle({ type: 'peersFound', endpoints }, this.setting.now);
      this.settle();
    });
  }

  accept(socket: VirtualSocket): void {
    this.#meet(new NodeConnection(this, socket, undefined));
  }

  #dial(key: string, endpoint: Endpoint): void {
    const life = this.lives;
    this.setting.dial(this, endpoint, (socket) => {
      if (!this.alive || this.lives !== life) {
        socket?.close();
        return;
      }
      if (socket === undefined) {
        this.swarm.handle({ type: 'dialFailed', key }, this.setting.now);
        this.settle();
        return;
      }
      const connection = new NodeConnection(this, socket, key);
      this.#meet(connection);
      socket.write(this.#handshake());
    });
  }

  #meet(connection: NodeConnection): void {
    this.#pending.add(connection);
    this.setting.at(this.setting.now + HANDSHAKE_TIMEOUT, NODE_EVENT.handshakeTimeout, () => {
      if (connection.peer === undefined && connection.socket.open) this.drop(connection, 'no handshake in time');
    });
  }

  #handshake(): Uint8Array {
    return encodeHandshake(this.setting.subject.infoHash, this.swarm.view.options.peerId, {
      extended: true,
      fast: this.options.fast !== false,
    });
  }

  /** The other side's handshake is here. */
  met(connection: NodeConnection, handshake: Handshake): void {
    const { socket, dialled } = connection;
    const { now } = this.setting;
    const features = readFeatures(handshake.reserved);
    // It takes two (BEP 6).
    if (this.options.fast === false) features.fast = false;
    const info = { endpoint: socket.remote, outgoing: dialled !== undefined, peerId: handshake.peerId, features };
    const peer = this.swarm.connect(info, dialled, now);
    if (dialled === undefined && (!('refusal' in peer) || peer.answer)) socket.write(this.#handshake());
    if ('refusal' in peer) {
      this.drop(connection, peer.refusal);
      return;
    }
    this.#pending.delete(connection);
    if (dialled !== undefined) this.swarm.dialEnded();
    connection.peer = peer;
    this.connections.set(peer, connection);
    if (this.swarm.view.content !== undefined) this.#handSlab(connection);
    this.settle();
  }

  heard(connection: NodeConnection): void {
    if (!this.alive) return;
    if (connection.peer !== undefined && this.connections.has(connection.peer))
      this.swarm.heard(connection.peer, connection.packet, this.setting.now);
    connection.packet = 0;
    this.settle();
    this.watch.connectionTouched(connection);
  }

  /** This side closes the connection. */
  drop(connection: NodeConnection, reason: string): void {
    if (!connection.socket.open) return;
    connection.socket.close();
    this.closed(connection, reason);
  }

  closed(connection: NodeConnection, reason: string): void {
    connection.stop();
    this.watch.ended(connection);
    if (!this.alive) return;
    const { now } = this.setting;
    this.setting.note(this.id, 4);
    this.closings.push({ reason, host: connection.socket.remote.host });
    const { peer, dialled } = connection;
    if (this.#pending.delete(connection) && dialled !== undefined)
      this.swarm.handle({ type: 'dialFailed', key: dialled }, now);
    if (peer !== undefined && this.connections.delete(peer)) this.swarm.handle({ type: 'peerDisconnected', peer }, now);
    this.settle();
  }

  /** Carries out what the swarm has decided and sends what it has written. */
  settle(): void {
    // What is being carried out may end here again; the loop below sees what that adds.
    if (this.#settling) return;
    this.#settling = true;
    const { outbox, flushable } = this.swarm;
    this.#touched = true;
    do {
      for (let i = 0; i < outbox.length; i++) this.#carryOut(outbox[i]!);
      outbox.length = 0;
      for (let i = 0; i < flushable.length; i++) {
        const peer = flushable[i]!;
        const bytes = peer.out.drain();
        const connection = this.connections.get(peer);
        if (connection === undefined) continue;
        peer.lastSentAt = this.setting.now;
        if (connection.socket.out.queued > MAX_BACKLOG) this.drop(connection, 'does not read what it is sent');
        else if (!connection.mute) connection.socket.write(bytes);
      }
      flushable.length = 0;
    } while (outbox.length > 0);
    this.#settling = false;
    if (this.#tickDue > this.setting.now + TICK) this.#planTick(this.setting.now + TICK);
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'dial':
        this.#dial(command.key, command.endpoint);
        return;
      case 'disconnect': {
        const connection = this.connections.get(command.peer);
        if (connection !== undefined) this.drop(connection, command.reason);
        return;
      }
      case 'serve': {
        const connection = this.connections.get(command.peer);
        if (connection !== undefined) this.serve(connection);
        return;
      }
      case 'commitPiece':
        this.#commit(command);
        return;
      case 'storeExtent':
        this.#storeExtent(command);
        return;
      case 'verifyPiece':
        this.#verify(command.piece, command.digests);
        return;
      case 'forgetPiece':
        return;
      case 'openMetadata':
        this.setting.at(
          this.setting.now + 20 + this.#chance() * 400,
          NODE_EVENT.opened,
          this.#ifSameLife(() => {
            this.#activate();
            this.settle();
          }),
        );
        return;
      case 'announcePiece':
        this.firstPieceAt ??= this.setting.now;
        return;
      case 'announceBadPiece':
        this.badPieces++;
        return;
      case 'announceBan':
        this.bans.push(command.ban);
        return;
      case 'announceComplete':
        this.#finished();
        return;
      case 'announceSelected':
        this.selectedAt = this.setting.now;
        return;
      case 'findPeers':
        this.#announce();
        return;
      default:
        command satisfies never;
    }
  }

  #ifSameLife(run: () => void): () => void {
    const life = this.lives;
    return () => {
      if (this.alive && this.lives === life) run();
    };
  }

  #finished(): void {
    this.finishedAt ??= this.setting.now;
    this.setting.note(this.id, 5);
    this.swarm.pause(true, this.setting.now);
    if (this.options.leaves === true) this.setting.at(this.setting.now + 1, NODE_EVENT.opened, () => this.kill());
  }

  #commit({ piece, offset, digests }: Extract<Command, { type: 'commitPiece' }>): void {
    const size = this.setting.subject.geometry.pieceSize(piece);
    this.watch.sealed(piece, offset, size);
    this.disk.commit(piece, this.slab, offset, (result) => {
      this.watch.unsealed(offset);
      this.#committed(piece, result, digests, () => this.slab.subarray(offset, offset + size));
      this.settle();
      this.watch.pieceTouched(piece);
    });
  }

  #storeExtent(command: StoreExtent): void {
    const { piece, extent, offset } = command;
    this.watch.sealed(piece, offset, this.setting.subject.geometry.extentSize(piece, extent));
    this.disk.storeExtent(command, this.slab, (result) => {
      this.watch.unsealed(offset);
      this.setting.note(this.id, 100 + piece);
      if (result === 'ok') this.swarm.handle({ type: 'extentStored', piece, extent }, this.setting.now);
      else {
        this.refusedWrites++;
        this.swarm.handle({ type: 'extentUnwritten', piece, extent }, this.setting.now);
        this.#waitForDisk();
      }
      this.settle();
      this.watch.pieceTouched(piece);
    });
  }

  #verify(piece: number, digests: boolean): void {
    this.disk.verify(piece, (result) => {
      this.#committed(piece, result, digests, () => this.disk.content(piece));
      this.settle();
      this.watch.pieceTouched(piece);
    });
  }

  #committed(piece: number, result: WriteResult, wanted: boolean, bytes: () => Uint8Array): void {
    const { now, subject } = this.setting;
    this.setting.note(this.id, 100 + piece);
    const digests = result === 'wrong' || wanted ? { digests: digestBlocks(bytes(), sha1) } : {};
    if (result === 'ok') {
      this.gained += subject.geometry.pieceSize(piece);
      this.fetched += subject.geometry.pieceSize(piece);
      this.swarm.handle({ type: 'pieceVerified', piece, ...digests }, now);
    } else if (result === 'wrong') this.swarm.handle({ type: 'pieceFailed', piece, ...digests }, now);
    else {
      this.refusedWrites++;
      this.swarm.handle({ type: 'pieceUnwritten', piece }, now);
      this.#waitForDisk();
    }
  }

  /** The disk takes nothing: ask for nothing until it does. */
  #waitForDisk(): void {
    if (this.swarm.view.paused) return;
    this.swarm.pause(true, this.setting.now);
    const retry = this.#ifSameLife(() => {
      if (!this.disk.hasRoom) {
        this.setting.at(this.setting.now + DISK_RETRY, NODE_EVENT.diskRetry, retry);
        return;
      }
      this.swarm.pause(false, this.setting.now);
      this.settle();
    });
    this.setting.at(this.setting.now + DISK_RETRY, NODE_EVENT.diskRetry, retry);
  }

  /** Sends what the peer asked for, about one frame ahead of the link. */
  serve(connection: NodeConnection): void {
    const { peer, socket } = connection;
    if (peer === undefined || connection.reading || connection.mute || !this.alive || this.options.silent === true)
      return;
    const frame = this.#frameBytes();
    while (socket.open && !connection.reading && socket.out.queued <= frame) {
      const run = this.swarm.nextUpload(peer, frame);
      if (run === undefined) return;
      this.watch.serving(run);
      const wait = (run.bytes / this.disk.options.readRate) * 1000;
      if (wait < 0.2) this.#send(connection, peer, run);
      else {
        connection.reading = true;
        this.setting.at(this.setting.now + wait, NODE_EVENT.read, () => {
          connection.reading = false;
          if (!socket.open) return;
          if (this.swarm.maySend(peer, run)) this.#send(connection, peer, run);
          else {
            this.swarm.uploadFailed(peer, run);
            this.settle();
          }
          this.serve(connection);
        });
      }
    }
  }

  #frameBytes(): number {
    const { up } = this.way;
    const share = (up.rate * FRAME_TIME) / Math.max(1, up.turns.length);
    return Math.max(LEAST_FRAME, Math.min(LARGEST_FRAME, Math.floor(share)));
  }

  #send(connection: NodeConnection, peer: Peer, run: UploadRun): void {
    const stored = this.disk.read(run.piece);
    if (stored === undefined || this.options.rejects?.() === true) {
      this.swarm.uploadFailed(peer, run);
      this.settle();
      return;
    }
    const { socket } = connection;
    let { begin } = run;
    for (const length of run.lengths) {
      const header = new Uint8Array(PIECE_HEADER_LENGTH);
      writePieceHeader(header, 0, run.piece, begin, length);
      socket.write(header);
      const start = stored.start + begin;
      if (this.options.hangs?.() === true) {
        socket.write(stored.bytes, start, start + (length >> 1));
        connection.mute = true;
        return;
      }
      if (this.options.corrupt === undefined) socket.write(stored.bytes, start, start + length);
      else {
        const block = stored.bytes.slice(start, start + length);
        this.options.corrupt(run.piece, begin, block);
        socket.write(block);
      }
      begin += length;
    }
    this.swarm.uploadSent(peer, run.bytes, this.setting.now);
  }

  #planTick(due: number): void {
    this.#tickDue = due;
    const plan = ++this.#tickPlan;
    this.setting.at(due, NODE_EVENT.tick, () => {
      if (plan !== this.#tickPlan || !this.alive) return;
      this.#touched = false;
      this.swarm.tick(this.setting.now);
      // Its own doing is no reason to look again soon.
      const busy = this.swarm.outbox.length > 0 || this.swarm.flushable.length > 0;
      this.#tickDue = 0;
      this.settle();
      this.#planTick(this.setting.now + (busy || this.#touchedSince() ? TICK : IDLE_TICK));
    });
  }

  #touchedSince(): boolean {
    return this.#touched && this.swarm.view.peers.size > 0;
  }

  /** Pieces are gone from its disk, and it has noticed. */
  lose(pieces: readonly number[]): void {
    for (const piece of pieces) this.disk.damage(piece);
    if (!this.alive) return;
    this.swarm.handle({ type: 'piecesLost', pieces }, this.setting.now);
    this.settle();
  }

  /** What keeps it, in one line. */
  describe(): string {
    const { content, peers, paused } = this.swarm.view;
    const have = content === undefined ? 'no metadata' : `${content.ledger.have.count}/${content.geometry.pieceCount}`;
    const list = [...peers.values()].map(
      (peer) =>
        `${peer.client}${peer.choking ? ' chokes' : ''}${peer.snubbed ? ' snubbed' : ''} wanted ${peer.wanted} asked ${peer.requests.count} got ${peer.down.total}`,
    );
    const partials = [...(content?.ledger.partials.values() ?? [])].map(
      (partial) => `${partial.piece}:${partial.arrived}/${partial.blocks.length}${partial.retry ? ' retry' : ''}`,
    );
    return `node ${this.id}${this.alive ? '' : ' (dead)'}${paused ? ' paused' : ''} has ${have}; partials ${partials.join(', ')}; peers ${list.join('; ')}`;
  }
}

function peerIdOf(id: number, life: number): Uint8Array {
  const peerId = new Uint8Array(20).fill(65 + (id % 26));
  peerId[16] = id >> 8;
  peerId[17] = id & 255;
  peerId[18] = life >> 8;
  peerId[19] = life & 255;
  return peerId;
}
