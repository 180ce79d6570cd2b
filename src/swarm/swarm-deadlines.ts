// Brings pieces that somebody waits for in time: a block of one is asked of peers that will deliver it soon enough, and is
// taken from those that turn out too slow, or asked for a second time when it cannot be taken. What is not waited for is left
// to the picker.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';
import { paceOf, pacePromised, SOONER, shortDepth, timeFor, WORTH } from './delivery.ts';
import type { Peer } from './peer.ts';
import { mayAsk } from './picker.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** Requests of one queue that are looked at. */
const LOOKED_AT = 64;
/** Copies of a block that may be asked for at once to be in time. */
const COPIES = 2;
/** Late blocks that are helped in one go. */
const RESCUED = 32;

/** Milliseconds in which the peer would deliver one more block. */
function etaOf(state: SwarmState, peer: Peer, now: number): number {
  return timeFor(peer.requests.count + 1, pacePromised(state, peer, now));
}

function isCourier(peer: Peer): boolean {
  return !peer.choking && !peer.snubbed && !peer.late && !peer.leaving && !peer.held && peer.proven;
}

/** Call with each tick: finds the quickest peer, and helps where a block would come too late. */
export function meetDeadlines(state: SwarmState, now: number): void {
  const { content, deadlines } = state;
  if (content === undefined || deadlines.sorted.length === 0 || state.seeding) return;
  deadlines.soonest = Number.POSITIVE_INFINITY;
  for (const peer of state.peers.values())
    if (isCourier(peer)) deadlines.soonest = Math.min(deadlines.soonest, etaOf(state, peer, now));
  let left = RESCUED;
  for (const owner of state.peers.values()) {
    const pace = paceOf(state, owner, now);
    for (let i = Math.min(owner.requests.count, LOOKED_AT) - 1; i >= 0 && left > 0; i--)
      if (rescue(state, content, owner, i, timeFor(i + 1, pace), now)) left--;
  }
}

/** Somebody waits now: what is not needed soon is taken back where the queue is long. */
export function shortenQueues(state: SwarmState, now: number): void {
  if (state.deadlines.sorted.length === 0) return;
  for (const peer of state.peers.values()) {
    const { requests } = peer;
    const most = shortDepth(peer, now);
    for (let i = requests.count - 1; i > 0 && requests.count > most; i--) {
      const piece = requests.pieceAt(i);
      if (state.deadlines.of(piece) < Number.POSITIVE_INFINITY) continue;
      const begin = requests.beginAt(i);
      const length = requests.lengthAt(i);
      requests.removeAt(i);
      peer.withdrawn++;
      state.content?.ledger.released(piece, begin / BLOCK_LENGTH);
      state.sendBlock(peer, MESSAGE.cancel, piece, begin, length);
    }
  }
}

/** True when another peer was asked for what this one would deliver too late. */
function rescue(state: SwarmState, content: Content, owner: Peer, i: number, eta: number, now: number): boolean {
  const { requests } = owner;
  const piece = requests.pieceAt(i);
  if (now + eta <= state.deadlines.of(piece)) return false;
  const begin = requests.beginAt(i);
  const block = begin / BLOCK_LENGTH;
  const partial = content.ledger.partials.get(piece);
  if (partial === undefined || partial.retry || !content.ledger.isOwed(partial, block)) return false;
  if (partial.requesters[block]! >= COPIES) return false;
  const courier = findCourier(state, owner, piece, begin, now);
  if (courier === undefined || eta <= WORTH + SOONER * etaOf(state, courier, now)) return false;
  const length = requests.lengthAt(i);
  content.ledger.requested(partial, block, now);
  courier.requests.push(piece, begin, length);
  state.sendBlock(courier, MESSAGE.request, piece, begin, length);
  // The one at the head of the queue may be on its way already.
  if (i > 0 && partial.requesters[block] === COPIES) {
    requests.removeAt(i);
    owner.withdrawn++;
    content.ledger.released(piece, block);
    state.sendBlock(owner, MESSAGE.cancel, piece, begin, length);
  }
  return true;
}

function findCourier(state: SwarmState, owner: Peer, piece: number, begin: number, now: number): Peer | undefined {
  let best: Peer | undefined;
  let soonest = Number.POSITIVE_INFINITY;
  for (const peer of state.peers.values()) {
    if (peer === owner || !isCourier(peer) || !mayAsk(peer, piece)) continue;
    const eta = etaOf(state, peer, now);
    if (eta >= soonest || peer.requests.find(piece, begin) >= 0) continue;
    soonest = eta;
    best = peer;
  }
  return best;
}
