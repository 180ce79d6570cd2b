// The info dictionary over the wire (BEP 9), both ways: served to who asks, and fetched from one peer after the other until
// one copy has the right hash.

import { toHex } from '../base/bytes.ts';
import { MAX_TORRENT_BYTES } from '../protocol/metainfo.ts';
import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  METADATA_PIECE_LENGTH,
  metadataPieceCount,
  metadataPieceLength,
} from '../protocol/wire/extension.ts';
import { encodeExtended } from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';
import { ban } from './swarm-trust.ts';

/** The number under which peers send us ut_metadata. */
export const OUR_METADATA_ID = 3;
export const METADATA_EXTENSION = 'ut_metadata';
const TIMEOUT = 4_000;
const IN_FLIGHT = 2;
/** A peer may ask for the whole of it so many times. */
const MAX_COPIES_SERVED = 3;
/** Malformed or unasked messages that are forgiven. */
const MAX_OFFENCES = 8;
/** What may wait for one peer to read it: requests beyond are rejected. */
const MAX_WAITING = 1024 * 1024;

/** Begins, goes on with, or gives up the current copy. Called whenever a peer appears and on each tick. */
export function fetchMetadata(state: SwarmState, now: number): void {
  if (state.infoBytes !== undefined) return;
  const current = state.metadataFetch;
  if (current !== undefined) {
    if (now - current.progressAt < Math.min(TIMEOUT, state.snubAfter) && state.peers.has(current.peer.id)) return;
    current.peer.metadataUseless = true;
    state.metadataFetch = undefined;
  }
  let fallback = false;
  for (const peer of state.peers.values()) {
    const size = peer.extension?.metadataSize;
    if (size === undefined || size > MAX_TORRENT_BYTES || metadataId(peer) === 0) continue;
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
  return peer.extension?.messages.get(METADATA_EXTENSION) ?? 0;
}

function ask(state: SwarmState, copy: MetadataFetch): void {
  const id = metadataId(copy.peer);
  const arrived = copy.arrived.length - copy.missing;
  while (copy.asked < copy.arrived.length && copy.asked - arrived < IN_FLIGHT) {
    const payload = encodeMetadataMessage({ type: 'request', piece: copy.asked++ });
    copy.peer.metadataOwed++;
    state.sendBytes(copy.peer, encodeExtended(id, payload));
  }
}

export function metadataMessageReceived(state: SwarmState, peer: Peer, payload: Uint8Array, now: number): void {
  const message = decodeMetadataMessage(payload);
  if (message === undefined) {
    countOffence(peer);
    return;
  }
  if (message.type === 'request') {
    serveMetadata(state, peer, message.piece);
    return;
  }
  // An answer may come after we turned to another peer.
  if (peer.metadataOwed > 0) peer.metadataOwed--;
  else countOffence(peer);
  const copy = state.metadataFetch;
  if (copy?.peer !== peer) return;
  if (message.type === 'reject') {
    copy.progressAt = Number.NEGATIVE_INFINITY;
    fetchMetadata(state, now);
    return;
  }
  const { piece, data, totalSize } = message;
  if (totalSize !== copy.bytes.length) {
    countOffence(peer);
    return;
  }
  if (copy.arrived[piece] === 1) return;
  copy.bytes.set(data, piece * METADATA_PIECE_LENGTH);
  copy.arrived[piece] = 1;
  copy.missing--;
  copy.progressAt = now;
  if (copy.missing > 0) {
    ask(state, copy);
    return;
  }
  state.metadataFetch = undefined;
  if (toHex(state.options.sha1(copy.bytes)) === state.options.infoHash) {
    state.infoBytes = copy.bytes;
    state.command({ type: 'openMetadata', infoBytes: copy.bytes });
  } else {
    // All of it came from this peer, so there is nobody else to blame.
    peer.metadataUseless = true;
    ban(state, peer.reputation, 'sent metadata that fails its hash', now);
    fetchMetadata(state, now);
  }
}

function countOffence(peer: Peer): void {
  if (++peer.metadataOffences > MAX_OFFENCES)
    throw violation('invalid_metadata', 'keeps sending metadata messages that are malformed or were not asked for');
}

function serveMetadata(state: SwarmState, peer: Peer, piece: number): void {
  const id = metadataId(peer);
  if (id === 0) return;
  const info = state.infoBytes;
  const count = info === undefined ? 0 : metadataPieceCount(info.length);
  const refused =
    info === undefined ||
    piece >= count ||
    peer.out.length > MAX_WAITING ||
    ++peer.metadataRequests > MAX_COPIES_SERVED * count;
  if (refused) {
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
