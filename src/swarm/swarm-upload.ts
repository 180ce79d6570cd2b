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
/** Nobody asks for so much at a time who knows the protocol. */
const MAX_REQUEST = 131_072;
/** How often a choked peer may have each of its allowed-fast pieces (BEP 6). */
const FAST_COPIES = 3;
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
  const { piece, begin, length } = request;
  if (length > MAX_REQUEST) throw violation('invalid_request', `asks for ${length} bytes at a time`);
  if (!canServe(state, request)) {
    refuse(state, peer, piece, begin, length);
    if (++peer.badRequests > MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking for blocks that cannot be served');
    return;
  }
  if (peer.amChoking && !mayHaveFast(state, peer, request)) {
    refuse(state, peer, piece, begin, length);
    // As many as may wait with us may be on their way when our choke goes out.
    if (++peer.chokedRequests > MAX_QUEUED_UPLOADS + MAX_BAD_REQUESTS)
      throw violation('invalid_request', 'keeps asking while it is choked');
    return;
  }
  if (peer.uploads.count >= MAX_QUEUED_UPLOADS) {
    refuse(state, peer, piece, begin, length);
    if (++peer.badRequests > MAX_BAD_REQUESTS) throw violation('invalid_request', 'asks for more than its share');
    return;
  }
  peer.uploads.push(piece, begin, length);
  serve(state, peer);
}

function canServe({ content }: SwarmState, { piece, begin, length }: BlockRequest): boolean {
  return (
    content !== undefined &&
    length <= BLOCK_LENGTH &&
    content.geometry.contains(piece, begin, length) &&
    content.ledger.have.has(piece)
  );
}

/** An allowed-fast piece may be had while choked, but not again and again. */
function mayHaveFast(state: SwarmState, peer: Peer, { piece, length }: BlockRequest): boolean {
  if (!peer.grantedFast.has(piece)) return false;
  const most = FAST_COPIES * peer.grantedFast.size * state.content!.geometry.pieceLength;
  if (peer.fastBytes + length > most) return false;
  peer.fastBytes += length;
  return true;
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
  if (peer.interested === interested) return;
  peer.interested = interested;
  grantSpareSlots(state);
}

/** Slots that nobody uses need not wait for the next round: who has waited longest gets them. */
export function grantSpareSlots(state: SwarmState): void {
  let spare = state.uploadSlots;
  for (const peer of state.peers.values()) if (!peer.amChoking && peer.interested) spare--;
  for (const peer of state.peers.values()) {
    if (spare <= 0) return;
    if (!peer.amChoking || !peer.interested) continue;
    setChoke(state, peer, false);
    spare--;
  }
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
    { slots: state.uploadSlots, seeding: state.seeding, round: state.round++, optimistic: state.optimistic },
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
  peer.chokedRequests = 0;
  if (!choke) return;
  const { uploads } = peer;
  for (let i = 0; i < uploads.count; i++)
    refuse(state, peer, uploads.pieceAt(i), uploads.beginAt(i), uploads.lengthAt(i));
  uploads.clear();
}

/** HAVE for the pieces verified since the last tick, to those who lack them. */
export function announceFresh(state: SwarmState): void {
  if (state.freshPieces.length === 0) return;
  const have = state.content!.ledger.have;
  for (const peer of state.peers.values())
    for (const piece of state.freshPieces)
      if (!peer.has(piece) && have.has(piece)) state.sendIndex(peer, MESSAGE.have, piece);
  state.freshPieces.length = 0;
}
