// The info dictionary over the wire (BEP 9), both ways: served to who asks, and fetched from one peer after the other until
// one copy has the right hash.

import { toHex } from '../base/bytes.ts';
import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  METADATA_PIECE_LENGTH,
  metadataPieceCount,
  metadataPieceLength,
} from '../protocol/wire/extension.ts';
import { encodeExtended } from '../protocol/wire/messages.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';

/** The number under which peers send us ut_metadata. */
export const OUR_METADATA_ID = 3;
const TIMEOUT = 4_000;
const IN_FLIGHT = 4;
/** A peer may ask for the whole of it so many times. */
const MAX_COPIES_SERVED = 3;

/** Begins, goes on with, or gives up the current copy. Called whenever a peer appears and on each tick. */
export function fetchMetadata(state: SwarmState, now: number): void {
  if (state.infoBytes !== undefined) return;
  const current = state.metadataFetch;
  if (current !== undefined) {
    if (now - current.progressAt < TIMEOUT && state.peers.has(current.peer.id)) return;
    current.peer.metadataUseless = true;
    state.metadataFetch = undefined;
  }
  let fallback = false;
  for (const peer of state.peers.values()) {
    const size = peer.extension?.metadataSize;
    if (size === undefined || metadataId(peer) === 0) continue;
    if (peer.metadataUseless) {
      fallback = true;
      continue;
    }
    state.metadataFetch = new MetadataFetch(peer, size, now);
    ask(state, state.metadataFetch);
    return;
  }
  // Everybody failed once: give all another chance, at the pace of the ticks.
  if (fallback) for (const peer of state.peers.values()) peer.metadataUseless = false;
}

function metadataId(peer: Peer): number {
  return peer.extension?.messages.get('ut_metadata') ?? 0;
}

function ask(state: SwarmState, fetch: MetadataFetch): void {
  const id = metadataId(fetch.peer);
  const arrived = fetch.arrived.length - fetch.missing;
  while (fetch.asked < fetch.arrived.length && fetch.asked - arrived < IN_FLIGHT) {
    const payload = encodeMetadataMessage({ type: 'request', piece: fetch.asked++ });
    state.sendBytes(fetch.peer, encodeExtended(id, payload));
  }
}

export function metadataMessageReceived(state: SwarmState, peer: Peer, payload: Uint8Array, now: number): void {
  const message = decodeMetadataMessage(payload);
  if (message === undefined) return;
  if (message.type === 'request') {
    serveMetadata(state, peer, message.piece);
    return;
  }
  const fetch = state.metadataFetch;
  if (fetch?.peer !== peer) return;
  if (message.type === 'reject') {
    fetch.progressAt = Number.NEGATIVE_INFINITY;
    fetchMetadata(state, now);
    return;
  }
  const { piece, data } = message;
  const size = fetch.bytes.length;
  if (piece >= fetch.arrived.length || fetch.arrived[piece] === 1 || data.length !== metadataPieceLength(size, piece))
    return;
  fetch.bytes.set(data, piece * METADATA_PIECE_LENGTH);
  fetch.arrived[piece] = 1;
  fetch.missing--;
  fetch.progressAt = now;
  if (fetch.missing > 0) {
    ask(state, fetch);
    return;
  }
  state.metadataFetch = undefined;
  if (toHex(state.options.sha1(fetch.bytes)) === state.options.infoHash) {
    state.infoBytes = fetch.bytes;
    state.command({ type: 'openMetadata', infoBytes: fetch.bytes });
  } else {
    peer.metadataUseless = true;
    state.disconnect(peer, 'sent metadata that fails its hash');
    fetchMetadata(state, now);
  }
}

function serveMetadata(state: SwarmState, peer: Peer, piece: number): void {
  const id = metadataId(peer);
  if (id === 0) return;
  const info = state.infoBytes;
  const count = info === undefined ? 0 : metadataPieceCount(info.length);
  if (info === undefined || piece >= count || ++peer.metadataRequests > MAX_COPIES_SERVED * count) {
    state.sendBytes(peer, encodeExtended(id, encodeMetadataMessage({ type: 'reject', piece })));
    return;
  }
  const start = piece * METADATA_PIECE_LENGTH;
  const data = info.subarray(start, start + metadataPieceLength(info.length, piece));
  state.sendBytes(
    peer,
    encodeExtended(id, encodeMetadataMessage({ type: 'data', piece, totalSize: info.length, data })),
  );
}
