// What of a torrent is wanted: a priority for each piece, kept in Availability, and what follows when it changes: how much is
// lacking, what each peer has of it, whether anything is asked for at all. Chooses no piece.

import { TOP_PRIORITY, USUAL_PRIORITY } from './availability.ts';
import { PIECE_STATE } from './ledger.ts';
import type { Peer } from './peer.ts';
import { fillIdle, updateInterest } from './swarm-download.ts';
import { redundant, tellUploadOnly } from './swarm-extensions.ts';
import { type Content, isWanted, type SwarmState } from './swarm-state.ts';

/** What a piece has that nobody wants any more and that is under way: it is finished all the same. */
const LEAST_PRIORITY = 1;

/** Before any peer is judged: sets the priorities, or the usual one for every piece, and counts what is lacking. */
export function beginSelection(state: SwarmState, content: Content, priorities: Uint8Array | undefined): void {
  if (priorities !== undefined) content.availability.setPriorities(keepBegun(content, priorities));
  countLacking(state, content);
}

/**
 * One priority a piece, 0 (not wanted) to 7; what is not named has the usual one. Pieces under way are finished whatever is
 * said here. Takes effect at once.
 */
export function setPriorities(state: SwarmState, content: Content, priorities: Uint8Array, now: number): void {
  const lacked = state.lacking > 0;
  content.availability.setPriorities(keepBegun(content, priorities));
  countLacking(state, content);
  for (const peer of [...state.peers.values()]) {
    peer.wanted = countWanted(content, peer);
    peer.cursor.restart();
    updateInterest(state, peer);
    if (state.lacking > 0 || !redundant(state, peer)) tellUploadOnly(state, peer);
  }
  if (lacked && state.lacking === 0 && !content.ledger.complete) state.command({ type: 'announceSelected' });
  fillIdle(state, now);
}

function keepBegun({ ledger, geometry }: Content, priorities: Uint8Array): Uint8Array {
  const kept = new Uint8Array(geometry.pieceCount);
  for (let piece = 0; piece < kept.length; piece++) {
    const begun = ledger.state(piece) === PIECE_STATE.partial || ledger.state(piece) === PIECE_STATE.verifying;
    const priority = Math.min(TOP_PRIORITY, priorities[piece] ?? USUAL_PRIORITY);
    kept[piece] = begun ? Math.max(LEAST_PRIORITY, priority) : priority;
  }
  return kept;
}

function countLacking(state: SwarmState, content: Content): void {
  state.lacking = 0;
  for (let piece = 0; piece < content.geometry.pieceCount; piece++) if (isWanted(content, piece)) state.lacking++;
}

/** How many wanted pieces the peer has. */
export function countWanted(content: Content, { have }: Peer): number {
  let count = 0;
  if (have === undefined) return 0;
  for (let piece = have.next(0); piece >= 0; piece = have.next(piece + 1)) if (isWanted(content, piece)) count++;
  return count;
}
