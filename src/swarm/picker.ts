// Which block to ask a peer for next. Reads the ledger and the order of rarity, marks nothing, sends nothing. The ladder:
//  0. a piece that somebody waits for, if the peer will deliver in time: see swarm-deadlines.ts;
//  1. the piece the peer is filling, so that one peer tends to deliver whole pieces;
//  2. a failed piece that it must deliver whole;
//  3. while it chokes us: a new piece of those it allows all the same (BEP 6), and nothing else;
//  4. a new piece that it suggests (BEP 6), the latest first;
//  5. a new piece: of a snubbed peer the most common, else the first few by chance and then the rarest of the highest
//     priority; or the first one, when they come in their order;
//  6. a block of a piece that others are filling; before a new one when too many are begun;
//  7. what a slow peer owes, taken over: see swarm-steal.ts;
//  8. for a peer that owes nothing: a block that others owe us and will deliver much later, see end-game.ts.

import { TOP_PRIORITY } from './availability.ts';
import { pacePromised, SOONER, timeFor, WORTH } from './delivery.ts';
import { PIECE_STATE } from './ledger.ts';
import { NOBODY, type Partial } from './partial.ts';
import type { Peer } from './peer.ts';
import { assignRetry } from './swarm-retry.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** Until so many pieces are had the next one is random: rare pieces come from few peers, and there is nothing to trade yet. */
const RANDOM_FIRST = 4;
/** With so many begun pieces a peer, and so many in all, those are finished before new ones are begun. */
const CROWD = 1.5;
const LEAST_CROWD = 8;
/** How far the draw of such a piece is followed. */
const DRAW = 64;
/** How many of the most common pieces are looked at for a snubbed peer. */
const REVERSE_SCAN = 256;

/** It has the piece and lets us ask for it. */
export function mayAsk(peer: Peer, piece: number): boolean {
  return peer.has(piece) && (!peer.choking || peer.allowedFast.has(piece)) && !peer.refused.has(piece);
}

/** Whether the peer may be asked for blocks of the piece, if there are any to ask for. */
export function isOpenTo(peer: Peer, partial: Partial): boolean {
  return !partial.retry || partial.exclusive === peer.id || partial.exclusive === NOBODY;
}

/** A failed piece whose one peer could not go on with it. */
function isOrphan(partial: Partial): boolean {
  return partial.retry && partial.exclusive === NOBODY;
}

/** The piece to take the next blocks from, begun if need be; undefined when there is nothing free for this peer. */
export function pickPartial(state: SwarmState, content: Content, peer: Peer, now: number): Partial | undefined {
  const urgent = pickUrgent(state, content, peer, now);
  if (urgent !== undefined) return urgent;
  const current = peer.current === NOBODY ? undefined : content.ledger.partials.get(peer.current);
  if (
    current !== undefined &&
    content.ledger.isOpen(current) &&
    isOpenTo(peer, current) &&
    mayAsk(peer, current.piece) &&
    !isOrphan(current)
  )
    return current;
  peer.current = NOBODY;
  const chosen =
    pickRetry(state, content, peer, now) ??
    (isCrowded(state, content) ? pickShared(content, peer) : undefined) ??
    pickNew(state, content, peer, now) ??
    pickShared(content, peer);
  if (chosen === undefined) return undefined;
  if (isOrphan(chosen)) assignRetry(state, chosen.piece, peer, chosen, now);
  peer.current = chosen.piece;
  return chosen;
}

/** More pieces are begun than peers could fill: those who filled them have gone, and nothing of them can be passed on yet. */
function isCrowded(state: SwarmState, { ledger }: Content): boolean {
  return ledger.open.length > Math.max(LEAST_CROWD, CROWD * state.peers.size);
}

/** A piece that is needed soon, begun if need be. Who would be too late, or much later than others, is left out. */
function pickUrgent(state: SwarmState, content: Content, peer: Peer, now: number): Partial | undefined {
  const { sorted, soonest } = state.deadlines;
  if (sorted.length === 0 || peer.choking || peer.snubbed || peer.late) return undefined;
  const { ledger } = content;
  const eta = timeFor(peer.requests.count + 1, pacePromised(state, peer, now));
  const quick = eta <= WORTH + SOONER * soonest;
  for (const { piece, at } of sorted) {
    if ((!quick && now + eta > at) || !mayAsk(peer, piece)) continue;
    const begun = ledger.partials.get(piece);
    if (begun !== undefined) {
      if (!begun.retry && ledger.isOpen(begun)) return begun;
    } else if (mayBegin(state, peer, piece)) return begin(state, content, peer, piece, now);
  }
  return undefined;
}

function pickRetry(state: SwarmState, content: Content, peer: Peer, now: number): Partial | undefined {
  const { ledger } = content;
  for (const piece of peer.retries) {
    if (!mayAsk(peer, piece)) continue;
    let partial = ledger.partials.get(piece);
    if (partial === undefined && ledger.state(piece) === PIECE_STATE.missing) {
      partial = begin(state, content, peer, piece, now);
      if (partial === undefined) return undefined;
    }
    if (partial !== undefined && ledger.isOpen(partial) && isOpenTo(peer, partial)) return partial;
  }
  return undefined;
}

function pickNew(state: SwarmState, content: Content, peer: Peer, now: number): Partial | undefined {
  const { ledger, availability } = content;
  if (ledger.places.free === 0) return undefined;
  if (peer.choking) {
    for (const piece of peer.allowedFast)
      if (mayBegin(state, peer, piece)) return begin(state, content, peer, piece, now);
    return undefined;
  }
  for (const piece of peer.suggested) if (mayBegin(state, peer, piece)) return begin(state, content, peer, piece, now);
  if (state.sequential && !peer.snubbed) {
    const next = findNext(state, content, peer);
    return next < 0 ? undefined : begin(state, content, peer, next, now);
  }
  const piece =
    (peer.snubbed ? findCommon(state, content, peer) : undefined) ??
    (ledger.have.count < RANDOM_FIRST ? drawFirst(state, content, peer) : undefined) ??
    peer.cursor.find(availability, peer, mayBegin, state, state.options.random);
  return piece < 0 ? undefined : begin(state, content, peer, piece, now);
}

/** The first piece that may be begun, and of those at hand the first of the highest priority. */
function findNext(state: SwarmState, { availability }: Content, peer: Peer): number {
  availability.sort();
  const { open } = availability;
  const top = TOP_PRIORITY - availability.firstLevel();
  let best = -1;
  let left = DRAW;
  for (let piece = open.nextCommon(peer.have!, availability.firstOpen); piece >= 0 && left > 0; ) {
    if (mayBegin(state, peer, piece)) {
      if (availability.priority(piece) === top) return piece;
      if (best < 0) best = piece;
    }
    if (best >= 0) left--;
    piece = open.nextCommon(peer.have!, piece + 1);
  }
  return best;
}

/** For a snubbed peer one of the most common pieces, if it is found soon: nobody waits for those. */
function findCommon(state: SwarmState, { availability }: Content, peer: Peer): number | undefined {
  availability.sort();
  const level = availability.firstLevel();
  if (level < 0) return undefined;
  const end = availability.levelEnd(level);
  for (let at = end - 1; at >= availability.levelStart(level) && at >= end - REVERSE_SCAN; at--) {
    const piece = availability.order[at]!;
    if (mayBegin(state, peer, piece)) return piece;
  }
  return undefined;
}

/** Any piece of the highest priority, if one of the peer's is found soon. */
function drawFirst(state: SwarmState, { availability }: Content, peer: Peer): number | undefined {
  availability.sort();
  const level = availability.firstLevel();
  if (level < 0) return undefined;
  const start = availability.levelStart(level);
  const count = availability.levelEnd(level) - start;
  const from = Math.floor(state.options.random() * count);
  for (let i = 0; i < count && i < DRAW; i++) {
    const piece = availability.order[start + ((from + i) % count)]!;
    if (mayBegin(state, peer, piece)) return piece;
  }
  return undefined;
}

function mayBegin(state: SwarmState, peer: Peer, piece: number): boolean {
  const { ledger } = state.content!;
  if (!state.content!.availability.isOpen(piece) || !mayAsk(peer, piece)) return false;
  return !ledger.isRetry(piece) || (state.retryOwners.get(piece) ?? peer) === peer;
}

function begin(state: SwarmState, content: Content, peer: Peer, piece: number, now: number): Partial | undefined {
  const { ledger, availability } = content;
  if (peer.suspicion > 0 && ledger.places.free > 0) ledger.isolated(piece);
  const partial = ledger.begin(piece, now);
  if (partial === undefined) return undefined;
  availability.unwant(piece);
  if (partial.retry) {
    if (state.retryOwners.get(piece) === peer) ledger.assigned(partial, peer.id, now);
    else assignRetry(state, piece, peer, partial, now);
  }
  return partial;
}

/** The piece nearest to its end among those that others are filling. */
function pickShared(content: Content, peer: Peer): Partial | undefined {
  const { ledger } = content;
  let best: Partial | undefined;
  for (const partial of ledger.open)
    if (
      ledger.isOpen(partial) &&
      isOpenTo(peer, partial) &&
      mayAsk(peer, partial.piece) &&
      (best === undefined || partial.free < best.free)
    )
      best = partial;
  return best;
}
