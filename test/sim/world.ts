// A whole swarm on a virtual clock: real swarms and framers, virtual links, disks and a tracker. Seeded: the same seed and
// the same calls give the same events, told by `digest`. Only for tests.
//
//   const world = new World({ seed: 1, pieces: 256 });
//   const seed = world.add({ have: () => true, up: 500_000 });
//   const peers = world.addMany(20, () => ({ up: 100_000, down: 400_000 }));
//   world.run(600, () => peers.every((peer) => peer.complete));   // virtual seconds; true when the condition came true
//   world.checkAll();
//
// `world.after(30, () => seed.kill())` plans anything; `kill(true)` is a power cut, `start()` revives from the disk.
// `world.partition(nodes, seconds)` cuts nodes off, `world.breakLinks(meanSeconds)` resets connections by chance.
// Manners (corrupt, silent, rejects, hangs) make a node misbehave; `world.addScript` gives an address to a peer that is
// played by hand, message by message. Whatever a check throws names the time; the caller names the seed.

import { type Endpoint, formatEndpoint } from '../../src/base/endpoint.ts';
import { Geometry } from '../../src/base/geometry.ts';
import { EventQueue } from './event-queue.ts';
import { seededRandom, sha1 } from './net.ts';
import { type Script, ScriptedPeer } from './scripted-peer.ts';
import { VirtualSocket } from './virtual-socket.ts';
import { type NodeOptions, WorldNode } from './world-node.ts';
import type { Dweller, Setting, Subject } from './world-setting.ts';

export interface WorldOptions {
  seed: number;
  pieces: number;
  /** 16 KiB unless told. */
  pieceLength?: number;
  /** Bytes of the last piece; the same as the others unless told. */
  lastPiece?: number;
  /** Everything is checked each so many events; 0: only when asked. */
  checkEvery?: number;
  /** Endpoints the tracker gives at a time. */
  numWant?: number;
}

const WORLD_EVENT = { planned: 40, dialled: 41, announced: 42, broken: 43 } as const;
const BEGINNING = 1_000_000;
const CHECK_EVERY = 1000;
const DIAL_TIMEOUT = 10_000;
/** Milliseconds a node is named after it was last heard of. */
const LEASE = 120_000;
/** Milliseconds until the tracker hears again from each node. */
const INTERVAL = 60_000;
/** Milliseconds between two questions of one node. */
const LEAST_INTERVAL = 4_000;

export class World implements Setting {
  readonly options: WorldOptions;
  readonly subject: Subject;
  readonly nodes: WorldNode[] = [];
  readonly scripts: ScriptedPeer[] = [];
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #dwellers = new Map<string, Dweller>();
  /** Who has told the tracker of itself, and when last. */
  readonly #announced = new Map<Dweller, number>();
  readonly #sockets = new Set<{ socket: VirtualSocket; a: Dweller; b: Dweller }>();
  #apart: ReadonlySet<Dweller> | undefined;
  #now = BEGINNING;
  #digest = 0x811c9dc5;
  #nextPort = 20_000;
  /** Events so far. */
  events = 0;
  readonly #checkEvery: number;

  constructor(options: WorldOptions) {
    this.options = options;
    this.#random = seededRandom(options.seed);
    this.#checkEvery = options.checkEvery ?? CHECK_EVERY;
    const pieceLength = options.pieceLength ?? 16_384;
    const geometry = new Geometry((options.pieces - 1) * pieceLength + (options.lastPiece ?? pieceLength), pieceLength);
    const infoBytes = Uint8Array.from({ length: 20_000 + (options.seed % 7) }, (_, i) => (i * 7 + options.seed) % 251);
    this.subject = {
      geometry,
      truth: randomBytes(geometry.totalLength, options.seed),
      infoBytes,
      infoHash: Buffer.from(sha1(infoBytes)).toString('hex'),
    };
  }

  get now(): number {
    return this.#now;
  }

  /** Virtual seconds since the beginning. */
  get seconds(): number {
    return (this.#now - BEGINNING) / 1000;
  }

  /** Stands for everything that has happened. */
  get digest(): string {
    return `${this.events}:${(this.#digest >>> 0).toString(16)}`;
  }

  chance(): () => number {
    return seededRandom(Math.floor(this.#random() * 2 ** 32));
  }

  at(time: number, kind: number, run: () => void): void {
    this.#queue.add(time, kind, run);
  }

  note(who: number, what: number): void {
    this.#digest = Math.imul(this.#digest ^ (who * 65_537 + what), 0x01000193);
  }

  /** Runs something in so many virtual seconds. */
  after(seconds: number, run: () => void): void {
    this.at(this.#now + seconds * 1000, WORLD_EVENT.planned, run);
  }

  /** A node that starts now, or in so many seconds. */
  add(options: NodeOptions = {}, inSeconds = 0): WorldNode {
    const id = this.#dwellers.size;
    const node = new WorldNode(this, id, endpointOf(id), options);
    this.nodes.push(node);
    this.#dwellers.set(formatEndpoint(node.endpoint), node);
    if (inSeconds === 0) node.start();
    else this.after(inSeconds, () => node.start());
    return node;
  }

  addMany(
    count: number,
    options: (i: number) => NodeOptions = () => ({}),
    inSeconds?: (i: number) => number,
  ): WorldNode[] {
    return Array.from({ length: count }, (_, i) => this.add(options(i), inSeconds?.(i) ?? 0));
  }

  /** A peer played by hand. The tracker names it like any other. */
  addScript(script: Script, options: Pick<NodeOptions, 'up' | 'down' | 'latency' | 'nat'> = {}): ScriptedPeer {
    const id = this.#dwellers.size;
    const peer = new ScriptedPeer(this, id, endpointOf(id), script, options);
    this.scripts.push(peer);
    this.#dwellers.set(formatEndpoint(peer.endpoint), peer);
    this.#announced.set(peer, Number.POSITIVE_INFINITY);
    return peer;
  }

  /** Goes on for so many virtual seconds, or until the condition holds. Returns whether it does. */
  run(seconds: number, until: () => boolean = () => false): boolean {
    const end = this.#now + seconds * 1000;
    let nextLook = this.#now;
    while (this.#queue.due <= end) {
      if (this.#queue.due >= nextLook) {
        if (until()) return true;
        nextLook = this.#queue.due + 100;
      }
      this.#step();
    }
    this.#now = end;
    return until();
  }

  #step(): void {
    const event = this.#queue.next()!;
    this.#now = event.at;
    this.events++;
    this.#digest = Math.imul(this.#digest ^ (Math.floor(event.at * 64) + event.kind), 0x01000193);
    try {
      event.run();
      if (this.#checkEvery > 0 && this.events % this.#checkEvery === 0) this.checkAll();
    } catch (error) {
      const where = `at ${this.seconds.toFixed(3)} s, event ${this.events} of kind ${event.kind}`;
      throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Everything that must hold of every node. */
  checkAll(): void {
    for (const node of this.nodes) node.watch.everything();
  }

  dial(from: Dweller, to: Endpoint, done: (socket: VirtualSocket | undefined) => void): void {
    const target = this.#dwellers.get(formatEndpoint(to));
    const fail = (milliseconds: number): void => {
      this.at(this.#now + milliseconds, WORLD_EVENT.dialled, () => done(undefined));
    };
    if (target === undefined || target.nat || this.#isCut(from, target)) {
      fail(DIAL_TIMEOUT);
      return;
    }
    const latency = from.way.latency + target.way.latency;
    if (!target.alive) {
      fail(2 * latency);
      return;
    }
    this.at(this.#now + 2 * latency, WORLD_EVENT.dialled, () => {
      if (!target.alive || !from.alive || this.#isCut(from, target)) {
        done(undefined);
        return;
      }
      const [mine, theirs] = VirtualSocket.pair(
        this,
        { way: from.way, seenAs: { host: from.endpoint.host, port: this.#nextPort } },
        { way: target.way, seenAs: target.endpoint },
      );
      this.#nextPort = this.#nextPort >= 60_000 ? 20_000 : this.#nextPort + 1;
      this.#sockets.add({ socket: mine, a: from, b: target });
      target.accept(theirs);
      done(mine);
    });
  }

  #isCut(a: Dweller, b: Dweller): boolean {
    return this.#apart !== undefined && this.#apart.has(a) !== this.#apart.has(b);
  }

  announce(from: Dweller, found: (others: Endpoint[]) => void): void {
    const last = this.#announced.get(from);
    if (last !== undefined && this.#now - last < LEAST_INTERVAL) return;
    this.#announced.set(from, this.#now);
    this.at(this.#now + 2 * from.way.latency + 20, WORLD_EVENT.announced, () => {
      if (this.#apart?.has(from) !== true) found(this.#others(from));
    });
    this.at(this.#now + INTERVAL, WORLD_EVENT.announced, () => {
      if (from.alive && this.#now - this.#announced.get(from)! >= INTERVAL) this.announce(from, found);
    });
  }

  #others(from: Dweller): Endpoint[] {
    const others: Endpoint[] = [];
    for (const [dweller, at] of this.#announced)
      if (dweller !== from && this.#now - at <= LEASE) others.push(dweller.endpoint);
    const wanted = Math.min(others.length, this.options.numWant ?? 50);
    for (let i = 0; i < wanted; i++) {
      const j = i + Math.floor(this.#random() * (others.length - i));
      [others[i], others[j]] = [others[j]!, others[i]!];
    }
    others.length = wanted;
    return others;
  }

  /** For so many seconds nothing passes between these and the others; then what was on its way arrives. */
  partition(nodes: readonly Dweller[], seconds: number): void {
    if (this.#apart !== undefined) return;
    const apart = new Set(nodes);
    this.#apart = apart;
    this.#forgetClosed();
    const stalled = [...this.#sockets].filter(({ a, b }) => apart.has(a) !== apart.has(b));
    for (const { socket } of stalled) socket.stall();
    this.after(seconds, () => {
      this.#apart = undefined;
      for (const { socket } of stalled) if (socket.open && socket.other.open) socket.resume();
    });
  }

  /** From now on every connection is reset after so many seconds on average. */
  breakLinks(meanSeconds: number): void {
    const round = (): void => {
      this.#forgetClosed();
      for (const { socket } of this.#sockets) if (this.#random() < 1 / meanSeconds) socket.reset();
      this.at(this.#now + 1000, WORLD_EVENT.broken, round);
    };
    this.at(this.#now + 1000, WORLD_EVENT.broken, round);
  }

  #forgetClosed(): void {
    for (const entry of this.#sockets) if (!entry.socket.open && !entry.socket.other.open) this.#sockets.delete(entry);
  }

  /** What keeps those that have not finished. */
  explain(): string {
    return this.nodes
      .filter((node) => !node.complete && node.finishedAt === undefined)
      .map((node) => node.describe())
      .join('\n');
  }
}

/** Each node has a public address of its own, in a network of its own. */
function endpointOf(id: number): Endpoint {
  return { host: `${30 + (id >> 8)}.${id & 255}.${(id * 37) & 255}.10`, port: 6881 };
}

function randomBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2 + 1) | 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
