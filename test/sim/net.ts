// A network in memory for tests of whole swarms: real swarms and real framers, bytes that travel in order, a clock that
// moves when told. Only for tests.

import { createHash } from 'node:crypto';
import { Bitfield } from '../../src/base/bitfield.ts';
import { Geometry } from '../../src/base/geometry.ts';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake, readFeatures } from '../../src/protocol/wire/handshake.ts';
import { encodePiece } from '../../src/protocol/wire/messages.ts';
import type { Command } from '../../src/swarm/commands.ts';
import type { Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import type { SwarmOptions } from '../../src/swarm/swarm-state.ts';
import { carryOut, type DiskCommand } from './fake-disk.ts';
import { FixedPlaces } from './fixed-places.ts';

export const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

/** Deterministic numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Wire {
  node: Node;
  other: Wire;
  framer: Framer;
  peer: Peer | undefined;
  open: boolean;
  /** What it sends from now on is lost: it hangs. */
  mute: boolean;
  inbox: Uint8Array[];
}

export interface NodeOptions {
  have?: (piece: number) => boolean;
  slots?: number;
  /** Changes a block on its way out. */
  corrupt?: (piece: number, begin: number, block: Uint8Array) => void;
  /** Keeps requests without answering. */
  silent?: boolean;
  /** Rejects this run of blocks instead of sending it. */
  rejects?: () => boolean;
  /** Sends half a block and nothing more on that connection. */
  hangs?: () => boolean;
  /** Stretches of blocks it sends in one round; 0.25: one in every fourth. */
  uplink?: number;
  fast?: boolean;
  magnet?: boolean;
  /** Default 127.0.0.1. */
  host?: string;
  swarm?: Partial<SwarmOptions>;
}

export class Node {
  readonly id: number;
  readonly net: TestNet;
  readonly swarm: Swarm;
  readonly options: NodeOptions;
  /** Its disk; bytes of pieces that are not verified among them. */
  readonly data: Uint8Array;
  readonly peerId: Uint8Array;
  readonly wires = new Map<Peer, Wire>();
  readonly log: Command[] = [];
  readonly closed: string[] = [];
  readonly closings: { reason: string; other: Node }[] = [];
  /** Bytes of the pieces that passed. */
  gained = 0;
  slab: Uint8Array = new Uint8Array(0);
  active = false;
  /** Stretches of blocks it may send now. */
  credit = 0;

  constructor(net: TestNet, id: number, options: NodeOptions) {
    this.net = net;
    this.id = id;
    this.options = options;
    this.data = new Uint8Array(net.data.length);
    this.peerId = new Uint8Array(20).fill(65 + (id % 26));
    this.peerId[19] = id;
    this.swarm = new Swarm(
      {
        infoHash: net.infoHash,
        peerId: this.peerId,
        port: 1000 + id,
        clientName: `node ${id}`,
        random: seededRandom(id + net.seed),
        sha1,
        ...(options.magnet === true ? {} : { infoBytes: net.infoBytes }),
        ...options.swarm,
      },
      net.now,
    );
    if (options.magnet !== true) this.activate();
  }

  activate(): void {
    const { geometry } = this.net;
    const have = new Bitfield(geometry.pieceCount);
    for (let piece = 0; piece < geometry.pieceCount; piece++) {
      if (this.options.have?.(piece) !== true) continue;
      have.add(piece);
      const start = geometry.pieceOffset(piece);
      this.data.set(this.net.data.subarray(start, start + geometry.pieceSize(piece)), start);
    }
    const places = new FixedPlaces(have.complete ? 0 : (this.options.slots ?? 4), geometry.extentLength);
    this.slab = places.slab;
    for (const wire of this.wires.values()) wire.framer.setSlab(this.slab);
    this.active = true;
    this.swarm.handle({ type: 'activated', geometry, have, places, infoBytes: this.net.infoBytes }, this.net.now);
  }

  get complete(): boolean {
    return this.swarm.view.complete;
  }

  peer(other: Node): Peer | undefined {
    return [...this.wires].find(([, wire]) => wire.other.node === other)?.[0];
  }

  write(wire: Wire, bytes: Uint8Array): void {
    if (wire.open && wire.other.open && !wire.mute && bytes.length > 0) wire.other.inbox.push(bytes);
  }

  settle(): void {
    const { outbox, flushable } = this.swarm;
    do {
      for (let i = 0; i < outbox.length; i++) this.#carryOut(outbox[i]!);
      outbox.length = 0;
      for (const peer of flushable) {
        const wire = this.wires.get(peer);
        const bytes = peer.out.drain();
        if (wire !== undefined) this.write(wire, bytes);
      }
      flushable.length = 0;
    } while (outbox.length > 0);
    if (this.net.checked) this.swarm.view.content?.ledger.checkInvariant();
  }

  #carryOut(command: Command): void {
    this.log.push(command);
    switch (command.type) {
      case 'disconnect': {
        const wire = this.wires.get(command.peer);
        if (wire !== undefined) this.net.close(wire, command.reason);
        return;
      }
      case 'serve':
        this.net.serving.add({ node: this, peer: command.peer });
        return;
      case 'commitPiece':
      case 'storeExtent':
      case 'verifyPiece':
        this.net.commits.push({ node: this, command });
        return;
      case 'openMetadata':
        if (this.net.slowDisks) this.net.opening.push(this);
        else this.activate();
        return;
      case 'dial':
        this.swarm.handle({ type: 'dialFailed', key: command.key }, this.net.now);
        return;
      default:
    }
  }

  commit(command: DiskCommand): void {
    const { geometry } = this.net;
    const event = carryOut(command, geometry, this.slab, this.data, this.net.data);
    if (event.type === 'pieceVerified') this.gained += geometry.pieceSize(command.piece);
    this.swarm.handle(event, this.net.now);
    this.settle();
  }

  /** Sends one stretch. True when the peer may have asked for more. */
  serve(peer: Peer): boolean {
    const wire = this.wires.get(peer);
    if (wire === undefined || this.options.silent === true) return false;
    const run = this.swarm.nextUpload(peer, 65536);
    if (run !== undefined && this.options.rejects?.() === true) {
      this.swarm.uploadFailed(peer, run);
      this.settle();
    } else if (run !== undefined) {
      let begin = run.begin;
      for (const length of run.lengths) {
        const start = this.net.geometry.pieceOffset(run.piece) + begin;
        const block = this.data.slice(start, start + length);
        this.options.corrupt?.(run.piece, begin, block);
        const message = encodePiece(run.piece, begin, block);
        if (this.options.hangs?.() === true) {
          this.write(wire, message.subarray(0, 13 + (block.length >> 1)));
          wire.mute = true;
        } else this.write(wire, message);
        begin += length;
      }
      this.swarm.uploadSent(peer, run.bytes, this.net.now);
    }
    return run !== undefined;
  }
}

export class TestNet {
  readonly seed: number;
  readonly geometry: Geometry;
  readonly data: Uint8Array;
  readonly infoBytes = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
  readonly infoHash = Buffer.from(sha1(this.infoBytes)).toString('hex');
  readonly nodes: Node[] = [];
  readonly serving = new Set<{ node: Node; peer: Peer }>();
  readonly commits: { node: Node; command: DiskCommand }[] = [];
  readonly opening: Node[] = [];
  /** Metadata that has arrived waits in `opening` until it is activated. */
  slowDisks = false;
  readonly #wires: Wire[] = [];
  now = 1_000_000;
  /** Most bytes delivered in one go: 1 shows every split there is. */
  chunk = 1 << 20;
  checked = true;
  /** Rounds of delivery in a tenth of a second: few of them make a slow network. */
  roundsPerTick = 100_000;

  constructor(pieces: number, pieceLength = 32_768, seed = 1, lastPiece = Math.ceil(pieceLength * 0.6)) {
    this.seed = seed;
    this.geometry = new Geometry((pieces - 1) * pieceLength + lastPiece, pieceLength);
    const random = seededRandom(seed);
    this.data = Uint8Array.from({ length: this.geometry.totalLength }, () => random() * 256);
  }

  add(options: NodeOptions = {}): Node {
    const node = new Node(this, this.nodes.length, options);
    this.nodes.push(node);
    return node;
  }

  connect(dialler: Node, listener: Node): void {
    const make = (node: Node): Wire => {
      const wire: Wire = {
        node,
        other: undefined as unknown as Wire,
        peer: undefined,
        open: true,
        mute: false,
        inbox: [],
        framer: undefined as unknown as Framer,
      };
      wire.framer = new Framer(
        {
          onHandshake: (handshake) => {
            const { host = '127.0.0.1' } = wire.other.node.options;
            const endpoint = { host, port: wire.other.node.swarm.view.options.port };
            const outgoing = node === dialler;
            const features = readFeatures(handshake.reserved);
            // It takes two (BEP 6).
            if (node.options.fast === false) features.fast = false;
            const info = { endpoint, outgoing, peerId: handshake.peerId, features };
            const peer = node.swarm.connect(info, undefined, this.now);
            if ('refusal' in peer) this.close(wire, peer.refusal);
            else {
              wire.peer = peer;
              wire.framer.setSlab(node.slab);
              node.wires.set(peer, wire);
            }
          },
          onKeepAlive: () => node.swarm.keptAlive(wire.peer!),
          onMessage: (id, buffer, start, end) => node.swarm.receive(wire.peer!, id, buffer, start, end, this.now),
          onPieceHeader: (piece, begin, length) => node.swarm.blockOpened(wire.peer!, piece, begin, length),
          onPieceEnd: (piece, begin, length, kept) =>
            node.swarm.blockArrived(wire.peer!, piece, begin, length, kept, this.now),
        },
        node.slab,
      );
      this.#wires.push(wire);
      return wire;
    };
    const a = make(dialler);
    const b = make(listener);
    a.other = b;
    b.other = a;
    for (const wire of [a, b])
      wire.node.write(
        wire,
        encodeHandshake(this.infoHash, wire.node.peerId, { extended: true, fast: wire.node.options.fast !== false }),
      );
  }

  /** Sends raw bytes as if the peer had written them. */
  inject(from: Node, to: Node, bytes: Uint8Array): void {
    const wire = to.wires.get(to.peer(from)!)!;
    wire.inbox.push(bytes);
  }

  close(wire: Wire, reason: string): void {
    if (!wire.open) return;
    wire.open = false;
    wire.framer.stop();
    wire.node.closed.push(reason);
    wire.node.closings.push({ reason, other: wire.other.node });
    if (wire.peer !== undefined) {
      wire.node.wires.delete(wire.peer);
      wire.node.swarm.handle({ type: 'peerDisconnected', peer: wire.peer }, this.now);
    }
    this.close(wire.other, 'closed by the peer');
  }

  leave(node: Node): void {
    for (const wire of [...node.wires.values()]) this.close(wire, 'leaves');
    this.#settleAll();
  }

  /** One thing happens, whatever it may be; `random` decides. False when there was nothing to do. */
  stir(random: () => number): boolean {
    const waiting = this.#wires.filter((wire) => wire.open && wire.inbox.length > 0);
    const jobs = [...this.serving];
    let choice = Math.floor(random() * (waiting.length + jobs.length + this.commits.length + this.opening.length));
    this.#settleAll();
    if (choice < waiting.length) {
      const wire = waiting[choice]!;
      const bytes = wire.inbox.shift()!;
      const length = random() < 0.5 ? bytes.length : 1 + Math.floor(random() * bytes.length);
      if (length < bytes.length) wire.inbox.unshift(bytes.subarray(length));
      this.#deliver(wire, bytes.subarray(0, length));
      return true;
    }
    choice -= waiting.length;
    if (choice < jobs.length) {
      const job = jobs[choice]!;
      this.serving.delete(job);
      if (job.node.serve(job.peer)) this.serving.add(job);
      return true;
    }
    choice -= jobs.length;
    if (choice < this.commits.length) {
      const [job] = this.commits.splice(choice, 1);
      job!.node.commit(job!.command);
      return true;
    }
    const [node] = this.opening.splice(choice - this.commits.length, 1);
    node?.activate();
    node?.settle();
    return node !== undefined;
  }

  /** Moves the clock by a tenth of a second and lets everybody look at it. */
  tick(): void {
    this.now += 100;
    for (const node of this.nodes) {
      node.swarm.tick(this.now);
      node.settle();
    }
  }

  /** One round: everything written so far is delivered, served and committed. True while something happened. */
  step(): boolean {
    let busy = false;
    this.#settleAll();
    for (const wire of this.#wires) {
      for (let budget = 4; budget > 0 && wire.open && wire.inbox.length > 0; budget--) {
        busy = true;
        this.#deliver(wire, wire.inbox.shift()!);
      }
    }
    for (const node of this.nodes) {
      const { uplink = Number.POSITIVE_INFINITY } = node.options;
      node.credit = Math.min(node.credit + uplink, Math.max(1, uplink));
    }
    for (const job of this.serving) {
      busy = true;
      if (job.node.credit < 1) continue;
      job.node.credit--;
      this.serving.delete(job);
      if (job.node.serve(job.peer)) this.serving.add(job);
    }
    for (const job of this.commits.splice(0)) {
      busy = true;
      job.node.commit(job.command);
    }
    return busy;
  }

  /** Runs until nothing happens any more; `rounds` bounds it. */
  run(rounds = 100_000): void {
    while (rounds-- > 0 && this.step());
  }

  /** Moves the clock in steps of a tenth of a second and runs after each. */
  pass(milliseconds: number): void {
    for (let at = 0; at < milliseconds; at += 100) {
      this.now += 100;
      for (const node of this.nodes) {
        node.swarm.tick(this.now);
        node.settle();
      }
      this.run(this.roundsPerTick);
    }
  }

  #settleAll(): void {
    for (const node of this.nodes) node.settle();
  }

  #deliver(wire: Wire, bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length && wire.open; at += this.chunk)
        wire.framer.push(bytes, at, Math.min(bytes.length, at + this.chunk));
      if (wire.peer !== undefined) wire.node.swarm.heard(wire.peer, bytes.length, this.now);
    } catch (error) {
      this.close(wire, (error as { reason?: string }).reason ?? String(error));
    }
    wire.node.settle();
  }
}
