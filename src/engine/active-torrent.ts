// One torrent of a session from the first byte of metadata to the last announce: joins swarm, disk and trackers and keeps
// the resume data. Decides nothing about peers or pieces (the swarm does) and never touches a socket or a file itself.

import path from 'node:path';
import type { Endpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { type Lock, lock } from '../io/lock.ts';
import { type Metainfo, parseInfo, parseMetainfo } from '../protocol/metainfo.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import type { Handshake } from '../protocol/wire/handshake.ts';
import { Swarm } from '../swarm/swarm.ts';
import type { Connection } from './connection.ts';
import { Announcer } from './discovery/announcer.ts';
import { DiskWork } from './disk-work.ts';
import { type OtherCommand, PeerLinks } from './peer-links.ts';
import type { TorrentQuotas } from './rate-limits.ts';
import { pictureSwarm } from './swarm-picture.ts';
import { countTraffic, describePeers, findShortage, mapPieces } from './swarm-snapshot.ts';
import type { TorrentContext, TorrentOptions } from './torrent-context.ts';
import { TorrentDisk } from './torrent-disk.ts';
import { TorrentNews } from './torrent-news.ts';
import { Readers, type ReadSource } from './torrent-readers.ts';
import { TorrentSelection } from './torrent-selection.ts';
import { mergeTiers, type ResolvedSource, sha1 } from './torrent-source.ts';
import type {
  DownloadSummary,
  PeerStatus,
  ReadOptions,
  Shortage,
  SwarmPicture,
  Torrent,
  TorrentEvent,
  TorrentLimits,
  TorrentState,
  TorrentStatus,
  TorrentWhy,
  TrackerStatus,
} from './types.ts';
import { explain, WhyFile } from './why.ts';

/** What a magnet tells trackers is left before its size is known. */
const UNKNOWN_LEFT = 16_384;

export class ActiveTorrent implements Torrent {
  readonly infoHash: string;
  readonly #context: TorrentContext;
  readonly #options: TorrentOptions;
  readonly #source: ResolvedSource;
  readonly #swarm: Swarm;
  readonly #links: PeerLinks;
  readonly #quotas: TorrentQuotas;
  readonly #whyFile: WhyFile;
  readonly #announcer: Announcer;
  readonly #news: TorrentNews;
  readonly #diskWork: DiskWork;
  readonly #readers: Readers;
  readonly #selection: TorrentSelection;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #state: TorrentState;
  #metainfo: Metainfo | undefined;
  #disk: TorrentDisk | undefined;
  #lock: Lock | undefined;
  #error: ShoalError | undefined;
  /**
   * Peers that wait for the lock and for metadata kept from an earlier run. Dialled before, they would be asked for metadata
   * that is here, and the disk opened twice.
   */
  #early: Endpoint[] | undefined;
  #checked = 0;
  /** Checking the disk, while that goes on. */
  #opening: Promise<void> = Promise.resolve();
  #finishing: Promise<void> | undefined;
  /** Everything that is wanted is on disk under its final name. */
  #finished = false;
  /** Counts what may change the status of one that is finished. */
  #stirs = 0;
  #stopping: Promise<void> | undefined;

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
    this.#early = [...source.peers, ...(options.peers ?? [])];
    this.#readers = new Readers(context.clock);
    this.#metainfo = source.metainfo;
    this.#state = source.metainfo === undefined ? 'metadata' : 'checking';
    this.#startedAt = context.clock();
    this.#news = new TorrentNews(context.clock);
    this.#swarm = new Swarm(
      {
        infoHash: source.infoHash,
        peerId: context.peerId,
        port: context.port,
        clientName: context.clientName,
        random: context.random,
        sha1,
        bans: context.bans,
        ...context.swarm,
      },
      context.clock(),
    );
    this.#selection = new TorrentSelection(this.#swarm, options.filePriorities);
    this.#quotas = context.limits.torrent();
    this.#whyFile = new WhyFile(context.lockDirectory(source.infoHash), context.clock);
    this.#links = new PeerLinks(this.#swarm, {
      infoHash: source.infoHash,
      peerId: context.peerId,
      clock: context.clock,
      quotas: this.#quotas,
      frames: context.frames,
      dialTimeout: context.dialTimeout,
      handshakeTimeout: context.handshakeTimeout,
      unreadTimeout: context.unreadTimeout,
      source: () => this.#disk,
      onCommand: (command) => this.#carryOut(command),
      onReadFailed: (_piece, error) => this.#news.readFailed(error),
      onConnected: (peer) => {
        this.#stirs++;
        this.#news.connected(peer);
      },
      onDisconnected: (peer, reason) => this.#news.disconnected(peer, reason),
      onBroken: (error) => void this.#fail(error),
    });
    this.#diskWork = new DiskWork({
      swarm: this.#swarm,
      clock: context.clock,
      settle: () => this.#links.settle(),
      onFailed: (error) => void this.#fail(error),
    });
    const named = options.onlyTrackers === true ? [] : [...source.trackers, ...trackers];
    const tiers = mergeTiers(options.trackers ?? [], named);
    this.#announcer = new Announcer({
      infoHash: source.infoHash,
      peerId: context.peerId,
      port: context.port,
      key: context.trackers.key,
      tiers,
      stats: () => ({
        ...this.#traffic,
        left: this.#disk === undefined ? UNKNOWN_LEFT : this.#disk.left,
        upload_only: this.#swarm.view.seeding,
      }),
      session: (url) => context.trackers.sessionId(url),
      onPeers: (endpoints) => this.#found(endpoints, false),
    });
    if (options.sequential === true) this.#swarm.setSequential(true);
    this.#trackSessions();
  }

  /** Locks the torrent, checks the disk and starts announcing. Rejects when the destination cannot be used. */
  async start(): Promise<void> {
    try {
      await this.#whileOpening(this.#prepare());
      await this.#announce();
    } catch (error) {
      await this.#fail(error);
      throw this.#error ?? error;
    }
  }

  async #prepare(): Promise<void> {
    const directory = this.#context.lockDirectory(this.infoHash);
    if (directory !== undefined) this.#lock = await lock(directory, this.#context.purpose);
    const stored = this.#metainfo === undefined ? await this.#context.store.load(this.infoHash) : undefined;
    if (stored?.torrent !== undefined) this.#metainfo = this.#parseStored(stored.torrent);
    if (this.#metainfo !== undefined)
      this.#swarm.handle({ type: 'metadataKnown', infoBytes: this.#metainfo.infoBytes }, this.#context.clock());
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#found(early, true);
    if (this.#metainfo !== undefined) await this.#open(this.#metainfo);
  }

  /** Whoever stops the torrent waits for this, so that nothing is opened after everything was closed. */
  async #whileOpening(work: Promise<void>): Promise<void> {
    this.#opening = work.catch(() => undefined);
    await work;
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
    this.#abort.signal.throwIfAborted();
    this.#metainfo = metainfo;
    this.#state = 'checking';
    this.#news.tell({
      type: 'metadata',
      name: metainfo.name,
      infoHash: this.infoHash,
      size: metainfo.size,
      pieceCount: metainfo.pieceCount,
      pieceLength: metainfo.pieceLength,
    });
    const { infoBytes, announce } = metainfo;
    const { pool, store, slab, clock } = this.#context;
    const disk = await TorrentDisk.open(
      {
        metainfo,
        path: this.path,
        original: this.#options.original,
        overwrite: this.#options.overwrite === true,
        pool,
        store,
        slab,
        underWay: () => this.#swarm.view.content?.ledger.partials.keys() ?? [],
        onProgress: (checked) => {
          this.#checked = checked;
        },
        onChanged: (file, pieces) => this.#changed(file, pieces),
        onFull: (full) => this.#full(full),
        signal: this.#abort.signal,
      },
      this.#source.torrent ?? encodeMetainfo({ infoBytes, announce }),
    );
    this.#disk = disk;
    this.#diskWork.open(disk);
    this.#checked = 1;
    // Stopped while the last of it was saved: whoever stops waits for this and closes it.
    if (this.#stopping !== undefined) return;
    const { geometry, found: have, places, partials } = disk;
    if (disk.slab !== undefined) this.#links.setSlab(disk.slab, geometry.pieceCount);
    const { choose, files = this.#source.files } = this.#options;
    const priorities = this.#selection.resolve(metainfo, choose, files);
    this.#news.tell({ type: 'checked', reused: disk.reused });
    this.#state = have.complete ? 'seeding' : 'downloading';
    const activated = { type: 'activated', geometry, have, places, partials, infoBytes } as const;
    this.#swarm.handle(priorities === undefined ? activated : { ...activated, priorities }, clock());
    this.#selection.count(metainfo);
    this.#links.settle();
    if (have.complete) await this.#finish();
    else if (this.#swarm.view.lacking === 0) await this.#rest();
  }

  #found(endpoints: readonly Endpoint[], pinned: boolean): void {
    if (endpoints.length === 0) return;
    if (this.#early !== undefined) {
      this.#early.push(...endpoints);
      return;
    }
    this.#context.onStirred(this.infoHash);
    this.#swarm.handle({ type: 'peersFound', endpoints, pinned }, this.#context.clock());
    this.#links.settle();
  }

  #carryOut(command: OtherCommand): void {
    switch (command.type) {
      case 'commitPiece':
      case 'storeExtent':
      case 'verifyPiece':
      case 'forgetPiece':
        this.#diskWork.carryOut(command);
        return;
      case 'openMetadata':
        this.#metadataArrived(command.infoBytes);
        return;
      case 'announcePiece':
        this.#readers.arrived(command.piece);
        this.#news.piece(command.piece, command.from);
        return;
      case 'announceBadPiece':
        this.#news.badPiece(command.piece, command.from);
        return;
      case 'announceBan':
        this.#news.tell({ type: 'peerBanned', address: command.ban.address, reason: command.ban.reason });
        this.#context.onBan(command.ban);
        return;
      case 'announceComplete':
        this.#finish().catch((error) => this.#fail(error));
        return;
      case 'announceSelected':
        this.#rest().catch((error) => this.#fail(error));
        return;
      case 'findPeers':
        this.#announcer.needPeers();
        return;
      default:
        command satisfies never;
    }
  }

  #metadataArrived(infoBytes: Uint8Array): void {
    const open = async (): Promise<void> => {
      await this.#whileOpening(this.#open(parseInfo(infoBytes, sha1, this.#source.trackers)));
      await this.#announce();
    };
    open().catch((error) => this.#fail(error));
  }

  /** Everything is verified and written: give the files their names and say so. Runs once. */
  #finish(): Promise<void> {
    this.#finishing ??= (async () => {
      const disk = this.#disk!;
      // Pieces that are lost from here on cannot be fetched again: there is no place for them any more.
      this.#swarm.pause(true, this.#context.clock());
      await disk.finish();
      this.#links.dropSlab();
      if (this.#swarm.view.down.total > 0) this.#announcer.update('completed');
      await this.#settled(disk);
    })();
    return this.#finishing;
  }

  /**
   * Everything that is wanted is verified and written, but not everything: files that are complete get their names. More may
   * be wanted later, so memory is kept for it. May run again.
   */
  async #rest(): Promise<void> {
    const disk = this.#disk!;
    await disk.nameComplete();
    if (this.#swarm.view.lacking === 0 && this.#finishing === undefined) await this.#settled(disk);
  }

  async #settled(disk: TorrentDisk): Promise<void> {
    this.#finished = true;
    this.#state = 'seeding';
    await disk.save(this.#traffic);
    const summary = this.#summary();
    void this.#endWhy('done');
    this.#news.complete(summary);
  }

  read(file: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void> {
    const metainfo = this.#metainfo;
    const disk = this.#disk;
    const { content } = this.#swarm.view;
    if (metainfo === undefined || disk === undefined || content === undefined)
      throw new ShoalError('ERR_USAGE', `${this.name} cannot be read yet: wait for its event "checked"`);
    const source: ReadSource = {
      metainfo,
      has: (piece) => content.ledger.have.has(piece),
      isUnwanted: (piece) => this.#selection.isUnwanted(piece),
      setDeadlines: (deadlines) => {
        this.#swarm.setDeadlines(deadlines, this.#context.clock());
        this.#links.settle();
      },
      read: (piece, begin, buffers, done) => disk.read(piece, begin, buffers, done),
    };
    return this.#readers.read(source, file, options);
  }

  setSequential(sequential: boolean): void {
    this.#swarm.setSequential(sequential);
  }

  get filePriorities(): readonly number[] | undefined {
    return this.#selection.priorities;
  }

  setFilePriorities(priorities: readonly number[]): void {
    const metainfo = this.#stopping === undefined ? this.#metainfo : undefined;
    this.#selection.set(priorities, metainfo, this.#context.clock());
    if (metainfo === undefined) return;
    if (this.#swarm.view.lacking > 0 && this.#state === 'seeding') {
      this.#finished = false;
      this.#context.onStirred(this.infoHash);
      this.#state = 'downloading';
      this.#news.goesOn();
    }
    this.#links.settle();
  }

  #summary(): Omit<DownloadSummary, 'peers'> {
    const { down, wasted } = this.#swarm.view;
    return {
      name: this.#metainfo!.name,
      infoHash: this.infoHash,
      path: this.path,
      size: this.#metainfo!.size,
      have: this.#disk!.haveBytes,
      downloaded: down.total,
      reused: this.#disk!.reused,
      wasted,
      seconds: (this.#context.clock() - this.#startedAt) / 1000,
    };
  }

  #changed(file: string, pieces: readonly number[]): void {
    const have = this.#swarm.view.content?.ledger.have;
    this.#disk?.lost(pieces.filter((piece) => have?.has(piece) === true));
    this.#stirs++;
    this.warn(`${file} has changed on disk; the ${pieces.length} pieces in it are not served any more`);
    this.#swarm.handle({ type: 'piecesLost', pieces }, this.#context.clock());
    if (this.#metainfo !== undefined) this.#selection.count(this.#metainfo);
    this.#links.settle();
  }

  /** Nothing more is asked for while the disk is full; what is here goes on being served. */
  #full(error: ShoalError | undefined): void {
    if (this.#stopping !== undefined) return;
    if (error === undefined) this.warn(`there is room again in ${path.dirname(this.path)}: the download goes on`);
    else this.warn(`${error.message}; until then the download waits, and goes on by itself`);
    this.#swarm.pause(error !== undefined, this.#context.clock());
    this.#links.settle();
  }

  /** Something a user should read; the torrent goes on. */
  warn(message: string): void {
    this.#news.warn(message);
  }

  async #fail(cause: unknown): Promise<void> {
    if (this.#error !== undefined || this.#stopping !== undefined) return;
    const error =
      cause instanceof ShoalError
        ? cause
        : new ShoalError('ERR_INTERNAL', `internal error: ${String(cause)}`, { cause });
    this.#error = error;
    this.#state = 'failed';
    this.#news.failed(error);
    await this.stop();
  }

  /** Called by the session about ten times a second while it comes back with true or something was stirred. */
  tick(now: number): boolean {
    if (this.#stopping !== undefined) return false;
    try {
      const { spent } = this.#context.pool;
      this.#swarm.storageTook(spent.hashing, spent.writing, now);
      this.#swarm.tick(now);
      this.#links.tick(now);
      if (this.#fetches && !this.#finished) this.#whyFile.sometimes(() => this.why);
    } catch (error) {
      void this.#fail(error);
      return false;
    }
    this.#disk?.tick(this.#traffic, now).catch((error) => this.#saveFailed(error));
    const { peers, dialling } = this.#swarm.view;
    return !this.#finished || peers.size > 0 || dialling > 0;
  }

  /** What the disk did not take is not had; a journal that cannot be written costs only time at the next start. */
  #saveFailed(error: unknown): void {
    if (error instanceof ShoalError && error.code.startsWith('ERR_DISK')) void this.#fail(error);
    else this.warn(`the resume data cannot be saved: ${String(error)}`);
  }

  /** Payload bytes of this run. */
  get #traffic(): { uploaded: number; downloaded: number } {
    const { up, down } = this.#swarm.view;
    return { uploaded: up.total, downloaded: down.total };
  }

  /** A connection whose handshake names this torrent. */
  accept(connection: Connection, handshake: Handshake): string | undefined {
    if (this.#state === 'checking' || this.#early !== undefined || this.#stopping !== undefined)
      return 'the torrent is not ready';
    this.#context.onStirred(this.infoHash);
    return this.#links.accept(connection, handshake);
  }

  /** Another torrent of the session has banned somebody. */
  bansChanged(): void {
    if (this.#stopping !== undefined) return;
    this.#swarm.handle({ type: 'bansChanged' }, this.#context.clock());
    this.#links.settle();
  }

  setTrackers(tiers: readonly (readonly string[])[]): void {
    this.#announcer.setTiers(tiers);
    this.#trackSessions();
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

  setLimits(limits: TorrentLimits): void {
    this.#quotas.set(limits);
  }

  events(): AsyncIterable<TorrentEvent> {
    return this.#news.read();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const interrupted = new ShoalError('ERR_INTERRUPTED', `${this.name} was stopped`);
    this.#abort.abort(interrupted);
    this.#readers.stop(this.#error ?? interrupted);
    const explained = this.#endWhy(this.#state === 'failed' ? 'failed' : 'stopped');
    this.#links.close('we are leaving');
    this.#quotas.close();
    this.#context.trackers.untrack(this.infoHash);
    await Promise.all([this.#announcer.stop(), this.#closeDisk()]);
    await explained;
    await this.#lock?.release();
    if (this.#state !== 'failed') {
      this.#state = 'stopped';
    }
    this.#news.end(new ShoalError('ERR_INTERRUPTED', `${this.name} was stopped before it was complete`));
  }

  /** Not for what is only seeded. Without the lock the file is another process's. */
  get #fetches(): boolean {
    return this.#lock !== undefined && this.#options.original === undefined;
  }

  /** What was complete when it was opened waited for nothing; how it came here stays told. */
  async #endWhy(how: 'done' | 'stopped' | 'failed'): Promise<void> {
    if (this.#disk?.found.complete === true && this.#swarm.view.down.total === 0) return;
    if (this.#fetches) await this.#whyFile.end(this.why, how);
  }

  async #closeDisk(): Promise<void> {
    // What is being opened sees the signal and ends soon.
    await this.#opening;
    await this.#finishing?.catch(() => undefined);
    if (this.#state === 'downloading') this.#diskWork.spill();
    try {
      await this.#disk?.close(this.#traffic, () => this.#swarm.view.content?.ledger.storedBlocks() ?? []);
    } catch (error) {
      this.warn(`the resume data cannot be saved: ${String(error)}`);
    }
  }

  get done(): Promise<DownloadSummary> {
    return this.#news.done;
  }

  /** Settles when the torrent has let go of everything. */
  get stopped(): Promise<void> {
    return this.#news.stopped;
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

  get stillness(): number | undefined {
    const { peers, dialling } = this.#swarm.view;
    const isStill = this.#finished && this.#stopping === undefined && peers.size === 0 && dialling === 0;
    return isStill ? this.#stirs : undefined;
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
      have: have?.complete === true ? size : Math.min(size, this.#disk?.haveBytes ?? 0),
      wanted: size - this.#selection.unwantedBytes,
      pieceCount: this.#metainfo?.pieceCount ?? 0,
      piecesHave: have?.count ?? 0,
      piecesWanted: have === undefined ? (this.#metainfo?.pieceCount ?? 0) : have.count + view.lacking,
      reused: this.#disk?.reused ?? 0,
      checked: this.#checked,
      ...countTraffic(view, now),
      ...(this.#disk?.full === undefined ? {} : { diskFull: this.#disk.full }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  get why(): TorrentWhy {
    const { down, up } = this.#context.limits;
    return explain(this.#swarm.view, this.status, this.shortage, { down, up }, this.#context.pool);
  }

  get peers(): PeerStatus[] {
    return describePeers(this.#swarm.view, this.#context.clock());
  }

  swarmPicture(groups: number): SwarmPicture {
    return pictureSwarm(this.#swarm.view, groups);
  }

  get shortage(): Shortage {
    return findShortage(this.#swarm.view, this.#context.clock());
  }

  pieceMap(): Uint8Array | undefined {
    const { content } = this.#swarm.view;
    return content === undefined ? undefined : mapPieces(content);
  }
}
