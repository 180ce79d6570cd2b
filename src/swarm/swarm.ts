// One torrent's swarm: who is connected, and the switch from events to the handlers in swarm-*.ts. Pure and synchronous;
// time comes in as an argument, what is to be done goes out through `outbox`, bytes for peers through their out-buffers.
// The runner drains both after every call.

import { toHex } from '../base/bytes.ts';
import { parseAddress } from '../base/endpoint.ts';
import { allowedFastSet } from '../protocol/wire/fast.ts';
import { encodeBitfield, encodeHaveAll, encodeHaveNone, encodeKeepAlive, MESSAGE } from '../protocol/wire/messages.ts';
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
  pieceFailed,
  pieceUnwritten,
  pieceVerified,
  releasePeer,
  updateInterest,
  withdrawRequests,
} from './swarm-download.ts';
import { judgeEarly, messageReceived, redundant, sendExtensionHandshake, uncountField } from './swarm-messages.ts';
import { fetchMetadata } from './swarm-metadata.ts';
import { type SwarmOptions, SwarmState } from './swarm-state.ts';
import { announceFresh, nextUpload, rechoke, type UploadRun, uploadFailed, uploadSent } from './swarm-upload.ts';

/** Connections being made at a time. */
const MAX_DIALLING = 30;
const KEEP_ALIVE_AFTER = 60_000;
/** Fewer connections than this: ask for more peers. */
const FEW_PEERS = 10;
const MAX_GONE = 2000;

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
    for (const other of state.peers.values()) {
      if (other.peerIdHex !== peerIdHex) continue;
      // Both sides dialled at once: the one with the greater id keeps the connection it made, so both drop the same one.
      const keepNew = other.info.outgoing !== info.outgoing && info.outgoing === state.peerIdHex > peerIdHex;
      if (!keepNew) return 'connected to this peer already';
      state.disconnect(other, 'replaced by its other connection');
    }
    if (state.peers.size >= state.maxPeers) return 'enough peers are connected';
    const peer = new Peer(this.#nextPeer++, info, peerIdHex, clientName(info.peerId), now);
    state.peers.set(peer.id, peer);
    state.everyone.set(peer.id, peer);
    if (dialled !== undefined) state.candidates.connected(info.endpoint);
    this.#greet(peer);
    return peer;
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

  /** Bytes came from the peer, whatever they were. */
  heard(peer: Peer, now: number): void {
    peer.lastHeardAt = now;
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
    this.#state.paused = paused;
    if (paused) for (const peer of this.#state.peers.values()) withdrawRequests(this.#state, peer);
    else fillIdle(this.#state, now);
  }

  handle(event: SwarmEvent, now: number): void {
    const state = this.#state;
    switch (event.type) {
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
    for (let piece = 0; piece < geometry.pieceCount; piece++) if (have.has(piece)) state.freshPieces.push(piece);
    for (const peer of [...state.peers.values()]) {
      sendExtensionHandshake(state, peer);
      judgeEarly(state, state.content, peer, now);
    }
    announceFresh(state);
    this.#dial(now);
  }

  #disconnected(peer: Peer, now: number): void {
    const state = this.#state;
    if (!state.peers.delete(peer.id)) return;
    const seed = peer.isSeed;
    if (state.content !== undefined) uncountField(state.content, peer);
    releasePeer(state, peer, now);
    peer.uploads.clear();
    if (peer.listens !== undefined) state.candidates.disconnected(formatKey(peer), now, seed);
    if (peer.down.total === 0) state.everyone.delete(peer.id);
    else if (state.everyone.size - state.peers.size > MAX_GONE)
      for (const id of state.everyone.keys()) {
        if (state.peers.has(id)) continue;
        state.everyone.delete(id);
        break;
      }
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
    for (const piece of pieces) {
      if (!content.ledger.lost(piece)) continue;
      content.availability.want(piece);
      for (const peer of this.#state.peers.values()) if (peer.has(piece)) peer.wanted++;
    }
    for (const peer of this.#state.peers.values()) updateInterest(this.#state, peer);
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
    for (const peer of state.peers.values()) {
      peer.retune(now);
      // What it sent may wait in pieces that others have not finished.
      if (!peer.proven && peer.requests.count === 0 && peer.down.total > 0) peer.trials++;
      if (now - peer.lastHeardAt > state.idleAfter) {
        state.disconnect(peer, 'silent for too long');
        continue;
      }
      if (now - peer.lastSentAt > KEEP_ALIVE_AFTER) {
        state.sendBytes(peer, encodeKeepAlive());
        peer.lastSentAt = now;
      }
      if (peer.requests.count > 0 && now - peer.lastBlockAt > state.snubAfter) {
        peer.snubbed = true;
        withdrawRequests(state, peer);
        peer.lastBlockAt = now;
      }
    }
    fillIdle(state, now);
    fetchMetadata(state, now);
    this.#dial(now);
    if (state.peers.size < FEW_PEERS && !state.complete && now >= this.#nextSearch) {
      this.#nextSearch = now + 5_000;
      state.command({ type: 'findPeers' });
    }
  }

  #dial(now: number): void {
    const state = this.#state;
    const room = Math.min(MAX_DIALLING - state.dialling, state.maxPeers - state.peers.size - state.dialling);
    for (const candidate of state.candidates.take(room, now, state.complete)) {
      state.dialling++;
      state.command({ type: 'dial', key: candidate.key, endpoint: candidate.endpoint });
    }
  }

  /** The dialled connection passed its handshake, or was turned away by `connect`. */
  dialEnded(): void {
    this.#state.dialling--;
  }
}

function formatKey(peer: Peer): string {
  const { host, port } = peer.listens!;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
