// One torrent's swarm: who is connected, and the switch from events to the handlers in swarm-*.ts. Pure and synchronous;
// time comes in as an argument, what is to be done goes out through `outbox`, bytes for peers through their out-buffers.
// The runner drains both after every call.

import { toHex } from '../base/bytes.ts';
import { formatEndpoint, parseAddress } from '../base/endpoint.ts';
import { allowedFastSet } from '../protocol/wire/fast.ts';
import { encodeBitfield, encodeHaveAll, encodeHaveNone, MESSAGE } from '../protocol/wire/messages.ts';
import { clientName } from '../protocol/wire/peer-id.ts';
import { Availability } from './availability.ts';
import { CHOKE_ROUND } from './choker.ts';
import type { SwarmEvent } from './commands.ts';
import { Ledger } from './ledger.ts';
import { Peer, type PeerInfo } from './peer.ts';
import {
  blockArrived,
  blockOpened,
  fillIdle,
  fillRequests,
  pieceFailed,
  pieceUnwritten,
  pieceVerified,
  releasePeer,
  updateInterest,
  withdrawRequests,
} from './swarm-download.ts';
import {
  countFuss,
  judgeEarly,
  messageReceived,
  redundant,
  sendExtensionHandshake,
  uncountField,
} from './swarm-messages.ts';
import { fetchMetadata } from './swarm-metadata.ts';
import { handOverSlowRetries } from './swarm-retry.ts';
import { type SwarmOptions, SwarmState } from './swarm-state.ts';
import {
  announceFresh,
  grantSpareSlots,
  nextUpload,
  rechoke,
  type UploadRun,
  uploadFailed,
  uploadSent,
} from './swarm-upload.ts';
import { freeStaleSlot, watchPeer } from './swarm-watch.ts';

/** Connections being made at a time. */
const MAX_DIALLING = 30;
/** Fewer connections than this: ask for more peers. */
const FEW_PEERS = 10;
/** A peer that neither gives nor takes is of use for so long, in milliseconds, when others want its place. */
const USELESS_AFTER = 60_000;
/** A bitfield in a new connection is better than more haves than this. */
const MANY_HAVES = 5_000;
/** Slots taken back in one second. */
const MAX_STALE_SLOTS = 32;

export class Swarm {
  readonly #state: SwarmState;
  #nextPeer = 0;
  #nextSecond = 0;
  #nextRound: number;
  #nextSearch = 0;

  constructor(options: SwarmOptions, now: number) {
    this.#state = new SwarmState(options, toHex(options.peerId));
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

  /** A connection has passed its handshake. Returns the peer, or why the connection must be closed. */
  connect(info: PeerInfo, dialled: string | undefined, now: number): Peer | string {
    const state = this.#state;
    const peerIdHex = toHex(info.peerId);
    if (peerIdHex === state.peerIdHex) return 'this is our own connection';
    if (state.candidates.isBanned(info.endpoint, peerIdHex)) return 'the peer is banned';
    let replaced: Peer | undefined;
    for (const other of state.peers.values()) {
      if (other.peerIdHex !== peerIdHex) continue;
      // Both sides dialled at once: the one with the greater id keeps the connection it made, so both drop the same one.
      const keepNew = other.info.outgoing !== info.outgoing && info.outgoing === state.peerIdHex > peerIdHex;
      if (!keepNew) {
        if (info.outgoing) other.listens ??= info.endpoint;
        return 'connected to this peer already';
      }
      state.disconnect(other, 'replaced by its other connection');
      replaced = other;
    }
    if (replaced === undefined && state.peers.size >= state.maxPeers) {
      const useless = this.#findUseless(now);
      if (useless === undefined) return 'enough peers are connected';
      state.disconnect(useless, 'another peer needs its place');
    }
    const peer = new Peer(this.#nextPeer++, info, peerIdHex, clientName(info.peerId), now);
    state.peers.set(peer.id, peer);
    state.everyone.set(peer.id, peer);
    peer.listens ??= replaced?.listens;
    if (dialled !== undefined) state.candidates.connected(info.endpoint, now);
    this.#greet(peer);
    return peer;
  }

  #findUseless(now: number): Peer | undefined {
    for (const peer of this.#state.peers.values())
      if (!peer.interested && !peer.amInterested && now - peer.connectedAt > USELESS_AFTER) return peer;
    return undefined;
  }

  #greet(peer: Peer): void {
    const state = this.#state;
    const { content } = state;
    const have = content?.ledger.have;
    // BEP 3 wants the bitfield before anything else; with BEP 6 one of three messages is obligatory.
    if (peer.info.features.fast && (have === undefined || have.count === 0)) state.sendBytes(peer, encodeHaveNone());
    else if (peer.info.features.fast && have?.complete === true) state.sendBytes(peer, encodeHaveAll());
    else if (have !== undefined && have.count > 0) state.sendBytes(peer, encodeBitfield(have));
    sendExtensionHandshake(state, peer);
    if (content === undefined) return;
    peer.openField(content.geometry.pieceCount);
    const address = parseAddress(peer.info.endpoint.host);
    if (!peer.info.features.fast || address === undefined) return;
    for (const piece of allowedFastSet(
      state.options.infoHash,
      address,
      content.geometry.pieceCount,
      state.options.sha1,
    )) {
      peer.grantedFast.add(piece);
      if (content.ledger.have.has(piece)) state.sendIndex(peer, MESSAGE.allowedFast, piece);
    }
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

  /** Bytes came from the peer, whatever they were, and all of them have been handed on. */
  heard(peer: Peer, now: number): void {
    peer.lastHeardAt = now;
    if (this.#state.freed) fillIdle(this.#state, now);
  }

  nextUpload(peer: Peer, bytes: number): UploadRun | undefined {
    return nextUpload(peer, bytes);
  }

  uploadSent(peer: Peer, bytes: number, now: number): void {
    uploadSent(this.#state, peer, bytes, now);
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
    }
    fillIdle(state, now);
  }

  handle(event: SwarmEvent, now: number): void {
    const state = this.#state;
    switch (event.type) {
      case 'metadataKnown':
        state.infoBytes = event.infoBytes;
        state.metadataFetch = undefined;
        return;
      case 'activated':
        this.#activate(event, now);
        return;
      case 'peersFound':
        for (const endpoint of event.endpoints) state.candidates.add(endpoint, now, event.pinned);
        this.#dial(now);
        return;
      case 'dialFailed':
        state.dialling--;
        state.candidates.dialFailed(event.key, now);
        this.#keepBusy(event.key);
        return;
      case 'dialledOurselves':
        state.candidates.isSelf(event.key);
        return;
      case 'peerDisconnected':
        this.#disconnected(event.peer, now);
        return;
      case 'pieceVerified':
        pieceVerified(state, event.piece, now);
        if (state.complete) this.#completed();
        return;
      case 'pieceFailed':
        pieceFailed(state, event.piece, now);
        return;
      case 'pieceUnwritten':
        pieceUnwritten(state, event.piece);
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
    const ledger = new Ledger(geometry, have, event.slotCount);
    const availability = new Availability(geometry.pieceCount, (piece) => !have.has(piece), state.options.random);
    state.content = { geometry, ledger, availability };
    // Peers connected before were told that we have nothing.
    const many = have.count > MANY_HAVES;
    for (let piece = 0; !many && piece < geometry.pieceCount; piece++)
      if (have.has(piece)) state.freshPieces.push(piece);
    for (const peer of state.peers.values()) {
      if (many) state.disconnect(peer, 'has to hear anew what is here');
      sendExtensionHandshake(state, peer);
      judgeEarly(state, state.content, peer, now);
    }
    announceFresh(state);
    this.#dial(now);
  }

  /** A peer that listens there is connected, by the connection it made itself: nobody need dial it. */
  #keepBusy(key: string): void {
    for (const { listens } of this.#state.peers.values())
      if (listens !== undefined && formatEndpoint(listens) === key) this.#state.candidates.keepBusy(key);
  }

  #disconnected(peer: Peer, now: number): void {
    const state = this.#state;
    if (!state.peers.delete(peer.id)) return;
    const seed = peer.isSeed;
    if (state.content !== undefined) uncountField(state.content, peer);
    releasePeer(state, peer, now);
    peer.uploads.clear();
    state.forgetGone();
    if (peer.listens !== undefined) {
      const key = formatEndpoint(peer.listens);
      state.candidates.disconnected(key, now, seed);
      this.#keepBusy(key);
    }
    grantSpareSlots(state);
    if (state.metadataFetch?.peer === peer) fetchMetadata(state, now);
  }

  #completed(): void {
    const state = this.#state;
    announceFresh(state);
    for (const peer of [...state.peers.values()]) {
      updateInterest(state, peer);
      redundant(state, peer);
    }
  }

  #lose(pieces: readonly number[], now: number): void {
    const { content } = this.#state;
    if (content === undefined) return;
    let lost = 0;
    for (const piece of pieces) {
      if (!content.ledger.lost(piece)) continue;
      lost++;
      content.availability.want(piece);
      for (const peer of this.#state.peers.values()) if (peer.has(piece)) peer.wanted++;
    }
    if (lost === 0) return;
    for (const peer of this.#state.peers.values()) {
      updateInterest(this.#state, peer);
      // BEP 3 knows no way to take back a have. Who connects again gets a bitfield that is true.
      this.#state.disconnect(peer, 'pieces it was told of are lost');
    }
    fillIdle(this.#state, now);
  }

  /** Call about ten times a second while anything is going on. */
  tick(now: number): void {
    const state = this.#state;
    announceFresh(state);
    if (now >= this.#nextSecond) {
      this.#nextSecond = now + 1000;
      this.#everySecond(now);
    }
    if (now >= this.#nextRound) {
      this.#nextRound = now + CHOKE_ROUND;
      rechoke(state, now);
    }
  }

  #everySecond(now: number): void {
    const state = this.#state;
    for (const peer of state.peers.values()) watchPeer(state, peer, now);
    handOverSlowRetries(state, now);
    fillIdle(state, now);
    for (let i = 0; i < MAX_STALE_SLOTS; i++) {
      const idle = freeStaleSlot(state);
      if (idle === undefined) break;
      fillRequests(state, idle, now);
    }
    fetchMetadata(state, now);
    this.#dial(now);
    if (state.peers.size < FEW_PEERS && !state.seeding && now >= this.#nextSearch) {
      this.#nextSearch = now + 5_000;
      state.command({ type: 'findPeers' });
    }
  }

  #dial(now: number): void {
    const state = this.#state;
    // While the disk is checked we could only say that we have nothing.
    if (state.infoBytes !== undefined && state.content === undefined) return;
    const room = Math.min(MAX_DIALLING - state.dialling, state.maxPeers - state.peers.size - state.dialling);
    for (const candidate of state.candidates.take(room, now, state.seeding)) {
      state.dialling++;
      state.command({ type: 'dial', key: candidate.key, endpoint: candidate.endpoint });
    }
  }

  /** The dialled connection passed its handshake, or was turned away by `connect`. */
  dialEnded(): void {
    this.#state.dialling--;
  }
}
