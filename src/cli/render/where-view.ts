// Who holds what of a file, as the trackers tell it: a table and a sentence, or events. The replies are foreign.

import type { AvailabilityReply, SwarmPeer } from '../../api/session-schemas.ts';
import { Bitfield } from '../../base/bitfield.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import type { NameHolders } from '../../engine/catalog-where.ts';
import { PIECE } from '../../engine/types.ts';
import type { Output } from '../output.ts';
import { countOf } from './download-view.ts';
import { drawStrip } from './strip.ts';
import { drawTable } from './table.ts';

const STRIP = 32;
const NAMED_RANGES = 12;

export interface PeerRow {
  address: string;
  addresses: string[];
  client: string;
  seed: boolean;
  /** 0 to 1. */
  share: number;
  /** How many pieces it has; undefined when it does not report them. */
  pieces: number | undefined;
  /** Which, as ranges with both ends included; undefined likewise. */
  ranges: [number, number][] | undefined;
}

export function toRow(peer: SwarmPeer, pieceCount: number, size: number): PeerRow {
  const held = heldPieces(peer, pieceCount);
  const pieces = held?.count ?? peer.have;
  const byLeft = size === 0 ? 0 : Math.max(0, 1 - peer.left / size);
  return {
    address: peer.addresses[0] ?? '',
    addresses: peer.addresses,
    client: peer.client,
    seed: peer.seed,
    share: peer.seed ? 1 : pieces === undefined || pieceCount === 0 ? byLeft : pieces / pieceCount,
    pieces,
    ranges: held === undefined ? undefined : rangesOf(held),
  };
}

function heldPieces(peer: SwarmPeer, pieceCount: number): Bitfield | undefined {
  if (peer.seed) return Bitfield.full(pieceCount);
  return peer.pieces === undefined ? undefined : Bitfield.from(Buffer.from(peer.pieces, 'base64'), pieceCount);
}

export function rangesOf(pieces: Bitfield): [number, number][] {
  const ranges: [number, number][] = [];
  for (let piece = 0; piece < pieces.size; piece++) {
    if (!pieces.has(piece)) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === piece - 1) last[1] = piece;
    else ranges.push([piece, piece]);
  }
  return ranges;
}

export function drawPeers(rows: readonly PeerRow[], pieceCount: number, columns: number, unicode: boolean): string[] {
  const table = [
    { title: 'ADDRESS' },
    { title: 'CLIENT', shrinks: true },
    { title: 'SHARE', align: 'right' as const },
    { title: 'PIECES', align: 'right' as const },
    { title: '' },
  ];
  const cells = rows.map((row) => [
    printable(row.address) || '(not reachable from here)',
    printable(row.client),
    row.seed ? 'seed' : `${Math.floor(row.share * 100)}%`,
    row.pieces === undefined ? '–' : String(row.pieces),
    row.ranges === undefined ? 'tells no pieces' : drawStrip(mapOf(row.ranges, pieceCount), STRIP, unicode),
  ]);
  return drawTable(table, cells, columns);
}

function mapOf(ranges: readonly [number, number][], pieceCount: number): Uint8Array {
  const map = new Uint8Array(pieceCount).fill(PIECE.missing);
  for (const [first, last] of ranges) map.fill(PIECE.have, first, last + 1);
  return map;
}

/** Which pieces are rarest, in a sentence. */
export function describeRarest({
  pieceCount,
  rarest,
  min,
  missing,
  complete,
  partial,
  unknown,
}: AvailabilityReply): string {
  if (pieceCount === 0 || complete + partial === 0)
    return unknown > 0 ? `${countOf(unknown, 'peer')} tell nothing about their pieces.` : 'Nobody shares it now.';
  if (missing > 0) return `${countOf(missing, 'piece')} of ${pieceCount} are held by nobody.`;
  const scarce = rarest.filter(({ copies }) => copies === min).map(({ piece }) => piece);
  if (partial === 0 || scarce.length === 0) return `Every piece has ${countOf(min, 'copy', 'copies')}.`;
  const ranges: string[] = [];
  for (const piece of scarce.sort((a, b) => a - b)) {
    const last = ranges.at(-1)?.split('-');
    if (last !== undefined && Number(last.at(-1)) === piece - 1) ranges[ranges.length - 1] = `${last[0]}-${piece}`;
    else ranges.push(String(piece));
  }
  const named = ranges.slice(0, NAMED_RANGES).join(', ') + (ranges.length > NAMED_RANGES ? ', …' : '');
  return `Rarest pieces, with ${min === 1 ? 'one copy' : `${min} copies`}: ${named}`;
}

/** Seeds first, then by what they have. */
export function sortRows(rows: readonly PeerRow[]): PeerRow[] {
  return [...rows].sort((a, b) => b.share - a.share || a.address.localeCompare(b.address));
}

/** A `peer` event for each peer and a `result` at the end, or all of it in lines. */
export function tellHolders(output: Output, { entry, peers, availability, warnings }: NameHolders): void {
  for (const warning of warnings) output.warn(warning);
  const { pieceCount, seeds, completed, infoHash } = peers;
  const { name, size } = entry;
  const rows = sortRows(peers.swarm.map((peer) => toRow(peer, pieceCount, size)));
  for (const row of rows) output.event('peer', { name, ...row, pieceCount });
  const { rarest, min, missing } = availability;
  output.event('result', {
    name,
    infoHash,
    size,
    pieceCount,
    seeds,
    peers: peers.peers,
    completed,
    copiesOfRarest: min,
    missing,
    rarest,
  });
  const swarm = `${countOf(seeds, 'seed')}, ${countOf(peers.peers, 'peer')}`;
  output.result(`${printable(name)}  ${formatSize(size)}  ${countOf(pieceCount, 'piece')}  ${swarm}`);
  if (rows.length > 0)
    for (const line of drawPeers(rows, pieceCount, output.columns, output.unicode)) output.result(line);
  output.result(describeRarest(availability));
}
