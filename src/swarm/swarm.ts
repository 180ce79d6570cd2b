// One torrent's swarm: who is connected, and the switch from events to the handlers in swarm-*.ts. Pure and synchronous;
// time comes in as an argument, what is to be done goes out through `outbox`, bytes for peers through their out-buffers.
// The runner drains both after every call.

import { toHex } from '../base/bytes.ts';
import { SOURCE } from './candidates.ts';
import { CHOKE_ROUND } from './choker.ts';
import type { StoreExtent, SwarmEvent } from './commands.ts';
import { ConnectionBudget } from './connection-budget.ts';
import type { Deadline } from './deadlines.ts';
import { Ledger, PIECE_STATE } from './ledger.ts';
import { countFuss } from './message-limits.ts';
import type { Peer, PeerInfo } from './peer.ts';
import { beginSelection, setPriorities } from './selection.ts';
import {
  connectPeer,
  dialFailed,
  dialNext,
  peerDisconnected,
  type Refusal,
  rerank,
  wakeDialler,
} from './swarm-connections.ts';
import { meetDeadlines, shortenQueues } from './swarm-deadlines.ts';
import {
  blockArrived,
  blockOpened,
  extentStored,
  extentUnwritten,
  fillIdle,
  pieceFailed,
  pieceUnwritten,
  pieceVerified,
  storeExtent,
  updateInterest,
  verifyStored,
  withdrawRequests,
} from './swarm-download.ts';
import { freeSeats, giveWay } from './swarm-eviction.ts';
import { redundant, sendExtensionHandshake, tellLost, tellUploadOnly } from './swarm-extensions.ts';
import { judgeEarly, messageReceived } from './swarm-messages.ts';
import { fetchMetadata } from './swarm-metadata.ts';
import { handOverSlowRetries } from './swarm-retry.ts';
import { isWanted, SwarmContent, type SwarmOptions, SwarmState } from './swarm-state.ts';
import { beginSuperSeed, endSuperSeed } from './swarm-super-seed.ts';
import { closeBanned } from './swarm-trust.ts';
import {
  announceFresh,
  beginSteering,
  MANY_HAVES,
  maySend,
  nextUpload,
  rechoke,
  refuseLost,
  sampleUplink,
  type UploadRun,
  uploadFailed,
  uploadSent,
} from './swarm-upload.ts';
import { relieveSlab, watchPeer } from './swarm-watch.ts';
import { sampleTimes } from './time-in-state.ts';

/** Fewer connections than this: ask for more peers. */
const FEW_PEERS = 10;

export class Swarm {
  readonly #state: SwarmState;
  #nextSecond = 0;
  #nextRound: number;
  #nextSearch = 0;

  constructor(options: SwarmOptions, now: number) {
    const seats = (options.budget ?? new ConnectionBudget()).join({
      dialNext: (at) => dialNext(this.#state, at),
      giveWay: (at) => giveWay(this.#state, at),
    });
    this.#state = new SwarmState(options, toHex(options.peerId), now, seats);
    this.#nextRound = now + CHOKE_ROUND;
  }

  /** Read-only to everyone but this folder. */
  get view(): Readonly<SwarmState> {
    return this.#state;
  }

  get outbox(): SwarmState['outbox'] {
    return this.#state.outbox;
  }

  get flushable(): SwarmState['flushable'] {
    return this.#state.flushable;
  }

  /**
   * The handshake of a connection is here. Returns the peer, or why the connection must be closed. An incoming connection is
   * to be answered after this, when it may stay or where the refusal says so.
   */
  connect(info: PeerInfo, dialled: string | undefined, now: number): Peer | Refusal {
    return connectPeer(this.#state, info, dialled, now);
  }

  /** Any message but piece. Throws ERR_WIRE. */
  receive(peer: Peer, id: number, buffer: Uint8Array, start: number, end: number, now: number): void {
    messageReceived(this.#state, peer, id, buffer, start, end, now);
  }

  /** Header of a block. Returns the slab offset for its payload, or -1. Throws ERR_WIRE. */
  blockOpened(peer: Peer, piece: number, begin: number, length: number): number {
    return blockOpened(this.#state, peer, piece, begin, length);
  }

  blockArrived(peer: Peer, piece: number, begin: number, length: number, kept: boolean, now: number): void {
    blockArrived(this.#state, peer, piece, begin, length, kept, now);
  }

  /** A keep-alive came. Throws ERR_WIRE when they are too many. */
  keptAlive(peer: Peer): void {
    countFuss(peer);
  }

  /** So many bytes came from the peer, whatever they were, and all of them have been handed on. */
  heard(peer: Peer, bytes: number, now: number): void {
    peer.lastHeardAt = now;
    this.#state.budget.arriving.add(bytes, now);
    // Haves and the like are no sign that it sends what it owes.
    if (peer.midBlock || peer.progressAt === now) peer.arriving.add(bytes, now);
    if (peer.midBlock) peer.partCame(bytes, now);
    if (this.#state.freed) fillIdle(this.#state, now);
  }

  nextUpload(peer: Peer, bytes: number): UploadRun | undefined {
    return nextUpload(this.#state, peer, bytes);
  }

  uploadSent(peer: Peer, bytes: number, now: number): void {
    uploadSent(this.#state, peer, bytes, now);
  }

  /** False: the peer was choked since the run was pulled; answer with uploadFailed. */
  maySend(peer: Peer, run: UploadRun): boolean {
    return maySend(peer, run);
  }

  uploadFailed(peer: Peer, run: UploadRun): void {
    uploadFailed(this.#state, peer, run);
  }

  /** Ask for nothing more, or go on. */
  pause(paused: boolean, now: number): void {
    const state = this.#state;
    state.paused = paused;
    for (const peer of state.peers.values()) {
      if (paused) withdrawRequests(state, peer, true, now);
      updateInterest(state, peer);
      tellUploadOnly(state, peer);
    }
    fillIdle(state, now);
  }

  /**
   * What of the torrent is wanted: one priority a piece, 0 (not at all) to 7, 4 for what is not named. Pieces under way are
   * finished all the same. Only when activated.
   */
  setPriorities(priorities: Uint8Array, now: number): void {
    const state = this.#state;
    const { content, lacking } = state;
    if (content === undefined) return;
    setPriorities(state, content, priorities, now);
    if (state.lacking <= lacking) return;
    state.candidates.hurrySeeds(now);
    wakeDialler(state, now);
  }

  /** Pieces that somebody waits for, and when each is needed. Replaces what was said before; none: nobody waits. */
  setDeadlines(deadlines: readonly Deadline[], now: number): void {
    const state = this.#state;
    const ledger = state.content?.ledger;
    state.deadlines.set(
      deadlines.filter(({ piece }) => ledger?.have.has(piece) !== true),
      now,
    );
    shortenQueues(state, now);
    meetDeadlines(state, now);
    fillIdle(state, now);
  }

  /** From now on new pieces come in their order, or by rarity again. */
  setSequential(sequential: boolean): void {
    this.#state.sequential = sequential;
  }

  handle(event: SwarmEvent, now: number): void {
    const state = this.#state;
    switch (event.type) {
      case 'metadataKnown':
        state.infoBytes = event.infoBytes;
        state.metadataCopies = [];
        return;
      case 'activated':
        this.#activate(event, now);
        return;
      case 'peersFound':
        for (const endpoint of event.endpoints)
          state.candidates.add(endpoint, now, event.pinned === true ? SOURCE.user : SOURCE.tracker);
        wakeDialler(state, now);
        return;
      case 'dialFailed':
        dialFailed(state, event.key, now);
        return;
      case 'dialledOurselves':
        state.candidates.isSelf(event.key);
        return;
      case 'peerDisconnected':
        peerDisconnected(state, event.peer, now);
        return;
      case 'bansChanged':
        closeBanned(state);
        return;
      case 'pieceVerified':
        pieceVerified(state, event.piece, event.digests, now);
        if (state.lacking === 0) this.#completed();
        return;
      case 'pieceFailed':
        pieceFailed(state, event.piece, event.digests, now);
        return;
      case 'pieceUnwritten':
        pieceUnwritten(state, event.piece, now);
        return;
      case 'extentStored':
        extentStored(state, event.piece, event.extent, now);
        return;
      case 'extentUnwritten':
        extentUnwritten(state, event.piece, event.extent, now);
        return;
      case 'piecesLost':
        this.#lose(event.pieces, now);
        return;
      default:
        event satisfies never;
    }
  }

  #activate(event: Extract<SwarmEvent, { type: 'activated' }>, now: number): void {
    const state = this.#state;
    const { geometry, have } = event;
    state.infoBytes = event.infoBytes;
    const ledger = new Ledger(geometry, have, event.places);
    const content = new SwarmContent(geometry, ledger, state.options.random);
    state.content = content;
    for (const stored of event.partials ?? []) {
      const partial = ledger.restored(stored, now);
      if (partial === undefined) continue;
      content.availability.unwant(partial.piece);
      if (partial.stored === partial.blocks.length) verifyStored(state, partial.piece);
    }
    beginSelection(state, content, event.priorities);
    const superSeeding = state.options.superSeed === true && have.complete && geometry.pieceCount > 0;
    if (superSeeding) beginSuperSeed(state, content, now);
    else state.mayBeFirstSeed = have.complete && geometry.pieceCount > 0;
    if (state.peers.size > 0) beginSteering(state, content);
    // Peers connected before were told that we have nothing.
    const many = !superSeeding && have.count > MANY_HAVES;
    for (let piece = 0; !many && !superSeeding && piece < geometry.pieceCount; piece++)
      if (have.has(piece)) state.freshPieces.push(piece);
    for (const peer of state.peers.values()) {
      if (many) state.disconnect(peer, 'has to hear anew what is here');
      sendExtensionHandshake(state, peer);
      judgeEarly(state, content, peer, now);
    }
    announceFresh(state);
    wakeDialler(state, now);
  }

  #completed(): void {
    const state = this.#state;
    announceFresh(state);
    for (const peer of [...state.peers.values()]) {
      updateInterest(state, peer);
      if (!redundant(state, peer)) tellUploadOnly(state, peer);
    }
  }

  #lose(pieces: readonly number[], now: number): void {
    const { content } = this.#state;
    if (content === undefined) return;
    const lost = pieces.filter((piece) => content.ledger.lost(piece));
    if (lost.length === 0) return;
    endSuperSeed(this.#state, content);
    for (const piece of lost) {
      content.availability.want(piece);
      if (!isWanted(content, piece)) continue;
      this.#state.lacking++;
      for (const peer of this.#state.peers.values()) if (peer.has(piece)) peer.wanted++;
    }
    for (const peer of this.#state.peers.values()) {
      updateInterest(this.#state, peer);
      refuseLost(this.#state, content, peer);
      tellUploadOnly(this.#state, peer);
    }
    tellLost(this.#state, lost);
    fillIdle(this.#state, now);
  }

  /**
   * At a stop: what has arrived and is on no disk yet. Write it unverified, as for the command storeExtent, and answer the
   * same way; then `view.content.ledger.storedBlocks()` says what may be kept for the next run.
   */
  spill(): StoreExtent[] {
    const { content, outbox } = this.#state;
    if (content === undefined) return [];
    const before = outbox.length;
    for (const partial of content.ledger.partials.values()) {
      if (content.ledger.state(partial.piece) !== PIECE_STATE.partial) continue;
      for (let extent = 0; extent < partial.offsets.length; extent++)
        if (partial.offsets[extent]! >= 0 && partial.storing[extent] === 0) storeExtent(this.#state, partial, extent);
    }
    return outbox.splice(before) as StoreExtent[];
  }

  /** Before a tick: milliseconds that all hashing and all writing took so far, of whatever torrent. */
  storageTook(hashing: number, writing: number, now: number): void {
    const state = this.#state;
    if (!state.isAlone || !state.complete) state.storageTime.took(hashing, writing, now);
  }

  /** Call about ten times a second while anything is going on. */
  tick(now: number): void {
    const state = this.#state;
    // Thousands of seeds to which nobody ever came must cost nothing.
    if (state.isAlone && state.complete && state.superSeed === undefined) {
      state.sampledAt = now;
      state.seats.run(now);
      return;
    }
    announceFresh(state);
    sampleTimes(state, now);
    meetDeadlines(state, now);
    if (state.cramped && state.content!.ledger.places.free > 0) fillIdle(state, now);
    if (now >= this.#nextSecond) {
      this.#nextSecond = now + 1000;
      this.#everySecond(now);
    }
    if (now >= this.#nextRound) {
      this.#nextRound = now + CHOKE_ROUND;
      rechoke(state, now);
    }
    state.seats.run(now);
  }

  #everySecond(now: number): void {
    const state = this.#state;
    if (state.content?.availability.stale === true) state.content.availability.refresh();
    state.bans.expire(now);
    state.budget.askable = 0;
    for (const peer of state.peers.values()) watchPeer(state, peer, now);
    state.budget.retune(now);
    sampleUplink(state, now);
    if (state.content !== undefined && state.superSeed?.tick(now) === true) endSuperSeed(state, state.content);
    handOverSlowRetries(state, now);
    fillIdle(state, now);
    relieveSlab(state, now);
    fetchMetadata(state, now);
    rerank(state);
    freeSeats(state, now);
    state.seats.wake();
    if (state.peers.size < FEW_PEERS && !state.seeding && now >= this.#nextSearch) {
      this.#nextSearch = now + 5_000;
      state.command({ type: 'findPeers' });
    }
  }

  /** The dialled connection passed its handshake, or was turned away by `connect`. */
  dialEnded(): void {
    this.#state.seats.dialEnded();
  }

  /** The torrent is stopped: it dials nobody any more, and its connections are being closed. */
  leave(): void {
    this.#state.seats.leave();
  }
}
