// What is said through the extension protocol (BEP 10) besides metadata: our handshake and the peer's, who only uploads
// (BEP 21), and pieces that are gone again (BEP 54). Decides nothing about slots or requests of others.

import { parseAddress } from '../base/endpoint.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import {
  DONT_HAVE_EXTENSION,
  decodeDontHave,
  decodeExtensionHandshake,
  decodeUploadOnly,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeUploadOnly,
  UPLOAD_ONLY_EXTENSION,
} from '../protocol/wire/extension.ts';
import { encodeExtended, MAX_PIECE_COUNT } from '../protocol/wire/messages.ts';
import { violation } from '../protocol/wire/violation.ts';
import { CHANGE, countFuss, countUnknown } from './message-limits.ts';
import type { Peer } from './peer.ts';
import { fetchMetadata, METADATA_EXTENSION, metadataMessageReceived, OUR_METADATA_ID } from './swarm-metadata.ts';
import { giveUpRetry } from './swarm-retry.ts';
import { type Content, isWanted, type SwarmState } from './swarm-state.ts';
import { MAX_QUEUED_UPLOADS } from './swarm-upload.ts';

/** The numbers under which we want to see the messages; those others commonly use. */
const OUR_UPLOAD_ONLY_ID = 4;
const OUR_DONT_HAVE_ID = 7;
/** Names of what we use: numbers of others are forgotten. */
const USED = [METADATA_EXTENSION, UPLOAD_ONLY_EXTENSION, DONT_HAVE_EXTENSION];
/** More lost pieces than these are better told by a bitfield in a new connection. */
const MANY_LOST = 5_000;
/** Pieces taken back that are remembered while the number of pieces is unknown. */
const MAX_EARLY_LOST = 4_096;

export function extendedReceived(
  state: SwarmState,
  peer: Peer,
  buffer: Uint8Array,
  start: number,
  end: number,
  now: number,
): void {
  if (!peer.info.features.extended) throw violation('invalid_extended', 'uses extensions without having offered them');
  const payload = buffer.subarray(start + 1, end);
  switch (buffer[start]!) {
    case 0:
      handshakeReceived(state, peer, payload, now);
      return;
    case OUR_METADATA_ID:
      metadataMessageReceived(state, peer, payload, now);
      return;
    case OUR_UPLOAD_ONLY_ID:
      uploadOnlyReceived(state, peer, payload);
      return;
    case OUR_DONT_HAVE_ID:
      dontHaveReceived(state, peer, decodeDontHave(payload), now);
      return;
    default:
      countUnknown(peer, 'invalid_extended');
  }
}

function handshakeReceived(state: SwarmState, peer: Peer, payload: Uint8Array, now: number): void {
  const handshake = decodeExtensionHandshake(payload);
  // A later handshake adds to the first one (BEP 10). Only what we use is kept, so that nothing grows.
  const known = peer.extension;
  for (const name of USED) {
    const number = known?.messages.get(name);
    if (number !== undefined && !handshake.messages.has(name)) handshake.messages.set(name, number);
  }
  peer.extension = { ...known, ...handshake };
  if (handshake.client !== undefined && handshake.client !== '') peer.client = handshake.client;
  if (handshake.requestQueue !== undefined) peer.reqq = Math.max(1, handshake.requestQueue);
  if (handshake.uploadOnly !== undefined) peer.uploadOnly = handshake.uploadOnly;
  if (handshake.yourIp !== undefined && state.own.told(peer.info.endpoint.host, handshake.yourIp))
    state.ownChanged = true;
  // The first word counts: a peer that names one port after the other must not keep us from dialling them all.
  if (handshake.port !== undefined && peer.listens === undefined) {
    peer.listens = { host: peer.info.endpoint.host, port: handshake.port };
    peer.reputation.port = handshake.port;
    peer.rank = state.own.rank(state.options.port, peer.listens);
    state.candidates.connected(peer.listens, now);
  }
  if (peer.uploadOnly && redundant(state, peer)) return;
  tellUploadOnly(state, peer);
  fetchMetadata(state, now);
}

/** Our own extension handshake. */
export function sendExtensionHandshake(state: SwarmState, peer: Peer): void {
  if (!peer.info.features.extended) return;
  const { options, infoBytes } = state;
  peer.toldUploadOnly = onlyUploads(state);
  const yourIp = parseAddress(peer.info.endpoint.host);
  const payload = encodeExtensionHandshake({
    messages: new Map([
      [METADATA_EXTENSION, OUR_METADATA_ID],
      [UPLOAD_ONLY_EXTENSION, OUR_UPLOAD_ONLY_ID],
      [DONT_HAVE_EXTENSION, OUR_DONT_HAVE_ID],
    ]),
    client: options.clientName,
    requestQueue: MAX_QUEUED_UPLOADS,
    ...(options.port > 0 ? { port: options.port } : {}),
    ...(infoBytes === undefined ? {} : { metadataSize: infoBytes.length }),
    ...(yourIp === undefined ? {} : { yourIp }),
    uploadOnly: peer.toldUploadOnly,
  });
  state.sendBytes(peer, encodeExtended(0, payload));
}

/** The number the peer wants to see a message under; 0: it does not understand it. */
function numberOf(peer: Peer, name: string): number {
  return peer.extension?.messages.get(name) ?? 0;
}

/** Two peers that both want nothing have nothing to say to each other (BEP 21). */
export function redundant(state: SwarmState, peer: Peer): boolean {
  // Who has all of no pieces may still want the metadata.
  if (!state.seeding || state.content?.geometry.pieceCount === 0) return false;
  if (!peer.isSeed && !peer.uploadOnly) return false;
  // What the others have from there is not known here.
  state.steering = undefined;
  state.disconnect(peer, 'both sides have everything');
  return true;
}

/** What we say of ourselves (BEP 21): a super-seed seems to be one who has nothing yet. */
function onlyUploads(state: SwarmState): boolean {
  return state.seeding && state.superSeed === undefined;
}

/** BEP 21: we want nothing more, or want something again. To those who understand the message and know otherwise. */
export function tellUploadOnly(state: SwarmState, peer: Peer): void {
  const number = numberOf(peer, UPLOAD_ONLY_EXTENSION);
  const uploadOnly = onlyUploads(state);
  if (number === 0 || peer.toldUploadOnly === uploadOnly || peer.leaving) return;
  peer.toldUploadOnly = uploadOnly;
  state.sendBytes(peer, encodeExtended(number, encodeUploadOnly(uploadOnly)));
}

function uploadOnlyReceived(state: SwarmState, peer: Peer, payload: Uint8Array): void {
  const uploadOnly = decodeUploadOnly(payload);
  if (uploadOnly === undefined) {
    countUnknown(peer, 'invalid_extended');
    return;
  }
  countFuss(peer, peer.uploadOnly === uploadOnly ? 1 : CHANGE);
  peer.uploadOnly = uploadOnly;
  if (uploadOnly) redundant(state, peer);
}

/** Pieces we told of are gone (BEP 54). Who does not understand that is disconnected: BEP 3 cannot take back a have. */
export function tellLost(state: SwarmState, pieces: readonly number[]): void {
  for (const peer of state.peers.values()) {
    const number = numberOf(peer, DONT_HAVE_EXTENSION);
    if (number === 0 || pieces.length > MANY_LOST) {
      // Who connects again gets a bitfield that is true.
      state.disconnect(peer, 'pieces it was told of are lost');
      continue;
    }
    for (const piece of pieces) state.sendBytes(peer, encodeExtended(number, encodeDontHave(piece)));
  }
}

/** BEP 54: the peer has lost a piece. What we asked of it is asked of others. */
function dontHaveReceived(state: SwarmState, peer: Peer, piece: number, now: number): void {
  countFuss(peer);
  const { content } = state;
  if (piece >= (content?.geometry.pieceCount ?? MAX_PIECE_COUNT))
    throw violation('invalid_dont_have', `takes back piece ${piece}, which is not in the torrent`);
  if (content === undefined) {
    if (peer.early.lost.size < MAX_EARLY_LOST) peer.early.lost.add(piece);
    return;
  }
  if (peer.have === undefined || !peer.has(piece)) return;
  uncountPiece(content, peer, piece);
  if (isWanted(content, piece)) peer.wanted--;
  peer.cursor.restart();
  peer.allowedFast.delete(piece);
  peer.refused.delete(piece);
  const suggested = peer.suggested.indexOf(piece);
  if (suggested >= 0) peer.suggested.splice(suggested, 1);
  const { requests } = peer;
  for (let i = requests.count - 1; i >= 0; i--) {
    if (requests.pieceAt(i) !== piece) continue;
    content.ledger.released(piece, requests.beginAt(i) / BLOCK_LENGTH);
    requests.removeAt(i);
    // It may be on its way, or be rejected.
    peer.withdrawn++;
    state.freed = true;
  }
  if (state.retryOwners.get(piece) === peer) giveUpRetry(state, peer, piece, now);
}

/** A seed that loses a piece is counted piece by piece from now on. */
function uncountPiece({ availability }: Content, peer: Peer, piece: number): void {
  const field = peer.have!;
  if (peer.countedAsSeed) {
    peer.countedAsSeed = false;
    availability.seeds--;
    availability.peerJoined(field);
  }
  field.delete(piece);
  if (!peer.doubted) availability.peerLost(piece);
}
