// A peer that is fast and finds nothing free takes over requests from the one whose queue will take longest. Requests move,
// nothing is asked for twice: the slow one is told to forget them. Never from who has little to give: see `share`.

import { BLOCK_LENGTH } from '../base/geometry.ts';
import { MESSAGE } from '../protocol/wire/messages.ts';
import { paceOf, SOONER, timeFor, WORTH } from './delivery.ts';
import type { Peer } from './peer.ts';
import { mayAsk } from './picker.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** Requests at the end of a queue that are looked at, and those that are taken in one go. */
const LOOKED_AT = 64;
const TAKEN = 16;
/** Milliseconds until a peer that found nothing looks again. */
const PAUSE = 200;

/** Returns how many requests changed hands; `room`: how many more the thief may have. */
export function stealRequests(state: SwarmState, content: Content, thief: Peer, room: number, now: number): number {
  if (now < thief.stealAt || thief.choking || thief.snubbed || thief.late) return 0;
  const pace = thief.arriving.rate(now);
  if (pace === 0) return 0;
  thief.stealAt = now + PAUSE;
  const victim = findVictim(state, thief, pace, now);
  if (victim === undefined) return 0;
  const taken = share(state, content, thief, victim, Math.min(TAKEN, room), now);
  if (taken > 0) thief.stealAt = now;
  return taken;
}

function findVictim(state: SwarmState, thief: Peer, pace: number, now: number): Peer | undefined {
  let victim: Peer | undefined;
  let longest = Math.max(WORTH, SOONER * timeFor(thief.requests.count + 1, pace));
  for (const peer of state.peers.values()) {
    // The block it is sending now stays with it.
    if (peer === thief || peer.held || peer.requests.count < 2) continue;
    const time = timeFor(peer.requests.count, paceOf(state, peer, now));
    if (time <= longest) continue;
    longest = time;
    victim = peer;
  }
  return victim;
}

/** From the end of the queue, as long as the block comes much sooner this way. */
function share(state: SwarmState, content: Content, thief: Peer, victim: Peer, most: number, now: number): number {
  const { ledger } = content;
  const { requests } = victim;
  const slow = paceOf(state, victim, now);
  const fast = thief.arriving.rate(now);
  let taken = 0;
  const last = Math.max(1, requests.count - LOOKED_AT);
  for (let i = requests.count - 1; i >= last && taken < most; i--) {
    if (timeFor(i + 1, slow) <= SOONER * timeFor(thief.requests.count + 1, fast)) break;
    const piece = requests.pieceAt(i);
    const begin = requests.beginAt(i);
    const block = begin / BLOCK_LENGTH;
    const partial = ledger.partials.get(piece);
    if (partial === undefined || partial.retry || !mayAsk(thief, piece)) continue;
    if (!ledger.isOwed(partial, block) || partial.requesters[block] !== 1) continue;
    const length = requests.lengthAt(i);
    requests.removeAt(i);
    victim.withdrawn++;
    state.sendBlock(victim, MESSAGE.cancel, piece, begin, length);
    // Both in one go, so that the block is never free in between.
    ledger.requested(partial, block, now);
    ledger.released(piece, block);
    thief.requests.push(piece, begin, length);
    state.sendBlock(thief, MESSAGE.request, piece, begin, length);
    taken++;
  }
  return taken;
}
