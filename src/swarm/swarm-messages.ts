// What a peer says, message by message: the form is judged by protocol/wire, the sense here. Throws ERR_WIRE for what no
// honest client does; everything else is ignored and counted.

import { Bitfield } from '../base/bitfield.ts';
import { copyBytes } from '../base/bytes.ts';
import {
  decodeBitfield,
  decodeBlock,
  decodeHave,
  decodeIndex,
  MAX_PIECE_COUNT,
  MESSAGE,
} from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import { CHANGE, countFuss, countUnknown } from './message-limits.ts';
import type { Peer } from './peer.ts';
import { countField, uncountField } from './peer-copies.ts';
import { countWanted } from './selection.ts';
import { chokeReceived, fillRequests, requestRejected, updateInterest } from './swarm-download.ts';
import { extendedReceived, redundant } from './swarm-extensions.ts';
import { giveUpRetry } from './swarm-retry.ts';
import { type Content, isWanted, type SwarmState } from './swarm-state.ts';
import { interestChanged, requestCancelled, requestReceived } from './swarm-upload.ts';

const MAX_BITFIELDS = 3;
const MAX_STRAY_REJECTS = 100;
const MAX_ALLOWED_FAST = 16;
const MAX_SUGGESTED = 16;
/** A bitfield longer than this belongs to no torrent we accept. */
const MAX_EARLY_BITFIELD = MAX_PIECE_COUNT / 8;
/** HAVEs kept for later while the number of pieces is unknown. */
const MAX_EARLY_HAVES = 65_536;

export function messageReceived(
  state: SwarmState,
  peer: Peer,
  id: number,
  buffer: Uint8Array,
  start: number,
  end: number,
  now: number,
): void {
  switch (id) {
    case MESSAGE.choke:
      countFuss(peer, peer.choking ? 1 : CHANGE);
      chokeReceived(state, peer, now);
      return;
    case MESSAGE.unchoke:
      countFuss(peer, peer.choking ? CHANGE : 1);
      if (!peer.choking) return;
      peer.choking = false;
      fillRequests(state, peer, now);
      return;
    case MESSAGE.interested:
      countFuss(peer, peer.interested ? 1 : CHANGE);
      interestChanged(state, peer, true, now);
      return;
    case MESSAGE.notInterested:
      countFuss(peer, peer.interested ? CHANGE : 1);
      interestChanged(state, peer, false, now);
      return;
    case MESSAGE.have:
      haveReceived(state, peer, buffer, start, end, now);
      return;
    case MESSAGE.bitfield:
      bitfieldReceived(state, peer, buffer, start, end, now);
      return;
    case MESSAGE.haveAll:
    case MESSAGE.haveNone:
      expectFast(peer);
      countBitfield(peer);
      if (state.content === undefined) keepEarly(peer, id === MESSAGE.haveAll);
      else {
        const { pieceCount } = state.content.geometry;
        setField(
          state,
          state.content,
          peer,
          id === MESSAGE.haveAll ? Bitfield.full(pieceCount) : new Bitfield(pieceCount),
          now,
        );
      }
      return;
    case MESSAGE.request:
      requestReceived(state, peer, decodeBlock(id, buffer, start, end), now);
      return;
    case MESSAGE.cancel:
      countFuss(peer);
      requestCancelled(state, peer, decodeBlock(id, buffer, start, end));
      return;
    case MESSAGE.reject: {
      expectFast(peer);
      const { piece, begin } = decodeBlock(id, buffer, start, end);
      if (!requestRejected(state, peer, piece, begin, now) && ++peer.strayRejects > MAX_STRAY_REJECTS)
        throw violation('invalid_reject', 'keeps rejecting what it was not asked');
      return;
    }
    case MESSAGE.allowedFast: {
      expectFast(peer);
      const piece = decodeIndex(buffer, start, end);
      const full = peer.allowedFast.size >= MAX_ALLOWED_FAST;
      if (full || piece >= (state.content?.geometry.pieceCount ?? MAX_PIECE_COUNT)) return;
      peer.allowedFast.add(piece);
      if (peer.choking) fillRequests(state, peer, now);
      return;
    }
    case MESSAGE.suggest:
      expectFast(peer);
      suggested(state, peer, decodeIndex(buffer, start, end));
      return;
    case MESSAGE.port:
      return;
    case MESSAGE.extended:
      extendedReceived(state, peer, buffer, start, end, now);
      return;
    case MESSAGE.hashRequest:
    case MESSAGE.hashes:
    case MESSAGE.hashReject:
      throw violation('invalid_message', 'speaks of the hashes of a version 2 torrent, which this is not');
    default:
      countUnknown(peer, 'invalid_message');
  }
}

/** Only a hint, so few are kept, and those for what is had or unknown are forgotten. */
function suggested(state: SwarmState, peer: Peer, piece: number): void {
  if (state.content?.availability.isOpen(piece) !== true) return;
  const at = peer.suggested.indexOf(piece);
  if (at >= 0) peer.suggested.splice(at, 1);
  else if (peer.suggested.length === MAX_SUGGESTED) peer.suggested.pop();
  peer.suggested.unshift(piece);
}

function expectFast(peer: Peer): void {
  if (!peer.info.features.fast) throw violation('invalid_message', 'uses the fast extension without having offered it');
}

function countBitfield(peer: Peer): void {
  if (++peer.bitfields > MAX_BITFIELDS) throw violation('invalid_bitfield', 'keeps sending bitfields');
}

function haveReceived(
  state: SwarmState,
  peer: Peer,
  buffer: Uint8Array,
  start: number,
  end: number,
  now: number,
): void {
  const { content } = state;
  if (content === undefined) {
    const piece = decodeHave(buffer, start, end);
    if (piece < MAX_PIECE_COUNT && peer.early.haves.length < MAX_EARLY_HAVES) peer.early.haves.push(piece);
    peer.early.lost.delete(piece);
    return;
  }
  const piece = decodeHave(buffer, start, end, content.geometry.pieceCount);
  if (peer.countedAsSeed || !peer.openField(content.geometry.pieceCount).add(piece)) return;
  if (!peer.doubted) content.availability.peerHas(piece);
  state.superSeed?.has(peer, piece, now);
  if (peer.isSeed && redundant(state, peer)) return;
  if (!isWanted(content, piece)) return;
  peer.wanted++;
  peer.cursor.gained(content.availability, piece);
  updateInterest(state, peer);
  if (peer.requests.count === 0) fillRequests(state, peer, now);
}

function bitfieldReceived(
  state: SwarmState,
  peer: Peer,
  buffer: Uint8Array,
  start: number,
  end: number,
  now: number,
): void {
  const { content } = state;
  if (content === undefined) {
    countBitfield(peer);
    if (end - start > MAX_EARLY_BITFIELD)
      throw violation('invalid_bitfield_size', `sent ${end - start} bytes of bitfield`);
    peer.early.bitfield = copyBytes(buffer, start, end);
    peer.early.all = false;
    peer.early.haves.length = 0;
    return;
  }
  const field = decodeBitfield(buffer, start, end, content.geometry.pieceCount);
  // Where many haves are due aria2 sends its bitfield instead, again and again: only one that is no progress is counted.
  if (peer.have === undefined || !isGrowth(peer.have, field)) countBitfield(peer);
  setField(state, content, peer, field, now);
}

/** Everything of before and something new. */
function isGrowth(before: Bitfield, after: Bitfield): boolean {
  if (after.count <= before.count) return false;
  for (let i = 0; i < before.bytes.length; i++) if ((before.bytes[i]! & ~after.bytes[i]!) !== 0) return false;
  return true;
}

function keepEarly(peer: Peer, all: boolean): void {
  delete peer.early.bitfield;
  peer.early.all = all;
  peer.early.haves.length = 0;
}

/** Replaces what the peer is known to have; the counts stay exact. */
function setField(state: SwarmState, content: Content, peer: Peer, field: Bitfield, now: number): void {
  uncountField(content, peer);
  peer.have = field;
  peer.cursor.restart();
  countField(content, peer);
  state.superSeed?.changed(peer, now);
  peer.wanted = countWanted(content, peer);
  if (redundant(state, peer)) return;
  for (const piece of peer.retries) if (!field.has(piece)) giveUpRetry(state, peer, piece, now);
  updateInterest(state, peer);
  fillRequests(state, peer, now);
}

/** The metadata is known now: judge what the peer said before. */
export function judgeEarly(state: SwarmState, content: Content, peer: Peer, now: number): void {
  const { pieceCount } = content.geometry;
  const { early } = peer;
  const field =
    early.all === true
      ? Bitfield.full(pieceCount)
      : early.bitfield === undefined
        ? new Bitfield(pieceCount)
        : Bitfield.from(early.bitfield, pieceCount);
  if (field === undefined) {
    state.disconnect(peer, 'sent a bitfield of the wrong size');
    return;
  }
  for (const piece of early.haves) field.add(piece);
  for (const piece of early.lost) field.delete(piece);
  early.haves.length = 0;
  early.lost.clear();
  delete early.bitfield;
  delete early.all;
  setField(state, content, peer, field, now);
}
