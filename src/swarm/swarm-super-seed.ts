// The beginning and the end of a super-seed (BEP 16) in a swarm. What each peer is told meanwhile is decided in
// super-seed.ts; what it may then have is judged with its other requests.

import { MESSAGE } from '../protocol/wire/messages.ts';
import { SuperSeed } from './super-seed.ts';
import { tellUploadOnly } from './swarm-extensions.ts';
import type { Content, SwarmState } from './swarm-state.ts';
import { MANY_HAVES } from './swarm-upload.ts';

/** Everything is here, and no peer was told so yet. */
export function beginSuperSeed(state: SwarmState, { geometry, availability }: Content, now: number): void {
  const tell = (peer: Parameters<SwarmState['sendIndex']>[0], piece: number): void =>
    state.sendIndex(peer, MESSAGE.have, piece);
  state.superSeed = new SuperSeed(geometry, availability, state.options.random, tell);
  for (const peer of state.peers.values()) state.superSeed.joined(peer, now);
}

/** From now on a seed like any other: everybody hears of what is here. */
export function endSuperSeed(state: SwarmState, { ledger }: Content): void {
  const { superSeed } = state;
  if (superSeed === undefined) return;
  state.superSeed = undefined;
  for (const peer of state.peers.values()) {
    const pieces = superSeed.untold(peer).filter((piece) => ledger.have.has(piece));
    // Who connects again gets a bitfield.
    if (pieces.length > MANY_HAVES) state.disconnect(peer, 'has to hear anew what is here');
    else for (const piece of pieces) state.sendIndex(peer, MESSAGE.have, piece);
    tellUploadOnly(state, peer);
  }
}
