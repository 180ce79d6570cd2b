// What users see of a swarm, made anew on each question and kept nowhere.

import { formatEndpoint } from '../base/endpoint.ts';
import type { LastHolder } from '../swarm/last-holders.ts';
import { PIECE_STATE } from '../swarm/ledger.ts';
import { type Content, isWanted, type SwarmState } from '../swarm/swarm-state.ts';
import { addressOf } from './contributions.ts';
import { type PeerStatus, PIECE, type Shortage, type TorrentStatus } from './types.ts';

type Traffic = Pick<
  TorrentStatus,
  'downloaded' | 'uploaded' | 'wasted' | 'failedPieces' | 'down' | 'up' | 'peers' | 'seeds'
>;

export function countTraffic(view: Readonly<SwarmState>, now: number): Traffic {
  let seeds = 0;
  for (const peer of view.peers.values()) if (peer.isSeed) seeds++;
  return {
    downloaded: view.down.total,
    uploaded: view.up.total,
    wasted: view.wasted,
    failedPieces: view.failedPieces,
    down: view.down.rate(now),
    up: view.up.rate(now),
    peers: view.peers.size,
    seeds,
  };
}

export function describePeers(view: Readonly<SwarmState>, now: number): PeerStatus[] {
  const pieceCount = view.content?.geometry.pieceCount ?? 0;
  return [...view.peers.values()].map((peer) => ({
    address: addressOf(peer),
    client: peer.client,
    outgoing: peer.info.outgoing,
    pieces: peer.isSeed ? pieceCount : (peer.have?.count ?? 0),
    downloaded: peer.down.total,
    uploaded: peer.up.total,
    down: peer.down.rate(now),
    up: peer.up.rate(now),
    chokedByPeer: peer.choking,
    chokedByUs: peer.amChoking,
    interestedInPeer: peer.amInterested,
    interestedInUs: peer.interested,
  }));
}

/** One entry of PIECE for each piece. */
export function mapPieces(content: Content): Uint8Array {
  const { ledger, geometry } = content;
  const map = new Uint8Array(geometry.pieceCount);
  for (let piece = 0; piece < map.length; piece++) {
    const state = ledger.state(piece);
    if (state === PIECE_STATE.have) map[piece] = PIECE.have;
    else if (state !== PIECE_STATE.missing) map[piece] = PIECE.arriving;
    else map[piece] = isNowhere(content, piece) ? PIECE.nowhere : PIECE.missing;
  }
  return map;
}

/** It is missing, wanted, and no connected peer has it. */
function isNowhere(content: Content, piece: number): boolean {
  return isWanted(content, piece) && content.availability.copies(piece) === 0;
}

/** By the clock on the wall, once for each, so that it is not told otherwise the next time. */
const times = new WeakMap<LastHolder, number>();

function timeOf(holder: LastHolder, now: number): number {
  const time = times.get(holder) ?? Math.round(Date.now() - (now - holder.at));
  times.set(holder, time);
  return time;
}

export function findShortage({ content, lastHolders }: Readonly<SwarmState>, now: number): Shortage {
  let pieces = 0;
  let last: LastHolder | undefined;
  for (let piece = 0; content !== undefined && piece < content.geometry.pieceCount; piece++) {
    if (!isNowhere(content, piece)) continue;
    pieces++;
    const holder = lastHolders?.of(piece);
    if (holder !== undefined && holder.at > (last?.at ?? -Infinity)) last = holder;
  }
  if (last === undefined) return { pieces };
  return { pieces, lastSeen: { address: formatEndpoint(last.endpoint), at: timeOf(last, now) } };
}
