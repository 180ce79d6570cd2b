// One swarm under test whose peers are played by hand: what a peer says goes through a real framer into the swarm, what the
// swarm says to it comes out as messages. Only for tests.

import { Bitfield } from '../../src/base/bitfield.ts';
import { BLOCK_LENGTH, Geometry } from '../../src/base/geometry.ts';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake } from '../../src/protocol/wire/handshake.ts';
import { decodeBlock, encodeFrame, encodePiece, MESSAGE, readUint32 } from '../../src/protocol/wire/messages.ts';
import type { Command } from '../../src/swarm/commands.ts';
import type { StoredBlocks } from '../../src/swarm/ledger.ts';
import type { Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import type { SwarmOptions } from '../../src/swarm/swarm-state.ts';
import { carryOut, type DiskCommand, isDiskCommand } from './fake-disk.ts';
import { FixedPlaces } from './fixed-places.ts';
import { seededRandom, sha1 } from './net.ts';

const INFO = Uint8Array.from({ length: 20_000 }, (_, i) => i % 253);
const INFO_HASH = Buffer.from(sha1(INFO)).toString('hex');

export interface Said {
  id: number;
  payload: Uint8Array;
}

export interface HandPeerOptions {
  fast?: boolean;
  extended?: boolean;
  host?: string;
  port?: number;
  outgoing?: boolean;
  dialled?: string;
  peerId?: string;
}

export class HandPeer {
  readonly net: LoneSwarm;
  readonly peer: Peer;
  /** Everything the swarm has said to it so far. */
  readonly said: Said[] = [];
  closed: string | undefined;
  readonly #in: Framer;
  readonly #out: Framer;

  constructor(net: LoneSwarm, peer: Peer) {
    this.net = net;
    this.peer = peer;
    const { swarm } = net;
    this.#in = new Framer(
      {
        onHandshake: () => undefined,
        onKeepAlive: () => swarm.keptAlive(peer),
        onMessage: (id, buffer, start, end) => swarm.receive(peer, id, buffer, start, end, net.now),
        onPieceHeader: (piece, begin, length) => swarm.blockOpened(peer, piece, begin, length),
        onPieceEnd: (piece, begin, length, kept) => swarm.blockArrived(peer, piece, begin, length, kept, net.now),
      },
      net.slab,
    );
    this.#out = new Framer(
      {
        onHandshake: () => undefined,
        onKeepAlive: () => this.said.push({ id: -1, payload: new Uint8Array(0) }),
        onMessage: (id, buffer, start, end) => this.said.push({ id, payload: buffer.slice(start, end) }),
        onPieceHeader: () => -1,
        onPieceEnd: () => undefined,
      },
      undefined,
    );
    const handshake = encodeHandshake(INFO_HASH, peer.info.peerId, peer.info.features);
    this.#in.push(handshake, 0, handshake.length);
    this.#out.push(handshake, 0, handshake.length);
  }

  setSlab(slab: Uint8Array): void {
    this.#in.setSlab(slab);
  }

  hear(bytes: Uint8Array): void {
    this.#out.push(bytes, 0, bytes.length);
  }

  /** The peer sends these bytes; a violation closes the connection as the runner would. */
  say(bytes: Uint8Array): void {
    if (this.closed !== undefined) return;
    // As from a socket: a Buffer, whose `slice` is a view, and whose memory is soon used again.
    const read = Buffer.from(bytes);
    try {
      this.#in.push(read, 0, read.length);
      this.net.swarm.heard(this.peer, bytes.length, this.net.now);
    } catch (error) {
      this.net.drop(this, (error as { reason?: string }).reason ?? String(error));
    }
    read.fill(0x55);
    this.net.settle();
  }

  signal(id: number): void {
    this.say(encodeFrame(id, new Uint8Array(0)));
  }

  /** Has everything or these pieces, and lets us ask. */
  offer(pieces?: readonly number[]): void {
    const field = new Bitfield(this.net.geometry.pieceCount);
    if (pieces === undefined) field.fill();
    else for (const piece of pieces) field.add(piece);
    this.say(encodeFrame(MESSAGE.bitfield, field.bytes));
    this.signal(MESSAGE.unchoke);
  }

  /** Requests that were made and not cancelled, answered or rejected. */
  get owed(): { piece: number; begin: number; length: number }[] {
    const { requests } = this.peer;
    return Array.from({ length: requests.count }, (_, i) => ({
      piece: requests.pieceAt(i),
      begin: requests.beginAt(i),
      length: requests.lengthAt(i),
    }));
  }

  get owedPieces(): Set<number> {
    return new Set(this.owed.map((request) => request.piece));
  }

  count(id: number): number {
    return this.said.filter((message) => message.id === id).length;
  }

  /** All blocks asked for by `request` or taken back by `cancel`, in order. */
  blocks(id: number): { piece: number; begin: number; length: number }[] {
    return this.said
      .filter((message) => message.id === id)
      .map(({ payload }) => decodeBlock(id, payload, 0, payload.length));
  }

  indexes(id: number): number[] {
    return this.said.filter((message) => message.id === id).map(({ payload }) => readUint32(payload, 0));
  }

  /** Sends one block, right or wrong. */
  send(piece: number, begin: number, wrong = false): void {
    this.say(this.blockMessage(piece, begin, wrong));
  }

  blockMessage(piece: number, begin: number, wrong = false): Uint8Array {
    const { geometry, data } = this.net;
    const start = geometry.pieceOffset(piece) + begin;
    const block = data.slice(start, start + geometry.blockSize(piece, begin / BLOCK_LENGTH));
    if (wrong) block[0]! ^= 255;
    return encodePiece(piece, begin, block);
  }

  /** Answers what is owed now, oldest first; returns how many blocks that were. */
  answer(count = Number.POSITIVE_INFINITY, wrong = false): number {
    let sent = 0;
    for (const { piece, begin } of this.owed.slice(0, count)) {
      if (this.closed !== undefined) break;
      this.send(piece, begin, wrong);
      sent++;
    }
    return sent;
  }

  /** Answers until nothing is asked any more. */
  answerAll(): void {
    while (this.closed === undefined && this.answer() > 0);
  }

  /** Answers until `enough`. */
  answerUntil(enough: () => boolean): void {
    while (!enough() && this.owed.length > 0) this.answer(1);
  }

  leave(): void {
    this.net.drop(this, 'left');
    this.net.settle();
  }
}

const random = seededRandom(7);
let known = new Uint8Array(0);

/** The beginning of one sequence that is drawn once, because thousands of these are made by a fuzz target. */
function contentOf(length: number): Uint8Array {
  if (known.length < length) {
    const longer = new Uint8Array(length);
    longer.set(known);
    for (let i = known.length; i < length; i++) longer[i] = random() * 256;
    known = longer;
  }
  return known.slice(0, length);
}

export class LoneSwarm {
  readonly swarm: Swarm;
  readonly geometry: Geometry;
  readonly data: Uint8Array;
  readonly log: Command[] = [];
  readonly peers: HandPeer[] = [];
  slab: Uint8Array = new Uint8Array(0);
  now = 1_000_000;
  /** False: what the disk is told waits in `commits` for `commit`. */
  autoCommit = true;
  readonly commits: DiskCommand[] = [];
  /** What the disk holds; bytes of pieces that are not verified among them. */
  readonly disk: Uint8Array;
  #next = 0;

  constructor(
    options: {
      pieces?: number;
      pieceLength?: number;
      slots?: number;
      partials?: readonly StoredBlocks[];
      priorities?: Uint8Array;
      have?: (piece: number) => boolean;
      magnet?: boolean;
      swarm?: Partial<SwarmOptions>;
    } = {},
  ) {
    const { pieces = 8, pieceLength = 2 * BLOCK_LENGTH } = options;
    this.geometry = new Geometry(pieces * pieceLength, pieceLength);
    this.data = contentOf(this.geometry.totalLength);
    this.disk = new Uint8Array(this.geometry.totalLength);
    this.swarm = new Swarm(
      {
        infoHash: INFO_HASH,
        peerId: new Uint8Array(20).fill(0x4d),
        port: 6881,
        clientName: 'lone',
        random: seededRandom(3),
        sha1,
        ...(options.magnet === true ? {} : { infoBytes: INFO }),
        ...options.swarm,
      },
      this.now,
    );
    if (options.magnet !== true) this.activate(options);
  }

  get infoBytes(): Uint8Array {
    return INFO;
  }

  activate(
    options: {
      slots?: number;
      have?: (piece: number) => boolean;
      partials?: readonly StoredBlocks[];
      priorities?: Uint8Array;
    } = {},
  ): void {
    const { geometry } = this;
    const have = new Bitfield(geometry.pieceCount);
    for (let piece = 0; piece < geometry.pieceCount; piece++) if (options.have?.(piece) === true) have.add(piece);
    const places = new FixedPlaces(options.slots ?? 4, geometry.extentLength);
    this.slab = places.slab;
    for (const peer of this.peers) peer.setSlab(this.slab);
    const { partials = [], priorities } = options;
    const wanted = priorities === undefined ? {} : { priorities };
    this.swarm.handle({ type: 'activated', geometry, have, places, partials, infoBytes: INFO, ...wanted }, this.now);
    this.settle();
  }

  connect(options: HandPeerOptions = {}): HandPeer {
    const peer = this.tryConnect(options);
    if (typeof peer === 'string') throw new Error(`not connected: ${peer}`);
    return peer;
  }

  tryConnect(options: HandPeerOptions = {}): HandPeer | string {
    const number = this.#next++;
    const peerId = Buffer.from((options.peerId ?? `-ZZ0001-${number}`).padEnd(20, '.'));
    const peer = this.swarm.connect(
      {
        endpoint: { host: options.host ?? '127.0.0.1', port: options.port ?? 20_000 + number },
        outgoing: options.outgoing ?? options.dialled !== undefined,
        peerId,
        features: { extended: options.extended !== false, fast: options.fast !== false, dht: false, v2: false },
      },
      options.dialled,
      this.now,
    );
    if ('refusal' in peer) return peer.refusal;
    const hand = new HandPeer(this, peer);
    this.peers.push(hand);
    this.settle();
    return hand;
  }

  drop(hand: HandPeer, reason: string): void {
    if (hand.closed !== undefined) return;
    hand.closed = reason;
    this.swarm.handle({ type: 'peerDisconnected', peer: hand.peer }, this.now);
  }

  /** Does the oldest thing the disk was told to do with a piece, and tells the swarm what became of it. */
  commit(piece: number): void {
    const at = this.commits.findIndex((command) => command.piece === piece);
    const [command] = this.commits.splice(at, 1) as [DiskCommand];
    this.swarm.handle(carryOut(command, this.geometry, this.slab, this.disk, this.data), this.now);
    this.settle();
  }

  settle(): void {
    const { outbox, flushable } = this.swarm;
    do {
      for (let i = 0; i < outbox.length; i++) {
        const command = outbox[i]!;
        this.log.push(command);
        if (command.type === 'disconnect') {
          const hand = this.peers.find((candidate) => candidate.peer === command.peer);
          if (hand !== undefined) this.drop(hand, command.reason);
        } else if (isDiskCommand(command)) this.commits.push(command);
      }
      outbox.length = 0;
      for (const peer of flushable) {
        const bytes = peer.out.drain();
        this.peers.find((candidate) => candidate.peer === peer)?.hear(bytes);
      }
      flushable.length = 0;
    } while (outbox.length > 0);
    this.swarm.view.content?.ledger.checkInvariant();
    this.swarm.view.content?.availability.checkInvariant();
    if (this.autoCommit) while (this.commits.length > 0) this.commit(this.commits[0]!.piece);
  }

  /** Moves the clock in steps of a tenth of a second; `keepAlive`: peers say so, so that nobody is idle. */
  pass(milliseconds: number, keepAlive = true): void {
    for (let at = 0; at < milliseconds; at += 100) {
      this.now += 100;
      if (keepAlive)
        for (const hand of this.peers) if (hand.closed === undefined) this.swarm.heard(hand.peer, 4, this.now);
      this.swarm.tick(this.now);
      this.settle();
    }
  }

  get dials(): string[] {
    return this.log.flatMap((command) => (command.type === 'dial' ? [command.key] : []));
  }
}
