// Where the time of a torrent and of each of its peers goes: one look a tick, one number added a peer. Reads the swarm,
// changes nothing in it but these counters, and is asked about them by whoever explains why a transfer is slow.

import type { Peer } from './peer.ts';
import type { DownState, TorrentState, UpState } from './state-times.ts';
import type { Content, SwarmState } from './swarm-state.ts';

/** From so many bytes per second on a peer that has all our requests is no slow one. */
const GOOD_RATE = 512 * 1024;
/** A longer time without a look (a machine asleep) is not counted. */
const LONGEST_TICK = 2_000;
/** A peer that lets us ask for no more blocks than this at a time holds itself back. */
const FEW_REQUESTS = 8;

/** How far each state is from data: what the furthest peer waits for is what the torrent waits for. */
const PROGRESS: Readonly<Record<DownState, number>> = {
  nothingWanted: 0,
  askedOfOthers: 1,
  choked: 2,
  snubbed: 3,
  trial: 4,
  fewRequests: 5,
  peerSlow: 6,
  receiving: 7,
  noMemory: 8,
  disk: 9,
  hash: 9,
  limited: 10,
};

/** Call with each tick. */
export function sampleTimes(state: SwarmState, now: number): void {
  const passed = Math.min(LONGEST_TICK, now - state.sampledAt);
  state.sampledAt = now;
  if (passed <= 0) return;
  let furthest: DownState = 'nothingWanted';
  for (const peer of state.peers.values()) {
    peer.upTimes.add(upState(peer), passed);
    if (state.content === undefined || state.seeding) continue;
    const down = downState(state, state.content, peer, now);
    peer.downTimes.add(down, passed);
    if (PROGRESS[down] > PROGRESS[furthest]) furthest = down;
  }
  state.times.add(torrentState(state, furthest), passed);
}

function torrentState(state: SwarmState, furthest: DownState): TorrentState {
  const { content, peers } = state;
  if (state.complete) return 'complete';
  if (content === undefined && state.infoBytes !== undefined) return 'checking';
  if (state.paused) return 'diskFull';
  if (peers.size === 0) return state.dialling > 0 ? 'dialling' : 'noPeers';
  if (content === undefined) return 'metadata';
  return furthest === 'nothingWanted' ? 'nobodyHas' : furthest;
}

function downState(state: SwarmState, content: Content, peer: Peer, now: number): DownState {
  const wasHeld = peer.held || peer.wasHeld;
  peer.wasHeld = false;
  if (peer.wanted === 0) return 'nothingWanted';
  if (wasHeld) return 'limited';
  if (peer.choking && peer.allowedFast.size === 0) return 'choked';
  if (peer.snubbed) return 'snubbed';
  if (peer.requests.count === 0) return idleState(state, content, peer);
  if (peer.down.rate(now) >= GOOD_RATE) return 'receiving';
  return peer.requests.count >= peer.reqq && peer.reqq <= FEW_REQUESTS ? 'fewRequests' : 'peerSlow';
}

/** It would send, and nothing is asked of it. */
function idleState(state: SwarmState, content: Content, peer: Peer): DownState {
  const { ledger, availability } = content;
  if (availability.wanted > 0 && ledger.places.free === 0) {
    if (ledger.heldByDisk * 2 < ledger.held) return 'noMemory';
    return state.storageTime.isHashBound ? 'hash' : 'disk';
  }
  if (!peer.proven && availability.wanted > 0) return 'trial';
  return peer.choking ? 'choked' : 'askedOfOthers';
}

function upState(peer: Peer): UpState {
  if (!peer.interested) return 'notInterested';
  if (peer.sending !== undefined) return peer.sending;
  if (peer.amChoking) return 'choked';
  return peer.uploads.count > 0 ? 'sending' : 'askedForNothing';
}
