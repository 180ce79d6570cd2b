// A peer: one listening socket, shared limits and workers, and any number of torrents. The engine never prints, never ends
// the process and never installs handlers: it is a library.

import { randomFillSync } from 'node:crypto';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ShoalError } from '../base/errors.ts';
import { type CreatedTorrent, type CreateOptions, createTorrent } from '../io/disk/create.ts';
import { HashPool } from '../io/disk/hash-pool.ts';
import { createIdentity, type Identity, openIdentity } from '../io/identity.ts';
import { ensurePrivateDirectory, findDirectories } from '../io/paths.ts';
import { BanStore } from '../io/stores/bans.ts';
import { FilePins, MemoryPins, type Pins } from '../io/stores/pins.ts';
import { TorrentStore } from '../io/stores/torrent-store.ts';
import { type Listener, listen, type TcpSocket } from '../io/tcp.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import { announceUrlOf } from '../protocol/tracker/http.ts';
import { makePeerId } from '../protocol/wire/peer-id.ts';
import { ConnectionBudget } from '../swarm/connection-budget.ts';
import { ActiveTorrent } from './active-torrent.ts';
import { resolveName } from './catalog.ts';
import { type Published, publishEntry } from './catalog-publish.ts';
import { FramePool } from './frame-pool.ts';
import { Incoming } from './incoming.ts';
import { LimitSchedule } from './limit-schedule.ts';
import { QuietTicks } from './quiet-ticks.ts';
import { RateLimits } from './rate-limits.ts';
import { SessionBans } from './session-bans.ts';
import { Slab } from './slab.ts';
import type { TorrentContext, TorrentOptions } from './torrent-context.ts';
import type { Original } from './torrent-disk.ts';
import { type ResolvedSource, resolveSource } from './torrent-source.ts';
import { TrackerSessions } from './tracker-sessions.ts';
import type {
  AddOptions,
  BanStatus,
  GetOptions,
  LimitRule,
  SeedOptions,
  SessionLimits,
  SessionOptions,
  Torrent,
  TorrentSource,
} from './types.ts';

export const CLIENT_NAME = 'Shoal 0.1.0';
const DEFAULT_MEMORY = 20 * 1024 * 1024;
const TICK = 100;
const TIMEOUT = 10_000;
const UNREAD_TIMEOUT = 120_000;

/** Numbers are drawn with each pick, and one call of the system's generator costs as much as a hundred of them. */
const drawn = new Uint32Array(1024);
let left = 0;

function random(): number {
  if (left === 0) {
    randomFillSync(drawn);
    left = drawn.length;
  }
  return drawn[--left]! / 2 ** 32;
}

export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #listener: Listener;
  readonly #context: TorrentContext;
  readonly #identity: Identity;
  readonly #pins: Pins;
  readonly #torrents = new Map<string, ActiveTorrent>();
  readonly #incoming: Incoming;
  readonly #schedule: LimitSchedule;
  readonly #bans: SessionBans;
  readonly #ticks: QuietTicks<ActiveTorrent>;
  readonly #ticker: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  private constructor(
    options: SessionOptions,
    listener: Listener,
    identity: Identity,
    pins: Pins,
    bans: SessionBans,
    ticks: QuietTicks<ActiveTorrent>,
    context: TorrentContext,
  ) {
    this.#ticks = ticks;
    this.#options = options;
    this.#listener = listener;
    this.#context = context;
    this.#identity = identity;
    this.#pins = pins;
    this.#bans = bans;
    this.#incoming = new Incoming({
      clock: context.clock,
      handshakeTimeout: context.handshakeTimeout,
      refuses: (host) => bans.refuses(host),
      onHandshake: (connection, handshake) => {
        const torrent = this.#torrents.get(handshake.infoHash);
        return torrent === undefined ? 'no such torrent here' : torrent.accept(connection, handshake);
      },
    });
    this.#schedule = new LimitSchedule(context.limits, options);
    this.#schedule.tick(context.clock(), () => new Date());
    this.#ticker = setInterval(() => {
      const now = context.clock();
      this.#schedule.tick(now, () => new Date());
      this.#ticks.tick(now);
    }, TICK);
  }

  /** Opens the listening socket. Throws ERR_LISTEN when it cannot be had. */
  static async open(options: SessionOptions = {}): Promise<Session> {
    const state = options.state === undefined ? findDirectories().state : options.state;
    if (state !== null) ensurePrivateDirectory(state);
    const identity = state === null ? createIdentity() : await openIdentity(state);
    const pins = state === null ? new MemoryPins() : new FilePins(path.join(state, 'pins'));
    const clock = (): number => performance.now();
    let session: Session | undefined;
    const tell = (message: string): void => {
      if (session !== undefined) for (const torrent of session.#torrents.values()) torrent.warn(message);
    };
    const store = state === null ? undefined : new BanStore(path.join(state, 'bans.json'));
    const bans = new SessionBans(store, clock, (error) => tell(error.message));
    await bans.load();
    const ticks = new QuietTicks<ActiveTorrent>();
    const early: TcpSocket[] = [];
    const listener = await listen(options.listen, (socket) => {
      if (session === undefined) early.push(socket);
      else session.#incoming.accept(socket);
    });
    const pool = new HashPool();
    const memory = options.memory ?? DEFAULT_MEMORY;
    const context: TorrentContext = {
      clock,
      random,
      peerId: makePeerId(random),
      port: listener.port,
      clientName: CLIENT_NAME,
      slab: new Slab(memory, pool),
      dialTimeout: options.dialTimeout ?? TIMEOUT,
      handshakeTimeout: options.handshakeTimeout ?? TIMEOUT,
      unreadTimeout: options.unreadTimeout ?? UNREAD_TIMEOUT,
      swarm: {
        budget: new ConnectionBudget(options),
        ...(options.snubTimeout === undefined ? {} : { snubAfter: options.snubTimeout }),
        ...(options.idleTimeout === undefined ? {} : { idleAfter: options.idleTimeout }),
        ...(options.uploadSlots === undefined ? {} : { uploadSlots: options.uploadSlots }),
        ...(options.seedChoker === undefined ? {} : { seedChoker: options.seedChoker }),
        ...(options.superSeed === undefined ? {} : { superSeed: options.superSeed }),
        ...(options.maxConnectionsPerTorrent === undefined ? {} : { maxPeers: options.maxConnectionsPerTorrent }),
        ...(options.maxConnectionsPerAddress === undefined ? {} : { perAddress: options.maxConnectionsPerAddress }),
      },
      limits: new RateLimits(options, clock),
      bans: bans.list,
      frames: new FramePool(memory / 2),
      pool,
      store: new TorrentStore(state),
      trackers: new TrackerSessions(identity, createIdentity(), options.trackers ?? [], listener.port),
      purpose: options.purpose ?? 'shoal',
      onStirred: (infoHash) => {
        const torrent = session === undefined ? undefined : session.#torrents.get(infoHash);
        if (torrent !== undefined) ticks.stir(torrent, clock());
      },
      onBan: (ban) => {
        bans.made(ban);
        if (session !== undefined) for (const torrent of session.#torrents.values()) torrent.bansChanged();
      },
      lockDirectory: (infoHash) => (state === null ? undefined : path.join(state, 'torrents', infoHash)),
    };
    session = new Session(options, listener, identity, pins, bans, ticks, context);
    for (const socket of early) session.#incoming.accept(socket);
    return session;
  }

  /** The port where peers reach us. */
  get port(): number {
    return this.#listener.port;
  }

  get listenAddresses(): readonly string[] {
    return this.#listener.addresses;
  }

  get torrents(): Torrent[] {
    return [...this.#torrents.values()];
  }

  /** The torrent of this info-hash (40 hex digits), from the moment it is added, while it is still checked. */
  find(infoHash: string): Torrent | undefined {
    return this.#torrents.get(infoHash);
  }

  /**
   * Fetches what is missing, then seeds. Resolves once the disk has been checked, or at once for a magnet link; rejects
   * when the destination cannot be used, when another process has the torrent, or when the session has it already.
   */
  async add(source: TorrentSource, options: AddOptions = {}): Promise<Torrent> {
    return this.#add(resolveSource(source), options);
  }

  /**
   * Fetches a name from the catalogs of the session's trackers, or of those given. Verifies the publisher's signature and
   * remembers publisher and version. Throws ERR_NOT_IN_CATALOG, ERR_PUBLISHER_CHANGED, ERR_ROLLBACK and what `add` throws.
   */
  async get(name: string, options: GetOptions = {}): Promise<Torrent> {
    const { from, version, publisher, trust, signal, ...add } = options;
    const found = await resolveName({
      trackers: from ?? this.#trackers(),
      name,
      version,
      publisher,
      trust,
      signal,
      pins: this.#pins,
    });
    return this.add(found.torrentBytes, { ...add, trackers: [...found.trackers, ...(add.trackers ?? [])] });
  }

  /**
   * Puts a torrent that this session has the metadata of into the catalogs of its trackers, under a name and signed with
   * the identity of the session's state. Throws ERR_NAME_TAKEN, ERR_QUOTA, ERR_TRACKER_UNREACHABLE.
   */
  async publish(
    torrent: Torrent,
    name: string = torrent.status.name,
    trackers?: readonly string[],
  ): Promise<Published> {
    const { metainfo } = torrent;
    if (metainfo === undefined)
      throw new ShoalError(
        'ERR_METAINFO',
        `the metadata of ${torrent.infoHash} is not here yet; wait for it, then publish`,
      );
    const published = await publishEntry({
      trackers: trackers ?? this.#trackers(),
      identity: this.#identity,
      pins: this.#pins,
      name,
      torrentBytes: encodeMetainfo({ infoBytes: metainfo.infoBytes }),
      metainfo,
    });
    torrent.announceTo(published.trackers);
    return published;
  }

  #trackers(): readonly string[] {
    const { trackers } = this.#options;
    if (trackers === undefined || trackers.length === 0)
      throw new ShoalError('ERR_USAGE', 'a name needs a tracker; give one to Session.open or to this call');
    return trackers;
  }

  /** Hashes files or folders and seeds them where they are. */
  async seed(paths: string | readonly string[], options: SeedOptions = {}): Promise<Torrent> {
    const created = await this.hash({
      paths: typeof paths === 'string' ? [paths] : [...paths],
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.pieceLength === undefined ? {} : { pieceLength: options.pieceLength }),
      ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
      ...(options.comment === undefined ? {} : { comment: options.comment }),
      ...(options.private === undefined ? {} : { private: options.private }),
      ...(options.onHash === undefined ? {} : { onProgress: options.onHash }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return this.seedOriginal(created.metainfo, created.root, created, options);
  }

  /** Makes the metadata of files, on the threads of the session. Throws ERR_SOURCE, and what the signal says. */
  async hash(options: Omit<CreateOptions, 'pool'>): Promise<CreatedTorrent> {
    return createTorrent({ ...options, pool: this.#context.pool });
  }

  /** Seeds files that `createTorrent` has just hashed, where they are. */
  async seedOriginal(
    metainfo: Extract<TorrentSource, { infoHash: string }>,
    root: string,
    original: Original,
    options: Pick<AddOptions, 'trackers' | 'peers'> = {},
  ): Promise<Torrent> {
    return this.#add(resolveSource(metainfo), {
      path: root,
      original,
      ...(options.trackers === undefined ? {} : { trackers: options.trackers }),
      ...(options.peers === undefined ? {} : { peers: options.peers }),
    });
  }

  async #add(source: ResolvedSource, options: TorrentOptions): Promise<Torrent> {
    if (this.#closing !== undefined) throw new ShoalError('ERR_INTERNAL', 'the session is closed');
    if (this.#torrents.has(source.infoHash))
      throw new ShoalError('ERR_LOCKED', `${source.name} is in this session already (${source.infoHash})`);
    const given = options.onlyTrackers === true || (options.trackers?.length ?? 0) + source.trackers.length > 0;
    const trackers = given ? [] : (this.#options.trackers ?? []).map((url) => [announceUrlOf(url)]);
    const torrent = new ActiveTorrent(source, options, trackers, this.#context);
    this.#torrents.set(source.infoHash, torrent);
    this.#ticks.stir(torrent, this.#context.clock());
    torrent.stopped.then(() => {
      this.#torrents.delete(source.infoHash);
      this.#ticks.delete(torrent);
    });
    await torrent.start();
    return torrent;
  }

  /** Bytes per second; 0 lifts the limit. Takes effect at once; where a rule of the schedule holds, when it has ended. */
  setLimits(limits: SessionLimits): void {
    this.#schedule.set(limits);
  }

  /** What holds now for all torrents together, in bytes per second; 0: none. */
  get limits(): { down: number; up: number } {
    const { down, up } = this.#context.limits;
    return { down, up };
  }

  /** Other limits by time of day; the first rule that holds goes before `setLimits`. */
  setSchedule(rules: readonly LimitRule[]): void {
    this.#schedule.setRules(rules, new Date());
  }

  /** Connections of all torrents together. Those that are above it stay until they end. */
  setMaxConnections(count: number): void {
    const { budget } = this.#context.swarm;
    if (budget !== undefined) budget.maxConnections = count;
  }

  /** Peers that were proven to send wrong data, the oldest ban first. Those at global addresses are kept for a week. */
  get bans(): BanStatus[] {
    return this.#bans.statuses();
  }

  /** `address` as in `bans`. False when nothing of that name is banned; rejects when the state cannot be written. */
  async liftBan(address: string): Promise<boolean> {
    return this.#bans.lift(address);
  }

  /** Stops every torrent politely and gives everything back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#ticker);
    this.#incoming.close();
    await Promise.all([...this.#torrents.values()].map((torrent) => torrent.stop()));
    await Promise.all([this.#context.trackers.close(), this.#listener.close()]);
    this.#context.limits.close();
    await this.#bans.close();
    await this.#context.pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
