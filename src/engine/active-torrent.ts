// One torrent of a session from the first byte of metadata to the last announce: joins swarm, disk and trackers and keeps
// the resume data. Decides nothing about peers or pieces (the swarm does) and never touches a socket or a file itself.

import path from 'node:path';
import type { Bitfield } from '../base/bitfield.ts';
import type { Endpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { Geometry } from '../base/geometry.ts';
import type { Random } from '../base/ports.ts';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { StoreResult } from '../io/disk/piece-writer.ts';
import { Storage } from '../io/disk/storage.ts';
import { type Lock, lock } from '../io/lock.ts';
import type { ResumeStore } from '../io/stores/resume.ts';
import type { ResumeRecord } from '../io/stores/resume-record.ts';
import { type Metainfo, parseInfo, parseMetainfo } from '../protocol/metainfo.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import { Swarm } from '../swarm/swarm.ts';
import type { Connection } from './connection.ts';
import { addressOf, Contributions, describeShares } from './contributions.ts';
import { Announcer } from './discovery/announcer.ts';
import { EventStream } from './event-stream.ts';
import type { FramePool } from './frame-pool.ts';
import { type OtherCommand, PeerLinks } from './peer-links.ts';
import { countTraffic, describePeers, mapPieces } from './swarm-snapshot.ts';
import type { Throttle } from './throttle.ts';
import { mergeTiers, type ResolvedSource, sha1 } from './torrent-source.ts';
import type { TrackerSessions } from './tracker-sessions.ts';
import type {
  AddOptions,
  DownloadSummary,
  PeerStatus,
  Torrent,
  TorrentEvent,
  TorrentState,
  TorrentStatus,
  TrackerStatus,
} from './types.ts';

/** What a torrent shares with the others of its session. */
export interface TorrentContext {
  readonly clock: () => number;
  readonly random: Random;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly clientName: string;
  readonly memory: number;
  readonly dialTimeout: number;
  readonly handshakeTimeout: number;
  readonly down: Throttle;
  readonly up: Throttle;
  readonly frames: FramePool;
  readonly pool: HashPool;
  readonly resumes: ResumeStore;
  readonly trackers: TrackerSessions;
  /** What the process is doing, for whoever finds the torrent locked. */
  readonly purpose: string;
  readonly lockDirectory: (infoHash: string) => string | undefined;
}

/** Files that were just hashed where they lie: they are seeded in place and never written to. */
export interface Original {
  /** Absolute path of each file that is not a pad, in order. */
  readonly paths: readonly string[];
  /** Vouches for them as long as their size and times stay the same. */
  readonly record: ResumeRecord;
}

export type TorrentOptions = AddOptions & { original?: Original };

const SAVE_EVERY = 5_000;
const LEAST_SLOTS = 4;
const MOST_SLOTS = 2048;

export class ActiveTorrent implements Torrent {
  readonly infoHash: string;
  readonly done: Promise<DownloadSummary>;
  /** Settles when the torrent has let go of everything. */
  readonly stopped: Promise<void>;
  readonly #context: TorrentContext;
  readonly #options: TorrentOptions;
  readonly #source: ResolvedSource;
  readonly #swarm: Swarm;
  readonly #links: PeerLinks;
  readonly #announcer: Announcer;
  readonly #events = new EventStream<TorrentEvent>(
    (event) =>
      event.type === 'metadata' || event.type === 'done' || event.type === 'failed' || event.type === 'stopped',
  );
  readonly #given = new Contributions();
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #settleDone!: { resolve: (summary: DownloadSummary) => void; reject: (error: ShoalError) => void };
  #settleStopped!: () => void;
  #state: TorrentState;
  #metainfo: Metainfo | undefined;
  #geometry: Geometry | undefined;
  #storage: Storage | undefined;
  #slab: { id: number; bytes: SharedArrayBuffer } | undefined;
  #lock: Lock | undefined;
  #error: ShoalError | undefined;
  #checked = 0;
  #reused = 0;
  #haveBytes = 0;
  #finishing: Promise<void> | undefined;
  #finished = false;
  #savedAt = 0;
  #dirty = false;
  #stopping: Promise<void> | undefined;
  /** Over earlier runs. */
  #before = { uploaded: 0, downloaded: 0 };

  constructor(
    source: ResolvedSource,
    options: TorrentOptions,
    trackers: readonly (readonly string[])[],
    context: TorrentContext,
  ) {
    this.infoHash = source.infoHash;
    this.#source = source;
    this.#options = options;
    this.#context = context;
    this.#metainfo = source.metainfo;
    this.#state = source.metainfo === undefined ? 'metadata' : 'checking';
    this.#startedAt = context.clock();
    this.done = new Promise((resolve, reject) => {
      this.#settleDone = { resolve, reject };
    });
    this.stopped = new Promise((resolve) => {
      this.#settleStopped = resolve;
    });
    // Whoever only reads events need not handle this promise as well.
    this.done.catch(() => undefined);
    this.#swarm = new Swarm(
      {
        infoHash: source.infoHash,
        peerId: context.peerId,
        port: context.port,
        clientName: context.clientName,
        random: context.random,
        sha1,
        ...(source.metainfo === undefined ? {} : { infoBytes: source.metainfo.infoBytes }),
      },
      context.clock(),
    );
    this.#links = new PeerLinks(this.#swarm, {
      infoHash: source.infoHash,
      peerId: context.peerId,
      clock: context.clock,
      down: context.down,
      up: context.up,
      frames: context.frames,
      dialTimeout: context.dialTimeout,
      handshakeTimeout: context.handshakeTimeout,
      source: () => this.#storage,
      onCommand: (command) => this.#carryOut(command),
      onReadFailed: (_piece, error) => this.#warn(error.message),
      onConnected: (peer) =>
        this.#events.emit({ type: 'peerConnected', address: addressOf(peer), client: peer.client }),
      onDisconnected: (peer, reason) =>
        this.#events.emit({ type: 'peerDisconnected', address: addressOf(peer), reason }),
    });
    const tiers = mergeTiers(options.trackers ?? [], source.trackers, trackers);
    this.#announcer = new Announcer({
      infoHash: source.infoHash,
      peerId: context.peerId,
      port: context.port,
      key: context.trackers.key,
      tiers,
      stats: () => ({
        uploaded: this.#swarm.view.up.total,
        downloaded: this.#swarm.view.down.total,
        left: this.#geometry === undefined ? 16_384 : this.#geometry.totalLength - this.#haveBytes,
      }),
      session: (url) => context.trackers.sessionId(url),
      onPeers: (endpoints) => this.#found(endpoints, false),
    });
    this.#trackSessions();
  }

  /** Locks the torrent, checks the disk and starts announcing. Rejects when the destination cannot be used. */
  async start(): Promise<void> {
    try {
      const directory = this.#context.lockDirectory(this.infoHash);
      if (directory !== undefined) this.#lock = await lock(directory, this.#context.purpose);
      this.#found([...this.#source.peers, ...(this.#options.peers ?? [])], true);
      const stored = this.#metainfo === undefined ? await this.#context.resumes.load(this.infoHash) : undefined;
      if (stored?.torrent !== undefined) this.#metainfo = this.#parseStored(stored.torrent);
      if (this.#metainfo !== undefined) await this.#open(this.#metainfo);
      else await this.#announce();
    } catch (error) {
      await this.#fail(error);
      throw this.#error;
    }
  }

  /** Metadata kept from an earlier run; a damaged file is as good as none. */
  #parseStored(torrent: Uint8Array): Metainfo | undefined {
    try {
      const metainfo = parseMetainfo(torrent, sha1);
      return metainfo.infoHash === this.infoHash ? metainfo : undefined;
    } catch {
      return undefined;
    }
  }

  async #announce(): Promise<void> {
    await this.#context.trackers.ready(this.infoHash);
    if (this.#stopping === undefined) this.#announcer.start();
  }

  async #open(metainfo: Metainfo): Promise<void> {
    this.#metainfo = metainfo;
    this.#state = 'checking';
    const geometry = new Geometry(metainfo.length, metainfo.pieceLength);
    this.#geometry = geometry;
    this.#events.emit({
      type: 'metadata',
      name: metainfo.name,
      infoHash: this.infoHash,
      size: metainfo.size,
      pieceCount: metainfo.pieceCount,
      pieceLength: metainfo.pieceLength,
    });
    const { record } =
      this.#options.original === undefined ? await this.#context.resumes.load(this.infoHash) : this.#options.original;
    const { storage, have, reused } = await Storage.open({
      metainfo,
      path: this.path,
      ...(this.#options.original === undefined ? {} : { paths: this.#options.original.paths, readOnly: true }),
      pool: this.#context.pool,
      ...(record === undefined ? {} : { resume: record }),
      overwrite: this.#options.overwrite === true,
      onProgress: (checked: number, total: number) => {
        this.#checked = total === 0 ? 1 : checked / total;
      },
      onChanged: (file: string, pieces: readonly number[]) => this.#changed(file, pieces),
      signal: this.#abort.signal,
    });
    this.#storage = storage;
    this.#reused = reused;
    this.#checked = 1;
    if (record !== undefined) this.#before = { uploaded: record.uploaded, downloaded: record.downloaded };
    for (let piece = 0; piece < geometry.pieceCount; piece++)
      if (have.has(piece)) this.#haveBytes += geometry.pieceSize(piece);
    await this.#context.resumes.saveTorrent(this.infoHash, this.#torrentBytes(metainfo));
    await this.#save();
    const slotCount = this.#openSlab(geometry, have);
    this.#events.emit({ type: 'checked', reused });
    this.#state = have.complete ? 'seeding' : 'downloading';
    this.#swarm.handle(
      { type: 'activated', geometry, have, slotCount, infoBytes: metainfo.infoBytes },
      this.#context.clock(),
    );
    this.#links.settle();
    if (have.complete) await this.#finish();
    await this.#announce();
  }

  #torrentBytes(metainfo: Metainfo): Uint8Array {
    return this.#source.torrent ?? encodeMetainfo({ infoBytes: metainfo.infoBytes, announce: metainfo.announce });
  }

  #openSlab(geometry: Geometry, have: Bitfield): number {
    if (have.complete) return 0;
    const missing = geometry.pieceCount - have.count;
    const affordable = Math.max(LEAST_SLOTS, Math.floor(this.#context.memory / geometry.pieceLength));
    const slots = Math.min(missing, affordable, MOST_SLOTS);
    const bytes = new SharedArrayBuffer(slots * geometry.pieceLength);
    this.#slab = { id: this.#context.pool.registerSlab(bytes), bytes };
    this.#links.setSlab(Buffer.from(bytes), geometry.pieceCount);
    return slots;
  }

  #closeSlab(): void {
    if (this.#slab === undefined) return;
    this.#context.pool.releaseSlab(this.#slab.id);
    this.#slab = undefined;
  }

  #found(endpoints: readonly Endpoint[], pinned: boolean): void {
    if (endpoints.length === 0) return;
    this.#swarm.handle({ type: 'peersFound', endpoints, pinned }, this.#context.clock());
    this.#links.settle();
  }

  #carryOut(command: OtherCommand): void {
    switch (command.type) {
      case 'commitPiece':
        this.#commit(command.piece, command.slot);
        return;
      case 'openMetadata':
        this.#metadataArrived(command.infoBytes);
        return;
      case 'announcePiece':
        this.#given.add(command.from);
        this.#events.emit({ type: 'piece', index: command.piece, from: describeShares(command.from) });
        return;
      case 'announceBadPiece':
        this.#events.emit({ type: 'badPiece', index: command.piece, from: describeShares(command.from) });
        return;
      case 'announceComplete':
        this.#finish().catch((error) => this.#fail(error));
        return;
      case 'findPeers':
        this.#announcer.needPeers();
        return;
      default:
        command satisfies never;
    }
  }

  #commit(piece: number, slot: number): void {
    const geometry = this.#geometry!;
    this.#storage!.commit(piece, this.#slab!.id, slot * geometry.pieceLength, (result: StoreResult) => {
      const now = this.#context.clock();
      if (result.ok) {
        this.#haveBytes += geometry.pieceSize(piece);
        this.#dirty = true;
        this.#swarm.handle({ type: 'pieceVerified', piece }, now);
      } else if (result.kind === 'hash') this.#swarm.handle({ type: 'pieceFailed', piece }, now);
      else {
        this.#swarm.handle({ type: 'pieceUnwritten', piece }, now);
        void this.#fail(result.error);
      }
      this.#links.settle();
    });
  }

  #metadataArrived(infoBytes: Uint8Array): void {
    const open = async (): Promise<void> => this.#open(parseInfo(infoBytes, sha1, this.#source.trackers));
    open().catch((error) => this.#fail(error));
  }

  /** Everything is verified and written: give the files their names and say so. Runs once. */
  #finish(): Promise<void> {
    this.#finishing ??= (async () => {
      await this.#storage!.finish();
      this.#closeSlab();
      this.#finished = true;
      this.#state = 'seeding';
      await this.#save();
      const summary = this.#summary();
      if (this.#swarm.view.down.total > 0) this.#announcer.update('completed');
      this.#events.emit({ type: 'done', summary });
      this.#settleDone.resolve(summary);
    })();
    return this.#finishing;
  }

  #summary(): DownloadSummary {
    const { down, wasted } = this.#swarm.view;
    return {
      name: this.#metainfo!.name,
      infoHash: this.infoHash,
      path: this.path,
      size: this.#metainfo!.size,
      downloaded: down.total,
      reused: this.#reused,
      wasted,
      seconds: (this.#context.clock() - this.#startedAt) / 1000,
      peers: this.#given.list(),
    };
  }

  #changed(file: string, pieces: readonly number[]): void {
    const geometry = this.#geometry;
    if (geometry === undefined) return;
    const have = this.#swarm.view.content?.ledger.have;
    for (const piece of pieces) if (have?.has(piece) === true) this.#haveBytes -= geometry.pieceSize(piece);
    this.#warn(`${file} has changed on disk; the ${pieces.length} pieces in it are not served any more`);
    this.#swarm.handle({ type: 'piecesLost', pieces }, this.#context.clock());
    this.#links.settle();
  }

  #warn(message: string): void {
    this.#events.emit({ type: 'warning', message });
  }

  async #fail(cause: unknown): Promise<void> {
    if (this.#error !== undefined || this.#stopping !== undefined) return;
    const error =
      cause instanceof ShoalError
        ? cause
        : new ShoalError('ERR_INTERNAL', `internal error: ${String(cause)}`, { cause });
    this.#error = error;
    this.#state = 'failed';
    this.#events.emit({ type: 'failed', error });
    this.#settleDone.reject(error);
    await this.stop();
  }

  /** Called by the session about ten times a second. */
  tick(now: number): void {
    if (this.#stopping !== undefined) return;
    this.#swarm.tick(now);
    this.#links.settle();
    if (this.#dirty && now - this.#savedAt > SAVE_EVERY) {
      this.#savedAt = now;
      this.#dirty = false;
      this.#save().catch((error) => this.#warn(`the resume data cannot be saved: ${String(error)}`));
    }
  }

  async #save(): Promise<void> {
    if (this.#storage === undefined) return;
    const { view } = this.#swarm;
    const uploaded = this.#before.uploaded + view.up.total;
    const downloaded = this.#before.downloaded + view.down.total;
    await this.#context.resumes.save(await this.#storage.state({ uploaded, downloaded }));
  }

  /** A connection whose handshake names this torrent. */
  accept(connection: Connection, handshake: Handshake): string | undefined {
    if (this.#state === 'checking' || this.#stopping !== undefined) return 'the torrent is not ready';
    return this.#links.accept(connection, handshake);
  }

  announceTo(tiers: readonly (readonly string[])[]): void {
    this.#announcer.addTrackers(tiers);
    this.#trackSessions();
    this.#announcer.renew();
  }

  #trackSessions(): void {
    this.#context.trackers.track(
      this.infoHash,
      this.#announcer.statuses().map((status) => status.url),
      () => this.#swarm.view.content?.ledger.have,
      () => this.#announcer.renew(),
    );
  }

  addPeer(endpoint: Endpoint): void {
    this.#found([endpoint], true);
  }

  events(): AsyncIterable<TorrentEvent> {
    return this.#events.read();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    this.#links.close('we are leaving');
    this.#context.trackers.untrack(this.infoHash);
    await Promise.all([this.#announcer.stop(), this.#closeStorage()]);
    await this.#lock?.release();
    if (this.#state !== 'failed') {
      this.#state = 'stopped';
      this.#settleDone.reject(new ShoalError('ERR_INTERRUPTED', `${this.name} was stopped before it was complete`));
    }
    this.#events.emit({ type: 'stopped' });
    this.#events.end();
    this.#settleStopped();
  }

  async #closeStorage(): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined) return;
    await storage.close();
    try {
      await this.#save();
    } catch (error) {
      this.#warn(`the resume data cannot be saved: ${String(error)}`);
    }
    this.#storage = undefined;
    this.#closeSlab();
  }

  get name(): string {
    return this.#metainfo?.name ?? this.#source.name;
  }

  get path(): string {
    if (this.#options.path !== undefined) return path.resolve(this.#options.path);
    return path.resolve(this.#options.directory ?? '.', this.name);
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo;
  }

  get trackers(): TrackerStatus[] {
    return this.#announcer.statuses();
  }

  get status(): TorrentStatus {
    const now = this.#context.clock();
    const { view } = this.#swarm;
    const size = this.#metainfo?.size ?? 0;
    const have = view.content?.ledger.have;
    return {
      state: this.#state === 'seeding' && !this.#finished ? 'downloading' : this.#state,
      infoHash: this.infoHash,
      name: this.name,
      path: this.path,
      size,
      have: have?.complete === true ? size : Math.min(size, this.#haveBytes),
      pieceCount: this.#metainfo?.pieceCount ?? 0,
      piecesHave: have?.count ?? 0,
      reused: this.#reused,
      checked: this.#checked,
      ...countTraffic(view, now),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  get peers(): PeerStatus[] {
    return describePeers(this.#swarm.view, this.#context.clock());
  }

  pieceMap(): Uint8Array | undefined {
    const { content } = this.#swarm.view;
    return content === undefined ? undefined : mapPieces(content);
  }
}
