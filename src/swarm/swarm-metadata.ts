// The info dictionary over the wire (BEP 9), both ways: served to who asks, and fetched from several peers at once until one
// copy, or the parts of several together, have the right hash.

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
import { joinCopies, MetadataFetch } from './metadata-fetch.ts';
import type { Peer } from './peer.ts';
import type { SwarmState } from './swarm-state.ts';
import { ban } from './swarm-trust.ts';

/** The number under which peers send us ut_metadata. */
export const OUR_METADATA_ID = 3;
export const METADATA_EXTENSION = 'ut_metadata';
const TIMEOUT = 4_000;
const IN_FLIGHT = 2;
/** Copies under way at once, and one more for every so many milliseconds without success. */
const COPIES = 3;
const ONE_MORE_AFTER = 10_000;
const MOST_COPIES = 8;
/** Milliseconds one copy may take while others wait; twice as many the next time, for who is only slow. */
const COPY_WITHIN = 60_000;
/** A peer may ask for the whole of it so many times. */
const MAX_COPIES_SERVED = 3;
/** Malformed or unasked messages that are forgiven. */
const MAX_OFFENCES = 8;
/** What may wait for one peer to read it: requests beyond are rejected. */
const MAX_WAITING = 1024 * 1024;

/**
 * Begins, goes on with, or gives up copies. Called whenever a peer appears and on each tick. Several are under way at once,
 * each from one peer, so that who lies about the size, says nothing or sends slowly holds up nobody; the longer it takes, the
 * more there are.
 */
export function fetchMetadata(state: SwarmState, now: number): void {
  if (state.infoBytes !== undefined) return;
  state.metadataSince ??= now;
  const places = Math.min(MOST_COPIES, COPIES + Math.floor((now - state.metadataSince) / ONE_MORE_AFTER));
  const offering = [...state.peers.values()].filter((peer) => offersMetadata(peer));
  const waiting = offering.filter(
    (peer) => !peer.metadataUseless && !state.metadataCopies.some((copy) => copy.peer === peer),
  );
  // Who took too long comes after those who did not, and has longer then.
  waiting.sort((a, b) => a.metadataSlow - b.metadataSlow);
  let next: Peer | undefined = waiting[0];
  for (const copy of [...state.metadataCopies]) {
    const { peer, progressAt, startedAt } = copy;
    const isAlive = now - progressAt < Math.min(TIMEOUT, state.snubAfter) && state.peers.has(peer.id);
    if (!isAlive) peer.metadataUseless = true;
    else if (
      state.metadataCopies.length >= places &&
      next !== undefined &&
      next.metadataSlow <= peer.metadataSlow + 1 &&
      now - startedAt > COPY_WITHIN * 2 ** peer.metadataSlow
    ) {
      peer.metadataSlow++;
      next = undefined;
    } else continue;
    dropCopy(state, copy);
  }
  for (const peer of waiting) {
    if (state.metadataCopies.length >= places) return;
    const size = peer.extension!.metadataSize!;
    const alike = state.metadataCopies.filter((copy) => copy.size === size).length;
    const copy = new MetadataFetch(peer, size, (alike % COPIES) / COPIES, now);
    state.metadataCopies.push(copy);
    ask(state, copy);
  }
  // Everybody failed once: give all another chance, at the pace of the ticks.
  if (state.metadataCopies.length === 0) for (const peer of offering) peer.metadataUseless = false;
}

function offersMetadata(peer: Peer): boolean {
  const size = peer.extension?.metadataSize;
  return size !== undefined && size <= MAX_TORRENT_BYTES && metadataId(peer) !== 0;
}

function dropCopy(state: SwarmState, copy: MetadataFetch): void {
  state.metadataCopies = state.metadataCopies.filter((each) => each !== copy);
}

function metadataId(peer: Peer): number {
  return peer.extension?.messages.get(METADATA_EXTENSION) ?? 0;
}

function ask(state: SwarmState, copy: MetadataFetch): void {
  const id = metadataId(copy.peer);
  const others = state.metadataCopies.filter((each) => each !== copy && each.size === copy.size);
  while (copy.inFlight < IN_FLIGHT) {
    const piece = copy.next(others);
    if (piece === undefined) return;
    copy.peer.metadataOwed++;
    state.sendBytes(copy.peer, encodeExtended(id, encodeMetadataMessage({ type: 'request', piece })));
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
  const copy = state.metadataCopies.find((each) => each.peer === peer);
  if (copy === undefined) return;
  if (message.type === 'reject') {
    copy.progressAt = Number.NEGATIVE_INFINITY;
    fetchMetadata(state, now);
    return;
  }
  const { piece, data, totalSize } = message;
  if (totalSize !== copy.size) {
    countOffence(peer);
    return;
  }
  if (!copy.take(piece, data, now)) return;
  if (copy.missing === 0) {
    const whole = joinCopies([copy], copy.size)!;
    if (isRight(state, whole)) {
      metadataFound(state, whole, now);
      return;
    }
    // All of it came from this peer, so there is nobody else to blame.
    peer.metadataUseless = true;
    dropCopy(state, copy);
    ban(state, peer.reputation, 'sent metadata that fails its hash', now);
    fetchMetadata(state, now);
    return;
  }
  if (!joinWithOthers(state, copy, now)) ask(state, copy);
}

/**
 * Parts of several copies may make the whole sooner than any of them alone. When they do not, who lied shows when one copy is
 * whole: each goes on by itself.
 */
function joinWithOthers(state: SwarmState, { size }: MetadataFetch, now: number): boolean {
  const alike = state.metadataCopies.filter((copy) => copy.size === size);
  if (alike.length < 2) return false;
  const who = alike.map(({ peer }) => peer.id).join();
  if (who === state.metadataJoined) return false;
  const whole = joinCopies(alike, size);
  if (whole === undefined) return false;
  state.metadataJoined = who;
  if (!isRight(state, whole)) return false;
  metadataFound(state, whole, now);
  return true;
}

function isRight(state: SwarmState, bytes: Uint8Array): boolean {
  return toHex(state.options.sha1(bytes)) === state.options.infoHash;
}

function metadataFound(state: SwarmState, infoBytes: Uint8Array, now: number): void {
  const copies = state.metadataCopies;
  state.metadataCopies = [];
  state.infoBytes = infoBytes;
  state.command({ type: 'openMetadata', infoBytes });
  for (const copy of copies)
    if (copy.contradicts(infoBytes)) ban(state, copy.peer.reputation, 'sent metadata that fails its hash', now);
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
