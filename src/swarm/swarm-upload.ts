// What peers ask of us: judging requests, keeping them until the runner pulls them, choking rounds, and telling who lacks
// it that we have a piece.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { type BlockRequest, MESSAGE } from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import { chooseUnchoked } from './choker.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** What we tell peers as `reqq`: requests beyond it are rejected. */
export const MAX_QUEUED_UPLOADS = 2000;
/** Requests we cannot serve before the connection is closed. */
const MAX_BAD_REQUESTS = 300;
/** Blocks of one frame: 1 MiB of payload. */
const MAX_RUN = 64;

/** Requests for one stretch of one piece, to be read and sent as one frame. */
export interface UploadRun {
  readonly piece: number;
  readonly begin: number;
  readonly lengths: readonly number[];
  readonly bytes: number;
}

export function requestReceived(state: SwarmState, peer: Peer, request: BlockRequest): void {
  const { content } = state;
  const { piece, begin, length } = request;
  const servable =
    content !== undefined &&
    length <= BLOCK_LENGTH &&
    content.geometry.contains(piece, begin, length) &&
    content.ledger.have.has(piece) &&
    (!peer.amChoking || peer.grantedFast.has(piece)) &&
    peer.uploads.count < MAX_QUEUED_UPLOADS;
  if (!servable) {
    refuse(state, peer, piece, begin, length);
    // Requests that crossed our choke on the way are no offence.
    if (!peer.amChoking && ++peer.badRequests > MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking for blocks that cannot be served');
    return;
  }
  peer.uploads.push(piece, begin, length);
  serve(state, peer);
}

function refuse(state: SwarmState, peer: Peer, piece: number, begin: number, length: number): void {
  if (peer.info.features.fast) state.sendBlock(peer, MESSAGE.reject, piece, begin, length);
}

function serve(state: SwarmState, peer: Peer): void {
  if (peer.uploadQueued) return;
  peer.uploadQueued = true;
  state.command({ type: 'serve', peer });
}

export function requestCancelled(state: SwarmState, peer: Peer, request: BlockRequest): void {
  const at = peer.uploads.find(request.piece, request.begin);
  if (at < 0 || peer.uploads.lengthAt(at) !== request.length) return;
  peer.uploads.removeAt(at);
  // A cancelled request is still answered once (BEP 6).
  refuse(state, peer, request.piece, request.begin, request.length);
}

/** The next contiguous stretch of the oldest requests, at most `bytes` long but at least one block. */
export function nextUpload(peer: Peer, bytes: number): UploadRun | undefined {
  const { uploads } = peer;
  if (uploads.count === 0) {
    peer.uploadQueued = false;
    return undefined;
  }
  const piece = uploads.pieceAt(0);
  const begin = uploads.beginAt(0);
  const lengths: number[] = [];
  let total = 0;
  for (let i = 0; i < uploads.count && i < MAX_RUN; i++) {
    const length = uploads.lengthAt(i);
    if (uploads.pieceAt(i) !== piece || uploads.beginAt(i) !== begin + total) break;
    if (i > 0 && total + length > bytes) break;
    lengths.push(length);
    total += length;
  }
  uploads.dropOldest(lengths.length);
  return { piece, begin, lengths, bytes: total };
}

/** The run could not be read: the peer is told so, if it understands that. */
export function uploadFailed(state: SwarmState, peer: Peer, run: UploadRun): void {
  let begin = run.begin;
  for (const length of run.lengths) {
    refuse(state, peer, run.piece, begin, length);
    begin += length;
  }
}

export function uploadSent(state: SwarmState, peer: Peer, bytes: number, now: number): void {
  peer.up.add(bytes, now);
  state.up.add(bytes, now);
  peer.lastSentAt = now;
}

export function interestChanged(state: SwarmState, peer: Peer, interested: boolean): void {
  peer.interested = interested;
  if (!interested) return;
  // Spare slots need not wait for the next round.
  let unchoked = 0;
  for (const other of state.peers.values()) if (!other.amChoking && other.interested) unchoked++;
  if (peer.amChoking && unchoked < state.uploadSlots) setChoke(state, peer, false);
}

/** One round of the choker. */
export function rechoke(state: SwarmState, now: number): void {
  const peers = [...state.peers.values()];
  const decision = chooseUnchoked(
    peers.map((peer) => ({
      id: peer.id,
      interested: peer.interested,
      choked: peer.amChoking,
      received: peer.down.total - peer.receivedAtRound,
      sent: peer.up.total - peer.sentAtRound,
      age: now - peer.connectedAt,
      snubbed: peer.snubbed,
    })),
    { slots: state.uploadSlots, seeding: state.complete, round: state.round++, optimistic: state.optimistic },
    state.options.random,
  );
  state.optimistic = decision.optimistic;
  for (const peer of peers) {
    setChoke(state, peer, !decision.unchoked.has(peer.id));
    peer.receivedAtRound = peer.down.total;
    peer.sentAtRound = peer.up.total;
  }
}

export function setChoke(state: SwarmState, peer: Peer, choke: boolean): void {
  if (peer.amChoking === choke) return;
  peer.amChoking = choke;
  state.sendSignal(peer, choke ? MESSAGE.choke : MESSAGE.unchoke);
  if (!choke) return;
  const { uploads } = peer;
  for (let i = 0; i < uploads.count; i++)
    refuse(state, peer, uploads.pieceAt(i), uploads.beginAt(i), uploads.lengthAt(i));
  uploads.clear();
}

/** HAVE for the pieces verified since the last tick, to those who lack them. */
export function announceFresh(state: SwarmState): void {
  if (state.freshPieces.length === 0) return;
  for (const peer of state.peers.values())
    for (const piece of state.freshPieces) if (!peer.has(piece)) state.sendIndex(peer, MESSAGE.have, piece);
  state.freshPieces.length = 0;
}
