// Who is connected and who is dialled: judges connections that passed their handshake, greets them, forgets those that
// ended, and dials candidates. Asks for no piece and touches no socket.

import { toHex } from '../base/bytes.ts';
import { formatEndpoint } from '../base/endpoint.ts';
import { encodeBitfield, encodeHaveAll, encodeHaveNone } from '../protocol/wire/messages.ts';
import { clientName } from '../protocol/wire/peer-id.ts';
import { globalAddress } from './ban-list.ts';
import { outgoingSeats } from './connection-budget.ts';
import { LastHolders } from './last-holders.ts';
import { Peer, type PeerInfo } from './peer.ts';
import { uncountField } from './peer-copies.ts';
import type { Reputation } from './reputation.ts';
import { releasePeer } from './swarm-download.ts';
import { evict, findForNewcomer } from './swarm-eviction.ts';
import { sendExtensionHandshake } from './swarm-extensions.ts';
import { fetchMetadata } from './swarm-metadata.ts';
import type { SwarmState } from './swarm-state.ts';
import { beginSteering, grantFast, grantSpareSlots } from './swarm-upload.ts';

/** Connections being made at a time. */
const MAX_DIALLING = 30;
/** Milliseconds of silence after which a connection may be replaced by another one from its address. */
const SILENT_AFTER = 30_000;

/** Why a connection must be closed. `answer`: who made it should hear who we are first, so that it does not try again. */
export interface Refusal {
  readonly refusal: string;
  readonly answer: boolean;
}

function refuse(refusal: string, answer = false): Refusal {
  return { refusal, answer };
}

/**
 * The handshake of a connection is here. Whoever accepted the connection answers after this and only when it may stay, so
 * that both ends agree on which of several connections that is.
 */
export function connectPeer(
  state: SwarmState,
  info: PeerInfo,
  dialled: string | undefined,
  now: number,
): Peer | Refusal {
  const peerIdHex = toHex(info.peerId);
  if (peerIdHex === state.peerIdHex) return refuse('this is our own connection', true);
  const { host, port } = info.endpoint;
  const listensAt = info.outgoing ? port : 0;
  if (state.bans.covers(host, listensAt, peerIdHex)) return refuse('the peer is banned');
  const standing = state.bans.standing(host);
  if (standing === 'refused') return refuse('too many banned peers have come from near its address');
  let replaced: Peer | undefined;
  for (const other of state.peers.values()) {
    if (other.peerIdHex !== peerIdHex || other.leaving) continue;
    const opposite = other.info.outgoing !== info.outgoing;
    // Both sides dialled at once: the one with the greater id keeps the connection it made, so both drop the same one. Of
    // two that one side made, whoever accepts them keeps the first and does not answer the second.
    if (!opposite || info.outgoing !== state.peerIdHex > peerIdHex) {
      if (info.outgoing) other.listens ??= info.endpoint;
      return refuse('connected to this peer already', opposite);
    }
    state.disconnect(other, 'replaced by its other connection');
    replaced = other;
  }
  const rank = state.own.rank(state.options.port, info.endpoint);
  if (replaced === undefined) {
    const refusal = findSeat(state, host, rank, now);
    if (refusal !== undefined) return refuse(refusal);
  }
  const known = replaced?.reputation ?? findReputation(state, host, peerIdHex);
  const reputation = known ?? state.reputations.find(host, listensAt, peerIdHex, standing);
  if (listensAt > 0) reputation.port = listensAt;
  const peer = new Peer(state.nextPeer++, info, peerIdHex, clientName(info.peerId), now, reputation, state.budget);
  state.peers.set(peer.id, peer);
  state.everyone.set(peer.id, peer);
  peer.listens ??= replaced?.listens;
  peer.rank = rank;
  if (state.content !== undefined) beginSteering(state, state.content);
  state.seats.connectionBegan();
  state.candidates.seated(host, 1);
  if (dialled !== undefined) state.candidates.connected(info.endpoint, now);
  greet(state, peer, now);
  return peer;
}

/** Of somebody who is connected already, or whose connection is just being closed. */
function findReputation(state: SwarmState, host: string, peerIdHex: string): Reputation | undefined {
  const global = globalAddress(host) !== undefined;
  for (const { info, peerIdHex: other, reputation } of state.peers.values())
    if (info.endpoint.host === host && (global || other === peerIdHex)) return reputation;
  return undefined;
}

/** Makes room for a stranger where there is none, if that may be. Returns why it may not. */
function findSeat(state: SwarmState, host: string, rank: number, now: number): string | undefined {
  const crowd = findCrowd(state, host, now);
  if (crowd === 'full') return 'others are connected from its address';
  if (crowd !== undefined) state.disconnect(crowd, 'silent, and another peer comes from its address');
  else if (state.peers.size >= state.maxPeers) {
    const least = findForNewcomer(state, rank, now);
    if (least === undefined) {
      state.turnedAway++;
      return 'enough peers are connected';
    }
    evict(state, least, 'another peer needs its place');
  }
  if (crowd === undefined && !state.seats.admit(now)) return 'the session has enough connections';
  return undefined;
}

/**
 * A global address stands for one host, which needs one connection. The host may have started anew and its old connection
 * not have ended yet, so a silent one goes. Undefined when there is room.
 */
function findCrowd(state: SwarmState, host: string, now: number): Peer | 'full' | undefined {
  const most = state.options.perAddress ?? 1;
  if (state.candidates.takenBy(host) < most) return undefined;
  let count = 0;
  let silent: Peer | undefined;
  for (const peer of state.peers.values()) {
    if (peer.info.endpoint.host !== host) continue;
    count++;
    if (now - peer.lastHeardAt > SILENT_AFTER && !peer.held) silent ??= peer;
  }
  if (count < most) return undefined;
  return silent ?? 'full';
}

function greet(state: SwarmState, peer: Peer, now: number): void {
  const { content, superSeed } = state;
  const have = superSeed === undefined ? content?.ledger.have : undefined;
  // BEP 3 wants the bitfield before anything else; with BEP 6 one of three messages is obligatory.
  if (peer.info.features.fast && (have === undefined || have.count === 0)) state.sendBytes(peer, encodeHaveNone());
  else if (peer.info.features.fast && have?.complete === true) state.sendBytes(peer, encodeHaveAll());
  else if (have !== undefined && have.count > 0) state.sendBytes(peer, encodeBitfield(have));
  sendExtensionHandshake(state, peer);
  if (content === undefined) return;
  peer.openField(content.geometry.pieceCount);
  if (superSeed === undefined) grantFast(state, content, peer);
  else superSeed.joined(peer, now);
}

/** The connection is gone. */
export function peerDisconnected(state: SwarmState, peer: Peer, now: number): void {
  if (!state.peers.delete(peer.id)) return;
  const seed = peer.isSeed;
  state.seats.connectionEnded();
  state.candidates.seated(peer.info.endpoint.host, -1);
  state.superSeed?.left(peer);
  state.steering?.stopped(peer);
  if (state.content !== undefined) {
    // What a peer claims that sent nothing of it is not worth a word.
    const field = peer.doubted ? undefined : peer.have;
    uncountField(state.content, peer);
    if (field !== undefined && !state.complete) {
      state.lastHolders ??= new LastHolders();
      state.lastHolders.left(field, peer.listens ?? peer.info.endpoint, state.content, now);
    }
  }
  releasePeer(state, peer, now);
  peer.uploads.clear();
  state.forgetGone();
  state.reputations.keep(peer.reputation);
  if (peer.listens !== undefined) {
    const key = formatEndpoint(peer.listens);
    state.candidates.disconnected(key, now, seed, peer.redialAfter);
    keepBusy(state, key, now);
  }
  state.seats.wake();
  grantSpareSlots(state, now);
  if (state.metadataCopies.some((copy) => copy.peer === peer)) fetchMetadata(state, now);
}

/** Nobody was reached there, or not the one who was looked for. */
export function dialFailed(state: SwarmState, key: string, now: number): void {
  state.seats.dialEnded();
  state.candidates.dialFailed(key, now);
  keepBusy(state, key, now);
  state.seats.wake();
}

/** A peer that listens there is connected, by the connection it made itself: nobody need dial it. */
function keepBusy(state: SwarmState, key: string, now: number): void {
  for (const { listens } of state.peers.values())
    if (listens !== undefined && formatEndpoint(listens) === key) state.candidates.keepBusy(key, now);
}

/** There may be somebody to dial, now. */
export function wakeDialler(state: SwarmState, now: number): void {
  state.seats.wake();
  state.seats.run(now);
}

/** Dials the best candidate. False when there is none, or no room. */
export function dialNext(state: SwarmState, now: number): boolean {
  // While the disk is checked we could only say that we have nothing.
  if (state.infoBytes !== undefined && state.content === undefined) return false;
  const { dialling } = state;
  if (dialling >= MAX_DIALLING || state.peers.size + dialling >= outgoingSeats(state.maxPeers)) return false;
  if (state.isAlone) return false;
  const candidate = state.candidates.take(now, state.seeding);
  if (candidate === undefined) return false;
  state.seats.dialBegan();
  state.command({ type: 'dial', key: candidate.key, endpoint: candidate.endpoint });
  return true;
}

/** Our address is known better: ranks change with it. */
export function rerank(state: SwarmState): void {
  if (!state.ownChanged) return;
  state.ownChanged = false;
  state.candidates.rerank();
  for (const peer of state.peers.values())
    peer.rank = state.own.rank(state.options.port, peer.listens ?? peer.info.endpoint);
}
